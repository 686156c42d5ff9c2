//! What the components answered. An answer that does not come is an answer too.

use std::borrow::Cow;

use ramanujan_core::Problem;
use serde_json::Value;

/// Seconds of the past that are measured for a reply: the timeline looks at every event of them.
pub const WINDOW_S: u64 = 60;

/// What one call brought.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The component that was asked.
    pub component: &'static str,
    /// The path with its query.
    pub path: Cow<'static, str>,
    /// Milliseconds from asking to having the whole reply or none.
    pub latency_ms: f64,
    /// The reply, or the problem that came instead.
    pub outcome: Result<Value, Problem>,
}

/// What a full reply is made of: the health of all eleven, and the lists.
#[derive(Clone, Debug)]
pub struct Answers {
    /// In the order of [`ALL`].
    pub health: Vec<Answer>,
    pub summary: Answer,
    pub events: Answer,
    pub agents: Answer,
    pub status: Answer,
    pub documents: Answer,
    /// The timeline's measurements of the last [`WINDOW_S`] seconds.
    pub measured: Answer,
    /// What went from whom to whom in that time.
    pub flows: Answer,
}

impl Answers {
    /// Every answer once.
    pub fn iter(&self) -> impl Iterator<Item = &Answer> {
        let lists = [&self.summary, &self.events, &self.agents, &self.status, &self.documents];
        self.health.iter().chain(lists).chain([&self.measured, &self.flows])
    }

    /// How many calls were made.
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether no call was made.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
