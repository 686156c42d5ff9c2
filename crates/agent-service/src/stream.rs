//! The stream of commands and events: its configuration, and how an existing one is compared with it.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};

use crate::subjects;

/// What of a stream the operator decides.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Its name.
    pub name: String,
    /// File or memory.
    pub storage: StorageType,
    /// Copies in a cluster.
    pub replicas: usize,
    /// How long a command is kept; events are kept for ever where the server can.
    pub max_age: Duration,
    /// How long the server knows a message id again.
    pub duplicate_window: Duration,
}

/// What is wrong with a stream that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// What would lose or never see messages: the service does not start.
    pub fatal: Vec<String>,
    /// What the service can live with.
    pub minor: Vec<String>,
}

impl Wanted {
    /// The stream of commands and events.
    pub fn events(&self) -> Config {
        Config {
            name: self.name.clone(),
            description: Some("Commands to agents and their events".into()),
            subjects: vec![subjects::COMMANDS.into(), subjects::EVENTS.into()],
            ..self.common()
        }
    }

    /// The stream of commands that can never work.
    pub fn dead_letters(&self) -> Config {
        Config {
            name: dead_letters(&self.name),
            description: Some("Commands to agents that can never work".into()),
            subjects: vec![subjects::DEAD_LETTERS.into()],
            ..self.common()
        }
    }

    fn common(&self) -> Config {
        Config {
            storage: self.storage,
            retention: RetentionPolicy::Limits,
            max_age: self.max_age,
            num_replicas: self.replicas,
            duplicate_window: self.duplicate_window,
            max_messages: -1,
            max_bytes: -1,
            max_messages_per_subject: -1,
            max_message_size: -1,
            max_consumers: -1,
            allow_direct: true,
            allow_message_ttl: true,
            allow_atomic_publish: true,
            ..Config::default()
        }
    }
}

/// Name of the stream of dead letters beside a stream.
pub fn dead_letters(stream: &str) -> String {
    format!("{stream}_DLQ")
}

/// Compares a stream that is there with the wanted one.
pub fn compare(found: &Config, wanted: &Config) -> Difference {
    let mut difference = Difference::default();
    let mut fatal = |what: &str, found: String, wanted: String| {
        difference.fatal.push(format!("{what} is {found}, wanted {wanted}"));
    };
    let sorted = |config: &Config| {
        let mut subjects = config.subjects.clone();
        subjects.sort();
        subjects.join(", ")
    };
    if sorted(found) != sorted(wanted) {
        fatal("subjects", sorted(found), sorted(wanted));
    }
    if found.retention != wanted.retention {
        fatal("retention", format!("{:?}", found.retention), format!("{:?}", wanted.retention));
    }
    if found.storage != wanted.storage {
        fatal("storage", format!("{:?}", found.storage), format!("{:?}", wanted.storage));
    }
    if found.num_replicas < wanted.num_replicas {
        fatal("num_replicas", found.num_replicas.to_string(), wanted.num_replicas.to_string());
    }
    if found.max_messages_per_subject > 0 {
        let most = found.max_messages_per_subject.to_string();
        fatal("max_msgs_per_subject", most, "-1: an agent's older events would go".into());
    }
    if found.no_ack {
        fatal("no_ack", "true".into(), "false: an append would not be known to be stored".into());
    }
    if found.sealed {
        fatal("sealed", "true".into(), "false".into());
    }
    if found.mirror.is_some() {
        fatal("mirror", "set".into(), "none: nothing can be appended to a mirror".into());
    }
    let minor = &mut difference.minor;
    let mut differs = |what: &str, found: String, wanted: String, so: &str| {
        if found != wanted {
            minor.push(format!("{what} is {found}, wanted {wanted}{so}"));
        }
    };
    let seconds = |time: Duration| format!("{} s", time.as_secs());
    differs("max_age", seconds(found.max_age), seconds(wanted.max_age), "");
    let window = |config: &Config| seconds(config.duplicate_window);
    differs("duplicate_window", window(found), window(wanted), "");
    let limit = |most: i64| if most > 0 { most.to_string() } else { "none".into() };
    let oldest = if found.discard == DiscardPolicy::Old { ": older messages go when it is full" } else { "" };
    differs("max_msgs", limit(found.max_messages), "none".into(), oldest);
    differs("max_bytes", limit(found.max_bytes), "none".into(), oldest);
    let slower = ": agents are read one event at a time";
    differs("allow_direct", found.allow_direct.to_string(), "true".into(), slower);
    let one_by_one = ": events of one command are stored one by one";
    differs("allow_atomic", found.allow_atomic_publish.to_string(), "true".into(), one_by_one);
    if !found.max_age.is_zero() {
        let lost = ": events older than max_age go, and their agents cannot be read any more";
        differs("allow_msg_ttl", found.allow_message_ttl.to_string(), "true".into(), lost);
    }
    difference
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Config {
        let year = Duration::from_secs(365 * 24 * 3600);
        let window = Duration::from_secs(120);
        let name = "AGENT_EVENTS".into();
        Wanted { name, storage: StorageType::File, replicas: 1, max_age: year, duplicate_window: window }
            .events()
    }

    #[test]
    fn the_stream_is_the_promised_one() {
        let config = wanted();
        assert_eq!(config.subjects, ["agent.commands.>", "agent.events.>"]);
        assert_eq!(config.max_age.as_nanos(), 31_536_000_000_000_000);
        assert_eq!((config.storage, config.retention), (StorageType::File, RetentionPolicy::Limits));
    }

    #[test]
    fn an_equal_stream_has_no_difference() {
        let mut found = wanted();
        found.subjects.reverse();
        // What a server adds of its own.
        found.metadata.insert("_nats.ver".into(), "2.15.1".into());
        assert_eq!(compare(&found, &wanted()), Difference::default());
    }

    #[test]
    fn what_would_lose_messages_is_fatal() {
        let changes: [fn(&mut Config); 7] = [
            |config| config.subjects = vec!["agent.>".into()],
            |config| config.retention = RetentionPolicy::WorkQueue,
            |config| config.storage = StorageType::Memory,
            |config| config.max_messages_per_subject = 1,
            |config| config.no_ack = true,
            |config| config.sealed = true,
            |config| config.num_replicas = 0,
        ];
        for (at, change) in changes.into_iter().enumerate() {
            let mut found = wanted();
            change(&mut found);
            let difference = compare(&found, &wanted());
            assert_eq!((difference.fatal.len(), difference.minor.len()), (1, 0), "{at}: {difference:?}");
        }
    }

    #[test]
    fn a_stream_made_by_hand_is_taken_and_its_lacks_are_named() {
        let found =
            Config { allow_direct: false, allow_message_ttl: false, allow_atomic_publish: false, ..wanted() };
        let difference = compare(&found, &wanted());
        assert_eq!((difference.fatal.len(), difference.minor.len()), (0, 3), "{difference:?}");
    }
}
