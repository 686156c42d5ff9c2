//! `allowed_outbound_hosts`: requests (`wasi:http/outgoing-handler`) to other components, to the application itself and
//! to the network, and sockets.
//!
//! `http://<component>.spin.internal/…` is answered in this process, without a socket. `http://self.alt/…` and URLs
//! without a host go to the application's own address over TCP. Everything must be allowed by the manifest.

mod allowed_hosts;
pub(crate) mod chaining;
mod pool;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::{Result, ensure};
use http::header::HOST;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderName, HeaderValue, Request as HttpRequest, Response, Uri};
use http_body_util::BodyExt as _;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi_http::p2::bindings::http::outgoing_handler;
use wasmtime_wasi_http::p2::bindings::http::types as wasi;
use wasmtime_wasi_http::p2::types::{HostFutureIncomingResponse, HostOutgoingRequest};
use wasmtime_wasi_http::{
    DEFAULT_FORBIDDEN_HEADERS, Error, RequestOptions, WasiBody, WasiHttp, WasiHttpCtxView, WasiHttpHooks,
    WasiHttpView as _, default_send_request,
};

use super::interface::{Declaration, Interface, Request, Site};
use crate::instance::grants::{Grant, Preparation};
use crate::instance::outgoing;
use crate::instance::state::State;
use crate::storage::{Durability, NotDurable};
use allowed_hosts::AllowedHosts;
use chaining::{AppRef, chained_component};
use pool::Pool;

/// Host that stands for the application's own address.
const SELF_HOST: &str = "self.alt";
/// What Spin's first version called the key.
const FORMER_KEY: &str = "allowed_http_hosts";

pub(super) static INTERFACE: Interface = Interface {
    key: "allowed_outbound_hosts",
    more_keys: &[FORMER_KEY],
    stores: None,
    wit: &[
        "fermyon:spin/http",
        "fermyon:spin/mqtt",
        "fermyon:spin/mysql",
        "fermyon:spin/postgres",
        "fermyon:spin/redis",
        "spin:mqtt/mqtt",
        "spin:mysql/mysql",
        "spin:postgres/postgres",
        "spin:redis/redis",
        "wasi:http/client",
        "wasi:http/outgoing-handler",
        "wasi:sockets/ip-name-lookup",
        "wasi:sockets/tcp-create-socket",
        "wasi:sockets/udp-create-socket",
    ],
    check,
    link,
};

/// What a component asks for.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// The items of the key, templates resolved.
    pub(crate) items: Vec<String>,
    /// Ids of the application's components.
    components: Vec<String>,
}

fn check(declared: &Declaration<'_>) -> Result<Box<dyn Request>> {
    ensure!(
        !declared.keys.contains_key(FORMER_KEY),
        "the key `{FORMER_KEY}` is not supported; use `{}`",
        INTERFACE.key
    );
    let mut items = Vec::new();
    for item in declared.read::<Vec<String>>(INTERFACE.key)? {
        let resolved = declared.resolve(&item)?;
        // A template that comes out empty stands for an optional host that is not set.
        if resolved == item || !["", "http://", "https://"].contains(&resolved.as_str()) {
            items.push(resolved);
        }
    }
    let components = declared.components.iter().map(|id| (*id).to_owned()).collect();
    Ok(Box::new(Hosts { items, components }))
}

impl Request for Hosts {
    fn open(&self, site: &mut Site<'_>) -> Result<Box<dyn Grant>> {
        let hosts = AllowedHosts::parse(&self.items, self.components.iter().map(String::as_str))?;
        let durability = site.stores.durability().clone();
        if hosts.allows_sockets() {
            // What goes through a socket is not seen, so it cannot be held back.
            durability.be_immediate();
        }
        let pool = Arc::new(Pool::default());
        Ok(Box::new(Outbound { hosts: Arc::new(hosts), app: site.app.clone(), durability, pool }))
    }
}

/// Which addresses a component may reach, and the way to them.
#[derive(Clone)]
struct Outbound {
    hosts: Arc<AllowedHosts>,
    app: AppRef,
    durability: Arc<Durability>,
    /// Connections of this component.
    pool: Arc<Pool>,
}

impl Grant for Outbound {
    fn prepare(&self, instance: &mut Preparation) -> Result<()> {
        instance.hooks = Box::new(self.clone());
        if self.hosts.allows_sockets() {
            let hosts = self.hosts.clone();
            instance.wasi.allow_tcp(true).allow_udp(true).socket_addr_check(move |address, usage| {
                let allowed = may_use(&hosts, address, usage);
                Box::pin(async move { allowed })
            });
        }
        Ok(())
    }
}

fn may_use(hosts: &AllowedHosts, address: SocketAddr, usage: SocketAddrUse) -> bool {
    let reachable = |scheme| hosts.allows(scheme, &address.ip().to_string(), Some(address.port()));
    match usage {
        // Connecting binds to any free local port first; other binds would be listeners.
        SocketAddrUse::TcpBind | SocketAddrUse::UdpBind => {
            address.ip().is_unspecified() && address.port() == 0
        }
        SocketAddrUse::TcpConnect => reachable("tcp"),
        SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => reachable("udp"),
        _ => false,
    }
}

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Sent = Result<(Response<WasiBody>, Io), Error>;

/// Headers that belong to one connection; the engine's list, kept where it need not be rebuilt for every header.
static FORBIDDEN_HEADERS: [HeaderName; 9] = DEFAULT_FORBIDDEN_HEADERS;

impl WasiHttpHooks for Outbound {
    fn is_forbidden_header(&mut self, name: &HeaderName) -> bool {
        FORBIDDEN_HEADERS.contains(name)
    }

    fn send_request(
        &mut self,
        request: HttpRequest<WasiBody>,
        options: Option<RequestOptions>,
        _error: Io,
    ) -> Box<dyn Future<Output = Sent> + Send> {
        let outbound = self.clone();
        Box::new(async move { outbound.send(request, options).await })
    }
}

impl Outbound {
    async fn send(self, mut request: HttpRequest<WasiBody>, options: Option<RequestOptions>) -> Sent {
        let uri = request.uri();
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(Error::HttpRequestUriInvalid);
        };
        let (host, port) = (authority.host(), authority.port_u16());
        if host == SELF_HOST {
            if !self.hosts.allows_self() {
                return Err(Error::HttpRequestDenied);
            }
            let own = self.app.get().and_then(|app| app.own_address());
            readdress(&mut request, own.ok_or(Error::HttpRequestUriInvalid)?)?;
        } else {
            if !self.hosts.allows(scheme, host, port) {
                return Err(Error::HttpRequestDenied);
            }
            if let Some(component) = chained_component(host) {
                let component = component.to_owned();
                request.headers_mut().remove(HOST);
                let app = self.app.get().ok_or(Error::DestinationNotFound)?;
                let response = app.chained(component, request).await.ok_or(Error::DestinationNotFound)?;
                return Ok((response, Box::new(async { Ok(()) })));
            }
        }
        let request = outgoing::request(request, &self.durability).await.map_err(|NotDurable| {
            Error::InternalError(Some("a database of the application cannot be written".to_owned()))
        })?;
        if request.uri().scheme() != Some(&Scheme::HTTPS) {
            let response = self.pool.send(request, options).await?;
            return Ok((response, Box::new(async { Ok(()) })));
        }
        let (response, io) = default_send_request(request, options).await?;
        Ok((response.map(|body| body.boxed_unsync()), Box::new(io)))
    }
}

/// Points `request` at the application's own address.
fn readdress(request: &mut HttpRequest<WasiBody>, address: SocketAddr) -> Result<(), Error> {
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
fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    linker.instance(OUTGOING_HANDLER)?.func_wrap("handle", |mut store, (request, options)| {
        handle(store.data_mut().http(), request, options).map(|result| (result,))
    })?;
    wasi::add_to_linker::<_, WasiHttp>(linker, &Default::default(), State::http)
}
