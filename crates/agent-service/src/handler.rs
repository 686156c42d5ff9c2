//! One command: read the agent, decide, append, and again if another writer was first.

use std::sync::Arc;
use std::time::Duration;

use ramanujan_agents::life::{Agent, Decision, Event, Recorded, Request, decide};
use ramanujan_core::AgentId;
use tracing::{error, info, warn};

use crate::cache::Cache;
use crate::clock;
use crate::journal::{Append, Folded, Journal, LoadError};
use crate::log::TARGET;
use crate::metrics::{EventLabel, Metrics};
use crate::reply::{Outcome, code};
use crate::snapshots::Snapshots;
use crate::tier::Tier;

/// Tries within one delivery. With n instances at most n writers meet at one agent, and one of them wins each time.
const ATTEMPTS: u32 = 10;
/// Pause after the first try.
const PAUSE: Duration = Duration::from_millis(5);
/// Longest pause between two tries.
const MOST_PAUSE: Duration = Duration::from_millis(500);

/// Decides on commands and appends their events.
#[derive(Debug)]
pub struct Handler {
    journal: Journal,
    cache: Cache,
    metrics: Arc<Metrics>,
    snapshots: Option<Snapshots>,
}

impl Handler {
    /// A handler that holds at most so many agents in memory.
    pub fn new(journal: Journal, most_agents: usize, metrics: Arc<Metrics>) -> Self {
        Self { journal, cache: Cache::new(most_agents), metrics, snapshots: None }
    }

    /// The same with a bucket of snapshots.
    #[must_use]
    pub fn with_snapshots(mut self, snapshots: Snapshots) -> Self {
        self.snapshots = Some(snapshots);
        self
    }

    /// The log.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// What is counted.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// The effect of a command, which it has once however often it is asked for.
    pub async fn handle(&self, request: &Request) -> Outcome {
        let agent = request.command.agent_id();
        let slot = self.cache.slot(agent);
        let mut slot = slot.lock().await;
        let mut why = String::new();
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                tokio::time::sleep(pause(attempt)).await;
            }
            if attempt == ATTEMPTS / 2 {
                // What is held may be of a stream that was restored or made anew meanwhile.
                *slot = None;
            }
            // The server would not notice that what is held is old.
            let must_read = attempt > 0 || self.journal.tier() == Tier::Deduplicated;
            match self.attempt(agent, &mut slot, request, must_read).await {
                Ok(Step::End(outcome)) => return outcome,
                Ok(Step::Again(reason)) => why = reason,
                Err(LoadError::Unavailable(failure)) => why = failure.to_string(),
                Err(broken) => {
                    *slot = None;
                    error!(target: TARGET, agent = %agent, error = %broken, "The agent's log cannot be folded");
                    return Outcome::Never { code: code::INTERNAL, why: broken.to_string() };
                }
            }
        }
        Outcome::Later(why)
    }

    async fn attempt(
        &self,
        agent: &AgentId,
        slot: &mut Option<Folded>,
        request: &Request,
        must_read: bool,
    ) -> Result<Step, LoadError> {
        let folded = self.filled(agent, slot, must_read).await?;
        let before = folded.agent.as_ref().map_or(0, |agent| agent.version);
        let now = match clock::now() {
            Ok(now) => now,
            Err(error) => return Ok(Step::Again(format!("this machine's clock: {error}"))),
        };
        let events = match decide(folded.agent.as_ref(), request, &now) {
            Ok(Decision::Already { version }) => {
                self.metrics.duplicates.inc();
                return Ok(Step::End(done(agent, version, &[])));
            }
            Ok(Decision::Append(events)) => events,
            Err(rejection) => {
                // What is held may be old, and then the command may be right: the leader knows.
                if self.journal.last_sequence(agent).await? == folded.last {
                    return Ok(Step::End(Outcome::Refused(rejection)));
                }
                self.catch_up(agent, folded).await?;
                return Ok(Step::Again(rejection.to_string()));
            }
        };
        match self.journal.append(agent, folded, &events).await {
            Append::Done => {
                let mine = |folded: &Folded| {
                    folded.agent.as_ref().is_some_and(|agent| agent.version_of(&request.command_id).is_some())
                };
                if self.journal.tier() == Tier::Deduplicated {
                    // Two writers may both have stored an event of this number; the first one counts.
                    *slot = None;
                    if !mine(self.filled(agent, slot, false).await?) {
                        self.metrics.conflicts.inc();
                        return Ok(Step::Again("another writer was first".into()));
                    }
                }
                self.tell(&events);
                self.keep(slot.as_ref(), before);
                let version = events.last().map_or(0, |record| record.sequence);
                Ok(Step::End(done(agent, version, &events)))
            }
            Append::Conflict => {
                self.metrics.conflicts.inc();
                Ok(Step::Again("another writer was first".into()))
            }
            Append::Unsure(why) => Ok(Step::Again(why)),
            Append::Never(why) => {
                *slot = None;
                Ok(Step::End(Outcome::Never { code: code::INTERNAL, why }))
            }
        }
    }

    /// An agent as it is now; `None` if there is none.
    ///
    /// # Errors
    /// [`LoadError`].
    pub async fn current(&self, agent: &AgentId) -> Result<Option<Agent>, LoadError> {
        let slot = self.cache.slot(agent);
        let mut slot = slot.lock().await;
        let found = self.filled(agent, &mut slot, true).await.map(|folded| folded.agent.clone());
        if found.is_err() {
            *slot = None;
        }
        found
    }

    /// What is held, read first if nothing is, and with what came since if that `must` be.
    async fn filled<'s>(
        &self,
        agent: &AgentId,
        slot: &'s mut Option<Folded>,
        must: bool,
    ) -> Result<&'s mut Folded, LoadError> {
        match slot {
            None => *slot = Some(self.load(agent).await?),
            Some(folded) if must => self.catch_up(agent, folded).await?,
            Some(_) => {}
        }
        Ok(slot.get_or_insert_default())
    }

    /// The agent from a snapshot and what came since, or from all of its events.
    async fn load(&self, agent: &AgentId) -> Result<Folded, LoadError> {
        if let Some(snapshots) = &self.snapshots {
            let (found, ignored) = snapshots.get(agent).await;
            self.metrics.snapshots_ignored.inc_by(u64::from(ignored));
            if let Some(mut folded) = found {
                match self.catch_up(agent, &mut folded).await {
                    Ok(()) => {
                        self.metrics.snapshots_used.inc();
                        return Ok(folded);
                    }
                    Err(LoadError::Unavailable(failure)) => return Err(failure.into()),
                    Err(broken) => warn!(target: TARGET, agent = %agent, "Snapshot ignored: {broken}"),
                }
            }
        }
        let mut folded = Folded::default();
        self.catch_up(agent, &mut folded).await?;
        Ok(folded)
    }

    /// Keeps a snapshot beside the work, if one is due.
    fn keep(&self, folded: Option<&Folded>, before: u64) {
        let Some(Folded { agent: Some(agent), last }) = folded else { return };
        let Some(snapshots) = self.snapshots.clone().filter(|kept| kept.is_due(before, agent.version)) else {
            return;
        };
        let (agent, last, metrics) = (agent.clone(), *last, self.metrics.clone());
        tokio::spawn(async move {
            let kept = snapshots.put(&agent, last).await;
            metrics.snapshots.inc_by(u64::from(kept));
        });
    }

    async fn catch_up(&self, agent: &AgentId, folded: &mut Folded) -> Result<(), LoadError> {
        let read = self.journal.catch_up(agent, folded, |_| false).await?;
        self.metrics.replayed.inc_by(read);
        Ok(())
    }

    fn tell(&self, events: &[Recorded]) {
        for record in events {
            self.metrics.events.get_or_create(&EventLabel { event: record.event.token() }).inc();
            if let Event::AgentDeployed { agent_id, .. } = &record.event {
                info!(target: TARGET, "Agent deployed: {agent_id}");
            }
        }
    }
}

/// What a try came to.
enum Step {
    End(Outcome),
    Again(String),
}

fn done(agent: &AgentId, version: u64, events: &[Recorded]) -> Outcome {
    let event_ids = events.iter().map(Recorded::message_id).collect();
    Outcome::Done { agent: agent.to_string(), version, event_ids }
}

/// Grows to a bound, by a part that is random, so that two writers that met do not meet again.
fn pause(attempt: u32) -> Duration {
    let most = PAUSE.saturating_mul(1 << attempt.min(10)).min(MOST_PAUSE);
    most.mul_f64(0.5 + 0.5 * random())
}

/// From 0 to 1, from the seed that every hash map of the process gets.
fn random() -> f64 {
    use std::hash::{BuildHasher as _, RandomState};
    let bits = RandomState::new().hash_one(clock::now_millis());
    bits as f64 / u64::MAX as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound() {
        for attempt in 1..40 {
            let one = pause(attempt);
            assert!(one >= PAUSE && one <= MOST_PAUSE, "{attempt}: {one:?}");
        }
        assert!(pause(20) >= MOST_PAUSE / 2);
    }
}
