//! Latencies and counts of what agents send each other. Pure.
//!
//! A reception belongs to a sending by what it says: the same `payload.message_id`, or the sending's event id in its
//! `depends_on`. What merely stands beside it in the log never counts.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

/// What begins an exchange and what ends it.
const PAIRS: [(&str, &str); 3] =
    [("MessageSent", "MessageReceived"), ("SyncStarted", "SyncCompleted"), ("AckSent", "AckReceived")];
/// A message that was given up.
const FAILED: &str = "MessageFailed";

/// What is measured of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    pub event_id: String,
    /// Unix milliseconds.
    pub timestamp: u64,
    pub kind: String,
    pub from: Option<String>,
    pub to: Option<String>,
    /// `payload.message_id`, as text.
    pub message: Option<String>,
    pub depends_on: Vec<String>,
    /// Bytes, `payload_size`.
    pub bytes: u64,
    /// Whether `payload.error` says something.
    pub error: bool,
}

/// Order statistics of latencies in milliseconds, by nearest rank: the p-th percentile of n values is the ⌈p·n/100⌉-th
/// smallest, so it is one of them and never above the greatest. `null` of no values.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Latency {
    pub count: usize,
    pub min_ms: Option<u64>,
    pub avg_ms: Option<f64>,
    pub p50_ms: Option<u64>,
    pub p95_ms: Option<u64>,
    pub p99_ms: Option<u64>,
    pub max_ms: Option<u64>,
}

impl Latency {
    pub fn of(mut values: Vec<u64>) -> Self {
        values.sort_unstable();
        let n = values.len();
        let percentile = |p: usize| values.get((p * n).div_ceil(100).max(1) - 1).copied();
        Latency {
            count: n,
            min_ms: values.first().copied(),
            avg_ms: (n > 0).then(|| values.iter().map(|v| *v as f64).sum::<f64>() / n as f64),
            p50_ms: percentile(50),
            p95_ms: percentile(95),
            p99_ms: percentile(99),
            max_ms: values.last().copied(),
        }
    }
}

/// From whom to whom; `None` where the events do not say.
pub type Ends = (Option<String>, Option<String>);

/// What went from one agent to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Flow {
    /// Messages sent.
    pub messages: u64,
    /// Of these, how many were received.
    pub received: u64,
    /// Bytes of the messages sent.
    pub bytes: u64,
    pub errors: u64,
    /// First and last event of the flow, Unix milliseconds.
    pub start: u64,
    pub end: u64,
    pub latencies: Vec<u64>,
}

impl Flow {
    /// Megabits per second between the first and the last event; `None` if they are one moment.
    pub fn throughput_mbps(&self) -> Option<f64> {
        let span = self.end - self.start;
        (span > 0).then(|| self.bytes as f64 * 8.0 / (span as f64 / 1000.0) / 1e6)
    }

    /// The share of messages without an error, 1 of none.
    pub fn success_rate(&self) -> f64 {
        if self.messages == 0 {
            return 1.0;
        }
        self.messages.saturating_sub(self.errors) as f64 / self.messages as f64
    }
}

/// What the events of a window say.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    pub events: u64,
    pub by_type: BTreeMap<String, u64>,
    pub flows: BTreeMap<Ends, Flow>,
    pub sent: u64,
    pub received: u64,
    pub bytes: u64,
    pub errors: u64,
    pub syncs_started: u64,
    pub syncs_completed: u64,
    /// Completed syncs that belong to one started in the window.
    pub syncs_matched: u64,
    pub message_latencies: Vec<u64>,
    pub sync_latencies: Vec<u64>,
    pub ack_latencies: Vec<u64>,
    /// Receptions, of any pair, whose beginning is not in the window or not named.
    pub unmatched: u64,
    /// Receptions dated before their sending: the agents' clocks disagree, so they tell no latency.
    pub clock_skew: u64,
    /// First and last event, Unix milliseconds.
    pub span: Option<(u64, u64)>,
}

impl Measured {
    /// Of the syncs begun in the window, how many were completed in it; `None` if none was begun.
    pub fn synchronization_efficiency(&self) -> Option<f64> {
        (self.syncs_started > 0).then(|| self.syncs_matched as f64 / self.syncs_started as f64)
    }
}

/// Measures the events of a window, in any order.
pub fn measure(samples: &[Sample]) -> Measured {
    let mut measured = Measured::default();
    // Beginnings by what ends may call them; of a message sent again under its id, the first.
    let mut by_message: HashMap<(usize, &str), &Sample> = HashMap::new();
    let mut by_event: HashMap<(usize, &str), &Sample> = HashMap::new();
    for sample in samples {
        if let Some(pair) = PAIRS.iter().position(|(begin, _)| *begin == sample.kind) {
            by_event.insert((pair, &sample.event_id), sample);
            if let Some(message) = &sample.message {
                let first = by_message.entry((pair, message)).or_insert(sample);
                if sample.timestamp < first.timestamp {
                    *first = sample;
                }
            }
        }
    }
    // Ends by their beginning; of one received twice, the first reception.
    let mut ends: HashMap<(usize, &str), (&Sample, &Sample)> = HashMap::new();
    for sample in samples {
        measured.count(sample);
        let Some(pair) = PAIRS.iter().position(|(_, end)| *end == sample.kind) else { continue };
        let begin = sample.message.as_deref().and_then(|message| by_message.get(&(pair, message)));
        let begin =
            begin.or_else(|| sample.depends_on.iter().find_map(|id| by_event.get(&(pair, id.as_str()))));
        match begin {
            None => measured.unmatched += 1,
            Some(begin) => {
                let end = ends.entry((pair, &begin.event_id)).or_insert((begin, sample));
                if sample.timestamp < end.1.timestamp {
                    end.1 = sample;
                }
            }
        }
    }
    for ((pair, _), (begin, end)) in ends {
        match pair {
            0 => measured.flow(begin).received += 1,
            1 => measured.syncs_matched += 1,
            _ => {}
        }
        let Some(latency) = end.timestamp.checked_sub(begin.timestamp) else {
            measured.clock_skew += 1;
            continue;
        };
        match pair {
            0 => {
                measured.flow(begin).latencies.push(latency);
                measured.message_latencies.push(latency);
            }
            1 => measured.sync_latencies.push(latency),
            _ => measured.ack_latencies.push(latency),
        }
    }
    measured
}

impl Measured {
    fn flow(&mut self, sample: &Sample) -> &mut Flow {
        let ends = (sample.from.clone(), sample.to.clone());
        self.flows.entry(ends).or_insert_with(|| Flow {
            start: sample.timestamp,
            end: sample.timestamp,
            ..Flow::default()
        })
    }

    fn count(&mut self, sample: &Sample) {
        self.events += 1;
        match self.by_type.get_mut(&sample.kind) {
            Some(count) => *count += 1,
            None => {
                self.by_type.insert(sample.kind.clone(), 1);
            }
        }
        let time = sample.timestamp;
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
        let failed = sample.kind == FAILED || sample.error;
        let (sent, received) = (sample.kind == "MessageSent", sample.kind == "MessageReceived");
        self.errors += u64::from(failed);
        self.sent += u64::from(sent);
        self.received += u64::from(received);
        self.syncs_started += u64::from(sample.kind == "SyncStarted");
        self.syncs_completed += u64::from(sample.kind == "SyncCompleted");
        if sent {
            self.bytes += sample.bytes;
        }
        if sent || received || sample.kind == FAILED {
            let flow = self.flow(sample);
            flow.start = flow.start.min(time);
            flow.end = flow.end.max(time);
            flow.errors += u64::from(failed);
            if sent {
                flow.messages += 1;
                flow.bytes += sample.bytes;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn sample(kind: &str, id: &str, message: Option<&str>, timestamp: u64) -> Sample {
        Sample {
            event_id: id.into(),
            timestamp,
            kind: kind.into(),
            from: Some("a".into()),
            to: Some("b".into()),
            message: message.map(str::to_owned),
            bytes: 100,
            ..Sample::default()
        }
    }

    #[test]
    fn a_reception_belongs_to_the_sending_that_it_names_not_to_its_neighbour() {
        let by_link = Sample { depends_on: vec!["s1".into()], ..sample("MessageReceived", "r1", None, 50) };
        let measured = measure(&[
            sample("MessageSent", "s1", None, 10),
            sample("MessageSent", "s2", Some("m2"), 20),
            by_link,
            sample("MessageReceived", "r2", Some("m2"), 20),
            sample("MessageReceived", "r3", Some("m2"), 90),
            sample("MessageReceived", "r4", None, 95),
            sample("MessageReceived", "r5", Some("other"), 96),
        ]);
        let mut latencies = measured.message_latencies.clone();
        latencies.sort_unstable();
        // A latency of zero is one; the second reception of m2 is none.
        assert_eq!(latencies, [0, 40]);
        assert_eq!((measured.unmatched, measured.sent, measured.received), (2, 2, 5));
        let flow = &measured.flows[&(Some("a".into()), Some("b".into()))];
        assert_eq!((flow.messages, flow.received, flow.bytes, flow.start, flow.end), (2, 2, 200, 10, 96));
        assert_eq!(flow.throughput_mbps(), Some(200.0 * 8.0 / 0.086 / 1e6));
    }

    #[test]
    fn syncs_acks_errors_and_skew_are_counted_for_what_they_are() {
        let failed = Sample { error: true, ..sample("MessageSent", "s2", Some("m2"), 6) };
        let measured = measure(&[
            sample("SyncStarted", "y1", Some("1"), 0),
            sample("SyncStarted", "y2", Some("2"), 0),
            sample("SyncCompleted", "z1", Some("1"), 7),
            sample("SyncCompleted", "z9", Some("9"), 7),
            sample("AckSent", "k1", Some("m1"), 5),
            sample("AckReceived", "l1", Some("m1"), 9),
            sample("MessageSent", "s1", Some("m1"), 5),
            failed,
            sample("MessageReceived", "r1", Some("m1"), 4),
        ]);
        assert_eq!(measured.synchronization_efficiency(), Some(0.5));
        assert_eq!((measured.syncs_completed, measured.unmatched, measured.clock_skew), (2, 1, 1));
        assert_eq!((measured.sync_latencies, measured.ack_latencies), (vec![7], vec![4]));
        assert_eq!((measured.message_latencies, measured.errors), (vec![], 1));
        let flow = measured.flows.values().next().unwrap();
        assert_eq!((flow.received, flow.success_rate()), (1, 0.5));
        assert_eq!(measure(&[]).synchronization_efficiency(), None);
    }

    proptest! {
        #[test]
        fn a_percentile_is_the_least_value_that_enough_values_do_not_exceed(values in prop::collection::vec(0u64..1000, 1..300)) {
            let latency = Latency::of(values.clone());
            for (p, got) in [(50, latency.p50_ms), (95, latency.p95_ms), (99, latency.p99_ms), (100, latency.max_ms)] {
                let got = got.unwrap();
                let within = |bound: u64| values.iter().filter(|value| **value <= bound).count() * 100 >= p * values.len();
                prop_assert!(values.contains(&got) && within(got));
                prop_assert!(got == 0 || !within(got - 1));
            }
            prop_assert_eq!(latency.min_ms, values.iter().copied().min());
        }

        #[test]
        fn the_order_of_the_events_means_nothing(
            messages in prop::collection::vec((0u8..6, 0u64..100, any::<bool>()), 0..40), rotation in 0usize..40
        ) {
            let mut samples: Vec<Sample> = messages.iter().enumerate().map(|(n, (message, time, sent))| {
                let kind = if *sent { "MessageSent" } else { "MessageReceived" };
                sample(kind, &format!("e{n}"), Some(&message.to_string()), *time)
            }).collect();
            let sorted = |measured: Measured| {
                let mut latencies = measured.message_latencies;
                latencies.sort_unstable();
                (latencies, measured.unmatched, measured.clock_skew, measured.by_type, measured.span)
            };
            let first = sorted(measure(&samples));
            if !samples.is_empty() {
                let middle = rotation % samples.len();
                samples.rotate_left(middle);
            }
            prop_assert_eq!(first, sorted(measure(&samples)));
        }
    }
}
