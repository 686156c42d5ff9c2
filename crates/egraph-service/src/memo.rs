//! Memoised saturations: replies by the digest of everything that decides them, the least recently used going first.
//!
//! A long request that was answered from here is also known by its own bytes: then it need not be read, which for a deep
//! term takes as long as anything else. The memo saves time and nothing depends on it: where the store
//! does not answer, the work is done.

use ramanujan_core::{Digest, Problem};
use ramanujan_egraph::rewrite::Right;
use ramanujan_egraph::term::Term;
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response, Store, log, ok, setting};
use serde_json::{Map, Value, json};

use crate::schema::SCHEMA;
use crate::theory::Theory;

/// Most replies that are kept where `MEMO_MAX_ENTRIES` does not say.
const DEFAULT_ENTRIES: u64 = 1_000;
/// Replies about graphs of fewer nodes are made anew in less time than it takes to look them up.
const MIN_NODES: usize = 100;
/// Longest reply that is kept, in bytes.
const MAX_REPLY_BYTES: usize = 256 * 1024;
/// Requests that are shorter are read in less time than it takes to look for their bytes.
const MIN_REQUEST_BYTES: usize = 256;
/// Requests by whose bytes one reply is known.
const MAX_SPELLINGS: u64 = 8;
/// Settings that decide whether and how a request is answered.
const SETTINGS: [&str; 4] = ["GADGETS_ENABLED", "MAX_NODES", "MAX_TERM_DEPTH", "SATURATION_TIMEOUT_MS"];
/// Goes into every key: replies of another version of the rules or of the form of replies are not found.
const VERSION: &str = concat!("saturate/1/", env!("CARGO_PKG_VERSION"));

/// The digest of what the rules, operators and settings of saturations are; terms are added to it.
pub(crate) struct Key(Digest);

impl Key {
    /// `settings` are limits and whatever else decides the reply, in one spelling.
    pub(crate) fn new(theory: &Theory, settings: &str) -> Key {
        let mut text = format!("{VERSION}\n{settings}\n");
        for operator in theory.vocabulary.signature().operators() {
            // Laws count through the rewrites that they give.
            text.push_str(&format!("{} {} {}\n", operator.symbol, operator.arity, operator.color));
        }
        for rewrite in &theory.rules.rewrites {
            let rule = &theory.rules.rules[rewrite.rule].name;
            let left = rewrite.left.print(&theory.vocabulary, &rewrite.variables);
            let right = match &rewrite.right {
                Right::Pattern(right) => right.print(&theory.vocabulary, &rewrite.variables),
                Right::Value => "its value".to_owned(),
            };
            text.push_str(&format!("{rule} {left} => {right}"));
            for condition in &rewrite.conditions {
                text.push_str(&format!(" if {}", condition.print(&rewrite.variables)));
            }
            text.push('\n');
        }
        // A rule without rewrites is in the reply as well.
        for rule in &theory.rules.rules {
            text.push_str(&format!("{}\n", rule.name));
        }
        Key(Digest::of(text.as_bytes()))
    }

    /// With a term; as a list of nodes, so that sharing stays short.
    pub(crate) fn of_term(&self, theory: &Theory, term: &Term) -> Digest {
        // Equal terms may be given as lists in other orders; what is printed is the same.
        let text = term.print(&theory.vocabulary);
        Digest::of_parts([self.0.as_bytes().as_slice(), text.as_bytes()])
    }
}

/// The digest of the bytes of a long request and of the settings under which it is answered.
pub(crate) struct Spelling(Digest);

impl Spelling {
    /// `None` where a request is short, or nothing is remembered.
    pub(crate) fn of(body: &[u8]) -> Result<Option<Spelling>, Problem> {
        if body.len() < MIN_REQUEST_BYTES || most()? == 0 {
            return Ok(None);
        }
        let settings = SETTINGS.map(|name| setting::text(name).unwrap_or_default()).join("\n");
        Ok(Some(Spelling(Digest::of_parts([VERSION.as_bytes(), settings.as_bytes(), body]))))
    }

    /// The whole reply to this request, if it is known by its bytes.
    pub(crate) fn recall(&self) -> Option<Response> {
        const SQL: &str = "UPDATE egraph_memo SET hits = hits + 1,
            used = (SELECT hits + stored FROM egraph_memo_tally)
            WHERE digest = (SELECT digest FROM egraph_memo_spelling WHERE request = ?1) RETURNING reply";
        let rows =
            Store::open(SCHEMA).and_then(|store| store.execute(SQL, [self.0.as_bytes().as_slice().into()]));
        let mut row = quietly(rows)?.into_iter().next()?;
        let members = quietly(row.take_text(0))?;
        let body = format!("{{\"status\":\"ok\",\"cached\":true,{}", members.strip_prefix('{')?);
        Some(typed("application/json", body.into_bytes()))
    }

    /// Remembers that the reply with this digest answers this request.
    pub(crate) fn learn(&self, reply: &Digest) {
        const SQL: &str = "INSERT INTO egraph_memo_spelling (request, digest)
            SELECT ?1, ?2 WHERE EXISTS (SELECT 1 FROM egraph_memo WHERE digest = ?2)
            AND (SELECT COUNT(*) FROM egraph_memo_spelling WHERE digest = ?2) < ?3 ON CONFLICT DO NOTHING";
        let bytes = |digest: &Digest| digest.as_bytes().as_slice().into();
        let params = [bytes(&self.0), bytes(reply), MAX_SPELLINGS.into()];
        quietly(Store::open(SCHEMA).and_then(|store| store.execute(SQL, params)));
    }
}

/// How many replies may be kept; 0 switches the memo off.
fn most() -> Result<u64, Problem> {
    setting::number("MEMO_MAX_ENTRIES", DEFAULT_ENTRIES)
}

fn quietly<T>(result: Result<T, Problem>) -> Option<T> {
    result.inspect_err(|problem| log::error("memo", &problem.to_string())).ok()
}

/// A memoised reply.
pub(crate) fn find(key: &Digest) -> Result<Option<Map<String, Value>>, Problem> {
    if most()? == 0 {
        return Ok(None);
    }
    const SQL: &str = "UPDATE egraph_memo SET hits = hits + 1,
        used = (SELECT hits + stored FROM egraph_memo_tally) WHERE digest = ?1 RETURNING reply";
    let rows = Store::open(SCHEMA).and_then(|store| store.execute(SQL, [key.as_bytes().as_slice().into()]));
    let row = quietly(rows).and_then(|rows| rows.into_iter().next());
    let reply = row.and_then(|mut row| quietly(row.take_text(0)));
    Ok(reply.and_then(|text| serde_json::from_str(&text).ok()))
}

/// Keeps a reply about a graph of `nodes` nodes.
pub(crate) fn keep(key: &Digest, nodes: usize, reply: &Map<String, Value>) -> Result<(), Problem> {
    let most = most()?;
    if most == 0 || nodes < MIN_NODES {
        return Ok(());
    }
    let Ok(text) = serde_json::to_string(reply) else { return Ok(()) };
    if text.len() > MAX_REPLY_BYTES {
        return Ok(());
    }
    const INSERT: &str = "INSERT INTO egraph_memo (digest, used, reply)
        VALUES (?1, (SELECT hits + stored FROM egraph_memo_tally), ?2) ON CONFLICT DO NOTHING RETURNING 1";
    // The tallies know how many there are, so that nothing is counted.
    const EVICT: &str = "DELETE FROM egraph_memo WHERE digest IN (SELECT digest FROM egraph_memo
        ORDER BY used, digest DESC LIMIT (SELECT MAX(stored - evicted - ?1, 0) FROM egraph_memo_tally))";
    let kept = Store::open(SCHEMA).and_then(|store| {
        let rows = store.execute(INSERT, [key.as_bytes().as_slice().into(), text.into()])?;
        if !rows.is_empty() {
            store.execute(EVICT, [most.into()])?;
        }
        Ok(())
    });
    quietly(kept);
    Ok(())
}

/// `GET /egraph/cache/stats`.
pub(crate) fn stats(request: &Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    const SQL: &str = "SELECT hits, stored, evicted, (SELECT COUNT(*) FROM egraph_memo),
        (SELECT COALESCE(SUM(LENGTH(reply)), 0) FROM egraph_memo) FROM egraph_memo_tally";
    let rows = Store::open(SCHEMA)?.execute(SQL, [])?;
    let tally = |column| rows.first().map_or(Ok(0), |row| row.uint(column));
    let (hits, stored) = (tally(0)?, tally(1)?);
    let consulted = hits + stored;
    ok(&json!({
        "hits": hits,
        "stored": stored,
        "evicted": tally(2)?,
        "entries": tally(3)?,
        "bytes": tally(4)?,
        "max_entries": most()?,
        "hit_rate": if consulted == 0 { 0.0 } else { hits as f64 / consulted as f64 },
    }))
}
