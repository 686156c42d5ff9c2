//! Writers that meet at one agent, on what servers of several ages can do.

use std::sync::Arc;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::StorageType;
use ramanujan_agent_service::handler::Handler;
use ramanujan_agent_service::journal::Journal;
use ramanujan_agent_service::metrics::Metrics;
use ramanujan_agent_service::reply::Outcome;
use ramanujan_agent_service::stream::Wanted;
use ramanujan_agent_service::tier::Tier;
use ramanujan_agents::life::{Rejection, Request};
use serde_json::{Value, json};

use crate::common::{Server, check, configure, deploy, events, version_of};

fn request(id: &str, command: Value) -> Request {
    Request::new(id, serde_json::from_value(command).unwrap())
}

/// A handler with a memory of its own, as in an instance of its own.
async fn handler(server: &Server, tier: Tier) -> (Arc<Handler>, Arc<Metrics>) {
    let client = server.client().await;
    let context = jetstream::new(client.clone());
    let wanted = Wanted {
        name: "AGENT_EVENTS".into(),
        storage: StorageType::File,
        replicas: 1,
        max_age: Duration::ZERO,
        duplicate_window: Duration::from_secs(120),
    };
    let stream = context.get_or_create_stream(wanted.events()).await.unwrap();
    let able = match version_of(&client) {
        at if at >= (2, 12) => Tier::Atomic,
        at if at >= (2, 11) => Tier::Checked,
        _ => Tier::Deduplicated,
    };
    let journal = Journal::new(client, context, stream).at_most(tier);
    assert_eq!(journal.tier(), tier.min(able));
    let metrics = Arc::new(Metrics::default());
    (Arc::new(Handler::new(journal, 100, metrics.clone())), metrics)
}

fn version(outcome: &Outcome) -> u64 {
    match outcome {
        Outcome::Done { version, .. } => *version,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_was_second_decides_again() {
    let Some(server) = Server::start().await else { return };
    let (one, conflicts) = handler(&server, Tier::Atomic).await;
    let (other, _) = handler(&server, Tier::Atomic).await;
    assert_eq!(version(&one.handle(&request("c-1", deploy("a"))).await), 1);
    assert_eq!(version(&other.handle(&request("c-2", configure("a", "k", 1))).await), 2);
    // `one` still holds version 1.
    assert_eq!(version(&one.handle(&request("c-3", configure("a", "k", 2))).await), 3);
    // In the lowest tier it reads before it writes.
    assert_eq!(conflicts.conflicts.get(), u64::from(one.journal().tier() > Tier::Deduplicated));
    let log = events(&server.client().await).await;
    check(&log, &["c-1", "c-2", "c-3"].map(str::to_owned).into(), 1);
    // It decided on what the other had written.
    assert_eq!(serde_json::to_value(&log[2].event).unwrap()["old_values"], json!({"k": 1}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_given_on_the_newest_state_only() {
    let Some(server) = Server::start().await else { return };
    let (one, _) = handler(&server, Tier::Atomic).await;
    let (other, _) = handler(&server, Tier::Atomic).await;
    let activate = json!({"type": "ActivateAgent", "agent_id": "a"});
    let suspend = json!({"type": "SuspendAgent", "agent_id": "a", "reason": "night"});
    assert!(matches!(
        one.handle(&request("c-0", activate.clone())).await,
        Outcome::Refused(Rejection::NotFound(_))
    ));
    other.handle(&request("c-1", deploy("a"))).await;
    assert_eq!(version(&one.handle(&request("c-2", activate)).await), 2);
    // `other` holds a state in which it could not be suspended.
    assert_eq!(version(&other.handle(&request("c-3", suspend)).await), 3);
    let expecting = Request { expected_version: Some(1), ..request("c-4", configure("a", "k", 1)) };
    let refused = one.handle(&expecting).await;
    assert_eq!(refused, Outcome::Refused(Rejection::Conflict { expected: 1, actual: 3 }));
}

#[tokio::test(flavor = "multi_thread")]
async fn in_every_tier_writers_that_meet_leave_one_log() {
    for tier in [Tier::Deduplicated, Tier::Checked, Tier::Atomic] {
        let Some(server) = Server::start().await else { return };
        let (first, _) = handler(&server, tier).await;
        let mut deployed = deploy("a");
        deployed["initial_configuration"] = json!({"k": 0});
        assert_eq!(version(&first.handle(&request("deploy", deployed.clone())).await), 2);
        let mut writers = Vec::new();
        for writer in 0..3 {
            let (handler, _) = handler(&server, tier).await;
            writers.push(tokio::spawn(async move {
                let mut retried = 0;
                for number in 0..20 {
                    let request = request(&format!("w{writer}-{number}"), configure("a", "k", number));
                    // What the consumer does with a command that may work later.
                    while let Outcome::Later(_) = handler.handle(&request).await {
                        retried += 1;
                        assert!(retried < 100);
                    }
                    assert!(matches!(handler.handle(&request).await, Outcome::Done { event_ids, .. } if event_ids.is_empty()));
                }
            }));
        }
        for writer in writers {
            writer.await.unwrap();
        }
        // A repeat by an instance that has seen nothing.
        let (late, _) = handler(&server, tier).await;
        assert_eq!(version(&late.handle(&request("deploy", deployed)).await), 2, "{tier:?}");
        let mut log = events(&server.client().await).await;
        // Of two events of one number the first counts; only the lowest tier stores a second one.
        let stored = log.len();
        let mut next = 1;
        log.retain(|record| {
            let counts = record.sequence == next;
            next += u64::from(counts);
            counts
        });
        assert!(first.journal().tier() == Tier::Deduplicated || log.len() == stored, "{tier:?}");
        let deployment: Vec<_> = log.drain(..2).collect();
        assert!(deployment.iter().all(|record| record.command_id.as_deref() == Some("deploy")), "{tier:?}");
        let mut ids: Vec<String> = log.into_iter().filter_map(|record| record.command_id).collect();
        ids.sort();
        let mut wanted: Vec<String> =
            (0..3).flat_map(|writer| (0..20).map(move |number| format!("w{writer}-{number}"))).collect();
        wanted.sort();
        assert_eq!(ids, wanted, "{tier:?}");
    }
}
