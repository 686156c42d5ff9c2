//! From a request to its answer: well-known paths, routing, running the component, and what is said when that fails.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, HOST, HeaderName, HeaderValue};
use http::uri::Authority;
use http::{Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt as _;
use ramanujan_core::{Code, Problem};
use serde_json::json;
use wasmtime::PoolConcurrencyLimitError;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::InstantiationError;

use super::body::{Guarded, Rewindable, empty, full};
use super::router::{RouteMatch, Router, WELL_KNOWN};
use super::turns::Turns;
use super::{headers, problem};
use crate::instance::component::Component;
use crate::instance::outgoing;
use crate::instance::request::{CancelOnDrop, Ended, RequestCell};
use crate::interfaces::outbound::chaining::Application;
use crate::manifest::{StaticResponse, Target};
use crate::output;
use crate::storage::Durability;

/// Times a request is offered to another instance when the one that took it turns out to be dead.
const MAX_ATTEMPTS: usize = 4;
/// The address a chained call comes from.
static CHAINED_CLIENT: HeaderValue = HeaderValue::from_static("0.0.0.0:0");

/// An application ready to answer.
pub(crate) struct App {
    /// Name of the application, for those who ask.
    pub(crate) name: String,
    /// Its version; may be empty.
    pub(crate) version: String,
    /// Which component answers a path.
    pub(crate) router: Router,
    /// Components that have a trigger, by id.
    pub(crate) components: HashMap<String, Component>,
    /// Where the application listens, once it does.
    pub(crate) address: OnceLock<SocketAddr>,
    /// What is on disk of its databases.
    pub(crate) durability: Arc<Durability>,
    /// How many requests from the network run at once.
    pub(crate) turns: Turns,
}

impl Application for App {
    fn own_address(&self) -> Option<SocketAddr> {
        self.address.get().copied()
    }

    fn chained(
        self: Arc<Self>,
        component: String,
        request: Request<WasiBody>,
    ) -> BoxFuture<'static, Option<Response<WasiBody>>> {
        Box::pin(async move {
            let component = self.components.get(&component)?;
            let path = request.uri().path().to_owned();
            let found = RouteMatch::chained(&path);
            Some(
                run(component, request, &found, &CHAINED_CLIENT, &self.durability)
                    .await
                    .into_component_response(),
            )
        })
    }
}

impl App {
    /// Answers a request from the network; `client` is the peer's address.
    pub(crate) async fn handle(
        &self,
        mut request: Request<WasiBody>,
        client: &HeaderValue,
    ) -> Response<WasiBody> {
        let internal = headers::strip(request.headers_mut());
        let uri = request.uri().clone();
        if let Some(name) = uri.path().strip_prefix(WELL_KNOWN) {
            return self.well_known(name);
        }
        let Some((target, found)) = self.router.route(uri.path()) else {
            return problem::response(&Problem::new(
                Code::NoRoute,
                format!("no component answers {}; the routes are listed when the host starts", uri.path()),
            ));
        };
        let component = match target {
            Target::Static(response) => return fixed(response),
            Target::Component(id) => self.components.get(id),
        };
        let Some(component) = component else {
            return problem::response(&Problem::new(
                Code::NoComponent,
                "the route's component is not loaded",
            ));
        };
        if let Err(problem) = check_authority(&request, internal.as_ref()) {
            return problem::response(&problem);
        }
        // The disk is waited for after the turn: a commit of many then serves more requests than run at once.
        let answer = self.turns.run(run(component, request, &found, client, &self.durability)).await;
        answer.into_client_response(&self.durability).await
    }

    fn well_known(&self, name: &str) -> Response<WasiBody> {
        match name {
            "health" => Response::new(full(Bytes::from_static(b"OK"))),
            "info" => {
                let mut info = json!({ "name": self.name });
                if !self.version.is_empty() {
                    info["version"] = self.version.clone().into();
                }
                let mut response = Response::new(full(Bytes::from(format!("{info:#}"))));
                response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                response
            }
            _ => {
                let mut response = Response::new(empty());
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }
    }
}

/// A request names its host once, or twice the same (RFC 9112 §3.2). `internal` is a host it named which has a meaning
/// among the application's components only.
fn check_authority(request: &Request<WasiBody>, internal: Option<&HeaderValue>) -> Result<(), Problem> {
    let refuse = |detail: &str| Err(Problem::new(Code::InvalidHost, detail));
    let mut hosts = request.headers().get_all(HOST).iter();
    match (hosts.next(), request.uri().authority()) {
        (None, None) => match internal.and_then(|host| host.to_str().ok()) {
            Some(host) => refuse(&format!(
                "the Host header names {host}, by which only components of the application reach one another; name \
                 the address that the request is sent to"
            )),
            None => refuse("the request has no Host header; send one"),
        },
        (None, Some(_)) => Ok(()),
        (Some(host), authority) => {
            if hosts.next().is_some() {
                return refuse("the request has several Host headers; send one");
            }
            match (Authority::try_from(host.as_bytes()), authority) {
                (Err(_), _) => refuse("the Host header is no host[:port]"),
                (Ok(host), Some(authority)) if host != *authority => {
                    refuse("the Host header and the request's URI name different hosts")
                }
                _ => Ok(()),
            }
        }
    }
}

fn fixed(fixed: &StaticResponse) -> Response<WasiBody> {
    let body = fixed.body.clone().map_or_else(empty, |body| full(Bytes::from(body)));
    let mut response = Response::new(body);
    *response.status_mut() =
        fixed.status_code.and_then(|status| StatusCode::from_u16(status).ok()).unwrap_or(StatusCode::OK);
    for (name, value) in &fixed.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// What became of a request.
enum Answer {
    /// The component's response, and its call.
    Of(Arc<RequestCell>, Response<WasiBody>),
    /// A problem document in place of it.
    Problem(Response<WasiBody>),
}

impl Answer {
    /// For another component of the application.
    fn into_component_response(self) -> Response<WasiBody> {
        match self {
            Answer::Of(cell, response) => {
                cell.set_answered();
                response
            }
            Answer::Problem(response) => response,
        }
    }

    /// For somebody outside, to whom nothing is told that may yet be lost.
    async fn into_client_response(self, durability: &Arc<Durability>) -> Response<WasiBody> {
        let (cell, response) = match self {
            Answer::Of(cell, response) => (cell, response),
            Answer::Problem(response) => return response,
        };
        match outgoing::response(response, durability, &cell).await {
            Ok(response) => {
                cell.set_answered();
                response
            }
            Err(failure) => problem::response(&Problem::new(Code::StoreUnavailable, failure.to_string())),
        }
    }
}

/// Runs `component` and gives its response, or a problem document.
async fn run(
    component: &Component,
    request: Request<WasiBody>,
    found: &RouteMatch<'_>,
    client: &HeaderValue,
    durability: &Arc<Durability>,
) -> Answer {
    let (method, uri) = (request.method().clone(), request.uri().clone());
    let cell = RequestCell::new(component.template.id.clone(), method, uri, durability.clone());
    let guard = CancelOnDrop::new(cell.clone());
    let result = if component.template.limitations.max_instance_reuse == 1 {
        let (mut parts, body) = request.into_parts();
        headers::add(&mut parts.headers, &parts.uri, found, client);
        component.handler.handle(cell.clone(), Request::from_parts(parts, body)).await
    } else {
        offer(component, request, found, client, &cell).await
    };
    match result {
        Ok(response) => {
            Answer::Of(cell, response.map(|body| Guarded { body, guard: Some(guard) }.boxed_unsync()))
        }
        Err(error) => {
            guard.disarm();
            Answer::Problem(problem::response(&explain(component, &cell, &error)))
        }
    }
}

/// Hands the request to an instance that may be a reused one. It may have died of its previous request just before it
/// took this one; then nothing of the request is lost and another instance gets it.
async fn offer(
    component: &Component,
    request: Request<WasiBody>,
    found: &RouteMatch<'_>,
    client: &HeaderValue,
    cell: &Arc<RequestCell>,
) -> wasmtime::Result<Response<WasiBody>> {
    let (parts, body) = request.into_parts();
    let body = (!body.is_end_stream()).then(|| Rewindable::new(body));
    let mut attempt = 1;
    loop {
        let mut parts = parts.clone();
        headers::add(&mut parts.headers, &parts.uri, found, client);
        let request = Request::from_parts(parts, body.as_ref().map_or_else(empty, Rewindable::body));
        let result = component.handler.handle(cell.clone(), request).await;
        match &result {
            Err(error)
                if attempt < MAX_ATTEMPTS
                    && !cell.has_entered()
                    && body.as_ref().is_none_or(Rewindable::is_unread)
                    && !error.is::<InstantiationError<Arc<RequestCell>>>() =>
            {
                attempt += 1;
            }
            _ => return result,
        }
    }
}

/// What to tell the client and the operator about a request that got no response.
fn explain(component: &Component, cell: &RequestCell, error: &wasmtime::Error) -> Problem {
    let (id, limits) = (&component.template.id, &component.template.limitations);
    let (problem, cause) = if let Some(error) = error.downcast_ref::<InstantiationError<Arc<RequestCell>>>() {
        if error.error.is::<PoolConcurrencyLimitError>() {
            let detail = "all instances are busy; try again in a moment";
            (Problem::new(Code::Overloaded, detail), "no free instance".to_owned())
        } else {
            let detail = format!("component {id} could not be started; the host's log says why");
            (Problem::new(Code::StartFailed, detail), format!("cannot start: {:#}", error.error))
        }
    } else if cell.ended() == Ended::TimeLimit {
        let seconds = limits.request_timeout.as_secs_f64();
        let detail = format!("component {id} did not answer within {seconds} s; ask for less at once");
        (Problem::new(Code::TimeLimit, detail), format!("time limit of {seconds} s reached"))
    } else if cell.was_memory_refused() {
        let mib = limits.max_instance_memory >> 20;
        let detail =
            format!("component {id} needed more than its memory limit of {mib} MiB; ask for less at once");
        (Problem::new(Code::MemoryLimit, detail), format!("memory limit of {mib} MiB reached: {error:#}"))
    } else {
        let detail = format!("component {id} failed; its log and the host's say why");
        (Problem::new(Code::ComponentFailed, detail), format!("failed: {error:#}"))
    };
    if cell.ended() != Ended::Abandoned {
        let milliseconds = cell.elapsed().as_millis();
        output::event(format_args!("{}: {cause} (after {milliseconds} ms)", cell.label()));
    }
    problem
}
