//! The documents that `GET /crdt` lists beside the description of the component.

use ramanujan_core::Problem;
use ramanujan_shell::Request;
use serde_json::{Map, Value};

use super::summary::Summary;
use crate::store::Database;

/// Documents in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 20;

pub(crate) async fn documents(request: Request) -> Result<Map<String, Value>, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let pager = query.pager(DEFAULT_LIMIT)?;
    let page = Database::open()?.documents(query.get("cursor").unwrap_or(""), pager.limit())?;
    let next_cursor = page.next(|last| last.document_id.clone());
    let documents: Vec<_> = page.items.into_iter().map(Summary::of_listed).collect();
    let documents = serde_json::to_value(documents)?;
    Ok(Map::from_iter([("documents".to_owned(), documents), ("next_cursor".to_owned(), next_cursor.into())]))
}
