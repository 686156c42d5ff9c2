//! The caretaker beside the real network: what it calls is there, and is done.

use std::sync::mpsc::channel;
use std::time::Duration;

use ramanujan_tend::{Caretaker, Job, Options, State};
use ramanujan_tests::Network;
use ramanujan_tests::network::eventually;
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);

#[test]
fn the_caretaker_of_a_network_does_each_job() {
    let mut network = Network::start();
    let (sender, events) = channel();
    let options = Options::new(&network.url()).every(Job::Drain, Duration::from_millis(200));
    let tell = move |event: &ramanujan_tend::Event| {
        let _ = sender.send(event.clone());
    };
    let caretaker = Caretaker::spawn(&options, tell).expect("the address is one");
    for _ in Job::ALL {
        let event = events.recv_timeout(LIMIT).expect("each job is told of");
        assert!(!event.state.is_trouble(), "{event}");
    }
    // A task that is put off is done without anybody asking for it.
    let client = network.client();
    let state = json!({"totals": {"ada": {"p": 3}}});
    let check = json!({"crdt_type": "pn-counter", "states": [state, state]}).to_string();
    let headers = [("prefer", "respond-async"), ("content-type", "application/json")];
    let put_off = client.send("POST", "/crdt/verify", &headers, Some(check.as_bytes()));
    assert_eq!(put_off.status, 202);
    let task = format!("/crdt/cache/task/{}", put_off.json()["task_id"]);
    eventually("the task is done", LIMIT, || (client.get(&task).ok()["state"] == "completed").then_some(()));
    network.kill();
    let event = events.recv_timeout(LIMIT).expect("its end is told of");
    assert_eq!(event.state, State::Failing, "{event}");
    caretaker.join();
}
