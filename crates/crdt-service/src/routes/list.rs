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
    let database = Database::open()?;
    let page = pager.cut(database.documents(query.get("cursor").unwrap_or(""), pager.fetch())?);
    let next_cursor = page.next(String::clone);
    let mut documents = Vec::with_capacity(page.items.len());
    for id in &page.items {
        documents
            .extend(database.current(id)?.map(|version| Summary::of(id, &version, version.small_clock())));
    }
    let documents = serde_json::to_value(documents)?;
    Ok(Map::from_iter([("documents".to_owned(), documents), ("next_cursor".to_owned(), next_cursor.into())]))
}
