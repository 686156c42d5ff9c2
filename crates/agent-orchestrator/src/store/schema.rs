//! Tables, triggers and the roster: a file of `sql/` for each statement, in the order in which they came.
//!
//! - An agent's `registration` is a token of its present registration, NULL where there is none; `fresh` says whether
//!   the last statement that registered it was the first to. An agent of the roster that leaves keeps its row.
//! - The row of a message stays for good, because its id is what makes a redelivery harmless; its payload goes once it
//!   is acknowledged. When it arrives, a trigger joins the sender's clock, counts its heartbeat, settles what it
//!   acknowledges, and owes the timeline an event.
//! - The outbox holds the events that the timeline is owed; type, agent and token are what an event's id is made of.
//! - The roster is nine agents, each with a random UUID (version 4), none of them here yet.

use ramanujan_shell::Schema;

/// How many of the statements have run is the version of a database: append, and change none.
pub(super) const SCHEMA: Schema = Schema {
    name: "orchestrator",
    statements: &[
        include_str!("sql/001_agents.sql"),
        include_str!("sql/002_messages.sql"),
        include_str!("sql/003_messages_waiting.sql"),
        include_str!("sql/004_messages_sent.sql"),
        include_str!("sql/005_outbox.sql"),
        include_str!("sql/006_agent_added.sql"),
        include_str!("sql/007_agent_changed.sql"),
        include_str!("sql/008_agent_removed.sql"),
        include_str!("sql/009_message_arrived.sql"),
        include_str!("sql/010_roster.sql"),
    ],
};
