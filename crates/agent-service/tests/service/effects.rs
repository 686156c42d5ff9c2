//! Each command has its effect once.

use std::collections::BTreeSet;
use std::time::Duration;

use async_nats::jetstream::consumer::PullConsumer;
use futures_util::StreamExt as _;
use serde_json::json;

use crate::common::{Instance, Replies, Server, check, configure, deploy, events, send, settled, stream};

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_redelivery_and_repeats_give_one_effect_for_each_command() {
    let Some(server) = Server::start().await else { return };
    let instances = [Instance::start(&server.url(), &[]).await, Instance::start(&server.url(), &[]).await];
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    let mut commands: BTreeSet<String> = BTreeSet::new();
    for agent in ["a", "b"] {
        let id = format!("deploy-{agent}");
        send(&client, &id, deploy(agent)).await;
        assert_eq!(replies.outcome(&id).await["status"], "ok");
        commands.insert(id);
    }
    // A third worker takes deliveries and says nothing: the server delivers them again.
    let consumer: PullConsumer = stream(&client).await.get_consumer("agent-workers").await.unwrap();
    let silent = tokio::spawn(async move {
        let mut taken = 0;
        while taken < 20 {
            let mut batch =
                consumer.batch().max_messages(5).expires(Duration::from_secs(5)).messages().await.unwrap();
            while let Some(Ok(_)) = batch.next().await {
                taken += 1;
            }
        }
    });
    let mut number = 0;
    while number < 200 || !silent.is_finished() {
        let id = format!("c-{number}");
        let command =
            configure(if number % 2 == 0 { "a" } else { "b" }, &format!("k{}", number % 90), number);
        send(&client, &id, command.clone()).await;
        if number % 3 == 0 {
            // The sender repeats itself, too.
            send(&client, &id, command).await;
        }
        commands.insert(id);
        number += 1;
        assert!(number < 20_000, "the silent worker gets nothing");
    }
    silent.await.unwrap();
    settled(&client).await;
    check(&events(&client).await, &commands, 1);
    for id in &commands {
        assert_eq!(replies.outcome(id).await["status"], "ok", "{id}");
    }
    let sum = |name: &str| instances.iter().map(|instance| instance.metric(name)).sum::<u64>();
    assert!(sum("cim_agent_redeliveries_total") >= 20, "{}", sum("cim_agent_redeliveries_total"));
    assert!(sum("cim_agent_duplicates_total") >= 60, "{}", sum("cim_agent_duplicates_total"));
    for instance in &instances {
        assert!(
            instance.metric("cim_agent_command_duration_seconds_count") > 0,
            "an instance got no command"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_that_is_killed_under_load_loses_and_doubles_nothing() {
    let Some(server) = Server::start().await else { return };
    // Deaths count as deliveries, and are not the commands' fault.
    let variables = [("MAX_DELIVERIES", "50")];
    let mut instance = Instance::start(&server.url(), &variables).await;
    let client = server.client().await;
    let replies = Replies::of(&client).await;
    let sender = client.clone();
    let sending = tokio::spawn(async move {
        let mut commands = BTreeSet::new();
        for number in 0..300 {
            let (agent, id) = (format!("agent-{number}"), format!("c-{number}"));
            let mut command = deploy(&agent);
            // Two events: all or none.
            command["initial_configuration"] = json!({"number": number});
            send(&sender, &id, command).await;
            commands.insert(id);
            tokio::time::sleep(Duration::from_millis(8)).await;
        }
        commands
    });
    let mut kills = 0;
    while !sending.is_finished() {
        tokio::time::sleep(Duration::from_millis(250)).await;
        instance.kill();
        kills += 1;
        instance = Instance::start(&server.url(), &variables).await;
    }
    assert!(kills >= 3, "{kills}");
    let commands = sending.await.unwrap();
    settled(&client).await;
    check(&events(&client).await, &commands, 2);
    for id in &commands {
        let outcome = replies.outcome(id).await;
        assert_eq!((&outcome["status"], &outcome["version"]), (&json!("ok"), &json!(2)), "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sigterm_under_load_ends_in_good_order_and_the_next_instance_goes_on() {
    let Some(server) = Server::start().await else { return };
    let mut instance = Instance::start(&server.url(), &[("ACK_WAIT", "5s")]).await;
    let client = server.client().await;
    let mut commands = BTreeSet::from(["deploy".to_owned()]);
    send(&client, "deploy", deploy("a")).await;
    // Commands that are under way at once have no order.
    settled(&client).await;
    for number in 0..200 {
        let id = format!("c-{number}");
        send(&client, &id, configure("a", "k", number)).await;
        commands.insert(id);
        if number == 100 {
            assert_eq!(instance.terminate().code(), Some(0));
            assert!(instance.log().contains("Ended"), "{}", instance.log());
            instance = Instance::start(&server.url(), &[("ACK_WAIT", "5s")]).await;
        }
    }
    // What was not begun was given back; one that was on its way to the instance as it ended comes again after ACK_WAIT.
    settled(&client).await;
    check(&events(&client).await, &commands, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_comes_back_with_all_that_was_acknowledged() {
    let Some(mut server) = Server::start().await else { return };
    let instance = Instance::start(&server.url(), &[]).await;
    let client = server.client().await;
    let mut commands = BTreeSet::from(["deploy".to_owned()]);
    send(&client, "deploy", deploy("a")).await;
    // Commands that are under way at once have no order.
    settled(&client).await;
    for number in 0..60 {
        let id = format!("c-{number}");
        send(&client, &id, configure("a", "k", number)).await;
        commands.insert(id);
    }
    server.kill();
    assert_eq!(instance.get("/health").0, 200);
    crate::common::eventually("not ready without NATS", async || {
        (instance.get("/ready").0 == 503).then_some(())
    })
    .await;
    server.restart();
    crate::common::eventually("ready again", async || (instance.get("/ready").0 == 200).then_some(())).await;
    let client = server.client().await;
    send(&client, "last", configure("a", "k", 99)).await;
    commands.insert("last".to_owned());
    settled(&client).await;
    check(&events(&client).await, &commands, 1);
}
