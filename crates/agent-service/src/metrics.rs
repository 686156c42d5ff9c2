//! What the service counts, for Prometheus.

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::prometheus_text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

/// Of a command: what was asked, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[allow(missing_docs)]
pub struct CommandLabel {
    pub verb: &'static str,
    pub result: &'static str,
}

/// Of an event: its token.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
#[allow(missing_docs)]
pub struct EventLabel {
    pub event: &'static str,
}

/// Bounds of the times of commands, in seconds.
const BOUNDS: [f64; 12] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 30.0];

/// All that is counted.
#[derive(Debug)]
#[allow(missing_docs)]
pub struct Metrics {
    registry: Registry,
    pub commands: Family<CommandLabel, Counter>,
    pub seconds: Histogram,
    pub events: Family<EventLabel, Counter>,
    pub conflicts: Counter,
    pub duplicates: Counter,
    pub redelivered: Counter,
    pub dead: Counter,
    pub replayed: Counter,
    pub queries: Counter,
    pub snapshots: Counter,
    pub snapshots_used: Counter,
    pub snapshots_ignored: Counter,
    pub outstanding: Gauge,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("cim_agent");
        let commands = Family::default();
        let seconds = Histogram::new(BOUNDS);
        let events = Family::default();
        let [conflicts, duplicates, redelivered, dead, replayed, queries] =
            std::array::from_fn(|_| Counter::default());
        let [snapshots, snapshots_used, snapshots_ignored] = std::array::from_fn(|_| Counter::default());
        let outstanding = Gauge::default();
        registry.register(
            "commands",
            "Deliveries of commands, by verb and what became of them",
            commands.clone(),
        );
        registry.register("command_duration_seconds", "Time from a delivery to its outcome", seconds.clone());
        registry.register("events_appended", "Events stored by this instance", events.clone());
        for (name, help, counter) in [
            ("conflicts", "Appends that came second", &conflicts),
            ("duplicates", "Commands that had had their effect", &duplicates),
            ("redeliveries", "Deliveries that were not the first of a command", &redelivered),
            ("dead_letters", "Commands that can never work", &dead),
            ("replay_events", "Events read to fold agents", &replayed),
            ("queries", "Queries answered", &queries),
            ("snapshots", "Snapshots kept", &snapshots),
            ("snapshots_used", "Agents read from a snapshot", &snapshots_used),
            ("snapshots_ignored", "Snapshots that were damaged or of another stream", &snapshots_ignored),
        ] {
            registry.register(name, help, counter.clone());
        }
        registry.register("commands_outstanding", "Commands under way", outstanding.clone());
        Self {
            registry,
            commands,
            seconds,
            events,
            conflicts,
            duplicates,
            redelivered,
            dead,
            replayed,
            queries,
            snapshots,
            snapshots_used,
            snapshots_ignored,
            outstanding,
        }
    }
}

impl Metrics {
    /// The text that Prometheus reads.
    ///
    /// # Errors
    /// None in practice: a text takes all that is written to it.
    pub fn text(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_has_the_promised_names() {
        let metrics = Metrics::default();
        metrics.commands.get_or_create(&CommandLabel { verb: "deploy", result: "ok" }).inc();
        metrics.events.get_or_create(&EventLabel { event: "deployed" }).inc_by(2);
        metrics.seconds.observe(0.003);
        let text = metrics.text().unwrap();
        for line in [
            "cim_agent_commands_total{verb=\"deploy\",result=\"ok\"} 1",
            "cim_agent_events_appended_total{event=\"deployed\"} 2",
            "cim_agent_command_duration_seconds_count 1",
            "cim_agent_conflicts_total 0",
            "cim_agent_duplicates_total 0",
            "cim_agent_replay_events_total 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
