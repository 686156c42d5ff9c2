//! The documents that `GET /crdt` lists beside the description of the component.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Store, setting};
use serde_json::{Map, Value};

use crate::document::Summary;
use crate::history::DEFAULT_MAX_LIMIT;
use crate::row::SCHEMA;
use crate::version::Version;

/// Documents in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 20;

pub(crate) async fn documents(request: Request) -> Result<Map<String, Value>, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let store = Store::open(SCHEMA)?;
    // Skips from document to document through the index, as the walk over agents does.
    let sql = "WITH RECURSIVE documents(name) AS (
            SELECT MIN(document_id) FROM crdt_deltas WHERE document_id > ?1
            UNION ALL
            SELECT (SELECT MIN(n.document_id) FROM crdt_deltas n WHERE n.document_id > documents.name)
            FROM documents WHERE documents.name IS NOT NULL
        )
        SELECT name FROM documents WHERE name IS NOT NULL AND 0 = COALESCE(
            (SELECT deleted FROM crdt_deletions WHERE document_id = name ORDER BY id DESC LIMIT 1), 0) LIMIT ?2";
    let rows = store.execute(sql, [query.get("cursor").unwrap_or("").into(), (limit + 1).into()])?;
    let more = rows.len() as u64 > limit;
    let mut documents = Vec::new();
    for row in rows.iter().take(limit as usize) {
        let id = row.text(0)?;
        documents.extend(Version::now(&store, id)?.map(|version| Summary::of(id, &version)));
    }
    let next_cursor = documents.last().filter(|_| more).map(|last| last.document_id.clone());
    let documents =
        serde_json::to_value(documents).map_err(|e| Problem::new(Code::Encoding, e.to_string()))?;
    Ok(Map::from_iter([("documents".to_owned(), documents), ("next_cursor".to_owned(), next_cursor.into())]))
}
