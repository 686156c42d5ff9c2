//! What can never work is kept where somebody can look at it, and delivered no more.

use async_nats::jetstream;
use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use crate::common::{
    Instance, LIMIT, Replies, Server, ask, configure, deploy, events, send, settled, stream,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_command_becomes_a_dead_letter_and_others_go_on() {
    let Some(server) = Server::start().await else { return };
    let instance = Instance::start(&server.url(), &[]).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    let context = jetstream::new(client.clone());
    let bodies: [&[u8]; 3] =
        [b"{not json", b"\xff\xfe", br#"{"type":"Fly","agent_id":"a","command_id":"fly"}"#];
    let mut ids = Vec::new();
    for body in bodies {
        let stored = context.publish("agent.commands.a.fly", body.into()).await.unwrap().await.unwrap();
        ids.push(format!("AGENT_EVENTS:{}", stored.sequence));
    }
    ids[2] = "fly".into();
    assert_eq!(ask(&client, &replies, "c-1", deploy("a")).await["status"], "ok");
    settled(&client).await;
    let dead = context.get_stream("AGENT_EVENTS_DLQ").await.unwrap();
    for (id, body) in ids.iter().zip(bodies) {
        let letter = dead.get_last_raw_message_by_subject(&format!("agent.dlq.{id}")).await.unwrap();
        assert_eq!(letter.payload, body);
        let header =
            |name: &str| letter.headers.get(name).map(|value| value.as_str().to_owned()).unwrap_or_default();
        assert_eq!((header("Agent-Code").as_str(), header("Agent-Deliveries").as_str()), ("MALFORMED", "1"));
        assert_eq!(header("Agent-Subject"), "agent.commands.a.fly");
        assert!(!header("Agent-Reason").is_empty());
        assert_eq!(replies.outcome(id).await["code"], "MALFORMED");
    }
    assert_eq!(dead.get_info().await.unwrap().state.messages, 3);
    assert_eq!(instance.metric("cim_agent_dead_letters_total"), 3);
    assert_eq!(events(&client).await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_cannot_be_folded_stops_its_agent_alone() {
    let Some(server) = Server::start().await else { return };
    let _instance = Instance::start(&server.url(), &[]).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    let context = jetstream::new(client.clone());
    // Somebody else writes what does not follow.
    let event = json!({
        "aggregate_id": "broken", "sequence": 7, "timestamp": "2026-01-02T03:04:05Z", "schema": 1,
        "event": {"type": "AgentActivated", "agent_id": "broken", "activated_at": "2026-01-02T03:04:05Z"},
    });
    context.publish("agent.events.broken.activated", event.to_string().into()).await.unwrap().await.unwrap();
    let outcome = ask(&client, &replies, "c-1", configure("broken", "k", 1)).await;
    assert_eq!((&outcome["status"], &outcome["code"]), (&json!("error"), &json!("INTERNAL")));
    assert_eq!(ask(&client, &replies, "c-2", deploy("a")).await["status"], "ok");
    settled(&client).await;
    let dead = context.get_stream("AGENT_EVENTS_DLQ").await.unwrap();
    let letter = dead.get_last_raw_message_by_subject("agent.dlq.c-1").await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&letter.payload).unwrap()["type"], "UpdateConfiguration");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_command_is_answered_and_no_dead_letter() {
    let Some(server) = Server::start().await else { return };
    let instance = Instance::start(&server.url(), &[]).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    let activate = json!({"type": "ActivateAgent", "agent_id": "a"});
    assert_eq!(ask(&client, &replies, "c-1", activate.clone()).await["code"], "NOT_FOUND");
    assert_eq!(ask(&client, &replies, "c-2", deploy("a")).await["version"], 1);
    assert_eq!(ask(&client, &replies, "c-3", activate.clone()).await["version"], 2);
    assert_eq!(ask(&client, &replies, "c-4", activate.clone()).await["code"], "INVALID_TRANSITION");
    let context = jetstream::new(client.clone());
    let mut body = activate.clone();
    body["command_id"] = json!("c-5");
    context.publish("agent.commands.other.activate", body.to_string().into()).await.unwrap().await.unwrap();
    assert_eq!(replies.outcome("c-5").await["code"], "SUBJECT_MISMATCH");
    // The outcome also goes where the sender waits, and nowhere else that it may name.
    let inbox = client.new_inbox();
    let mut waiting = client.subscribe(inbox.clone()).await.unwrap();
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Agent-Reply-To", inbox.as_str());
    body["command_id"] = json!("c-6");
    client.flush().await.unwrap();
    context
        .publish_with_headers("agent.commands.a.activate", headers, body.to_string().into())
        .await
        .unwrap()
        .await
        .unwrap();
    let told = waiting.next().await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&told.payload).unwrap()["command_id"], "c-6");
    send(&client, "c-2", deploy("a")).await;
    settled(&client).await;
    assert_eq!(instance.metric("cim_agent_dead_letters_total"), 0);
    assert_eq!(events(&client).await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_command_whose_deliveries_all_break_off_becomes_a_dead_letter() {
    let Some(server) = Server::start().await else { return };
    // Makes the consumer.
    drop(Instance::start(&server.url(), &[]).await);
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    send(&client, "c-1", deploy("a")).await;
    // Whoever takes it falls silent, as if the command had killed it.
    let consumer: PullConsumer = stream(&client).await.get_consumer("agent-workers").await.unwrap();
    for delivery in 1..=2 {
        let mut batch = consumer.batch().max_messages(1).expires(LIMIT).messages().await.unwrap();
        let message = batch.next().await.unwrap().unwrap();
        assert_eq!(message.info().unwrap().delivered, delivery);
    }
    let _instance = Instance::start(&server.url(), &[("MAX_DELIVERIES", "2")]).await;
    assert_eq!(replies.outcome("c-1").await["code"], "UNAVAILABLE");
    settled(&client).await;
    let dead = jetstream::new(client.clone()).get_stream("AGENT_EVENTS_DLQ").await.unwrap();
    let letter = dead.get_last_raw_message_by_subject("agent.dlq.c-1").await.unwrap();
    assert_eq!(letter.headers.get("Agent-Deliveries").unwrap().as_str(), "3");
    assert_eq!(events(&client).await.len(), 0);
}
