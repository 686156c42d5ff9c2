//! Sites that know each other, each a network of its own with the variables of `docs/sync.md`, and what tests ask them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};

use crate::fleet::free_ports;
use crate::http::Client;
use crate::network::{Network, Options, eventually};

/// What a site says of a document: its digest, `deleted` where it is, and its version vector.
pub type Said = (String, Value);

/// Addresses on this machine that are free, one for each site: they must know them before they start.
pub fn addresses<const COUNT: usize>() -> [SocketAddr; COUNT] {
    let first = free_ports(COUNT as u16);
    std::array::from_fn(|at| SocketAddr::from(([127, 0, 0, 1], first + at as u16)))
}

/// How a site of this machine is started; `peers` as the variable `sync_peers` has them.
pub fn named(name: &str, address: SocketAddr, peers: &str) -> Options {
    Options { address, variables: variables(name, peers, "http://127.0.0.1:*"), ..Options::default() }
}

/// The variables of a site whose peers are at `hosts`.
pub fn variables(name: &str, peers: &str, hosts: &str) -> Vec<(String, String)> {
    let all = [("site_id", name), ("sync_peers", peers), ("sync_hosts", hosts)];
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec()
}

/// Writes an operation through its stream until it is acknowledged; the reply. With `seq` in `members` it counts once.
///
/// # Panics
/// It is refused for good.
pub fn write(site: &Client, document: &str, agent: &str, operation: &str, members: Value) -> Value {
    let mut body = json!({"operation": operation, "document_id": document, "agent_id": agent});
    let object = body.as_object_mut().expect("an object");
    object.extend(members.as_object().expect("an object").clone());
    let is_blue = ["delete", "decrement"].contains(&operation);
    let path = if is_blue { "/stream/blue/apply" } else { "/stream/red/apply" };
    site.post_until_acknowledged(path, None, &body)
}

/// All pages of a list.
fn pages(site: &Client, path: &str, list: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let reply = patient(site, &format!("{path}limit=1000{cursor}"));
        all.extend(reply[list].as_array().expect("a list").iter().cloned());
        match &reply["next_cursor"] {
            Value::Null => return all,
            next => cursor = format!("&cursor={}", next.to_string().trim_matches('"')),
        }
    }
}

/// The reply of a site that may be too busy for a moment.
fn patient(site: &Client, path: &str) -> Value {
    const LIMIT: Duration = Duration::from_secs(20);
    eventually(path, LIMIT, || site.try_get(path).ok().filter(|reply| reply.status != 503)).ok()
}

/// All documents of a site.
pub fn documents(site: &Client) -> BTreeMap<String, Said> {
    let said = |document: &Value| {
        let text = |name: &str| document[name].as_str().expect("text").to_owned();
        (text("document_id"), (text("digest"), document["vector_clock"].clone()))
    };
    pages(site, "/crdt?", "documents").iter().map(said).collect()
}

/// The deltas of a document by their dots, with their digests.
///
/// # Panics
/// One is there twice.
pub fn deltas(site: &Client, document: &str) -> BTreeMap<String, String> {
    let mut deltas = BTreeMap::new();
    for item in pages(site, &format!("/crdt/{document}/history?"), "items") {
        let dot = format!("{}:{}", item["agent_id"].as_str().expect("an agent"), item["seq"]);
        let digest = item["digest"].as_str().expect("a digest").to_owned();
        assert_eq!(deltas.insert(dot, digest), None, "{document}: twice: {item}");
    }
    deltas
}

/// Events of operations at a site: when each was recorded, in milliseconds since 1970, by its id.
pub fn recorded(site: &Client, millis: impl Fn(&str) -> u64) -> BTreeMap<String, u64> {
    let (mut events, mut after) = (BTreeMap::new(), 0);
    loop {
        let reply = site.get(&format!("/timeline/export?format=ndjson&after={after}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        let before = after;
        for line in reply.body.lines() {
            // The export stops at its time limit; what is no whole line is asked for again.
            let Ok(event) = serde_json::from_str::<Value>(line) else { break };
            after = event["seq"].as_u64().expect("a seq");
            let (id, received) = (event["event_id"].as_str(), event["received"].as_str());
            if event["type"] == "operation" {
                events.insert(id.expect("an id").to_owned(), millis(received.expect("a time")));
            }
        }
        if after == before {
            return events;
        }
    }
}

/// How it stands with a peer, by `GET /sync/status`.
///
/// # Panics
/// It is no peer.
pub fn peer(site: &Client, name: &str) -> Value {
    let status = patient(site, "/sync/status");
    let peers = status["peers"].as_array().expect("peers").iter();
    peers.clone().find(|peer| peer["name"] == name).unwrap_or_else(|| panic!("{name} in {status}")).clone()
}

/// What `/sync/verify` finds with a peer over as many calls as it takes: the ids of all documents compared, and of those
/// that disagree.
///
/// # Panics
/// A call fails for good.
pub fn verified(site: &Client, peer: &str) -> (Vec<String>, Vec<String>) {
    let (mut compared, mut disagree) = (Vec::new(), Vec::new());
    let mut body = json!({"target": peer, "limit": 100});
    loop {
        let reply = site.post_until_acknowledged("/sync/verify", None, &body);
        for document in reply["documents"].as_array().expect("documents") {
            let id = document["document_id"].as_str().expect("an id").to_owned();
            if document["agrees"] != true {
                disagree.push(id.clone());
            }
            compared.push(id);
        }
        if reply["next_cursor"].is_null() {
            compared.sort();
            return (compared, disagree);
        }
        body["cursor"] = reply["next_cursor"].clone();
    }
}

/// Waits until networks hold the same documents in the same versions; what they hold.
///
/// # Panics
/// They do not in time; it says where they differ.
pub fn converge(sites: &[&Network], limit: Duration) -> BTreeMap<String, Said> {
    let clients: Vec<Client> = sites.iter().map(|site| site.client()).collect();
    let deadline = std::time::Instant::now() + limit;
    loop {
        let all: Vec<_> = clients.iter().map(documents).collect();
        if all.iter().all(|documents| *documents == all[0]) {
            return all.into_iter().next().unwrap_or_default();
        }
        if std::time::Instant::now() > deadline {
            for client in &clients {
                eprintln!("{}", client.get("/sync/status").body);
            }
            panic!("not the same within {limit:?}: {all:#?}");
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}
