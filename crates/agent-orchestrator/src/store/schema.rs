//! Tables, triggers and the roster: a file of `sql/` for each statement, in the order in which they came.
//!
//! - An agent's `registration` is a token of its present registration, NULL where there is none; `fresh` says whether
//!   the last statement that registered it was the first to. An agent of the roster that leaves keeps its row.
//! - The row of a message stays for good, because its id is what makes a redelivery harmless; its payload goes once it
//!   is acknowledged. When it arrives, a trigger joins the sender's clock, counts its heartbeat, settles what it
//!   acknowledges, and owes the timeline an event.
//! - The outbox holds the events that the timeline is owed; type, agent and token are what an event's id is made of.
//! - The log of agents' events is the truth about them; `told` is what the timeline is told of an event, and `entry`, on
//!   the last event of a statement, what the registry shows from then on. A trigger does both. Names (`agent_id`) have
//!   lives, one after the other; a life's events are numbered from 1. Agents of a database without a log, and the roster,
//!   begin it with events that are made of their rows, once.
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
        include_str!("sql/011_agent_events.sql"),
        include_str!("sql/012_agent_events_in_order.sql"),
        include_str!("sql/013_agent_events_by_command.sql"),
        include_str!("sql/014_agent_snapshots.sql"),
        include_str!("sql/015_agent_life.sql"),
        include_str!("sql/016_agent_version.sql"),
        include_str!("sql/017_agent_life_status.sql"),
        include_str!("sql/018_agents_have_lives.sql"),
        include_str!("sql/019_agents_have_events.sql"),
        include_str!("sql/020_agents_show_their_lives.sql"),
        include_str!("sql/021_message_stored.sql"),
        include_str!("sql/022_message_arrived_ends.sql"),
        include_str!("sql/023_agent_event_stored.sql"),
    ],
};
