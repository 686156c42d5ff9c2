//! The page and its files, embedded, with headers that keep anything foreign out of it.

use http::{HeaderValue, header};
use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok, response, setting};
use serde_json::json;

use crate::refresh_ms;

const INDEX: &str = include_str!("../assets/index.html");
const SCRIPT: &str = include_str!("../assets/app.js");
const CHARTS: &str = include_str!("../assets/charts.js");
const STYLE: &str = include_str!("../assets/style.css");
const ICON: &str = include_str!("../assets/icon.svg");

/// Scripts and styles come from this origin's files alone: a value that looks like markup can do nothing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; object-src 'none'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'";

fn file(media_type: &'static str, content: impl Into<Vec<u8>>) -> Response {
    let mut response = response::typed(media_type, content.into());
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        // A page of one build must not meet the script of another.
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// The page; the description that every component gives, to a client that asks for JSON and not for HTML.
pub(crate) async fn index(request: Request) -> Result<Response, Problem> {
    let accept = request.header("accept").unwrap_or_default();
    if accept.contains("json") && !accept.contains("html") {
        return ok(&json!({
            "message": "Dashboard ready",
            "component": "dashboard",
            "interface": setting::text("INTERFACE").unwrap_or_else(|| "dashboard".into()),
            "version": env!("CARGO_PKG_VERSION"),
            "path": "/",
            "request_size": request.body.len(),
            "refresh_ms": refresh_ms()?,
            "routes": ["GET /", "GET /dashboard", "GET /dashboard/health", "GET /api/metrics",
                       "GET /api/metrics/realtime", "GET /api/throughput", "GET /api/errors"],
        }));
    }
    Ok(file("text/html; charset=utf-8", INDEX.replace("{refresh_ms}", &refresh_ms()?.to_string())))
}

pub(crate) async fn script(_: Request) -> Result<Response, Problem> {
    Ok(file("text/javascript; charset=utf-8", SCRIPT))
}

pub(crate) async fn charts(_: Request) -> Result<Response, Problem> {
    Ok(file("text/javascript; charset=utf-8", CHARTS))
}

pub(crate) async fn style(_: Request) -> Result<Response, Problem> {
    Ok(file("text/css; charset=utf-8", STYLE))
}

pub(crate) async fn icon(_: Request) -> Result<Response, Problem> {
    Ok(file("image/svg+xml", ICON))
}
