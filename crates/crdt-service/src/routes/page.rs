//! `POST /crdt/apply` of deltas in JSON, as `GET /crdt/{document}/diff` and `/history` hand them out: whoever asked one
//! site for what it lacks posts the reply to another as it is.

use std::collections::BTreeMap;

use ramanujan_core::{Code, Digest, DocumentId, Dot, Problem, VectorClock, json};
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_shell::{Response, ok};
use serde::Deserialize;
use serde::de::IgnoredAny;

use super::stored::StoredDeltas;
use crate::apply::operation::Operation;
use crate::store::Database;

/// The reply that a page of deltas came as. What it says beside the deltas follows from them and is not needed here.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct DeltaPage {
    /// The document.
    document_id: DocumentId,
    /// Each after those that it was made after, unless these are stored. A digest that a delta names must be its own.
    items: Vec<DeltaRecord>,
    /// `ok`.
    #[serde(default, rename = "status")]
    _status: Option<String>,
    /// Of the reply that the page is.
    #[serde(default, rename = "heads")]
    _heads: Option<Vec<Dot>>,
    /// Of the reply that the page is.
    #[serde(default, rename = "digest")]
    _digest: Option<Digest>,
    /// Of the reply that the page is.
    #[serde(default, rename = "vector_clock")]
    _vector_clock: Option<VectorClock>,
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

    /// Stores the deltas, all or none.
    pub(super) fn apply(self) -> Result<Response, Problem> {
        let mut operations = Vec::with_capacity(self.items.len());
        for (index, record) in self.items.iter().enumerate() {
            let delta = record
                .to_delta()
                .map_err(|error| Problem::new(Code::InvalidDelta, error.to_string()).with("index", index))?;
            operations.push(Operation::of_delta(self.document_id.clone(), delta));
        }
        let database = Database::open()?;
        database.refuse_deleted(&self.document_id)?;
        let done = database.apply(&operations, None).map_err(|(index, problem)| match index {
            Some(index) => problem.with("index", index),
            None => problem,
        })?;
        let mut stored = StoredDeltas::none(self.document_id);
        done.iter().for_each(|accepted| stored.count(accepted));
        ok(&stored)
    }
}
