//! The network of a thread: services by the name of their component, and addresses elsewhere.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::body::Body;
use crate::elsewhere::{Limits, Unreached};
use crate::request::Request;
use crate::service::Service;

/// Services by the name of their component.
pub(super) type Services = HashMap<String, Rc<Service>>;

/// What answers at an address elsewhere.
pub(super) type Remote = Rc<dyn Fn(http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Unreached>>;

thread_local! {
    static SERVICES: RefCell<Services> = RefCell::new(HashMap::new());
    /// By host and port.
    static REMOTES: RefCell<HashMap<String, Remote>> = RefCell::new(HashMap::new());
}

/// The thread's services.
pub(super) fn services() -> Services {
    SERVICES.with_borrow(Clone::clone)
}

/// Exchanges the thread's services for others.
pub(super) fn exchange(services: Services) -> Services {
    SERVICES.replace(services)
}

/// Makes something answer at an address, or nothing any more.
pub(super) fn listen(authority: &str, remote: Option<Remote>) {
    REMOTES.with_borrow_mut(|remotes| match remote {
        Some(remote) => remotes.insert(authority.to_owned(), remote),
        None => remotes.remove(authority),
    });
}

/// Makes `service` answer for `component` on this thread.
pub(super) fn mount(component: &str, service: Service) {
    SERVICES.with_borrow_mut(|services| services.insert(component.to_owned(), Rc::new(service)));
}

/// Forgets the thread's services.
pub(super) fn clear() {
    SERVICES.with_borrow_mut(HashMap::clear);
}

pub(crate) async fn send(request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
    let host = request.uri().host().unwrap_or_default();
    let component = host.strip_suffix(".spin.internal").unwrap_or(host).to_owned();
    let service = SERVICES
        .with_borrow(|services| services.get(&component).cloned())
        .ok_or_else(|| format!("{component} is not mounted"))?;
    let (parts, body) = service.handle(Request::new(request)).await.into_parts();
    let body = whole(body).await;
    Ok(http::Response::from_parts(parts, body))
}

pub(crate) async fn send_within(
    request: http::Request<Vec<u8>>,
    limits: Limits,
) -> Result<http::Response<Vec<u8>>, Unreached> {
    let authority = request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let remote = REMOTES.with_borrow(|remotes| remotes.get(&authority).cloned());
    let remote = remote.ok_or_else(|| Unreached::Failed("connection refused".to_owned()))?;
    let reply = remote(request)?;
    if reply.body().len() > limits.most { Err(Unreached::TooLong) } else { Ok(reply) }
}

/// All of a body; of a stream, until it ends by itself.
pub(super) async fn whole(body: Body) -> Vec<u8> {
    let mut chunks = match body {
        Body::Full(bytes) => return bytes,
        Body::Stream(chunks) => chunks,
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = std::future::poll_fn(|context| chunks.as_mut().poll_next(context)).await {
        bytes.extend(chunk);
    }
    bytes
}
