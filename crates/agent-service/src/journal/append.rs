//! Appending the events of one command.

use async_nats::HeaderMap;
use async_nats::client::RequestErrorKind;
use bytes::Bytes;
use ramanujan_agents::life::Recorded;
use ramanujan_core::AgentId;
use serde::Deserialize;
use tokio::time::timeout;

use super::load::fold;
use super::{Folded, Journal, TIMEOUT};
use crate::subjects;
use crate::tier::Tier;

/// What became of an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Append {
    /// All events are stored.
    Done,
    /// Another writer was first, or an earlier try of this one: read again, decide again.
    Conflict,
    /// The server cannot just now, or did not answer, so that nobody knows: wait, then read and decide again.
    Unsure(String),
    /// No later try can work.
    Never(String),
}

/// What an error of JetStream means for an append. The codes are those of the server's `errors.json`.
pub fn classify(code: u64, text: &str) -> Append {
    match code {
        // Wrong last sequence, in two spellings; a batch with a message id that is known.
        10_071 | 10_164 | 10_201 => Append::Conflict,
        // Too large; no such header; the stream does not take it, by its limits or its configuration.
        10_054 | 10_097 | 10_166 | 10_174 | 10_175 | 10_177 | 10_198 => {
            Append::Never(format!("{text} ({code})"))
        }
        // A message id that is just being stored, a new leader, too many requests, a batch that broke off, no resources.
        _ => Append::Unsure(format!("{text} ({code})")),
    }
}

#[derive(Deserialize)]
struct Answer {
    seq: Option<u64>,
    #[serde(default)]
    duplicate: bool,
    error: Option<ServerError>,
}

#[derive(Deserialize)]
struct ServerError {
    #[serde(default)]
    err_code: u64,
    #[serde(default)]
    description: String,
}

/// Where the last stored event stands, or why there is none.
type Stored = Result<u64, Append>;

fn read(payload: &[u8]) -> Stored {
    let answer: Answer = serde_json::from_slice(payload)
        .map_err(|error| Append::Unsure(format!("an answer that is none of JetStream's: {error}")))?;
    match answer {
        Answer { error: Some(error), .. } => Err(classify(error.err_code, &error.description)),
        Answer { duplicate: true, .. } => Err(Append::Conflict),
        Answer { seq: Some(sequence), .. } => Ok(sequence),
        Answer { .. } => Err(Append::Unsure("an answer without a sequence".into())),
    }
}

impl Journal {
    /// Appends the events of one command behind the last one that `folded` has seen, and folds what was stored.
    pub async fn append(&self, agent: &AgentId, folded: &mut Folded, events: &[Recorded]) -> Append {
        let mut encoded = Vec::with_capacity(events.len());
        for record in events {
            match serde_json::to_vec(record) {
                Ok(bytes) if bytes.len() + MAX_HEAD > self.client.max_payload() => {
                    let most = self.client.max_payload();
                    return Append::Never(format!(
                        "an event of {} bytes, the server takes {most}",
                        bytes.len()
                    ));
                }
                Ok(bytes) => encoded.push((record, Bytes::from(bytes))),
                Err(error) => return Append::Never(error.to_string()),
            }
        }
        let stored = match self.tier {
            Tier::Atomic if events.len() > 1 => self.at_once(agent, folded, &encoded).await,
            _ => self.one_by_one(agent, folded, &encoded).await,
        };
        stored.err().unwrap_or(Append::Done)
    }

    async fn one_by_one(
        &self,
        agent: &AgentId,
        folded: &mut Folded,
        events: &[(&Recorded, Bytes)],
    ) -> Result<(), Append> {
        for (record, bytes) in events {
            let mut headers = self.headers(record);
            if self.tier > Tier::Deduplicated {
                expect(&mut headers, agent, folded.last);
            }
            let sequence = read(&self.ask(agent, record, headers, bytes.clone()).await?)?;
            fold(folded, sequence, record).map_err(|error| Append::Never(error.to_string()))?;
        }
        Ok(())
    }

    /// All or none: the first message carries the expectation, the last one commits.
    async fn at_once(
        &self,
        agent: &AgentId,
        folded: &mut Folded,
        events: &[(&Recorded, Bytes)],
    ) -> Result<(), Append> {
        // An inbox is unique, which is all that the id of a batch needs; it may have 64 characters.
        let inbox = self.client.new_inbox();
        let batch = inbox.trim_start_matches("_INBOX.");
        let mut last = 0;
        for (at, (record, bytes)) in (1..).zip(events) {
            let mut headers = self.headers(record);
            headers.insert("Nats-Batch-Id", batch);
            headers.insert("Nats-Batch-Sequence", at.to_string());
            if at == 1 {
                expect(&mut headers, agent, folded.last);
            }
            if at == events.len() {
                headers.insert("Nats-Batch-Commit", "1");
            }
            let answer = self.ask(agent, record, headers, bytes.clone()).await?;
            // Messages before the last one are answered by nothing, or by why the batch cannot be.
            if at == events.len() || !answer.is_empty() {
                last = read(&answer)?;
            }
        }
        // The messages of a batch are stored behind one another.
        let first = (last + 1).saturating_sub(events.len() as u64);
        for (sequence, (record, _)) in (first..).zip(events) {
            fold(folded, sequence, record).map_err(|error| Append::Never(error.to_string()))?;
        }
        Ok(())
    }

    fn headers(&self, record: &Recorded) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("Nats-Msg-Id", record.message_id());
        headers.insert("Nats-Expected-Stream", self.name.as_str());
        if self.forever {
            // The stream's age is for commands: a log without its beginning is no agent.
            headers.insert("Nats-TTL", "never");
        }
        headers
    }

    async fn ask(
        &self,
        agent: &AgentId,
        record: &Recorded,
        headers: HeaderMap,
        bytes: Bytes,
    ) -> Result<Bytes, Append> {
        let subject = subjects::event(agent, record.event.token());
        let asked = timeout(TIMEOUT, self.client.request_with_headers(subject, headers, bytes)).await;
        match asked {
            Ok(Ok(answer)) => Ok(answer.payload),
            Ok(Err(error)) if error.kind() == RequestErrorKind::MaxPayloadExceeded => {
                Err(Append::Never(error.to_string()))
            }
            Ok(Err(error)) => Err(Append::Unsure(error.to_string())),
            Err(_) => Err(Append::Unsure("no answer in time".into())),
        }
    }
}

/// Bytes of the headers of an event, at most: ids of 128 bytes and what is written around them.
const MAX_HEAD: usize = 1024;

/// That the last event of the agent is the one at this place of the stream.
fn expect(headers: &mut HeaderMap, agent: &AgentId, last: u64) {
    headers.insert("Nats-Expected-Last-Subject-Sequence", last.to_string());
    // The comparison is over all subjects of the agent, not that of the event alone.
    headers.insert("Nats-Expected-Last-Subject-Sequence-Subject", subjects::events_of(agent));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_answers_is_told_apart() {
        assert_eq!(read(br#"{"stream":"S","seq":7}"#), Ok(7));
        assert_eq!(read(br#"{"stream":"S","seq":7,"duplicate":true}"#), Err(Append::Conflict));
        let error = |code: u64| {
            read(format!(r#"{{"error":{{"code":400,"err_code":{code},"description":"d"}}}}"#).as_bytes())
                .unwrap_err()
        };
        for code in [10_071, 10_164, 10_201] {
            assert_eq!(error(code), Append::Conflict, "{code}");
        }
        // Not conflicts: nobody else was first.
        for code in [10_158, 10_163, 10_167, 10_210, 10_176, 10_118, 10_194, 10_023, 0] {
            assert!(matches!(error(code), Append::Unsure(_)), "{code}");
        }
        assert!(matches!(error(10_054), Append::Never(_)));
        assert!(matches!(read(b""), Err(Append::Unsure(_))));
        assert!(matches!(read(b"{}"), Err(Append::Unsure(_))));
    }
}
