//! The network of a thread: services by the name of their component.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::body::Body;
use crate::request::Request;
use crate::service::Service;

thread_local! {
    static SERVICES: RefCell<HashMap<String, Rc<Service>>> = RefCell::new(HashMap::new());
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
