//! What a component's `api.json` says.

use std::collections::BTreeMap;

use ramanujan_tests::network::root;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The file `crates/<component>/api.json`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fragment {
    /// What the component is for, for someone who calls it; Markdown.
    pub description: String,
    /// Schemas beside those of the types, by name. A schema refers to another of the component as
    /// `#/components/schemas/NAME`, whatever it is made from.
    #[serde(default)]
    pub schemas: BTreeMap<String, Value>,
    /// By method and pattern, as the component's own description lists them. The base and its health may be left out:
    /// what they add to every component's is then nothing.
    pub routes: BTreeMap<String, Operation>,
    /// Requests that are sent one after the other to a fresh network.
    pub examples: Vec<Example>,
}

/// A route.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Operation {
    /// What it does, in a line.
    pub summary: String,
    /// What the line leaves out; Markdown.
    #[serde(default)]
    pub description: Option<String>,
    /// The parameters of the pattern: schemas with a `description`.
    #[serde(default)]
    pub path: BTreeMap<String, Value>,
    /// The query's: schemas with a `description`, and with `required: true` where they must be there.
    #[serde(default)]
    pub query: BTreeMap<String, Value>,
    /// Headers that the route reads, as `query`.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The schema of a JSON body.
    #[serde(default)]
    pub body: Option<Value>,
    /// Schemas of bodies of other media types; `{}` for bytes.
    #[serde(default)]
    pub bodies: BTreeMap<String, Value>,
    /// Whether the route works without a body too.
    #[serde(default)]
    pub body_optional: bool,
    /// The schema of what stands beside `status: "ok"` in the reply.
    #[serde(default)]
    pub ok: Option<Value>,
    /// The schema of the whole JSON reply, where it has no `status: "ok"`.
    #[serde(default)]
    pub reply: Option<Value>,
    /// Schemas of replies of other media types; `{}` for bytes.
    #[serde(default)]
    pub replies: BTreeMap<String, Value>,
    /// Other statuses that are no problem, e.g. 304, and what they mean.
    #[serde(default)]
    pub statuses: BTreeMap<u16, String>,
    /// Codes of the problems that a caller of this route meets; `code@status` where two have one name.
    #[serde(default)]
    pub problems: Vec<String>,
}

/// A request, and what comes back.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// Unique in the component; words with hyphens.
    pub name: String,
    /// A key of `routes`.
    pub route: String,
    /// Values of the pattern's parameters. Here and below, `{{NAME/pointer}}` in a text is what the JSON pointer finds in
    /// the reply to the earlier example NAME.
    #[serde(default)]
    pub path: Map<String, Value>,
    /// Values of the query's parameters.
    #[serde(default)]
    pub query: Map<String, Value>,
    #[serde(default)]
    pub headers: BTreeMap<String, String>,
    /// A JSON body; a text where `media` says that it is something else.
    #[serde(default)]
    pub body: Option<Value>,
    /// The body's media type.
    #[serde(default)]
    pub media: Option<String>,
    /// The body's bytes, as base64.
    #[serde(default)]
    pub base64: Option<String>,
    /// The reply's status.
    #[serde(default = "ok")]
    pub status: u16,
    /// What the JSON reply must have: of an object the members given, of anything else all of it. For a problem at least
    /// its code.
    #[serde(default)]
    pub reply: Option<Value>,
    /// What the text of a reply in another media type must contain.
    #[serde(default)]
    pub contains: Option<String>,
}

fn ok() -> u16 {
    200
}

/// Whether a value is decided by an earlier reply.
pub fn depends(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains("{{"),
        Value::Array(items) => items.iter().any(depends),
        Value::Object(members) => members.values().any(depends),
        _ => false,
    }
}

/// Reads a component's description.
///
/// # Panics
/// It is not there, or not of this form.
pub fn read(component: &str) -> Fragment {
    let path = root().join("crates").join(component).join("api.json");
    let text = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
