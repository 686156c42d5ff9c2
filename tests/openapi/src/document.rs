//! The OpenAPI 3.1 document of all components, without the replies that examples got.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::Code;
use serde_json::{Map, Value, json};

use crate::fragment::{Example, Operation, depends};
use crate::parts::Part;
use crate::schemas::{SCHEMAS, ambiguous, check_references, renamed};

const DESCRIPTION: &str = "Eleven components that converge without a coordinator. A JSON reply that is an object has \
`status: \"ok\"` where its schema does not say otherwise; every refusal is a problem document (RFC 9457) with a `code` that programs can rely on. Unknown query \
parameters and unknown members of a request are refused. The examples are tests: they were sent, in this order, to a fresh \
network, and the replies are those it gave.";

/// The document.
///
/// # Panics
/// A description contradicts itself or the components; the message says where.
pub fn build(parts: &[Part]) -> Value {
    let ambiguous = ambiguous(parts);
    let mut schemas = shared();
    let mut paths: BTreeMap<String, Map<String, Value>> = BTreeMap::new();
    let mut tags = Vec::new();
    for part in parts {
        part.check();
        let rename = |name: &str| match ambiguous.contains(name) {
            true => format!("{}.{name}", part.component),
            false => name.to_owned(),
        };
        for (name, schema) in &part.schemas {
            schemas.insert(rename(name), renamed(schema, &rename));
        }
        tags.push(json!({"name": part.component, "description": words(part)}));
        for route in &part.routes {
            let (method, pattern) = route.split_once(' ').expect("a route is a method and a pattern");
            let operation = renamed(&operation(part, route), &rename);
            paths.entry(template(pattern)).or_default().insert(method.to_lowercase(), operation);
        }
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Ramanujan CRDT Network",
            "version": env!("CARGO_PKG_VERSION"),
            "description": DESCRIPTION,
            "license": {"name": "Apache-2.0 OR MIT", "identifier": "Apache-2.0 OR MIT"},
        },
        "servers": [{"url": "/", "description": "The network that serves this document"}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": {"Problem": any_problem()},
        },
    });
    check_references(&document);
    document
}

/// A route's pattern as a template of OpenAPI, which knows no parameter of several segments.
pub fn template(pattern: &str) -> String {
    pattern.replace("{*", "{")
}

/// The description of a component with its further names.
fn words(part: &Part) -> String {
    let description = &part.fragment.description;
    // `/` is the name of the base alone.
    let aliases: Vec<_> =
        part.aliases.iter().filter(|alias| **alias != "/").map(|alias| format!("`{alias}`")).collect();
    if aliases.is_empty() {
        return description.clone();
    }
    format!("{description}\n\nAll below `{}` answers below {} too.", part.base, aliases.join(" and "))
}

/// Schemas of every component.
fn shared() -> BTreeMap<String, Value> {
    // Two codes have two statuses each.
    let codes: BTreeSet<_> = Code::ALL.iter().map(|code| code.as_str()).collect();
    let text = |description: &str| json!({"type": "string", "description": description});
    let schemas = json!({
        "Ok": {"type": "object", "properties": {"status": {"const": "ok"}}, "required": ["status"]},
        "Problem": {
            "type": "object",
            "description": "RFC 9457; further members by code.",
            "properties": {
                "type": {"const": "about:blank"},
                "title": text("The status in words."),
                "status": {"type": "integer", "minimum": 400, "maximum": 599, "description": "The status."},
                "detail": text("What happened to this request, for people."),
                "code": {"type": "string", "enum": codes, "description": "What kind of problem it is, for programs."},
            },
            "required": ["type", "title", "status", "detail", "code"],
            "additionalProperties": true,
        },
        "Description": {
            "type": "object",
            "properties": {
                "message": text("What the component says of itself."),
                "component": text("Its name."),
                "version": text("Its version."),
                "path": text("The path asked for, below its base."),
                "request_size": {"type": "integer", "minimum": 0, "description": "Bytes of the request's body."},
                "routes": {"type": "array", "items": {"type": "string"}, "description": "All routes, as `METHOD /pattern`."},
            },
            "required": ["message", "component", "version", "path", "request_size", "routes"],
        },
        "Health": {
            "type": "object",
            "properties": {
                "service": text("The component's name."),
                "component": text("The component's name."),
                "version": text("Its version."),
                "timestamp": {"type": "string", "format": "date-time", "description": "When it answered."},
            },
            "required": ["service", "component", "version", "timestamp"],
        },
    });
    schemas.as_object().into_iter().flatten().map(|(name, schema)| (name.clone(), schema.clone())).collect()
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("{SCHEMAS}{name}")})
}

/// What a description need not say of a component's own routes.
fn own(part: &Part, route: &str) -> Option<(Operation, &'static str)> {
    let [base, health] = part.own();
    let given = part.fragment.routes.get(route);
    let with = |summary: String, problems: &[&str]| Operation {
        summary,
        problems: problems.iter().map(|code| (*code).to_owned()).collect(),
        ..given.cloned().unwrap_or_default()
    };
    if route == base {
        return Some((
            with(format!("What {} is and which routes it has.", part.component), &[]),
            "Description",
        ));
    }
    (route == health).then(|| {
        let summary = format!("Whether {} can do its work, asked of what it needs for it.", part.component);
        (with(summary, &["unhealthy", "invalid-setting"]), "Health")
    })
}

fn operation(part: &Part, route: &str) -> Value {
    let (operation, envelope) = match own(part, route) {
        Some((operation, envelope)) => (operation, Some(envelope)),
        None => (part.fragment.routes[route].clone(), None),
    };
    let examples: Vec<_> = part.fragment.examples.iter().filter(|example| example.route == route).collect();
    let mut out = Map::new();
    out.insert("tags".into(), json!([part.component]));
    out.insert("operationId".into(), operation_id(route).into());
    out.insert("summary".into(), operation.summary.clone().into());
    if let Some(description) = &operation.description {
        out.insert("description".into(), description.clone().into());
    }
    let parameters = parameters(route, &operation, &examples);
    if !parameters.is_empty() {
        out.insert("parameters".into(), parameters.into());
    }
    if let Some(body) = body(route, &operation, &examples) {
        out.insert("requestBody".into(), body);
    }
    out.insert("responses".into(), responses(&part.component, route, &operation, envelope));
    out.into()
}

/// E.g. `post-crdt-document-freeze`.
fn operation_id(route: &str) -> String {
    let words = route.split(|c: char| !c.is_ascii_alphanumeric() && c != '.').filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_lowercase()
}

/// The names of a pattern's parameters.
pub fn pattern_parameters(route: &str) -> Vec<&str> {
    let parts = route.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    parts.map(|name| name.trim_start_matches('*')).collect()
}

fn parameters(route: &str, operation: &Operation, examples: &[&Example]) -> Vec<Value> {
    let in_pattern = pattern_parameters(route);
    let described: Vec<_> = operation.path.keys().map(String::as_str).collect();
    let mut sorted = in_pattern.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, described, "{route}: the parameters of the pattern and those of `path`");
    let path = in_pattern.iter().map(|name| ("path", *name, &operation.path[*name]));
    let query = operation.query.iter().map(|(name, schema)| ("query", name.as_str(), schema));
    let headers = operation.headers.iter().map(|(name, schema)| ("header", name.as_str(), schema));
    path.chain(query)
        .chain(headers)
        .map(|(place, name, schema)| {
            let mut schema =
                schema.as_object().cloned().unwrap_or_else(|| panic!("{route}: {name} is no schema"));
            let description =
                schema.remove("description").unwrap_or_else(|| panic!("{route}: {name} has no description"));
            let required = place == "path" || schema.remove("required") == Some(json!(true));
            let mut parameter = json!({
                "name": name, "in": place, "description": description, "required": required, "schema": schema,
            });
            let given: Map<_, _> = examples
                .iter()
                .filter(|example| example.status < 400)
                .filter_map(|example| {
                    let value = match place {
                        "path" => example.path.get(name)?.clone(),
                        "query" => example.query.get(name)?.clone(),
                        _ => example.headers.get(name)?.clone().into(),
                    };
                    (!depends(&value))
                        .then(|| (example.name.clone(), json!({"value": typed(&schema, value)})))
                })
                .collect();
            if !given.is_empty() {
                parameter["examples"] = given.into();
            }
            parameter
        })
        .collect()
}

/// The value of a parameter as its schema has it: descriptions may write a number for a text, and the reverse.
fn typed(schema: &Map<String, Value>, value: Value) -> Value {
    match (schema.get("type").and_then(Value::as_str), &value) {
        (Some("string"), Value::Number(number)) => number.to_string().into(),
        (Some("integer" | "number"), Value::String(text)) => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    }
}

fn body(route: &str, operation: &Operation, examples: &[&Example]) -> Option<Value> {
    let json = operation.body.as_ref().map(|schema| ("application/json", schema));
    let others = operation.bodies.iter().map(|(media, schema)| (media.as_str(), schema));
    let content: Map<_, _> = json
        .into_iter()
        .chain(others)
        .map(|(media, schema)| {
            let given: Map<_, _> = examples
                .iter()
                .filter(|example| example.status < 400)
                .filter(|example| example.media.as_deref().unwrap_or("application/json") == media)
                .filter_map(|example| {
                    let body = example.body.as_ref().filter(|body| !depends(body))?;
                    Some((example.name.clone(), json!({"value": body})))
                })
                .collect();
            let mut entry = json!({"schema": schema});
            if !given.is_empty() {
                entry["examples"] = given.into();
            }
            (media.to_owned(), entry)
        })
        .collect();
    if content.is_empty() {
        let sends = examples.iter().any(|example| example.body.is_some() || example.base64.is_some());
        assert!(!sends, "{route}: an example has a body, and the route describes none");
        return None;
    }
    Some(json!({"required": !operation.body_optional, "content": content}))
}

fn responses(component: &str, route: &str, operation: &Operation, envelope: Option<&str>) -> Value {
    let mut out = Map::new();
    let mut content = Map::new();
    let ok = match (envelope, &operation.ok) {
        (Some(envelope), Some(more)) => Some(json!({"allOf": [reference("Ok"), reference(envelope), more]})),
        (Some(envelope), None) => Some(json!({"allOf": [reference("Ok"), reference(envelope)]})),
        (None, Some(more)) => Some(json!({"allOf": [reference("Ok"), more]})),
        (None, None) => None,
    };
    assert!(ok.is_none() || operation.reply.is_none(), "{route}: `ok` and `reply` exclude each other");
    if let Some(schema) = ok.or_else(|| operation.reply.clone()) {
        content.insert("application/json".into(), json!({"schema": schema}));
    }
    for (media, schema) in &operation.replies {
        content.insert(media.clone(), json!({"schema": schema}));
    }
    if !content.is_empty() {
        let mut response = json!({"description": operation.summary, "content": content});
        if operation.statuses.contains_key(&304) {
            response["headers"] = json!({"ETag": header("Names this state; `If-None-Match` with it asks whether it still is.")});
        }
        out.insert("200".into(), response);
    }
    for (status, meaning) in &operation.statuses {
        out.insert(status.to_string(), json!({"description": meaning}));
    }
    let mut by_status: BTreeMap<u16, Vec<Code>> = BTreeMap::new();
    for name in &operation.problems {
        let code = code(name).unwrap_or_else(|| panic!("{component}, {route}: which code is {name}?"));
        by_status.entry(code.status()).or_default().push(code);
    }
    for (status, codes) in by_status {
        let meanings: Vec<_> = codes
            .iter()
            .map(|code| format!("- `{}`: {} {}", code.as_str(), code.meaning(), code.remedy()))
            .collect();
        let mut response = problem(&meanings.join("\n"), &codes);
        if matches!(status, 429 | 503) {
            response["headers"] = json!({"Retry-After": header("Seconds after which to try again.")});
        }
        out.insert(status.to_string(), response);
    }
    assert!(!out.is_empty(), "{component}, {route}: it answers nothing");
    out.insert("default".into(), json!({"$ref": "#/components/responses/Problem"}));
    out.into()
}

/// What any route may answer.
fn any_problem() -> Value {
    let mut response = problem("What any route may answer besides: the code says what it is.", &[]);
    response["headers"] = json!({
        "Allow": header("With 405: the methods that the path takes."),
        "Retry-After": header("With 429 and 503: seconds after which to try again."),
    });
    response
}

/// The code of a name; where two have it, as `name@status`.
fn code(name: &str) -> Option<Code> {
    let (name, status) =
        name.split_once('@').map_or((name, None), |(name, status)| (name, status.parse().ok()));
    let mut named = Code::ALL
        .iter()
        .filter(|code| code.as_str() == name && status.is_none_or(|status: u16| code.status() == status));
    named.next().copied().filter(|_| named.next().is_none())
}

fn problem(description: &str, codes: &[Code]) -> Value {
    let content = json!({"application/problem+json": {"schema": reference("Problem")}});
    let mut response = json!({"description": description, "content": content});
    if !codes.is_empty() {
        // Not an enum of the schema: what every component and the host may answer comes on top.
        response["x-codes"] = codes.iter().map(|code| code.as_str()).collect();
    }
    response
}

/// A header of responses.
fn header(description: &str) -> Value {
    json!({"description": description, "schema": {"type": "string"}})
}
