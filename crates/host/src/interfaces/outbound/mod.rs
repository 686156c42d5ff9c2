//! `wasi:http/outgoing-handler`: requests to other components, to the application itself, and to the network.
//!
//! `http://<component>.spin.internal/…` is answered in this process, without a socket. `http://self.alt/…` and URLs
//! without a host go to the application's own address over TCP. Everything must be allowed by the manifest.

pub(crate) mod allowed_hosts;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;

use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use http_body_util::BodyExt as _;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler;
use wasmtime_wasi_http::p2::bindings::http::types as wasi;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttp, WasiHttpCtxView, WasiHttpHooks,
    WasiHttpView as _, default_send_request,
};

use super::Grants;
use crate::http::dispatch::AppRef;
use crate::instance::state::State;

/// Hosts below this domain name components of the application.
pub(crate) const CHAINING_SUFFIX: &str = ".spin.internal";
/// Host that stands for the application's own address.
const SELF_HOST: &str = "self.alt";

/// The component that `host` (with or without a port) names, if it is an internal one.
pub(crate) fn chained_component(host: &str) -> Option<&str> {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host.strip_suffix(CHAINING_SUFFIX).filter(|component| !component.is_empty() && !component.contains('.'))
}

/// Sends what one instance's component requests.
pub(crate) struct Outbound {
    app: AppRef,
    grants: Arc<Grants>,
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Io), Error>;

impl Outbound {
    pub(crate) fn new(app: AppRef, grants: Arc<Grants>) -> Self {
        Outbound { app, grants }
    }
}

/// Headers that belong to one connection; the engine's list, kept where it need not be rebuilt for every header.
static FORBIDDEN_HEADERS: [HeaderName; 9] = DEFAULT_FORBIDDEN_HEADERS;

impl WasiHttpHooks for Outbound {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        FORBIDDEN_HEADERS.contains(name)
    }

    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _error: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let (app, grants) = (self.app.clone(), self.grants.clone());
        Box::new(async move { send(app, &grants, request, options).await })
    }
}

async fn send(
    app: AppRef,
    grants: &Grants,
    mut request: Request<WasiBody>,
    options: Option<RequestOptions>,
) -> Sent {
    let uri = request.uri();
    let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
        return Err(Error::HttpRequestUriInvalid);
    };
    let (host, port) = (authority.host(), authority.port_u16());
    if host == SELF_HOST {
        if !grants.allowed_hosts.allows_self() {
            return Err(Error::HttpRequestDenied);
        }
        readdress(&mut request, app.own_address().ok_or(Error::HttpRequestUriInvalid)?)?;
    } else {
        if !grants.allowed_hosts.allows(scheme, host, port) {
            return Err(Error::HttpRequestDenied);
        }
        if let Some(component) = chained_component(host) {
            let component = component.to_owned();
            request.headers_mut().remove(HOST);
            let response = app.chained(&component, request).await.ok_or(Error::DestinationNotFound)?;
            return Ok((response, Box::new(async { Ok(()) })));
        }
    }
    let (response, io) = default_send_request(request, options).await?;
    Ok((response.map(|body| body.boxed_unsync()), Box::new(io)))
}

/// Points `request` at the application's own address.
fn readdress(request: &mut Request<WasiBody>, address: SocketAddr) -> Result<(), Error> {
    let authority = address.to_string();
    let mut parts = std::mem::take(request.uri_mut()).into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority =
        Some(Authority::try_from(authority.as_str()).map_err(|_| Error::HttpRequestUriInvalid)?);
    parts.path_and_query.get_or_insert(PathAndQuery::from_static("/"));
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)?;
    let host = HeaderValue::try_from(authority).map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().insert(HOST, host);
    Ok(())
}

/// The interface that is defined here by hand; components of any 0.2 version find it.
const OUTGOING_HANDLER: &str = "wasi:http/outgoing-handler@0.2.12";

/// `handle`: the engine's own, but that a URL without a host means the application itself.
fn handle(
    mut view: WasiHttpCtxView<'_>,
    request: Resource<HostOutgoingRequest>,
    options: Option<Resource<RequestOptions>>,
) -> wasmtime::Result<Result<Resource<HostFutureIncomingResponse>, wasi::ErrorCode>> {
    let outgoing = view.table.get_mut(&request)?;
    // The SDK gives such a URL the authority `:80`.
    if outgoing
        .authority
        .as_deref()
        .is_none_or(|authority| authority.is_empty() || authority.starts_with(':'))
    {
        outgoing.scheme = Some(wasi::Scheme::Http);
        outgoing.authority = Some(SELF_HOST.to_owned());
    }
    match outgoing_handler::Host::handle(&mut view, request, options) {
        Ok(response) => Ok(Ok(response)),
        Err(error) => wasi::Host::convert_error_code(&mut view, error).map(Err),
    }
}

/// Adds `wasi:http` to `linker`.
pub(super) fn add_to_linker(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance(OUTGOING_HANDLER)?.func_wrap("handle", |mut store, (request, options)| {
        handle(store.data_mut().http(), request, options).map(|result| (result,))
    })?;
    wasi::add_to_linker::<_, WasiHttp>(linker, &Default::default(), State::http)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_hosts_name_a_component() {
        assert_eq!(chained_component("crdt-service.spin.internal"), Some("crdt-service"));
        assert_eq!(chained_component("crdt-service.spin.internal:80"), Some("crdt-service"));
        assert_eq!(chained_component("a.b.spin.internal"), None);
        assert_eq!(chained_component(".spin.internal"), None);
        assert_eq!(chained_component("spin.internal"), None);
        assert_eq!(chained_component("example.com"), None);
    }
}
