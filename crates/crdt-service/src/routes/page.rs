//! `POST /crdt/apply` of deltas in JSON, as `GET /crdt/{document}/diff` and `/history` hand them out: whoever asked one
//! site for what it lacks posts the reply to another as it is.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::{Code, Digest, DocumentId, Dot, Problem, VectorClock, json};
use ramanujan_crdt::StateDigest;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::{Response, ok};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::stored::StoredDeltas;
use crate::apply::check::Accepted;
use crate::apply::operation::Operation;
use crate::store::{Database, KnownDelta};

/// The reply that a page of deltas came as.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct DeltaPage {
    /// The document.
    document_id: DocumentId,
    /// Each after those that it was made after, unless these are stored. What a delta's record says beside the delta must
    /// follow from it.
    items: Vec<DeltaRecord>,
    /// `ok`.
    #[serde(default, rename = "status")]
    _status: Option<String>,
    /// Of the version that all pages together lead to.
    #[serde(default)]
    heads: Option<Vec<Dot>>,
    /// Of the same version; checked where its heads are in the page or stored.
    #[serde(default)]
    digest: Option<Digest>,
    /// Of the same version; checked likewise.
    #[serde(default)]
    vector_clock: Option<VectorClock>,
    /// Of the reply that the page is.
    #[serde(default, rename = "next_cursor")]
    _next_cursor: Option<String>,
}

impl DeltaPage {
    /// The page that a body is; `None` if it is something else, such as an operation.
    ///
    /// # Errors
    /// 422 if it has `items` and is no page for all that.
    pub(super) fn of(body: &[u8]) -> Result<Option<Self>, Problem> {
        type Members = BTreeMap<String, IgnoredAny>;
        const NAME: &[u8] = b"\"items\"";
        // Reading a body twice is for those that may be pages only.
        let is_page = body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{')
            && body.windows(NAME.len()).any(|window| window == NAME)
            && serde_json::from_slice::<Members>(body).is_ok_and(|members| members.contains_key("items"));
        is_page.then(|| json::from_slice(body)).transpose()
    }

    /// How many deltas there are.
    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    /// Whose deltas these are.
    pub(super) fn document(&self) -> &DocumentId {
        &self.document_id
    }

    /// Stores the deltas, all or none.
    pub(super) fn apply(self) -> Result<Response, Problem> {
        let named = Named { heads: self.heads, digest: self.digest, clock: self.vector_clock };
        let document = self.document_id;
        let read = |(index, record)| {
            Operation::of_record(document.clone(), record)
                .map_err(|problem: Problem| problem.with("index", index))
        };
        let operations: Vec<Operation> =
            self.items.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        let database = Database::open()?;
        database.refuse_deleted(&document)?;
        let agree = |accepted: &[Accepted]| named.check(&database, document.as_str(), accepted);
        let done = database.apply_if(&operations, None, agree).map_err(|(index, problem)| match index {
            Some(index) => problem.with("index", index),
            None => problem,
        })?;
        let mut stored = StoredDeltas::none(document);
        done.iter().for_each(|accepted| stored.count(accepted));
        ok(&stored)
    }
}

/// What a page says of the version that it leads to.
struct Named {
    heads: Option<Vec<Dot>>,
    digest: Option<Digest>,
    clock: Option<VectorClock>,
}

impl Named {
    /// Compares it with what follows from the page's deltas and from what is stored. Nothing can be said while one of the
    /// heads is neither: another page has it, or another site.
    fn check(&self, database: &Database, document: &str, accepted: &[Accepted]) -> Result<(), Problem> {
        let invalid = |detail: &str| Problem::new(Code::InvalidDelta, detail);
        let Some(heads) = &self.heads else {
            return match self.digest.is_some() || self.clock.is_some() {
                true => Err(invalid(
                    "a page's digest and vector_clock are those of its heads, which it leaves out",
                )),
                false => Ok(()),
            };
        };
        let mut outside: BTreeSet<&Dot> = heads.iter().collect();
        if outside.len() < heads.len() || (heads.is_empty() && !accepted.is_empty()) {
            return Err(invalid(
                "the page's heads are those of no version: there are none, or one is named twice",
            ));
        }
        let mut known = Vec::with_capacity(heads.len());
        for Accepted { record, .. } in accepted {
            if outside.remove(record.dot()) {
                let (dot, hash, clock) = (record.dot().clone(), record.hash, record.clock.clone());
                known.push(KnownDelta { dot, crdt_type: record.crdt_type(), hash, clock });
            }
        }
        if !outside.is_empty() {
            let dots: Vec<Dot> = outside.into_iter().cloned().collect();
            known.extend(database.known_of(document, &dots)?);
        }
        let Some(first) = known.first().filter(|_| known.len() == heads.len()) else { return Ok(()) };
        let crdt_type = first.crdt_type;
        let clocks: Option<Vec<&VectorClock>> = known.iter().map(|head| head.clock.as_ref()).collect();
        if let (Some(claimed), Some(clocks)) = (&self.clock, clocks) {
            let mut clock = VectorClock::new();
            clocks.into_iter().for_each(|after| clock.join(after));
            if clock != *claimed {
                return Err(invalid("the page's vector_clock is not that of its heads"));
            }
        }
        let state = StateDigest::of(crdt_type, known.into_iter().map(|head| (head.dot, head.hash)));
        match &self.digest {
            Some(claimed) if *claimed != state.digest() => Err(invalid(
                "the page's heads do not have the digest that it claims: a delta was changed, or is of another history",
            )),
            _ => Ok(()),
        }
    }
}
