//! A document's deltas, read back from crdt-service and recomputed page by page.
//!
//! Of a document that is small enough to be joined in a second order the records are read, which say of each delta what
//! follows from it. Of a large one the deltas come encoded, with a digest of what their records say; if anything does not
//! agree, the records are read after all, to find which.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use ramanujan_core::{Code, Digest, Problem};
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::claims::deltas;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::call_json;
use ramanujan_shell::fetch::both;
use serde::Deserialize;

use super::neighbours::CRDT_SERVICE;
use crate::convergence::Kept;
use crate::recompute::Recomputed;

/// Records asked for at a time; crdt-service may give fewer.
const PAGE: u64 = 1000;

#[derive(Deserialize)]
struct Records {
    items: Vec<DeltaRecord>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Encoded {
    encoded: String,
    claims: Digest,
    clocks: Vec<u64>,
    next_cursor: Option<String>,
}

/// A document up to a place of crdt-service's log.
pub(super) struct History<'a> {
    pub(super) document: &'a str,
    pub(super) crdt_type: CrdtType,
    pub(super) until: u64,
}

impl History<'_> {
    /// Recomputes it from its records, which are kept as far as `kept` allows.
    pub(super) async fn records(&self, kept: &mut Kept) -> Result<Recomputed, Problem> {
        let mut recomputed = Recomputed::new(self.crdt_type);
        let mut cursor = String::from("0");
        loop {
            let path = format!("{}&limit={PAGE}&cursor={cursor}", self.path());
            let page: Records = call_json(CRDT_SERVICE, Method::GET, &path, None::<&()>).await?;
            recomputed.push_all(&page.items);
            page.items.into_iter().for_each(|record| kept.push(record));
            match page.next_cursor {
                Some(next) => cursor = next,
                None => return Ok(recomputed),
            }
        }
    }

    /// Recomputes it from encoded pages, after what goes up to place `after` of the log; says as well whether the records say
    /// what follows. The next page is on its way while one is recomputed.
    pub(super) async fn encoded(&self, after: u64, recomputed: &mut Recomputed) -> Result<bool, Problem> {
        let mut agrees = true;
        let mut page = self.page(&after.to_string()).await?;
        loop {
            let next = page.next_cursor.take();
            let work = async { page.push_to(recomputed) };
            let Some(next) = next else {
                agrees &= work.await?;
                return Ok(agrees);
            };
            let (fetched, agreed) = both(self.page(&next), work).await;
            agrees &= agreed?;
            page = fetched?;
        }
    }

    async fn page(&self, cursor: &str) -> Result<Encoded, Problem> {
        let path = format!("{}&items=encoded&cursor={cursor}", self.path());
        call_json(CRDT_SERVICE, Method::GET, &path, None::<&()>).await
    }

    fn path(&self) -> String {
        format!("/crdt/{}/history?until={}", self.document, self.until)
    }
}

impl Encoded {
    /// Adds the page's deltas; whether their records say what follows from them.
    fn push_to(&self, recomputed: &mut Recomputed) -> Result<bool, Problem> {
        let unreadable =
            |error: &dyn std::fmt::Display| Problem::new(Code::ComponentReply, error.to_string());
        let bytes = STANDARD.decode(&self.encoded).map_err(|error| unreadable(&error))?;
        let mut broken = None;
        let deltas = deltas(&bytes).map_while(|delta| delta.map_err(|error| broken = Some(error)).ok());
        let claims = recomputed.push_claimed(deltas, &self.clocks);
        match broken {
            Some(error) => Err(unreadable(&error)),
            None => Ok(claims == self.claims),
        }
    }
}
