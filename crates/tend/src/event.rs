//! What the caretaker says: how a job stands, when that changes.

use std::fmt;

use ramanujan_core::time;
use serde::{Serialize, Serializer};

use crate::job::Job;

/// How a job stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// No call has ended yet.
    Waiting,
    /// The last call did what there was to do.
    Works,
    /// The last call could do a part only; the rest goes on with the next ones.
    Degraded,
    /// The component declares the route and has nothing behind it (501).
    NotBuilt,
    /// The network has no such route (404): the component is not part of it.
    Absent,
    /// The call is refused for a reason that a repetition does not change, e.g. the credential.
    Refused,
    /// No reply, or one that promises nothing about the next: called again after a pause that grows.
    Failing,
}

impl State {
    /// Whether somebody should look after it. That a network does without a job is no trouble.
    pub fn is_trouble(self) -> bool {
        matches!(self, State::Degraded | State::Refused | State::Failing)
    }

    fn words(self) -> &'static str {
        match self {
            State::Waiting => "waits for its first reply",
            State::Works => "works",
            State::Degraded => "degraded",
            State::NotBuilt => "not built",
            State::Absent => "not part of this network",
            State::Refused => "refused",
            State::Failing => "fails",
        }
    }
}

/// How a job stands after so many calls.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// When it was so, RFC 3339.
    #[serde(serialize_with = "rfc3339")]
    pub time: u64,
    /// Which job.
    #[serde(serialize_with = "name")]
    pub job: Job,
    /// How it stands.
    pub state: State,
    /// How it stood before.
    pub before: State,
    /// What the network said, where it failed or refused.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// Calls so far.
    pub calls: u64,
    /// Those of them that got no reply, or a refusal.
    pub failures: u64,
    /// Time of the last call in milliseconds.
    pub last_ms: f64,
}

fn rfc3339<S: Serializer>(millis: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&time::format_rfc3339(*millis))
}

fn name<S: Serializer>(job: &Job, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(job.name())
}

impl Event {
    /// The line that also has the counts, for a regular look.
    pub fn with_counts(&self) -> impl fmt::Display {
        let Event { calls, failures, last_ms, .. } = self;
        format!("{self} ({calls} calls, {failures} failed, the last took {last_ms:.1} ms)")
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tend: {} {}", self.job, self.state.words())?;
        if self.state == State::Works && self.before.is_trouble() {
            f.write_str(" again")?;
        }
        if !self.detail.is_empty() {
            write!(f, ": {}", self.detail)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_for_people_and_for_programs() {
        let mut event = Event {
            time: 1_764_547_200_000,
            job: Job::Index,
            state: State::Failing,
            before: State::Works,
            detail: "503 busy: try again".into(),
            calls: 8,
            failures: 1,
            last_ms: 1.25,
        };
        assert_eq!(event.to_string(), "tend: index fails: 503 busy: try again");
        assert_eq!(
            json!(event),
            json!({"time": "2025-12-01T00:00:00.000Z", "job": "index", "state": "failing", "before": "works",
                "detail": "503 busy: try again", "calls": 8, "failures": 1, "last_ms": 1.25})
        );
        (event.state, event.before, event.detail) = (State::Works, State::Failing, String::new());
        assert_eq!(
            event.with_counts().to_string(),
            "tend: index works again (8 calls, 1 failed, the last took 1.2 ms)"
        );
    }
}
