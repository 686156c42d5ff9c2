//! `GET /egraph/cache/stats`: what the memo counted and holds.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok};
use serde_json::json;

use crate::settings::MEMO_MAX_ENTRIES;
use crate::store::memo::{self, Tallies};

pub(crate) async fn stats(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let Tallies { hits, stored, evicted, entries, bytes } = memo::tallies()?;
    let consulted = hits + stored;
    ok(&json!({
        "hits": hits,
        "stored": stored,
        "evicted": evicted,
        "entries": entries,
        "bytes": bytes,
        "max_entries": MEMO_MAX_ENTRIES.read()?,
        "hit_rate": if consulted == 0 { 0.0 } else { hits as f64 / consulted as f64 },
    }))
}
