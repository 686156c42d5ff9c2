//! Sites that are whole: each with a database of its own, crdt-service, interaction-timeline and transduction-2tdx, written to
//! through the streams as clients do.

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use ramanujan_shell::native::site::{Site, silence};
use ramanujan_shell::native::{Reply, mount, send, set_variable};
use ramanujan_shell::{Info, Request, Response, Service};
use serde_json::{Value, json};

/// A site under a name, reached at `NAME.example:3000`.
#[derive(Clone)]
pub(crate) struct Node {
    pub(crate) name: &'static str,
    pub(crate) site: Site,
}

impl Node {
    /// A site with these peers, in the form of `SYNC_PEERS` but without addresses: `porto;pull;notes-*`.
    pub(crate) fn new(name: &'static str, peers: &[&str]) -> Self {
        Node::with(name, peers, Site::new())
    }

    pub(crate) fn with(name: &'static str, peers: &[&str], site: Site) -> Self {
        let node = Node { name, site };
        let address = |peer: &&str| {
            let (name, rest) = peer.split_once(';').unwrap_or((peer, ""));
            format!("{name}=http://{name}.example:3000;{rest}")
        };
        let peers: Vec<String> = peers.iter().map(address).collect();
        node.site.within(|| {
            mount("crdt-service", crdt_service::service());
            mount("interaction-timeline", interaction_timeline::service());
            mount("transduction-2tdx", transduction_2tdx::service());
        });
        node.set("SITE_ID", name);
        node.set("SYNC_PEERS", peers.join(","));
        node.set("SYNC_INTERVAL_MS", 10);
        node.set("SYNC_BACK_OFF_MS", 1);
        node.set("SYNC_LONGEST_BACK_OFF_MS", 20);
        node.set("MAX_LATENCY_MS", 60_000);
        node.come_back();
        node
    }

    pub(crate) fn set(&self, name: &str, value: impl ToString) {
        self.site.within(|| set_variable(name, value));
    }

    pub(crate) fn go_away(&self) {
        silence(&self.authority());
    }

    pub(crate) fn come_back(&self) {
        self.site.listen(&self.authority(), "transduction-2tdx");
    }

    pub(crate) fn authority(&self) -> String {
        format!("{}.example:3000", self.name)
    }

    pub(crate) fn ask(&self, method: Method, path: &str, body: &Value) -> Reply {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.site.within(|| send(&transduction_2tdx::service(), method, path, text))
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        let reply = self.ask(Method::POST, path, body);
        assert_eq!(reply.status, 200, "{} {path} {body}: {}", self.name, reply.json);
        reply.json
    }

    pub(crate) fn get(&self, path: &str) -> Value {
        let reply = self.ask(Method::GET, path, &Value::Null);
        assert_eq!(reply.status, 200, "{} {path}: {}", self.name, reply.json);
        reply.json
    }

    /// A round with all that are due.
    pub(crate) fn sync(&self) -> Value {
        self.post("/sync", &json!({"operation": "sync"}))
    }

    /// A round with one peer.
    pub(crate) fn sync_with(&self, peer: &str) -> Value {
        self.post("/sync", &json!({"target": peer}))
    }

    /// What crdt-service answers.
    pub(crate) fn crdt(&self, method: Method, path: &str, body: &Value) -> Reply {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.site.within(|| send(&crdt_service::service(), method, path, text))
    }

    /// Writes as a client does: through the stream of the operation's colour.
    pub(crate) fn write(&self, document: &str, agent: &str, operation: &str, members: Value) -> Value {
        let mut body = json!({"operation": operation, "document_id": document, "agent_id": agent});
        body.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        let is_blue = ["delete", "decrement"].contains(&operation);
        let service = if is_blue { stream_blue::service() } else { stream_red::service() };
        let path = if is_blue { "/stream/blue/apply" } else { "/stream/red/apply" };
        let reply = self.site.within(|| send(&service, Method::POST, path, body.to_string()));
        assert_eq!(reply.status, 200, "{}", reply.json);
        reply.json
    }

    pub(crate) fn insert(&self, document: &str, agent: &str, position: u64, text: &str) {
        self.write(document, agent, "insert", json!({"position": position, "value": text}));
    }

    pub(crate) fn increment(&self, document: &str, agent: &str, amount: u64) {
        self.write(document, agent, "increment", json!({"value": amount}));
    }

    /// Digest of each document; none of one that is not there.
    pub(crate) fn digest(&self, document: &str) -> Option<String> {
        let reply = self.crdt(Method::GET, &format!("/crdt/{document}"), &Value::Null);
        match reply.status {
            200 => Some(reply.json["digest"].as_str().unwrap().to_owned()),
            404 => None,
            410 => Some("deleted".to_owned()),
            status => panic!("{document}: {status} {}", reply.json),
        }
    }

    /// The events of a document by their ids, without what each timeline says for itself.
    pub(crate) fn events(&self, document: &str) -> BTreeMap<String, Value> {
        let path = format!("/timeline/query?document={document}&limit=1000");
        let reply = self.site.within(|| send(&interaction_timeline::service(), Method::GET, &path, ""));
        assert_eq!(reply.status, 200, "{}", reply.json);
        let own = ["timestamp", "seq", "received", "origin_seq"];
        let event = |event: &Value| {
            let mut event = event.clone();
            let members = event.as_object_mut().unwrap();
            own.iter().for_each(|name| {
                members.remove(*name);
            });
            (event["event_id"].as_str().unwrap().to_owned(), event)
        };
        reply.json["events"].as_array().unwrap().iter().map(event).collect()
    }

    /// Those of operations.
    pub(crate) fn operations(&self, document: &str) -> BTreeMap<String, Value> {
        let mut events = self.events(document);
        events.retain(|_, event| event["type"] == "operation");
        events
    }

    /// Statements on its database.
    pub(crate) fn kinds(&self) -> BTreeSet<String> {
        let log = self.get("/sync/log?limit=1000");
        let entries = log["entries"].as_array().unwrap();
        entries.iter().map(|entry| entry["kind"].as_str().unwrap().to_owned()).collect()
    }
}

/// Rounds until nobody has anything new; fails if that takes more of them than it may.
pub(crate) fn settle(nodes: &[&Node], most: usize) {
    for _ in 0..most {
        std::thread::sleep(std::time::Duration::from_millis(12));
        let moved = nodes.iter().map(|node| node.sync()).filter(|reply| {
            let left = reply["degraded"] == true;
            left || reply["deltas_received"] != 0 || reply["deltas_sent"] != 0
        });
        if moved.count() == 0 {
            return;
        }
    }
    panic!("not settled after {most} rounds");
}

/// A service under the name of crdt-service, for those that do some of what it does.
pub(crate) fn bare_crdt_service() -> Service {
    Service::new(Info {
        component: "crdt-service",
        message: "",
        base: "/crdt",
        version: "0",
        constants: serde_json::Map::new,
    })
}

/// What crdt-service itself answers.
pub(crate) async fn pass_to_crdt_service(request: Request) -> Response {
    let (parts, body) = (request.parts, request.body);
    crdt_service::service().handle(Request::new(http::Request::from_parts(parts, body))).await
}
