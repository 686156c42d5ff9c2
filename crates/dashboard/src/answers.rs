//! What the components answered. An answer that does not come is an answer too.

use std::borrow::Cow;

use ramanujan_core::Problem;
use serde_json::Value;
use serde_json::value::RawValue;

/// Seconds of the past that are measured for a reply: the timeline looks at every event of them.
pub const WINDOW_S: u64 = 60;

/// What one call brought.
#[derive(Clone, Debug)]
pub struct Answer<T = Value> {
    /// The component that was asked.
    pub component: &'static str,
    /// The path with its query.
    pub path: Cow<'static, str>,
    /// Milliseconds from asking to having the whole reply or none.
    pub latency_ms: f64,
    /// The reply, or the problem that came instead.
    pub outcome: Result<T, Problem>,
}

/// How a call went, whatever it brought.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The component that was asked.
    pub component: &'static str,
    /// The path with its query.
    pub path: &'a str,
    /// Milliseconds.
    pub latency_ms: f64,
    /// What came instead of a reply.
    pub problem: Option<&'a Problem>,
}

impl<T> Answer<T> {
    /// How the call went.
    pub fn call(&self) -> Call<'_> {
        Call {
            component: self.component,
            path: &self.path,
            latency_ms: self.latency_ms,
            problem: self.outcome.as_ref().err(),
        }
    }
}

/// What a full reply is made of: the health of all eleven, and the lists.
#[derive(Clone, Debug)]
pub struct Answers {
    /// In the order of [`ALL`](crate::components::ALL).
    pub health: Vec<Answer>,
    pub summary: Answer,
    /// The newest events as the timeline wrote them: numbers in them may be beyond 2^53.
    pub events: Answer<Vec<Box<RawValue>>>,
    pub agents: Answer,
    pub status: Answer,
    pub documents: Answer,
    /// The timeline's measurements of the last [`WINDOW_S`] seconds.
    pub measured: Answer,
    /// What went from whom to whom in that time.
    pub flows: Answer,
}

impl Answers {
    /// Every call once.
    pub fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        let lists = [&self.agents, &self.status, &self.documents, &self.measured, &self.flows];
        let before = self.health.iter().chain([&self.summary]).map(Answer::call);
        before.chain([self.events.call()]).chain(lists.map(Answer::call))
    }

    /// How many calls were made.
    pub fn len(&self) -> usize {
        self.calls().count()
    }

    /// Whether no call was made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
