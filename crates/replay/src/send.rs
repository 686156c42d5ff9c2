//! Sends what a [`Dispatch`] lets go, several replicas at once, and keeps the agents alive meanwhile.

use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_client::{Client, Error, ErrorKind, Progress};
use ramanujan_core::{AgentId, Color};
use serde::Deserialize;
use serde_json::Value;

use crate::dispatch::{Batch, Dispatch};
use crate::error::ReplayError;
use crate::measure::Measurements;
use crate::operation::Operation;

/// Between two rounds of heartbeats: well within the components' default `HEALTH_TIMEOUT` of 10 s.
const HEARTBEAT_EVERY: Duration = Duration::from_secs(4);

/// Most connections kept, i.e. most requests under way at once.
pub(crate) const MAX_CONNECTIONS: usize = 8;

#[derive(Deserialize)]
struct BatchReply {
    applied: usize,
    duplicates: usize,
}

/// Where and under which names to send.
pub(crate) struct Sender<'a> {
    pub(crate) client: &'a Client,
    pub(crate) document: &'a str,
    /// One name per replica.
    pub(crate) names: &'a [AgentId],
    /// The agents to keep alive.
    pub(crate) agents: &'a [&'a AgentId],
}

/// What the senders share.
struct State<'a> {
    dispatch: Dispatch<'a>,
    progress: Progress,
    measurements: Measurements,
    duplicates: usize,
    failure: Option<ReplayError>,
}

impl Sender<'_> {
    /// Sends everything; returns the times of the requests and how many operations were stored before.
    ///
    /// # Errors
    /// The first request that failed for good; those under way are then brought to their end.
    pub(crate) fn send(
        &self,
        dispatch: Dispatch<'_>,
        progress: Progress,
    ) -> Result<(Measurements, usize), ReplayError> {
        let workers = self.names.len().clamp(1, MAX_CONNECTIONS);
        let measurements = Measurements::default();
        let state = Mutex::new(State { dispatch, progress, measurements, duplicates: 0, failure: None });
        let changed = Condvar::new();
        let (working, done) = channel::<()>();
        thread::scope(|scope| {
            for _ in 0..workers {
                let working = working.clone();
                let (state, changed) = (&state, &changed);
                scope.spawn(move || {
                    self.work(state, changed);
                    drop(working);
                });
            }
            drop(working);
            while let Err(RecvTimeoutError::Timeout) = done.recv_timeout(HEARTBEAT_EVERY) {
                for agent in self.agents {
                    // A missed heartbeat only shows the agent as inactive for a while.
                    let _ = self.client.post(&format!("/agents/{agent}/heartbeat"), b"{}").done();
                }
            }
        });
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        state.progress.finish();
        match state.failure {
            Some(failure) => Err(failure),
            None => Ok((state.measurements, state.duplicates)),
        }
    }

    /// Sends one request after the other until nothing is left or something failed.
    fn work(&self, shared: &Mutex<State<'_>>, changed: &Condvar) {
        let mut state = lock(shared);
        loop {
            if state.failure.is_some() || state.dispatch.remaining() == 0 {
                return;
            }
            let Some(batch) = state.dispatch.next_batch() else {
                if state.dispatch.is_idle() {
                    let reason = "operations whose parents it does not hold".to_owned();
                    let document = self.document.to_owned();
                    state.failure.get_or_insert(ReplayError::Occupied { document, reason });
                    changed.notify_all();
                    return;
                }
                // Whatever is missing is under way with another worker, whose end will be signalled.
                state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let operations: Vec<&Operation> = state.dispatch.operations(&batch).collect();
            drop(state);
            let started = Instant::now();
            let sent = self.send_batch(&batch, &operations);
            let time = started.elapsed();
            state = lock(shared);
            match sent {
                Ok(duplicates) => {
                    state.dispatch.acknowledge(&batch);
                    state.measurements.add(batch.len(), time);
                    state.duplicates += duplicates;
                    state.progress.advance(batch.len() as u64);
                }
                Err(failure) => {
                    state.failure.get_or_insert(failure);
                }
            }
            changed.notify_all();
        }
    }

    /// Sends one request; returns how many of its operations were stored before.
    fn send_batch(&self, batch: &Batch, operations: &[&Operation]) -> Result<usize, ReplayError> {
        let path = match batch.color {
            Color::Blue => "/stream/blue/apply",
            _ => "/stream/red/apply",
        };
        let body: Vec<Value> =
            operations.iter().map(|operation| operation.to_json(self.document, self.names)).collect();
        let body = Value::Array(body).to_string();
        // Each operation has its seq, by which the network knows it again.
        let reply: BatchReply = match self.client.post(path, body.as_bytes()).idempotent().json() {
            Err(error) if error.code() == "dot-conflict" => {
                let reason = format!("another recording under the same agent names ({})", error.summary());
                return Err(ReplayError::Occupied { document: self.document.to_owned(), reason });
            }
            Err(error) if error.kind() == ErrorKind::Refused && !error.is_passing() => {
                let index = error.member("index").and_then(Value::as_u64);
                let at_fault = index.and_then(|index| operations.get(index as usize)).or(operations.first());
                let operation = at_fault.map_or_else(String::new, |operation| {
                    format!("{}:{}", self.names[operation.mark.replica as usize], operation.mark.seq)
                });
                return Err(ReplayError::Refused { operation, reason: error.summary().to_string() });
            }
            other => other?,
        };
        if reply.applied + reply.duplicates != operations.len() {
            let reason = format!(
                "{} applied and {} duplicates for {} operations",
                reply.applied,
                reply.duplicates,
                operations.len()
            );
            return Err(Error::unreadable(path, reason).into());
        }
        Ok(reply.duplicates)
    }
}

/// A worker that panicked left nothing half done: requests are idempotent.
fn lock<'a, 'b>(shared: &'a Mutex<State<'b>>) -> MutexGuard<'a, State<'b>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
