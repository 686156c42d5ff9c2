//! The state of the log at some size: what its events come to, counted.

use ramanujan_core::Color;
use ramanujan_timeline::row::color_of;
use serde_json::{Map, Value, json};

/// Most event types in a summary, the most frequent first.
pub const MAX_TYPES: usize = 50;

/// A part of the state that is a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum List {
    Types,
    Origins,
    Documents,
}

impl List {
    /// All of them.
    pub const ALL: [Self; 3] = [List::Types, List::Origins, List::Documents];

    /// Its name in requests and replies.
    pub fn name(self) -> &'static str {
        match self {
            List::Types => "types",
            List::Origins => "origins",
            List::Documents => "documents",
        }
    }

    /// The list of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.name() == name)
    }
}

/// Events by colour and type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// In the order of [`Color::ALL`].
    by_color: [u64; 3],
    uncolored: u64,
    types: Vec<(String, u64)>,
}

impl Counts {
    /// Counts `events` more of a type and a colour as stored; any number that is no colour stands for none. Those of one
    /// type are counted one after the other.
    pub fn add(&mut self, kind: String, color: i64, events: u64) {
        let place = Color::ALL.iter().position(|known| color_of(color) == Some(*known));
        *place.map_or(&mut self.uncolored, |place| &mut self.by_color[place]) += events;
        match self.types.last_mut() {
            Some((last, count)) if *last == kind => *count += events,
            _ => self.types.push((kind, events)),
        }
    }

    /// The members of a reply: by colour, by type with the most frequent first, and how many types there are.
    pub fn members(self) -> Map<String, Value> {
        let mut by_color = Map::new();
        for (color, events) in Color::ALL.iter().zip(self.by_color) {
            by_color.insert(color.as_str().to_owned(), events.into());
        }
        let distinct = self.types.len();
        let mut types = self.types;
        types.sort_unstable_by(|(a, n), (b, m)| m.cmp(n).then_with(|| a.cmp(b)));
        types.truncate(MAX_TYPES);
        let mut by_type = Map::new();
        for (kind, events) in types {
            by_type.insert(kind, events.into());
        }
        let mut members = Map::new();
        members.insert("by_color".into(), by_color.into());
        members.insert("uncolored".into(), self.uncolored.into());
        members.insert("types".into(), distinct.into());
        members.insert("by_type".into(), by_type.into());
        members
    }
}

/// Which replicas of a document there are, by what they reported last.
#[derive(Clone, Debug, Default)]
pub struct Replicas {
    /// How many agents reported a fingerprint.
    pub agents: u64,
    /// How many different ones were their last.
    pub fingerprints: u64,
    /// The greatest of these.
    pub fingerprint: String,
}

/// A document of the list of documents.
pub fn document(name: &str, events: u64, replicas: Option<&Replicas>) -> Value {
    let mut item = json!({"document_id": name, "events": events, "replicas": 0, "fingerprints": 0,
        "converged": null, "fingerprint": null});
    if let Some(replicas) = replicas {
        item["replicas"] = replicas.agents.into();
        item["fingerprints"] = replicas.fingerprints.into();
        item["converged"] = (replicas.fingerprints == 1).into();
        if replicas.fingerprints == 1 {
            item["fingerprint"] = replicas.fingerprint.as_str().into();
        }
    }
    item
}

/// A number of events for each colour.
#[cfg(not(target_family = "wasm"))]
#[derive(Clone, Copy, Debug)]
pub struct ByColor;

#[cfg(not(target_family = "wasm"))]
impl schemars::JsonSchema for ByColor {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ByColor".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let names = Color::ALL.map(Color::as_str);
        let count = json!({"type": "integer", "minimum": 0});
        let members: Map<String, Value> =
            names.iter().map(|name| ((*name).to_owned(), count.clone())).collect();
        schemars::json_schema!({"type": "object", "properties": members, "required": names})
    }
}
