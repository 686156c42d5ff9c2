//! A recorded editing session: what the two file formats of the public collection `josephg/editing-traces` have in
//! common, and reading and writing them.
//!
//! A sequential recording is read as a concurrent one of one agent whose transactions form a chain, so that nothing
//! behind this module knows two formats. Positions and lengths count Unicode code points.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde_json::{Value, json};

/// Largest recording after decompression, in bytes: forty times the largest published one, small enough that a
/// crafted archive cannot exhaust the memory.
pub const MAX_RECORDING_BYTES: u64 = 512 << 20;

/// The two bytes every gzip stream begins with (RFC 1952 §2.3.1).
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why a file is not a recording.
#[derive(Debug, thiserror::Error)]
pub enum RecordingError {
    #[error("cannot read {path}: {source}")]
    Read { path: String, source: io::Error },
    #[error("the recording is larger than {MAX_RECORDING_BYTES} bytes after decompression")]
    TooLarge,
    #[error("not a recording: {0}")]
    Json(#[from] serde_json::Error),
    #[error("not a recording: {0}")]
    Form(String),
    #[error("transaction {transaction}: {reason}")]
    Transaction { transaction: usize, reason: String },
}

/// One edit: at `position`, remove `deleted` code points, then put `inserted` there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    pub position: u64,
    pub deleted: u64,
    pub inserted: String,
}

/// Edits one agent made in one go. The first patch refers to the document as the merged `parents` left it, each
/// further patch to the document as the patch before left it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Indices of earlier transactions; none means the empty document.
    pub parents: Vec<usize>,
    pub agent: usize,
    pub patches: Vec<Patch>,
}

/// A session: its transactions in an order in which parents come first, and the text they end with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    pub agents: usize,
    pub transactions: Vec<Transaction>,
    /// The document with all transactions merged.
    pub end_content: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FileForm {
    kind: Option<String>,
    start_content: Option<String>,
    end_content: String,
    num_agents: Option<usize>,
    txns: Vec<TransactionForm>,
}

#[derive(Deserialize)]
struct TransactionForm {
    parents: Option<Vec<usize>>,
    agent: Option<usize>,
    patches: Vec<(u64, u64, String)>,
}

impl Recording {
    /// Reads a recording from a file, gzipped or plain (told apart by content, not by name).
    ///
    /// # Errors
    /// The file cannot be read, or is not a recording: see [`Recording::from_json`].
    pub fn from_file(path: &Path) -> Result<Self, RecordingError> {
        let read_error = |source| RecordingError::Read { path: path.display().to_string(), source };
        let mut file = File::open(path).map_err(read_error)?;
        let mut bytes = Vec::new();
        file.by_ref().take(MAX_RECORDING_BYTES + 1).read_to_end(&mut bytes).map_err(read_error)?;
        if bytes.starts_with(&GZIP_MAGIC) {
            let mut plain = Vec::new();
            MultiGzDecoder::new(bytes.as_slice())
                .take(MAX_RECORDING_BYTES + 1)
                .read_to_end(&mut plain)
                .map_err(read_error)?;
            bytes = plain;
        }
        if bytes.len() as u64 > MAX_RECORDING_BYTES {
            return Err(RecordingError::TooLarge);
        }
        Self::from_json(&bytes)
    }

    /// Reads a recording from JSON. Members the format does not need (`time`, `numChildren`, …) are passed over.
    ///
    /// # Errors
    /// Malformed JSON or a wrong type (with line and column), a missing member, a parent that is not an earlier
    /// transaction, an agent beyond `numAgents`, a position past the end of the document where its length is known
    /// without merging.
    pub fn from_json(bytes: &[u8]) -> Result<Self, RecordingError> {
        let form: FileForm = serde_json::from_slice(bytes)?;
        let listed = form.txns.len();
        let recording = match form.kind.as_deref() {
            None | Some("sequential") => sequential(form)?,
            Some("concurrent") => concurrent(form)?,
            Some(other) => {
                return Err(RecordingError::Form(format!(
                    "`kind` is {other:?}; known are \"concurrent\" and, without `kind`, sequential recordings"
                )));
            }
        };
        recording.check_positions(recording.transactions.len() - listed)?;
        Ok(recording)
    }

    /// The recording in the concurrent format.
    pub fn to_json(&self) -> Value {
        let transactions: Vec<Value> = self
            .transactions
            .iter()
            .map(|t| json!({"parents": t.parents, "agent": t.agent, "patches": patches_json(&t.patches)}))
            .collect();
        json!({"kind": "concurrent", "endContent": self.end_content, "numAgents": self.agents, "txns": transactions})
    }

    /// The recording in the sequential format, if it is a chain of one agent.
    pub fn to_sequential_json(&self) -> Option<Value> {
        let chain = self
            .transactions
            .iter()
            .enumerate()
            .all(|(i, t)| t.agent == 0 && t.parents.iter().copied().eq(i.checked_sub(1)));
        let transactions = || -> Vec<Value> {
            self.transactions.iter().map(|t| json!({"patches": patches_json(&t.patches)})).collect()
        };
        chain.then(|| json!({"startContent": "", "endContent": self.end_content, "txns": transactions()}))
    }

    /// Checks positions wherever the document's length follows from the recording alone: behind a merge it depends
    /// on which deletions overlap, and the network checks it. Errors count transactions as the file does, which does
    /// not list the first `unlisted`.
    fn check_positions(&self, unlisted: usize) -> Result<(), RecordingError> {
        let mut lengths: Vec<Option<u64>> = Vec::with_capacity(self.transactions.len());
        for (index, transaction) in self.transactions.iter().enumerate() {
            let mut length = match transaction.parents.as_slice() {
                [] => Some(0),
                [parent] => lengths[*parent],
                _ => None,
            };
            for (number, patch) in transaction.patches.iter().enumerate() {
                let end = patch.position.checked_add(patch.deleted);
                if let Some(known) = length {
                    let rest = end.and_then(|end| known.checked_sub(end)).ok_or_else(|| {
                        transaction_error(
                            index.saturating_sub(unlisted),
                            format!(
                                "patch {number} reaches from position {} over {} characters, but the document has {known}",
                                patch.position, patch.deleted
                            ),
                        )
                    })?;
                    length = Some(patch.position + rest + patch.inserted.chars().count() as u64);
                } else if end.is_none_or(|end| end > ramanujan_core::MAX_SAFE_INTEGER) {
                    return Err(transaction_error(
                        index.saturating_sub(unlisted),
                        format!("patch {number} has a position beyond 2^53−1"),
                    ));
                }
            }
            lengths.push(length);
        }
        Ok(())
    }
}

fn transaction_error(transaction: usize, reason: impl Into<String>) -> RecordingError {
    RecordingError::Transaction { transaction, reason: reason.into() }
}

fn patches_json(patches: &[Patch]) -> Vec<Value> {
    patches.iter().map(|p| json!([p.position, p.deleted, p.inserted])).collect()
}

fn patches(form: Vec<(u64, u64, String)>) -> Vec<Patch> {
    form.into_iter().map(|(position, deleted, inserted)| Patch { position, deleted, inserted }).collect()
}

fn sequential(form: FileForm) -> Result<Recording, RecordingError> {
    let mut transactions: Vec<Transaction> = Vec::with_capacity(form.txns.len() + 1);
    let mut push = |patches| {
        let parents = transactions.len().checked_sub(1).into_iter().collect();
        transactions.push(Transaction { parents, agent: 0, patches });
    };
    if let Some(inserted) = form.start_content.filter(|text| !text.is_empty()) {
        push(vec![Patch { position: 0, deleted: 0, inserted }]);
    }
    for (index, transaction) in form.txns.into_iter().enumerate() {
        if transaction.parents.is_some() || transaction.agent.is_some() {
            let reason = "has `parents` or `agent`, which only a recording of `\"kind\": \"concurrent\"` has";
            return Err(transaction_error(index, reason));
        }
        push(patches(transaction.patches));
    }
    Ok(Recording { agents: 1, transactions, end_content: form.end_content })
}

fn concurrent(form: FileForm) -> Result<Recording, RecordingError> {
    if form.start_content.is_some_and(|text| !text.is_empty()) {
        let reason = "a concurrent recording starts from the empty document, but `startContent` is not empty";
        return Err(RecordingError::Form(reason.into()));
    }
    let agents = form
        .num_agents
        .ok_or_else(|| RecordingError::Form("a concurrent recording needs `numAgents`".into()))?;
    let mut transactions = Vec::with_capacity(form.txns.len());
    for (index, transaction) in form.txns.into_iter().enumerate() {
        let parents = transaction.parents.ok_or_else(|| transaction_error(index, "`parents` is missing"))?;
        let agent = transaction.agent.ok_or_else(|| transaction_error(index, "`agent` is missing"))?;
        if agent >= agents {
            return Err(transaction_error(index, format!("agent {agent} is not below `numAgents` {agents}")));
        }
        if let Some(parent) = parents.iter().find(|parent| **parent >= index) {
            return Err(transaction_error(index, format!("parent {parent} is not an earlier transaction")));
        }
        if let Some(parent) =
            parents.iter().enumerate().find_map(|(i, p)| parents[..i].contains(p).then_some(p))
        {
            return Err(transaction_error(index, format!("parent {parent} is named twice")));
        }
        transactions.push(Transaction { parents, agent, patches: patches(transaction.patches) });
    }
    Ok(Recording { agents, transactions, end_content: form.end_content })
}

#[cfg(test)]
#[path = "recording_tests.rs"]
mod tests;
