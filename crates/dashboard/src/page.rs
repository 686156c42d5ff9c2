//! The pages and their files, mounted as `spin.toml` says.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::files::{self, Folder};
use ramanujan_shell::{Request, Response, ok, setting};
use serde_json::json;

use crate::refresh_ms;

/// `assets/`.
const PAGE: Folder = Folder::new("/page");
/// What all pages share: `web/shared/`.
const SHARED: Folder = Folder::new("/shared");
/// JavaScript libraries (`web/README.md`).
const LIBRARIES: Folder = Folder::new("/lib");

/// The first page; the description that every component gives, to a client that asks for JSON and not for HTML.
pub(crate) async fn index(request: Request) -> Result<Response, Problem> {
    let accept = request.preference("accept").unwrap_or_default();
    if accept.contains("json") && !accept.contains("html") {
        return ok(&json!({
            "message": "Dashboard ready",
            "component": "dashboard",
            "interface": setting::text("INTERFACE").unwrap_or_else(|| "dashboard".into()),
            "version": env!("CARGO_PKG_VERSION"),
            "path": "/",
            "request_size": request.body.len(),
            "refresh_ms": refresh_ms()?,
            "routes": ["GET /", "GET /dashboard", "GET /dashboard/timeline", "GET /dashboard/verification",
                       "GET /dashboard/health", "GET /api/metrics", "GET /api/metrics/realtime",
                       "GET /api/throughput", "GET /api/errors"],
        }));
    }
    let page = String::from_utf8(PAGE.read("index.html")?)
        .map_err(|_| Problem::new(Code::UnreadableFile, "index.html is not UTF-8"))?;
    let page = page.replace("{refresh_ms}", &refresh_ms()?.to_string());
    Ok(files::reply(&request, "text/html; charset=utf-8", page.into_bytes()))
}

pub(crate) async fn timeline(request: Request) -> Result<Response, Problem> {
    PAGE.serve(&request, "timeline.html")
}

pub(crate) async fn verification(request: Request) -> Result<Response, Problem> {
    PAGE.serve(&request, "verification.html")
}

pub(crate) async fn file(request: Request) -> Result<Response, Problem> {
    PAGE.serve(&request, request.param("file"))
}

pub(crate) async fn shared(request: Request) -> Result<Response, Problem> {
    SHARED.serve(&request, request.param("file"))
}

pub(crate) async fn library(request: Request) -> Result<Response, Problem> {
    LIBRARIES.serve(&request, request.param("file"))
}
