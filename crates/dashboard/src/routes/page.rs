//! The pages and their files, mounted as `spin.toml` says.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::files::{self, Folder};
use ramanujan_shell::{Request, Response};

use crate::settings::METRICS_REFRESH_MS;

/// `assets/`.
pub(crate) const PAGE: Folder = Folder::new("/page");
/// What all pages share: `web/shared/`.
pub(crate) const SHARED: Folder = Folder::new("/shared");
/// JavaScript libraries (`web/README.md`).
pub(crate) const LIBRARIES: Folder = Folder::new("/lib");

/// Whether a client gets the first page: all but those that ask for JSON and not for HTML.
pub(crate) fn wanted(request: &Request) -> bool {
    let accept = request.preference("accept").unwrap_or_default();
    accept.contains("html") || !accept.contains("json")
}

/// The first page.
pub(crate) async fn index(request: Request) -> Result<Response, Problem> {
    let page = first()?.replace("{refresh_ms}", &METRICS_REFRESH_MS.read()?.to_string());
    Ok(files::reply(&request, "text/html; charset=utf-8", page.into_bytes()))
}

fn first() -> Result<String, Problem> {
    String::from_utf8(PAGE.read("index.html")?)
        .map_err(|_| Problem::new(Code::UnreadableFile, "index.html is not UTF-8"))
}

/// How many bytes the first page has, which says that the pages are there.
pub(super) fn bytes() -> Result<u64, Problem> {
    Ok(first()?.len() as u64)
}
