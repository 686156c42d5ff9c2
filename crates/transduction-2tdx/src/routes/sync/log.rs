//! `GET /sync/log`: what was done, the newest first.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use crate::store::log::{self, Entry};

/// Entries in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;

/// A page of the log.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct LogPage {
    /// The entries, the newest first.
    entries: Vec<Entry>,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let page = log::list(query.parse("cursor")?, query.pager(DEFAULT_LIMIT)?)?;
    let next_cursor = page.next(|last| last.seq().to_string());
    ok(&LogPage { entries: page.items, next_cursor })
}
