//! Refusals of the library as problems.

use std::fmt::Display;

use ramanujan_agents::life::{FoldError, Rejection};
use ramanujan_core::{AgentId, Code, Problem};

/// 422 `invalid-command` or `subject-mismatch`, 404 `unknown-agent`, 409 `invalid-transition` or `version-conflict`; the
/// library's own code is in `rejection`.
pub fn problem(rejection: &Rejection, agent: &AgentId) -> Problem {
    let detail = rejection.to_string();
    let refused = match rejection {
        Rejection::Validation { field, .. } => {
            Problem::new(Code::InvalidCommand, detail).with("field", field.as_str())
        }
        Rejection::NotFound(_) => unknown_agent(agent.as_str()),
        Rejection::InvalidTransition { from, what } => Problem::new(Code::InvalidTransition, detail)
            .with("life_status", serde_json::json!(from))
            .with("command", *what),
        Rejection::Conflict { expected, actual } => {
            Problem::new(Code::VersionConflict, detail).with("expected", *expected).with("actual", *actual)
        }
        Rejection::SubjectMismatch { .. } => Problem::new(Code::SubjectMismatch, detail),
    };
    refused.with("rejection", rejection.code())
}

/// 404 for a name that no agent has.
pub fn unknown_agent(id: &str) -> Problem {
    let cut: String = id.chars().take(40).collect();
    Problem::new(Code::UnknownAgent, format!("there is no agent {cut:?}; POST /agents/register makes one"))
}

/// 409 naming the members in which a registration differs from what is stored.
pub fn differs(agent: &AgentId, members: Vec<&'static str>) -> Problem {
    let detail = format!(
        "agent {agent} is known with another {}; leave that out to register, or DELETE /agents/{agent} first",
        members.join(", ")
    );
    Problem::new(Code::AgentDiffers, detail).with("differs", members)
}

/// 500 for a log that does not fold.
pub fn damaged(agent: &AgentId, error: &FoldError) -> Problem {
    Problem::new(Code::StoreCorrupt, format!("the events of agent {agent} contradict each other: {error}"))
}

/// 500 for a clock that shows no time that can be written.
pub fn strange_time(error: &impl Display) -> Problem {
    Problem::new(Code::StoreShape, error.to_string())
}
