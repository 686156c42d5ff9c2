//! What belongs together, and what merely stands together.

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
