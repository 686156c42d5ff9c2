//! An agent: does what its schedule says when it says, one thing at a time, and repeats what may have been lost.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_client::fleet::Acknowledged;
use ramanujan_client::{Backoff, Client, Error, Retry};
use ramanujan_core::Color;
use serde_json::json;

use crate::random::Random;
use crate::record::Record;
use crate::replica::Replica;
use crate::reply::{Acknowledgement, Done, State};
use crate::schedule::{Action, Arrival, Schedule};

/// Time after the end in which agents that lag behind may still send what was due.
const GRACE: Duration = Duration::from_secs(10);
/// How long one operation is repeated during the load, and an unsettled one after it.
const RETRY_FOR: Duration = Duration::from_secs(10);
const SETTLE_FOR: Duration = Duration::from_secs(30);
/// First pause before a repetition, which doubles each time, and longest pause.
const FIRST_PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// Longest uninterrupted sleep, so that Ctrl-C is heeded soon.
const NAP: Duration = Duration::from_millis(50);

/// What the agents of a run share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) record: Mutex<Record>,
    /// Interruptions by the user so far; the first one ends the load.
    pub(crate) interrupts: AtomicUsize,
    pub(crate) start: Instant,
    pub(crate) duration: Duration,
}

impl Shared {
    /// The load begins now.
    pub(crate) fn begin(duration: Duration) -> Self {
        Shared { record: Mutex::default(), interrupts: AtomicUsize::new(0), start: Instant::now(), duration }
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupts.load(Ordering::Relaxed) > 0
    }

    /// Nothing is left half recorded by a panic elsewhere: each change is one call.
    pub(crate) fn record(&self) -> MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One agent with its connection and its view of every document.
#[derive(Debug)]
pub(crate) struct Agent<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) client: Client,
    pub(crate) replicas: Vec<Replica>,
    pub(crate) random: Random,
    /// The site that the agent keeps to, and where to hand in what it acknowledges.
    pub(crate) record: Option<(String, Sender<Acknowledged>)>,
}

impl Agent<'_> {
    /// Works the schedule off.
    pub(crate) fn run(&mut self, schedule: Schedule<'_>) {
        let last = self.shared.duration + GRACE;
        for arrival in schedule {
            let due = self.shared.start + arrival.at;
            if !self.wait_until(due) || self.shared.start.elapsed() > last {
                self.shared.record().unsent += 1;
                continue;
            }
            let behind = due.elapsed();
            {
                let mut record = self.shared.record();
                record.behind = record.behind.max(behind);
            }
            self.perform(&arrival, due);
        }
    }

    /// False if the user ended the load meanwhile.
    fn wait_until(&self, due: Instant) -> bool {
        loop {
            if self.shared.is_interrupted() {
                return false;
            }
            match due.checked_duration_since(Instant::now()) {
                None | Some(Duration::ZERO) => return true,
                Some(rest) => thread::sleep(rest.min(NAP)),
            }
        }
    }

    fn perform(&mut self, arrival: &Arrival, due: Instant) {
        let Some(kind) = self.replicas.get(arrival.document).map(Replica::kind) else { return };
        let (name, done) = match arrival.action {
            Action::Write => ("write", self.write(arrival.document, RETRY_FOR)),
            Action::Read => ("read", self.read(arrival.document)),
            Action::Merge => match self.merge(arrival.document) {
                Some(done) => ("merge", done),
                None => ("read", self.read(arrival.document)),
            },
        };
        let latency = due.elapsed();
        let mut record = self.shared.record();
        if !done {
            record.failed += 1;
            return;
        }
        match name {
            "write" => record.writes += 1,
            "merge" => record.merges += 1,
            _ => record.reads += 1,
        }
        record.done(&format!("{name} {}", kind.name()), latency);
    }

    /// Settles operations whose outcome is unknown; call it after the load.
    pub(crate) fn settle(&mut self) {
        for document in 0..self.replicas.len() {
            if self.replicas[document].pending().is_some() {
                self.write(document, SETTLE_FOR);
            }
        }
    }

    /// Sends the document's next operation, always under the same dot until its outcome is known.
    fn write(&mut self, document: usize, retry_for: Duration) -> bool {
        let replica = &mut self.replicas[document];
        let operation = replica.next(&mut self.random);
        let body = operation.to_json(replica.document(), replica.agent()).to_string();
        let path = match operation.color() {
            Color::Blue => "/stream/blue/apply",
            Color::Green => "/stream/green/apply",
            _ => "/stream/red/apply",
        };
        let reply = persist(self.shared, retry_for, || {
            self.client.post(path, body.as_bytes()).json::<Acknowledgement>()
        });
        match reply {
            Ok(reply) => {
                if let Some((site, record)) = &self.record {
                    // It is gone only if it failed, and then its end says so.
                    let _ = record.send(Acknowledged {
                        document: replica.document().to_owned(),
                        agent: replica.agent().to_string(),
                        seq: operation.seq,
                        digest: reply.result.digest.clone(),
                        site: site.clone(),
                    });
                }
                replica.acknowledge(&reply.result);
                true
            }
            Err(error) => {
                if !error.is_passing() {
                    replica.refused();
                }
                false
            }
        }
    }

    fn read(&mut self, document: usize) -> bool {
        let replica = &mut self.replicas[document];
        let path = format!("/crdt/{}", replica.document());
        match persist(self.shared, RETRY_FOR, || self.client.get(&path).once().optional::<State>()) {
            Ok(state) => {
                if let Some(state) = state {
                    replica.observe(&state);
                }
                true
            }
            Err(_) => false,
        }
    }

    /// Joins something of the agent's own into the document's state; `None` where there is nothing to join.
    fn merge(&mut self, document: usize) -> Option<bool> {
        let replica = &self.replicas[document];
        let remote = replica.history().as_remote_state(replica.agent().as_str())?;
        let body = json!({"document_id": replica.document(), "remote": remote}).to_string();
        let reply = persist(self.shared, RETRY_FOR, || {
            self.client.post("/crdt/merge", body.as_bytes()).json::<Done>()
        });
        Some(reply.is_ok())
    }

    /// The document as this agent sees it after the load; `None` if it does not exist.
    ///
    /// # Errors
    /// The network does not give it.
    pub(crate) fn final_state(&self, document: usize) -> Result<Option<State>, Error> {
        let path = format!("/crdt/{}?clock=full", self.replicas[document].document());
        persist(self.shared, SETTLE_FOR, || self.client.get(&path).once().optional())
    }
}

/// Repeats what may succeed later; every request made here is idempotent. Each attempt is recorded, which is why the
/// client repeats nothing by itself. A `Retry-After` is not heeded: what is measured is when the network can answer
/// again, not when it says so.
fn persist<T>(
    shared: &Shared,
    retry_for: Duration,
    mut attempt: impl FnMut() -> Result<T, Error>,
) -> Result<T, Error> {
    let retry = Retry { first: FIRST_PAUSE, longest: LONGEST_PAUSE, give_up_after: retry_for };
    let deadline = Instant::now() + retry.give_up_after;
    let mut backoff = None;
    loop {
        let started = Instant::now();
        let result = attempt();
        let service = started.elapsed();
        let mut record = shared.record();
        record.attempt(service, result.as_ref().err());
        let error = match result {
            Err(error) if error.is_passing() => error,
            result => return result,
        };
        let pause = backoff.get_or_insert_with(|| Backoff::start(&retry)).pause(None);
        if Instant::now() + pause >= deadline {
            return Err(error);
        }
        record.retries += 1;
        drop(record);
        thread::sleep(pause);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16) -> Error {
        Error::refused("/x", status, br#"{"code":"x"}"#)
    }

    #[test]
    fn what_may_succeed_later_is_repeated_and_counted() {
        let shared = Shared::begin(Duration::from_secs(1));
        let mut left = 3;
        let result = persist(&shared, Duration::from_secs(5), || {
            left -= 1;
            if left == 0 { Ok(7) } else { Err(refusal(503)) }
        });
        assert_eq!(result.map_err(|error| error.status()), Ok(7));
        let record = shared.record();
        assert_eq!((record.retries, record.error_count()), (2, 2));
    }

    #[test]
    fn a_refusal_is_final() {
        let shared = Shared::begin(Duration::from_secs(1));
        let mut attempts = 0;
        let result: Result<(), Error> = persist(&shared, Duration::from_secs(5), || {
            attempts += 1;
            Err(refusal(422))
        });
        let result = result.map_err(|error| (error.status(), error.code().to_owned()));
        assert_eq!((result, attempts, shared.record().retries), (Err((422, "x".to_owned())), 1, 0));
    }
}
