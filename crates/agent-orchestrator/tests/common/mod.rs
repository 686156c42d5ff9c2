//! An orchestrator with its own limits and clock, beside a timeline that can be taken away.

#![allow(dead_code)] // each test file uses its part

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use agent_orchestrator::settings::{Context, Settings};
use agent_orchestrator::topology::Kind;
use http::Method;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::native::{self, Guard, Reply, send, send_with};
use ramanujan_shell::{Info, Service, ok};
use serde_json::{Map, Value, json};

pub(crate) const START: u64 = 1_767_323_045_000;

pub(crate) fn settings() -> Settings {
    Settings {
        max_agents: 12,
        health_timeout: 10_000,
        max_buffer: 3,
        max_message_bytes: 200,
        sync_interval: 5000,
        topology: Kind::Ramanujan3d,
        agent_id: "0".parse().unwrap(),
        has_nats: true,
        deployment: "test".to_owned(),
    }
}

pub(crate) struct World {
    _guard: Guard,
    service: Service,
    clock: Rc<Cell<u64>>,
    /// Events on the timeline by id, and how often each was posted.
    events: Rc<RefCell<BTreeMap<String, (Value, usize)>>>,
    timeline_up: Rc<Cell<bool>>,
    meanwhile: Meanwhile,
}

/// What happens while the timeline records events.
type Meanwhile = Rc<RefCell<Option<Box<dyn Fn()>>>>;

impl World {
    pub(crate) fn new() -> Self {
        World::with(settings())
    }

    pub(crate) fn with(settings: Settings) -> Self {
        World::behind(native::fresh_database(), settings)
    }

    /// A world with the database in a file.
    pub(crate) fn in_file(settings: Settings, file: &std::path::Path) -> Self {
        World::behind(native::database_file(file), settings)
    }

    fn behind(guard: Guard, settings: Settings) -> Self {
        let clock = Rc::new(Cell::new(START));
        let context = Context::fixed(settings, {
            let clock = clock.clone();
            move || clock.get()
        });
        let service = agent_orchestrator::service_in(&context);
        let (events, timeline_up) = (Rc::default(), Rc::new(Cell::new(true)));
        let meanwhile = Meanwhile::default();
        native::mount("interaction-timeline", timeline(&events, &timeline_up, &meanwhile));
        World { _guard: guard, service, clock, events, timeline_up, meanwhile }
    }

    /// A world whose timeline and egraph-service are the real components.
    pub(crate) fn with_real_neighbours() -> Self {
        let world = World::new();
        native::mount("interaction-timeline", interaction_timeline::service());
        native::mount("egraph-service", egraph_service::service());
        world
    }

    pub(crate) fn wait(&self, millis: u64) {
        self.clock.set(self.clock.get() + millis);
    }

    pub(crate) fn timeline_up(&self, up: bool) {
        self.timeline_up.set(up);
    }

    /// Has something happen each time that the timeline records events: after a request's statement, before its reply.
    pub(crate) fn meanwhile(&self, happens: impl Fn() + 'static) {
        *self.meanwhile.borrow_mut() = Some(Box::new(happens));
    }

    pub(crate) fn get(&self, target: &str) -> Reply {
        send(&self.service, Method::GET, target, "")
    }

    pub(crate) fn delete(&self, target: &str) -> Reply {
        send(&self.service, Method::DELETE, target, "")
    }

    pub(crate) fn post(&self, target: &str, body: &Value) -> Reply {
        send(&self.service, Method::POST, target, body.to_string())
    }

    pub(crate) fn post_text(&self, target: &str, body: &str) -> Reply {
        send(&self.service, Method::POST, target, body)
    }

    pub(crate) fn post_with(&self, target: &str, headers: &[(&str, &str)], body: &Value) -> Reply {
        send_with(&self.service, Method::POST, target, headers, body.to_string())
    }

    /// All pages of an agent's history.
    pub(crate) fn history(&self, agent: &str) -> Vec<Value> {
        let (mut events, mut cursor) = (Vec::new(), 0);
        loop {
            let page = self.get(&format!("/agents/{agent}/history?limit=7&cursor={cursor}"));
            assert_eq!(page.status, 200, "{}", page.json);
            events.extend(page.json["events"].as_array().unwrap().iter().cloned());
            match page.json["next_cursor"].as_u64() {
                Some(next) => cursor = next,
                None => return events,
            }
        }
    }

    pub(crate) fn send(&self, method: Method, target: &str) -> Reply {
        send(&self.service, method, target, "")
    }

    pub(crate) fn register(&self, id: &str) -> Reply {
        self.post("/agents/register", &json!({"agent_id": id}))
    }

    /// Events of one type.
    pub(crate) fn events(&self, kind: &str) -> Vec<Value> {
        let events = self.events.borrow();
        events.values().map(|(event, _)| event.clone()).filter(|event| event["type"] == kind).collect()
    }
}

/// The part of the timeline's contract that the orchestrator relies on: idempotent by id, 409 for other content.
fn timeline(
    events: &Rc<RefCell<BTreeMap<String, (Value, usize)>>>,
    up: &Rc<Cell<bool>>,
    meanwhile: &Meanwhile,
) -> Service {
    let (events, up, well, meanwhile) = (events.clone(), up.clone(), up.clone(), meanwhile.clone());
    Service::new(Info {
        component: "interaction-timeline",
        message: "",
        base: "/timeline",
        version: "0",
        constants: Map::new,
    })
    .health_check(move |_| {
        let well = well.get();
        async move { if well { Ok(Map::new()) } else { Err(Problem::new(Code::StoreUnavailable, "away")) } }
    })
    .post("/timeline/events", move |request| {
        let (events, up, meanwhile) = (events.clone(), up.get(), meanwhile.clone());
        async move {
            if !up {
                return Err(Problem::new(Code::StoreUnavailable, "away"));
            }
            let batch: Vec<Value> = request.json()?;
            for (index, mut event) in batch.into_iter().enumerate() {
                let id = event["event_id"].as_str().unwrap_or_default().to_owned();
                assert!(id.len() == 64 && event["agent_id"].is_string() && event["timestamp"].is_string());
                event["timestamp"] = Value::Null;
                let mut events = events.borrow_mut();
                let known = events.entry(id).or_insert_with(|| (event.clone(), 0));
                if known.0 != event {
                    return Err(Problem::new(Code::EventConflict, "other content").with("index", index));
                }
                known.1 += 1;
            }
            if let Some(happens) = meanwhile.borrow().as_ref() {
                happens();
            }
            ok(&json!({}))
        }
    })
}

/// A message as an agent sends it.
pub(crate) fn message(id: &str, kind: &str, sender: u64, receiver: u64) -> Value {
    json!({
        "message_id": id, "msg_type": kind, "sender_id": sender, "receiver_id": receiver,
        "timestamp": "2025-12-21T10:00:00.123+00:00", "payload": {"n": id},
    })
}
