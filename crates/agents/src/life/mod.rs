//! One agent as an event-sourced aggregate.
//!
//! A [`Command`] asks for something. [`decide`] answers with events or a [`Rejection`], and changes nothing.
//! [`Agent::apply`] folds an event into the state. Version = number of events applied. Every time in a state comes
//! from an event, so that folding one log twice gives the same bytes. Whoever calls supplies the time and keeps the log.
//!
//! ```
//! use ramanujan_agents::life::{Command, Decision, Request, Status, Time, decide, fold};
//!
//! let command: Command = serde_json::from_str(r#"{"type":"DeployAgent","agent_id":"7","agent_type":"AI",
//!     "metadata":{"name":"seven","version":"1.0.0"}}"#).unwrap();
//! let now = Time::parse("2026-01-02T03:04:05Z").unwrap();
//! let Decision::Append(log) = decide(None, &Request::new("c-1", command.clone()), &now).unwrap() else { panic!() };
//! let agent = fold(None, &log).unwrap().unwrap();
//! assert_eq!((agent.version, agent.status), (1, Status::Deployed));
//! // the same command again has no further effect
//! let again = decide(Some(&agent), &Request::new("c-1", command), &now).unwrap();
//! assert_eq!(again, Decision::Already { version: 1 });
//! ```

mod agent;
mod command;
mod decide;
mod event;
mod history;
mod lifecycle;
mod pattern;
mod rejection;
mod snapshot;
mod tagged;
mod time;
mod validate;
mod value;

pub use agent::{Agent, Applied, FoldError, MAX_REMEMBERED_COMMANDS};
pub use command::{Command, Request};
pub use decide::{Decision, decide, go_offline};
pub use event::{Event, Recorded, SCHEMA};
pub use history::{at_time, at_version, fold};
pub use lifecycle::{Move, next};
pub use pattern::covers;
pub use rejection::Rejection;
pub use snapshot::{Damaged, Snapshot};
pub use time::{NotATime, Time};
pub use validate::{
    MAX_DEPTH, MAX_ITEMS, MAX_REASON_BYTES, MAX_TEXT_BYTES, MAX_TOKEN_BYTES, MAX_VALUE_BYTES, validate,
};
pub use value::{
    AgentType, Capability, Configuration, Metadata, NotAStatus, Parameter, Permission, Port, Status, Tool,
};
