//! States kept in a bucket, so that an instance without memory need not fold a whole log. A cache: what is wrong with a
//! snapshot costs time and nothing else.

use async_nats::jetstream::kv::{CreateErrorKind, Store, UpdateErrorKind};
use bytes::Bytes;
use ramanujan_agents::life::{Agent, Damaged, Snapshot};
use ramanujan_core::{AgentId, Digest};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tracing::{debug, warn};

use crate::journal::{Folded, Journal};
use crate::log::TARGET;

/// Version of the stored form.
const SCHEMA: u64 = 1;

/// A snapshot with its place in the stream, as it is stored.
#[derive(Serialize, Deserialize)]
struct Kept {
    schema: u64,
    /// Name of the stream, and when it was made: the same name may stand for another stream later, with other numbers.
    stream: String,
    stream_created: String,
    /// Sequence in the stream of the last event.
    stream_seq: u64,
    /// Digest of the members before and after it.
    digest: Digest,
    snapshot: Box<RawValue>,
}

/// Why a stored snapshot was not used.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unusable {
    /// Not the JSON of one.
    #[error("not a snapshot: {0}")]
    Malformed(String),
    /// Written by a later revision.
    #[error("snapshot of schema {0}")]
    Schema(u64),
    /// Its parts do not belong together.
    #[error("the snapshot's digest is not that of its parts")]
    Digest,
    /// It is of another stream.
    #[error("a snapshot of another stream")]
    OtherStream,
    /// Of another agent.
    #[error("a snapshot of agent {0}")]
    OtherAgent(AgentId),
    /// The state in it.
    #[error(transparent)]
    State(#[from] Damaged),
}

/// Which stream a snapshot is of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// When it was made, as the server says it.
    pub created: String,
}

fn digest(source: &Source, place: u64, snapshot: &str) -> Digest {
    let place = place.to_le_bytes();
    Digest::of_parts([source.name.as_bytes(), source.created.as_bytes(), &place, snapshot.as_bytes()])
}

/// The bytes of a snapshot.
///
/// # Errors
/// None in practice: all keys are texts.
pub fn encode(source: &Source, agent: &Agent, place: u64) -> serde_json::Result<Vec<u8>> {
    let snapshot = serde_json::value::to_raw_value(&Snapshot::of(agent))?;
    serde_json::to_vec(&Kept {
        schema: SCHEMA,
        stream: source.name.clone(),
        stream_created: source.created.clone(),
        stream_seq: place,
        digest: digest(source, place, snapshot.get()),
        snapshot,
    })
}

/// Reads a snapshot of an agent from a stream.
///
/// # Errors
/// [`Unusable`].
pub fn decode(source: &Source, agent: &AgentId, bytes: &[u8]) -> Result<Folded, Unusable> {
    let kept: Kept = serde_json::from_slice(bytes).map_err(|error| Unusable::Malformed(error.to_string()))?;
    if kept.schema != SCHEMA {
        return Err(Unusable::Schema(kept.schema));
    }
    let found = Source { name: kept.stream, created: kept.stream_created };
    if digest(&found, kept.stream_seq, kept.snapshot.get()) != kept.digest {
        return Err(Unusable::Digest);
    }
    if found != *source {
        return Err(Unusable::OtherStream);
    }
    let state = Snapshot::decode(kept.snapshot.get().as_bytes())?;
    if state.agent_id != *agent {
        return Err(Unusable::OtherAgent(state.agent_id));
    }
    Ok(Folded { agent: Some(state), last: kept.stream_seq })
}

/// Whether a state is to be kept after it went from one version to another: when a multiple was reached or passed.
pub fn is_due(before: u64, after: u64, every: u64) -> bool {
    before / every < after / every
}

/// The bucket.
#[derive(Clone, Debug)]
pub struct Snapshots {
    store: Store,
    source: Source,
    every: u64,
}

impl Snapshots {
    /// Snapshots of the agents of a log, one each time that so many events are passed.
    pub fn new(store: Store, journal: &Journal, every: u64) -> Self {
        let info = journal.stream().cached_info();
        let source = Source { name: info.config.name.clone(), created: info.created.to_string() };
        Self { store, source, every: every.max(1) }
    }

    /// Whether a state is to be kept, see [`is_due`].
    pub fn is_due(&self, before: u64, after: u64) -> bool {
        is_due(before, after, self.every)
    }

    /// The newest usable snapshot of an agent, and whether one was there that is not usable.
    pub async fn get(&self, agent: &AgentId) -> (Option<Folded>, bool) {
        match self.store.get(agent.as_str()).await {
            Ok(None) => (None, false),
            Ok(Some(bytes)) => match decode(&self.source, agent, &bytes) {
                Ok(folded) => (Some(folded), false),
                Err(why) => {
                    warn!(target: TARGET, agent = %agent, "Snapshot ignored: {why}");
                    (None, true)
                }
            },
            Err(error) => {
                warn!(target: TARGET, agent = %agent, "No snapshot: {error}");
                (None, false)
            }
        }
    }

    /// Keeps a state, if none that is as new is kept; whether it was. Two instances may do this at once: the bucket takes
    /// the one that has seen what was there.
    pub async fn put(&self, agent: &Agent, place: u64) -> bool {
        let id = agent.agent_id.as_str();
        let bytes = match encode(&self.source, agent, place) {
            Ok(bytes) => Bytes::from(bytes),
            Err(error) => {
                warn!(target: TARGET, agent = id, "No snapshot: {error}");
                return false;
            }
        };
        let entry = match self.store.entry(id).await {
            Ok(entry) => entry,
            Err(error) => {
                warn!(target: TARGET, agent = id, "No snapshot: {error}");
                return false;
            }
        };
        let why = match entry {
            Some(entry) => {
                let kept =
                    decode(&self.source, &agent.agent_id, &entry.value).ok().and_then(|folded| folded.agent);
                if kept.is_some_and(|kept| kept.version >= agent.version) {
                    return false;
                }
                match self.store.update(id, bytes, entry.revision).await {
                    Ok(_) => return true,
                    Err(error) if error.kind() == UpdateErrorKind::WrongLastRevision => None,
                    Err(error) => Some(error.to_string()),
                }
            }
            None => match self.store.create(id, bytes).await {
                Ok(_) => return true,
                Err(error) if error.kind() == CreateErrorKind::AlreadyExists => None,
                Err(error) => Some(error.to_string()),
            },
        };
        match why {
            None => debug!(target: TARGET, agent = id, "Another instance kept a snapshot"),
            Some(why) => warn!(target: TARGET, agent = id, "No snapshot: {why}"),
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use ramanujan_agents::life::{Command, Decision, Request, Time, decide, fold};

    use super::*;

    fn source(created: &str) -> Source {
        Source { name: "AGENT_EVENTS".into(), created: created.into() }
    }

    fn agent() -> Agent {
        let command = serde_json::json!({
            "type": "DeployAgent", "agent_id": "7", "agent_type": "AI", "metadata": {"name": "seven", "version": "1"},
        });
        let command: Command = serde_json::from_value(command).unwrap();
        let now = Time::parse("2026-01-02T03:04:05Z").unwrap();
        let Decision::Append(log) = decide(None, &Request::new("c-1", command), &now).unwrap() else {
            panic!()
        };
        fold(None, &log).unwrap().unwrap()
    }

    #[test]
    fn what_is_kept_is_read() {
        let bytes = encode(&source("a"), &agent(), 9).unwrap();
        let folded = decode(&source("a"), &agent().agent_id, &bytes).unwrap();
        assert_eq!((folded.agent, folded.last), (Some(agent()), 9));
    }

    #[test]
    fn a_byte_that_changed_is_noticed_wherever_it_is() {
        let bytes = encode(&source("a"), &agent(), 9).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert!(decode(&source("a"), &agent().agent_id, &damaged).is_err(), "byte {at}");
        }
    }

    #[test]
    fn a_snapshot_is_of_one_stream_and_one_agent() {
        let bytes = encode(&source("a"), &agent(), 9).unwrap();
        assert_eq!(decode(&source("b"), &agent().agent_id, &bytes).unwrap_err(), Unusable::OtherStream);
        let other: AgentId = "8".parse().unwrap();
        assert!(matches!(decode(&source("a"), &other, &bytes), Err(Unusable::OtherAgent(_))));
        let later = String::from_utf8(bytes).unwrap().replacen("\"schema\":1", "\"schema\":2", 1);
        assert_eq!(decode(&source("a"), &other, later.as_bytes()).unwrap_err(), Unusable::Schema(2));
    }

    #[test]
    fn a_multiple_is_not_missed_by_two_events_at_once() {
        let due: Vec<u64> = [(99, 100), (99, 101), (100, 101), (98, 99), (0, 250)]
            .into_iter()
            .map(|(before, after)| u64::from(is_due(before, after, 100)))
            .collect();
        assert_eq!(due, [1, 1, 0, 0, 1]);
        assert!((0..5).all(|version| is_due(version, version + 1, 1)));
    }
}
