//! Reading an agent's events.

use async_nats::jetstream::stream::RawMessageErrorKind;
use bytes::Bytes;
use futures_util::StreamExt as _;
use ramanujan_agents::life::{Agent, Recorded};
use ramanujan_core::AgentId;
use serde_json::json;
use tokio::time::timeout;

use super::{Failure, Folded, Journal, LoadError, TIMEOUT};
use crate::subjects;

/// Events of one request.
const BATCH: usize = 500;
/// Bytes of one request, so that a page of large events does not fill the memory.
const BATCH_BYTES: usize = 4 << 20;
/// Statuses by which the server ends a batch.
const END_OF_BATCH: u16 = 204;
const NOTHING_FOUND: u16 = 404;

/// Some events of an agent, in the order of the stream.
#[derive(Debug, Default)]
pub struct Page {
    /// Sequence in the stream, and the event.
    pub events: Vec<(u64, Recorded)>,
    /// Whether there are later ones.
    pub more: bool,
}

impl Journal {
    /// Folds the events that are in the stream after `folded`; ends before the first one that `stop` holds for. Of two
    /// events of one number the first counts, and `stop` is not asked about the other. Gives the number of events that were read.
    ///
    /// # Errors
    /// [`LoadError`]; what was folded before stays.
    pub async fn catch_up(
        &self,
        agent: &AgentId,
        folded: &mut Folded,
        stop: impl Fn(&Recorded) -> bool,
    ) -> Result<u64, LoadError> {
        let mut read = 0;
        loop {
            let page = self.page(agent, folded.last + 1, BATCH).await?;
            for (sequence, record) in &page.events {
                // Of what came second nothing is to be concluded.
                let is_next = record.sequence > folded.agent.as_ref().map_or(0, |agent| agent.version);
                if is_next && stop(record) {
                    return Ok(read);
                }
                fold(folded, *sequence, record)?;
                read += 1;
            }
            if !page.more {
                return Ok(read);
            }
        }
    }

    /// The next events of an agent from a sequence of the stream on, at most `most`.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn page(&self, agent: &AgentId, from: u64, most: usize) -> Result<Page, LoadError> {
        let subject = subjects::events_of(agent);
        if self.in_batches {
            self.batch(&subject, from, most).await
        } else {
            self.singly(&subject, from, most).await
        }
    }

    /// One request, many answers; a server may give fewer than asked for and says how many are left.
    async fn batch(&self, subject: &str, from: u64, most: usize) -> Result<Page, LoadError> {
        const WHAT: &str = "reading events";
        let failed = |error: &dyn std::fmt::Display| Failure::new(WHAT, error);
        let inbox = self.client.new_inbox();
        let mut answers = self.client.subscribe(inbox.clone()).await.map_err(|error| failed(&error))?;
        let body = json!({"seq": from, "next_by_subj": subject, "batch": most, "max_bytes": BATCH_BYTES});
        let to = format!("$JS.API.DIRECT.GET.{}", self.name);
        let asked = self.client.publish_with_reply(to, inbox, Bytes::from(body.to_string())).await;
        asked.map_err(|error| failed(&error))?;
        let mut page = Page::default();
        loop {
            let answer = timeout(TIMEOUT, answers.next()).await.map_err(|_| failed(&"no answer in time"))?;
            let answer = answer.ok_or_else(|| failed(&"the connection is closed"))?;
            let header = |name| answer.headers.as_ref().and_then(|headers| headers.get(name));
            let number = |name| header(name).and_then(|value| value.as_str().parse::<u64>().ok());
            match answer.status.map(|status| status.as_u16()) {
                None => {
                    let sequence =
                        number("Nats-Sequence").ok_or_else(|| failed(&"an event without its sequence"))?;
                    page.events.push((sequence, record(sequence, &answer.payload)?));
                }
                Some(END_OF_BATCH) => {
                    page.more = number("Nats-Num-Pending").unwrap_or(0) > 0;
                    return Ok(page);
                }
                Some(NOTHING_FOUND) => return Ok(page),
                Some(status) => {
                    let text = answer.description.unwrap_or_default();
                    return Err(failed(&format!("the server says {status} {text}")).into());
                }
            }
        }
    }

    /// One request for each event, which every server answers.
    async fn singly(&self, subject: &str, mut from: u64, most: usize) -> Result<Page, LoadError> {
        let mut page = Page::default();
        while page.events.len() < most {
            match self.stream.get_first_raw_message_by_subject(subject, from).await {
                Ok(message) => {
                    from = message.sequence + 1;
                    page.events.push((message.sequence, record(message.sequence, &message.payload)?));
                }
                Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => return Ok(page),
                Err(error) => return Err(Failure::new("reading an event", error).into()),
            }
        }
        page.more = true;
        Ok(page)
    }

    /// Names of all agents, in no order.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn agents(&self) -> Result<Vec<AgentId>, Failure> {
        let failed = |error: &dyn std::fmt::Display| Failure::new("listing agents", error);
        let deployed = "agent.events.*.deployed";
        let mut found = self.stream.info_with_subjects(deployed).await.map_err(|error| failed(&error))?;
        let mut agents = Vec::new();
        while let Some(subject) = found.next().await {
            let (subject, _) = subject.map_err(|error| failed(&error))?;
            let id = subject.strip_prefix("agent.events.").and_then(|rest| rest.strip_suffix(".deployed"));
            // Others may publish here whose names are no agents'.
            agents.extend(id.and_then(|id| id.parse::<AgentId>().ok()));
        }
        Ok(agents)
    }

    /// Sequence in the stream of an agent's last event, as the leader knows it; 0 where there is none.
    ///
    /// # Errors
    /// The server does not answer.
    pub async fn last_sequence(&self, agent: &AgentId) -> Result<u64, Failure> {
        match self.stream.get_last_raw_message_by_subject(&subjects::events_of(agent)).await {
            Ok(message) => Ok(message.sequence),
            Err(error) if error.kind() == RawMessageErrorKind::NoMessageFound => Ok(0),
            Err(error) => Err(Failure::new("asking for the last event", error)),
        }
    }
}

fn record(sequence: u64, payload: &[u8]) -> Result<Recorded, LoadError> {
    serde_json::from_slice(payload).map_err(|error| LoadError::Malformed { sequence, error })
}

/// Applies an event that stands at a place of the stream.
pub(super) fn fold(folded: &mut Folded, sequence: u64, record: &Recorded) -> Result<(), LoadError> {
    let corrupt = |error| LoadError::Corrupt { sequence, error };
    match &mut folded.agent {
        Some(agent) => {
            agent.apply(record).map_err(corrupt)?;
        }
        None => folded.agent = Some(Agent::begin(record).map_err(corrupt)?),
    }
    folded.last = sequence;
    Ok(())
}
