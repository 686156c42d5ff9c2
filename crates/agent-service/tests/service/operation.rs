//! What an operator meets.

use std::process::Command;
use std::time::Duration;

use async_nats::jetstream;
use async_nats::jetstream::stream::{Config, RetentionPolicy, StorageType};
use futures_util::StreamExt as _;
use ramanujan_tests::skip;
use serde_json::{Value, json};

use crate::common::{Instance, Replies, Server, ask, check, deploy, events, eventually, version_of};

#[tokio::test(flavor = "multi_thread")]
async fn the_stream_is_made_as_promised() {
    let Some(server) = Server::start().await else { return };
    let _instance = Instance::start(&server.url(), &[]).await;
    let client = server.client().await;
    let version = version_of(&client);
    let context = jetstream::new(client);
    let config = context.get_stream("AGENT_EVENTS").await.unwrap().cached_info().config.clone();
    assert_eq!(config.subjects, ["agent.commands.>", "agent.events.>"]);
    assert_eq!(
        (config.storage, config.retention, config.num_replicas),
        (StorageType::File, RetentionPolicy::Limits, 1)
    );
    assert_eq!(
        (config.max_age, config.duplicate_window),
        (Duration::from_secs(31_536_000), Duration::from_secs(120))
    );
    assert_eq!((config.max_messages, config.max_bytes, config.max_messages_per_subject), (-1, -1, -1));
    let extra = (config.allow_direct, config.allow_message_ttl, config.allow_atomic_publish);
    assert_eq!(extra, (true, version >= (2, 11), version >= (2, 12)));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_stream_of_the_name_is_refused_with_the_difference() {
    let Some(server) = Server::start().await else { return };
    let context = jetstream::new(server.client().await);
    let config = Config {
        name: "AGENT_EVENTS".into(),
        subjects: vec!["agent.events.>".into()],
        retention: RetentionPolicy::WorkQueue,
        ..Config::default()
    };
    context.create_stream(config).await.unwrap();
    let ended = Command::new(env!("CARGO_BIN_EXE_agent-service"))
        .env("NATS_URL", server.url())
        .env("HTTP_LISTEN", "127.0.0.1:0")
        .output()
        .unwrap();
    assert_eq!(ended.status.code(), Some(1));
    let error = String::from_utf8(ended.stderr).unwrap();
    for says in ["AGENT_EVENTS", "subjects is agent.events.>", "retention is WorkQueue", "STREAM_NAME"] {
        assert!(error.contains(says), "{says} is not in {error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_made_by_hand_serves_with_what_it_has() {
    let Some(server) = Server::start().await else { return };
    let client = server.client().await;
    let config = Config {
        name: "AGENT_EVENTS".into(),
        subjects: vec!["agent.commands.>".into(), "agent.events.>".into()],
        max_age: Duration::from_secs(31_536_000),
        ..Config::default()
    };
    jetstream::new(client.clone()).create_stream(config).await.unwrap();
    let instance = Instance::start(&server.url(), &[]).await;
    assert!(instance.log().contains("allow_msg_ttl is false"), "{}", instance.log());
    let replies = Replies::of(&client).await;
    let mut command = deploy("a");
    command["initial_configuration"] = json!({"k": 1});
    assert_eq!(ask(&client, &replies, "c-1", command).await["version"], 2);
    check(&events(&client).await, &["c-1".to_owned()].into(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn events_stay_when_commands_are_too_old() {
    let Some(server) = Server::start().await else { return };
    let client = server.client().await;
    if version_of(&client) < (2, 11) {
        return skip::cannot("messages without an age", "nats-server from 2.11 on");
    }
    let replies = Replies::of(&client).await;
    let variables = [("STREAM_MAX_AGE", "2s"), ("DUPLICATE_WINDOW", "1s"), ("CACHE_AGENTS", "1")];
    let mut instance = Instance::start(&server.url(), &variables).await;
    assert_eq!(ask(&client, &replies, "c-1", deploy("a")).await["version"], 1);
    let stream = crate::common::stream(&client).await;
    eventually("the command is gone", async || {
        stream.get_last_raw_message_by_subject("agent.commands.>").await.is_err().then_some(())
    })
    .await;
    // Another memory, so that it must read.
    instance.kill();
    let _instance = Instance::start(&server.url(), &variables).await;
    let activate = json!({"type": "ActivateAgent", "agent_id": "a"});
    assert_eq!(ask(&client, &replies, "c-2", activate).await["version"], 2);
    check(&events(&client).await, &["c-1".to_owned(), "c-2".to_owned()].into(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_nats_it_lives_and_is_not_ready_until_there_is_one() {
    let Some(mut server) = Server::start().await else { return };
    server.kill();
    let instance = Instance::begin(&server.url(), &[]).await;
    let check = |what: &str| {
        let argument = format!("--healthcheck={what}");
        let mut command = Command::new(env!("CARGO_BIN_EXE_agent-service"));
        command.args(["--http-listen", instance.address(), &argument]).output().unwrap().status.code()
    };
    assert_eq!(
        (instance.get("/health").0, instance.get("/ready").0, instance.get("/agents").0),
        (200, 503, 503)
    );
    assert_eq!((check("health"), check("ready")), (Some(0), Some(1)));
    server.restart();
    eventually("ready", async || (instance.get("/ready").0 == 200).then_some(())).await;
    assert_eq!(check("ready"), Some(0));
    for phrase in ["Starting agent service...", "Connected to NATS"] {
        assert!(instance.log().contains(phrase), "{phrase}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn in_core_mode_the_outcome_is_the_second_reply() {
    let Some(server) = Server::start().await else { return };
    let mut instance =
        Instance::start(&server.url(), &[("COMMAND_MODE", "core"), ("LOG_FORMAT", "json")]).await;
    let client = server.client().await;
    let inbox = client.new_inbox();
    let mut replies = client.subscribe(inbox.clone()).await.unwrap();
    client.publish_with_reply("agent.commands.deploy", inbox, deploy("a").to_string().into()).await.unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        let reply = tokio::time::timeout(crate::common::LIMIT, replies.next()).await.unwrap().unwrap();
        told.push(serde_json::from_slice::<Value>(&reply.payload).unwrap());
    }
    // One is JetStream's own, because the stream keeps the command too.
    assert!(told.iter().any(|reply| reply["stream"] == "AGENT_EVENTS"), "{told:?}");
    assert!(told.iter().any(|reply| reply["status"] == "ok" && reply["version"] == 1), "{told:?}");
    assert_eq!(instance.terminate().code(), Some(0));
    for line in instance.log().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(
            line["level"].is_string() && line["message"].is_string() && line["target"].is_string(),
            "{line}"
        );
    }
}

/// What the service and a client of it need, and no more. A service that is the same in every other respect.
const PERMISSIONS: &str = r#"
authorization {
  users = [
    { user: service, password: s3cret, permissions: {
        publish: ["agent.events.>", "agent.replies.>", "agent.dlq.>", "$KV.AGENT_SNAPSHOTS.>", "$JS.API.>", "$JS.ACK.>", "_INBOX.>"]
        subscribe: ["agent.commands.>", "agent.queries.>", "_INBOX.>"] } }
    { user: client, password: s3cret, permissions: {
        publish: ["agent.commands.>", "agent.queries.>", "$JS.API.>"]
        subscribe: ["agent.replies.>", "agent.events.>", "_INBOX.>"] } }
  ]
}
"#;

#[tokio::test(flavor = "multi_thread")]
async fn the_rights_that_are_documented_are_enough_and_a_wrong_password_is_told() {
    let Some(server) = Server::with(PERMISSIONS).await else { return };
    let docs = std::fs::read_to_string(ramanujan_tests::network::root().join("docs/agents.md")).unwrap();
    for line in PERMISSIONS
        .lines()
        .map(str::trim)
        .filter(|line| line.starts_with("publish") || line.starts_with("subscribe"))
    {
        let rights = line.trim_end_matches(" } }");
        assert!(docs.contains(rights), "docs/agents.md does not say {rights}");
    }
    let wrong = Command::new(env!("CARGO_BIN_EXE_agent-service"))
        .envs([("NATS_URL", server.url().as_str()), ("HTTP_LISTEN", "127.0.0.1:0")])
        .envs([("NATS_USER", "service"), ("NATS_PASSWORD", "wrong")])
        .output()
        .unwrap();
    assert_eq!(wrong.status.code(), Some(1));
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("NATS_PASSWORD"));
    let user = [("NATS_USER", "service"), ("NATS_PASSWORD", "s3cret"), ("SNAPSHOT_FREQUENCY", "1")];
    let instance = Instance::start(&server.url(), &user).await;
    let options = async_nats::ConnectOptions::with_user_and_password("client".into(), "s3cret".into());
    let client = options.connect(server.url()).await.unwrap();
    let replies = Replies::of(&client).await;
    assert_eq!(ask(&client, &replies, "c-1", deploy("a")).await["version"], 1);
    let answer = client.request("agent.queries.get.a", "".into()).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer.payload).unwrap()["agent"]["version"], 1);
    let context = jetstream::new(client.clone());
    context.publish("agent.commands.a.fly", "{".into()).await.unwrap().await.unwrap();
    eventually("a dead letter", async || {
        (instance.metric("cim_agent_dead_letters_total") == 1).then_some(())
    })
    .await;
    eventually("a snapshot", async || (instance.metric("cim_agent_snapshots_total") == 1).then_some(()))
        .await;
    // A client writes no events.
    let event = context.publish("agent.events.a.activated", "{}".into()).await.unwrap().await;
    assert!(event.is_err(), "{event:?}");
}
