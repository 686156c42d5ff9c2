//! Health, metrics and queries over HTTP.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use ramanujan_agents::life::Time;
use ramanujan_core::{Code, Problem};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tracing::{debug, warn};

use crate::handler::Handler;
use crate::health::Health;
use crate::journal::LoadError;
use crate::log::TARGET;
use crate::metrics::Metrics;
use crate::queries::{Asking, QueryError};
use crate::stop::Stop;

/// Connections at once: probes, a scraper, and people who look.
const CONNECTIONS: usize = 256;
/// A client that has not sent the head of its request by then is cut off.
const HEAD: Duration = Duration::from_secs(10);
const PROBLEM: &str = "application/problem+json";

/// What requests are answered from.
#[derive(Debug)]
pub struct Site {
    /// Whether commands are taken.
    pub health: Arc<Health>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// What answers queries, once there is a connection.
    pub handler: OnceLock<Arc<Handler>>,
}

/// Serves until it is told to stop.
pub async fn serve(listener: TcpListener, site: Arc<Site>, mut stop: Stop) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        let accepted = tokio::select! {
            () = stop.stopped() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                warn!(target: TARGET, "A connection was not accepted: {error}");
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let site = site.clone();
        tokio::spawn(async move {
            let answer = service_fn(|request: Request<Incoming>| {
                let site = site.clone();
                async move { Ok::<_, Infallible>(answer(&site, &request).await) }
            });
            let mut server = hyper::server::conn::http1::Builder::new();
            server.timer(TokioTimer::new()).header_read_timeout(HEAD);
            if let Err(error) = server.serve_connection(TokioIo::new(stream), answer).await {
                debug!(target: TARGET, "A connection broke: {error}");
            }
            drop(place);
        });
    }
}

/// Listens.
///
/// # Errors
/// The address cannot be had; says what to do.
pub async fn listen(address: SocketAddr) -> Result<TcpListener, String> {
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address} cannot be listened on: {error}; choose another HTTP_LISTEN"))
}

async fn answer(site: &Site, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let problem = Problem::new(Code::MethodNotAllowed, "only GET is served here");
        let mut response = refuse(&problem);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = request.uri().path();
    let segments: Vec<&str> = path.trim_matches('/').split('/').collect();
    let answered = match segments.as_slice() {
        ["health"] => Ok(json!({"status": "ok"})),
        ["ready"] => match site.health.unready(Instant::now()) {
            None => Ok(json!({"status": "ok"})),
            Some(why) => Err(Problem::new(Code::NotReady, why)),
        },
        ["metrics"] => match site.metrics.text() {
            Ok(text) => return respond(200, "text/plain; version=0.0.4; charset=utf-8", text),
            Err(error) => Err(Problem::new(Code::Encoding, "the metrics cannot be written").caused_by(error)),
        },
        ["agents"] => query(site, request, Asks::List).await,
        ["agents", id] => query(site, request, Asks::Get(id)).await,
        ["agents", id, "history"] => query(site, request, Asks::History(id)).await,
        _ => {
            let routes = "/health, /ready, /metrics, /agents, /agents/{id} and /agents/{id}/history";
            Err(Problem::new(Code::NoSuchRoute, format!("{path} is none of {routes}")))
        }
    };
    match answered {
        Ok(value) => respond(200, "application/json", value.to_string()),
        Err(problem) => refuse(&problem),
    }
}

enum Asks<'p> {
    Get(&'p str),
    History(&'p str),
    List,
}

async fn query(site: &Site, request: &Request<Incoming>, asks: Asks<'_>) -> Result<Value, Problem> {
    let Some(handler) = site.handler.get() else {
        return Err(Problem::new(Code::NotReady, "no connection to NATS yet"));
    };
    let allowed: &[&str] = match asks {
        Asks::Get(_) => &["version", "at"],
        Asks::History(_) => &["from", "limit"],
        Asks::List => &["after", "limit"],
    };
    let asking = asking(request.uri().query().unwrap_or_default(), allowed)?;
    let answer = match asks {
        Asks::Get(id) => handler.get(id, &asking).await,
        Asks::History(id) => handler.history(id, &asking).await,
        Asks::List => handler.list(&asking).await,
    };
    answer.map_err(|error| {
        let code = match &error {
            QueryError::Invalid(_) => Code::InvalidParameter,
            QueryError::NoAgent(_) => Code::UnknownAgent,
            QueryError::NoVersion { .. } => Code::NoSuchVersion,
            QueryError::Load(LoadError::Unavailable(_)) => Code::StoreUnavailable,
            QueryError::Load(_) => Code::StoreCorrupt,
        };
        Problem::new(code, error.to_string())
    })
}

/// Reads the parameters of a query; each at most once.
fn asking(query: &str, allowed: &[&str]) -> Result<Asking, Problem> {
    let invalid = |name: &str, why: &str| Problem::new(Code::InvalidParameter, format!("{name}: {why}"));
    let mut asking = Asking::default();
    let mut seen: Vec<&str> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        if !allowed.contains(&name) {
            let names = allowed.join(", ");
            return Err(Problem::new(Code::UnknownParameter, format!("{name:?} is none of {names}")));
        }
        if seen.contains(&name) {
            return Err(Problem::new(Code::RepeatedParameter, format!("{name} is given twice")));
        }
        seen.push(name);
        let number = || value.parse::<u64>().map_err(|_| invalid(name, "is not a whole number"));
        match name {
            "version" => asking.version = Some(number()?),
            "from" => asking.from = Some(number()?),
            "limit" => asking.limit = Some(number()?),
            // The two characters of a time that a browser or curl may write by percent signs.
            "at" => {
                let text =
                    value.replace("%3A", ":").replace("%3a", ":").replace("%2B", "+").replace("%2b", "+");
                asking.at = Some(Time::parse(&text).map_err(|error| invalid(name, &error.to_string()))?);
            }
            _ => asking.after = Some(value.to_owned()),
        }
    }
    Ok(asking)
}

fn refuse(problem: &Problem) -> Response<Full<Bytes>> {
    respond(problem.status, PROBLEM, problem.to_json().to_string())
}

fn respond(status: u16, kind: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_read_once_and_only_those_that_are_known() {
        let get = ["version", "at"];
        assert_eq!(asking("version=3", &get).unwrap().version, Some(3));
        let at = asking("at=2026-01-02T03%3A04%3A05Z", &get).unwrap().at;
        assert_eq!(at, Some(Time::parse("2026-01-02T03:04:05Z").unwrap()));
        for (query, code) in [
            ("version=x", Code::InvalidParameter),
            ("at=yesterday", Code::InvalidParameter),
            ("limit=3", Code::UnknownParameter),
            ("version=1&version=2", Code::RepeatedParameter),
        ] {
            assert_eq!(asking(query, &get).unwrap_err().code, code, "{query}");
        }
    }
}
