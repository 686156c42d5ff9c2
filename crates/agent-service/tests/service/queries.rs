//! What is answered about agents and their past is the fold of their events.

use ramanujan_agents::life::{Agent, Recorded, at_time, at_version};
use serde_json::{Value, json};

use crate::common::{Instance, Replies, Server, ask, configure, deploy, events};

/// The agent as it is shown.
fn shown(agent: Option<Agent>) -> Value {
    let mut value = serde_json::to_value(agent.unwrap()).unwrap();
    value.as_object_mut().unwrap().remove("commands");
    value
}

#[tokio::test(flavor = "multi_thread")]
async fn at_every_version_and_time_the_answer_is_the_fold() {
    let Some(server) = Server::start().await else { return };
    let instance = Instance::start(&server.url(), &[]).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    assert_eq!(ask(&client, &replies, "deploy", deploy("a")).await["status"], "ok");
    let activate = json!({"type": "ActivateAgent", "agent_id": "a"});
    assert_eq!(ask(&client, &replies, "activate", activate).await["status"], "ok");
    for number in 0..8 {
        let command = configure("a", &format!("k{}", number % 3), number);
        assert_eq!(ask(&client, &replies, &format!("c-{number}"), command).await["version"], number + 3);
        // Two events of one millisecond would be the same time.
        tokio::time::sleep(std::time::Duration::from_millis(3)).await;
    }
    let log: Vec<Recorded> = events(&client).await;
    let query = async |what: &str, body: Value| -> Value {
        let answer = client.request(format!("agent.queries.{what}"), body.to_string().into()).await.unwrap();
        serde_json::from_slice(&answer.payload).unwrap()
    };
    for record in &log {
        let version = record.sequence;
        let wanted = shown(at_version(&log, version).unwrap());
        assert_eq!(query("get.a", json!({"version": version})).await["agent"], wanted);
        assert_eq!(instance.json(&format!("/agents/a?version={version}"))["agent"], wanted);
        let time = record.timestamp.as_str();
        let wanted = shown(at_time(&log, &record.timestamp).unwrap());
        assert_eq!(query("get.a", json!({"at": time})).await["agent"], wanted);
        assert_eq!(instance.json(&format!("/agents/a?at={time}"))["agent"], wanted);
    }
    let newest = shown(at_version(&log, 10).unwrap());
    let answer = client.request("agent.queries.get.a", "".into()).await.unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&answer.payload).unwrap()["agent"], newest);
    let history = query("history.a", json!({"from": 3, "limit": 4})).await;
    assert_eq!(history["events"], serde_json::to_value(&log[2..6]).unwrap());
    assert_eq!(history["next"], 7);
    let rest = instance.json("/agents/a/history?from=7&limit=500");
    assert_eq!((&rest["events"], &rest["next"]), (&serde_json::to_value(&log[6..]).unwrap(), &Value::Null));
}

#[tokio::test(flavor = "multi_thread")]
async fn questions_without_an_answer_say_why() {
    let Some(server) = Server::start().await else { return };
    let instance = Instance::start(&server.url(), &[]).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    assert_eq!(ask(&client, &replies, "deploy", deploy("a")).await["status"], "ok");
    for (path, status, code) in [
        ("/agents/b", 404, "unknown-agent"),
        ("/agents/b/history", 404, "unknown-agent"),
        ("/agents/a?version=2", 404, "no-such-version"),
        ("/agents/a?version=0", 404, "no-such-version"),
        ("/agents/a?at=2020-01-01T00:00:00Z", 404, "no-such-version"),
        ("/agents/a?version=x", 422, "invalid-parameter"),
        ("/agents/a.b", 422, "invalid-parameter"),
        ("/agents?limit=0", 422, "invalid-parameter"),
        ("/agents/a?verison=1", 422, "unknown-parameter"),
        ("/nowhere", 404, "no-such-route"),
    ] {
        let (found, body) = instance.get(path);
        let problem: Value = serde_json::from_str(&body).unwrap();
        assert_eq!((found, &problem["code"]), (status, &json!(code)), "{path}: {body}");
    }
    for (subject, body, code) in [
        ("agent.queries.get.b", "", "NOT_FOUND"),
        ("agent.queries.get.a", "{\"verison\":1}", "VALIDATION"),
        ("agent.queries.get.a", "{\"version\":1,\"at\":\"2026-01-02T03:04:05Z\"}", "VALIDATION"),
        ("agent.queries.nothing", "", "VALIDATION"),
    ] {
        let answer = client.request(subject, body.into()).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.payload).unwrap();
        assert_eq!((&answer["status"], &answer["code"]), (&json!("error"), &json!(code)), "{subject} {body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_is_read_in_pages() {
    let Some(server) = Server::start().await else { return };
    let instance = Instance::start(&server.url(), &[("CACHE_AGENTS", "2")]).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    for agent in ["d", "a", "c", "b", "e"] {
        assert_eq!(ask(&client, &replies, &format!("deploy-{agent}"), deploy(agent)).await["status"], "ok");
    }
    let (mut found, mut after) = (Vec::new(), String::new());
    loop {
        let page = instance.json(&format!("/agents?limit=2{after}"));
        for agent in page["agents"].as_array().unwrap() {
            assert_eq!((&agent["status"], &agent["version"]), (&json!("Deployed"), &json!(1)));
            found.push(agent["agent_id"].as_str().unwrap().to_owned());
        }
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(found, ["a", "b", "c", "d", "e"]);
}
