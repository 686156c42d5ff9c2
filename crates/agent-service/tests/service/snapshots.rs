//! A state that was kept saves reading, and changes nothing else.

use async_nats::jetstream;
use serde_json::{Value, json};

use crate::common::{Instance, Replies, Server, ask, configure, deploy, eventually};

const EVERY: [(&str, &str); 1] = [("SNAPSHOT_FREQUENCY", "10")];

/// An agent of 36 events, and what was answered about it.
async fn prepared(server: &Server) -> (async_nats::Client, Replies, Value) {
    let mut instance = Instance::start(&server.url(), &EVERY).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    assert_eq!(ask(&client, &replies, "deploy", deploy("a")).await["version"], 1);
    for number in 0..35 {
        let command = configure("a", &format!("k{}", number % 7), number);
        assert_eq!(ask(&client, &replies, &format!("c-{number}"), command).await["version"], number + 2);
    }
    eventually("snapshots", async || (instance.metric("cim_agent_snapshots_total") >= 1).then_some(())).await;
    // The one of version 30, which may come a moment after the outcome.
    let bucket = jetstream::new(client.clone()).get_key_value("AGENT_SNAPSHOTS").await.unwrap();
    eventually("the snapshot of version 30", async || {
        let kept: Value = serde_json::from_slice(&bucket.get("a").await.unwrap()?).unwrap();
        (kept["snapshot"]["version"] == 30).then_some(())
    })
    .await;
    let agent = instance.json("/agents/a")["agent"].clone();
    instance.kill();
    (client, replies, agent)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_without_memory_reads_what_came_after_the_snapshot() {
    let Some(server) = Server::start().await else { return };
    let (client, replies, agent) = prepared(&server).await;
    let instance = Instance::start(&server.url(), &EVERY).await;
    assert_eq!(instance.json("/agents/a")["agent"], agent);
    assert_eq!(instance.metric("cim_agent_replay_events_total"), 6);
    assert_eq!(instance.metric("cim_agent_snapshots_used_total"), 1);
    // A command of before the snapshot is remembered in it.
    crate::common::send(&client, "c-3", configure("a", "k3", 3)).await;
    assert_eq!(ask(&client, &replies, "next", configure("a", "k", 1)).await["version"], 37);
    let repeated = eventually("the repeat's outcome", async || replies.all("c-3").get(1).cloned()).await;
    assert_eq!((&repeated["duplicate"], &repeated["version"]), (&json!(true), &json!(5)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_damaged_snapshot_is_ignored_and_replaced() {
    let Some(server) = Server::start().await else { return };
    let (client, replies, agent) = prepared(&server).await;
    let bucket = jetstream::new(client.clone()).get_key_value("AGENT_SNAPSHOTS").await.unwrap();
    let kept = String::from_utf8(bucket.get("a").await.unwrap().unwrap().to_vec()).unwrap();
    // A state that nobody was ever in.
    let damaged = kept.replace("Deployed", "Suspended");
    assert_ne!(damaged, kept);
    bucket.put("a", damaged.into()).await.unwrap();
    let instance = Instance::start(&server.url(), &EVERY).await;
    assert_eq!(instance.json("/agents/a")["agent"], agent);
    assert_eq!(instance.metric("cim_agent_snapshots_ignored_total"), 1);
    assert_eq!(instance.metric("cim_agent_replay_events_total"), 36);
    for number in 37..=40 {
        let command = configure("a", "k", number);
        assert_eq!(ask(&client, &replies, &format!("d-{number}"), command).await["version"], number);
    }
    eventually("a new snapshot", async || {
        let kept: Value = serde_json::from_slice(&bucket.get("a").await.unwrap()?).ok()?;
        (kept["snapshot"]["version"] == 40).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_each_agent_three_snapshots_are_kept() {
    let Some(server) = Server::start().await else { return };
    let instance = Instance::start(&server.url(), &[("SNAPSHOT_FREQUENCY", "1")]).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    assert_eq!(ask(&client, &replies, "deploy", deploy("a")).await["version"], 1);
    for number in 0..9 {
        ask(&client, &replies, &format!("c-{number}"), configure("a", "k", number)).await;
    }
    let bucket = jetstream::new(client.clone()).get_key_value("AGENT_SNAPSHOTS").await.unwrap();
    eventually("the newest snapshot", async || {
        let kept: Value = serde_json::from_slice(&bucket.get("a").await.unwrap()?).ok()?;
        (kept["snapshot"]["version"] == 10).then_some(())
    })
    .await;
    assert!(instance.metric("cim_agent_snapshots_total") >= 3);
    assert!(bucket.status().await.unwrap().values() <= 3);
}
