//! Sends the examples of the descriptions to a running network and holds the replies against the document.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use boon::{Compiler, Schemas};
use ramanujan_tests::{Client, Reply};
use serde_json::{Map, Value};

use crate::document::{pattern_parameters, template};
use crate::fragment::{Example, depends};
use crate::parts::Part;
use crate::schemas::strict;

/// Where the compiler looks for the two forms of the document.
const DOCUMENT: &str = "http://ramanujan/openapi.json";
pub(crate) const STRICT: &str = "http://ramanujan/strict.json";
/// Of a refused body so many characters are shown.
const MAX_ASKED: usize = 200;
/// Longer replies are not kept in the document, in bytes.
const MAX_KEPT: usize = 4096;

/// What an example was answered.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The path of the document.
    pub path: String,
    /// In lower case.
    pub method: String,
    /// The example's name.
    pub name: String,
    pub status: u16,
    pub media_type: String,
    /// The reply, where it can stand in the document.
    pub value: Option<Value>,
    /// Of a refusal, what was asked, in short.
    pub asked: Option<String>,
    /// What was sent in the place of a value that an earlier reply decides: the parameter's name, or `None` for the body,
    /// with the value.
    pub sent: Vec<(Option<String>, Value)>,
}

/// The values of an example that earlier replies decide, as they were sent.
fn decided(example: &Example, replies: &BTreeMap<&str, Value>) -> Vec<(Option<String>, Value)> {
    let parameters =
        example.path.iter().chain(&example.query).map(|(name, value)| (Some(name.clone()), value.clone()));
    let headers =
        example.headers.iter().map(|(name, value)| (Some(name.clone()), Value::from(value.clone())));
    let body = example.body.iter().map(|body| (None, body.clone()));
    let all = parameters.chain(headers).chain(body).filter(|(_, value)| depends(value));
    all.map(|(name, value)| (name, filled(&value, replies))).collect()
}

/// Validates values against schemas of the document.
pub struct Checker<'a> {
    document: &'a Value,
    compiler: Compiler,
    schemas: Schemas,
}

impl<'a> Checker<'a> {
    /// A checker of this document.
    ///
    /// # Panics
    /// The compiler does not take it.
    pub fn new(document: &'a Value) -> Self {
        let mut compiler = Compiler::new();
        for (at, resource) in [(DOCUMENT, document.clone()), (STRICT, strict(document))] {
            compiler.add_resource(at, resource).expect("the document is a resource");
        }
        Checker { document, compiler, schemas: Schemas::new() }
    }

    /// What is wrong with a value, `None` if nothing is.
    pub(crate) fn complaint(&mut self, base: &str, steps: &[&str], value: &Value) -> Option<String> {
        let pointer: String =
            steps.iter().map(|step| format!("/{}", step.replace('~', "~0").replace('/', "~1"))).collect();
        let fragment: String = form_urlencoded::byte_serialize(pointer.as_bytes()).collect();
        let fragment = fragment.replace("%2F", "/").replace('+', "%20");
        let index = self.compiler.compile(&format!("{base}#{fragment}"), &mut self.schemas);
        let index = index.unwrap_or_else(|error| panic!("{pointer}: {error:#}"));
        self.schemas.validate(value, index).err().map(|error| format!("{error:#}"))
    }
}

/// Sends the examples of all parts, in their order, and asserts that each is answered as it says and as the document says.
///
/// # Panics
/// One is not; the message says which and why.
pub fn run(client: &Client, parts: &[Part], document: &Value) -> Vec<Answer> {
    let mut checker = Checker::new(document);
    let mut answers = Vec::new();
    let mut failures = Vec::new();
    for part in parts {
        let mut replies: BTreeMap<&str, Value> = BTreeMap::new();
        for example in &part.fragment.examples {
            let shown = format!("{}: {} ({})", part.component, example.name, example.route);
            assert!(part.routes.contains(&example.route), "{shown}: no such route");
            let reply = send(client, example, &replies);
            let (answer, complaints) = check(&mut checker, example, &replies, &reply);
            failures.extend(
                complaints
                    .into_iter()
                    .map(|complaint| format!("{shown}: {complaint}\n    reply: {}", cut(&reply))),
            );
            let value = serde_json::from_str(&reply.body).unwrap_or_else(|_| reply.body.clone().into());
            assert!(replies.insert(&example.name, value).is_none(), "{shown}: the name is given twice");
            answers.push(answer);
        }
    }
    assert!(
        failures.is_empty(),
        "{} examples are answered in another way:\n{}",
        failures.len(),
        failures.join("\n")
    );
    answers
}

fn cut(reply: &Reply) -> String {
    let body: String = reply.body.chars().take(1500).collect();
    format!("{} {} {body}", reply.status, reply.media_type)
}

fn send(client: &Client, example: &Example, replies: &BTreeMap<&str, Value>) -> Reply {
    let (method, pattern) = example.route.split_once(' ').expect("a route is a method and a pattern");
    let target = target(pattern, example, replies);
    let json = "application/json".to_owned();
    let body = match (&example.base64, &example.body) {
        (Some(text), _) => {
            let text = filled_text(text, replies);
            Some(STANDARD.decode(&text).unwrap_or_else(|error| panic!("{}: {error}: {text}", example.name)))
        }
        (None, Some(Value::String(text))) if example.media.is_some() => {
            Some(filled_text(text, replies).into_bytes())
        }
        (None, Some(value)) => Some(filled(value, replies).to_string().into_bytes()),
        (None, None) => None,
    };
    let mut headers: Vec<(String, String)> =
        example.headers.iter().map(|(name, value)| (name.clone(), filled_text(value, replies))).collect();
    if body.is_some() {
        headers.push(("content-type".into(), example.media.clone().unwrap_or_else(|| json.clone())));
    }
    if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("accept")) {
        headers.push(("accept".into(), json));
    }
    let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    client.send(method, &target, &headers, body.as_deref())
}

fn target(pattern: &str, example: &Example, replies: &BTreeMap<&str, Value>) -> String {
    let mut path = pattern.to_owned();
    for name in pattern_parameters(&example.route) {
        let value =
            example.path.get(name).unwrap_or_else(|| panic!("{}: {name} is missing in path", example.name));
        let value = plain(&filled(value, replies));
        path = path.replace(&format!("{{{name}}}"), &value).replace(&format!("{{*{name}}}"), &value);
    }
    let mut query = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &example.query {
        query.append_pair(name, &plain(&filled(value, replies)));
    }
    match query.finish() {
        query if query.is_empty() => path,
        query => format!("{path}?{query}"),
    }
}

/// A request in short: its target and the beginning of its body.
fn shown(example: &Example, replies: &BTreeMap<&str, Value>) -> String {
    let (method, pattern) = example.route.split_once(' ').expect("a route is a method and a pattern");
    let target = target(pattern, example, replies);
    let body = example.body.as_ref().map(|body| plain(&filled(body, replies))).unwrap_or_default();
    let body: String = body.chars().take(MAX_ASKED).collect();
    format!("`{method} {target}` {body}").trim_end().to_owned()
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// The value with what earlier replies have in the place of `{{NAME/pointer}}`.
fn filled(value: &Value, replies: &BTreeMap<&str, Value>) -> Value {
    match value {
        Value::String(text) => match text.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")) {
            Some(place) if !place.contains("{{") => found(place, replies).clone(),
            _ => filled_text(text, replies).into(),
        },
        Value::Array(items) => items.iter().map(|item| filled(item, replies)).collect(),
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), filled(member, replies)))
            .collect::<Map<_, _>>()
            .into(),
        other => other.clone(),
    }
}

fn filled_text(text: &str, replies: &BTreeMap<&str, Value>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let (place, after) = after.split_once("}}").unwrap_or_else(|| panic!("{text:?}: }}}} is missing"));
        out.push_str(before);
        out.push_str(&plain(found(place, replies)));
        rest = after;
    }
    out + rest
}

fn found<'a>(place: &str, replies: &'a BTreeMap<&str, Value>) -> &'a Value {
    let (name, pointer) = place.split_at(place.find('/').unwrap_or(place.len()));
    let reply = replies.get(name).unwrap_or_else(|| panic!("{place}: there is no earlier example {name}"));
    reply.pointer(pointer).unwrap_or_else(|| panic!("{place}: the reply has no {pointer}: {reply}"))
}

fn check(
    checker: &mut Checker<'_>,
    example: &Example,
    replies: &BTreeMap<&str, Value>,
    reply: &Reply,
) -> (Answer, Vec<String>) {
    let (method, pattern) = example.route.split_once(' ').expect("a route is a method and a pattern");
    let (path, method) = (template(pattern), method.to_lowercase());
    let mut complaints = Vec::new();
    if reply.status != example.status {
        complaints.push(format!("answered with {}, not {}", reply.status, example.status));
    }
    let operation = &checker.document["paths"][&path][&method];
    let status = reply.status.to_string();
    let described =
        operation["responses"].get(&status).is_some_and(|response| response.get("content").is_some());
    let media = operation["responses"][&status]["content"].get(&reply.media_type).is_some();
    let json = reply.media_type.ends_with("json") && !reply.body.is_empty();
    let value = if json { serde_json::from_str::<Value>(&reply.body).ok() } else { None };
    if described && !media {
        complaints.push(format!("the description has no {} at {status}", reply.media_type));
    }
    if operation["responses"].get(&status).is_none() {
        complaints.push(format!("the description has no status {status}"));
    }
    if let (400.., Some(code)) = (reply.status, value.as_ref().and_then(|value| value["code"].as_str())) {
        let listed = operation["responses"][&status]["x-codes"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|known| known == code);
        if !listed {
            complaints.push(format!("the description does not list the problem {code} at {status}"));
        }
    }
    if let (true, Some(value)) = (media, &value) {
        let steps = ["paths", &path, &method, "responses", &status, "content", &reply.media_type, "schema"];
        complaints.extend(checker.complaint(STRICT, &steps, value));
    }
    if example.status < 400
        && let Some(body) = &example.body
        && example.media.is_none()
    {
        let steps = ["paths", &path, &method, "requestBody", "content", "application/json", "schema"];
        complaints.extend(
            checker
                .complaint(DOCUMENT, &steps, &filled(body, replies))
                .map(|text| format!("request: {text}")),
        );
    }
    if let Some(expected) = &example.reply {
        let expected = filled(expected, replies);
        complaints.extend(
            value.as_ref().map_or_else(
                || Some("the reply is not JSON".to_owned()),
                |value| missing(&expected, value, ""),
            ),
        );
    }
    if let Some(text) = &example.contains
        && !reply.body.contains(text.as_str())
    {
        complaints.push(format!("the reply does not contain {text:?}"));
    }
    let text =
        reply.media_type.starts_with("text/") && !reply.body.is_empty() && reply.media_type != "text/html";
    let kept =
        value.or_else(|| text.then(|| reply.body.clone().into())).filter(|_| reply.body.len() <= MAX_KEPT);
    let answer = Answer {
        path,
        method,
        name: example.name.clone(),
        status: reply.status,
        media_type: reply.media_type.clone(),
        value: kept,
        asked: (reply.status >= 400).then(|| shown(example, replies)),
        sent: decided(example, replies),
    };
    (answer, complaints)
}

/// Where `value` lacks something of `expected`.
fn missing(expected: &Value, value: &Value, at: &str) -> Option<String> {
    if let (Value::Object(expected), Value::Object(members)) = (expected, value) {
        return expected.iter().find_map(|(name, expected)| match members.get(name) {
            Some(value) => missing(expected, value, &format!("{at}/{name}")),
            None => Some(format!("{at}/{name} is missing")),
        });
    }
    (expected != value).then(|| format!("{at} is {value}, not {expected}"))
}
