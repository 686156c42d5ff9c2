//! Latencies and counts of what agents send each other.
//!
//! A reception belongs to a sending by what it says: the same `payload.message_id`, or the sending's event id in its
//! `depends_on`. What merely stands beside it in the log never counts.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

/// What begins an exchange and what ends it.
const PAIRS: [(&str, &str); 3] =
    [("MessageSent", "MessageReceived"), ("SyncStarted", "SyncCompleted"), ("AckSent", "AckReceived")];
/// Whether events of a type end an exchange, so that it matters what they name as their causes.
pub fn is_end(kind: &str) -> bool {
    PAIRS.iter().any(|(_, end)| *end == kind)
}

/// A message that was given up.
const FAILED: &str = "MessageFailed";

/// What is measured of an event.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// Identity of the event, in hex digits.
    pub event_id: String,
    /// Unix milliseconds.
    pub timestamp: u64,
    /// Its type.
    pub kind: String,
    /// Who sent.
    pub from: Option<String>,
    /// Who received.
    pub to: Option<String>,
    /// `payload.message_id`, as text.
    pub message: Option<String>,
    /// Ids of the events that it names as its causes; only read of one that [ends an exchange](is_end).
    pub depends_on: Vec<String>,
    /// Bytes, `payload_size`.
    pub bytes: u64,
    /// Whether `payload.error` says something.
    pub error: bool,
}

/// Order statistics of latencies in milliseconds, by nearest rank: the p-th percentile of n values is the ⌈p·n/100⌉-th
/// smallest, so it is one of them and never above the greatest. `null` of no values.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Latency {
    /// How many values.
    pub count: usize,
    /// The least.
    pub min_ms: Option<u64>,
    /// The mean.
    pub avg_ms: Option<f64>,
    /// The median.
    pub p50_ms: Option<u64>,
    /// The 95th percentile.
    pub p95_ms: Option<u64>,
    /// The 99th percentile.
    pub p99_ms: Option<u64>,
    /// The greatest.
    pub max_ms: Option<u64>,
}

impl Latency {
    /// Of values in milliseconds, in any order.
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
    /// Messages of it that failed.
    pub errors: u64,
    /// First event of the flow, Unix milliseconds.
    pub start: u64,
    /// Last event of the flow, Unix milliseconds.
    pub end: u64,
    /// Milliseconds from the sending of a message to its reception, of each received message.
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
    /// How many events.
    pub events: u64,
    /// How many of each type.
    pub by_type: BTreeMap<String, u64>,
    /// What went from whom to whom.
    pub flows: BTreeMap<Ends, Flow>,
    /// Messages sent.
    pub sent: u64,
    /// Messages received.
    pub received: u64,
    /// Bytes of the messages sent.
    pub bytes: u64,
    /// Events that report a failure.
    pub errors: u64,
    /// Synchronisations begun.
    pub syncs_started: u64,
    /// Synchronisations completed.
    pub syncs_completed: u64,
    /// Completed syncs that belong to one started in the window.
    pub syncs_matched: u64,
    /// Milliseconds from sending to reception, of each received message.
    pub message_latencies: Vec<u64>,
    /// The same of synchronisations, from begin to completion.
    pub sync_latencies: Vec<u64>,
    /// The same of acknowledgements.
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
mod tests;
