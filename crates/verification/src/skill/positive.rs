//! The positive verifiers: what a skill offers to those who want to use it.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::calibrated::THRESHOLDS as T;
use super::read::Example;
use super::subject::Subject;
use crate::report::{Finding, Outcome};

/// Most entries of a list in the evidence.
const LISTED: usize = 8;

/// Share of the properties of both schemas that have a description.
pub(super) fn documented_properties(subject: &Subject<'_>) -> Outcome {
    let properties = || subject.input.properties().into_iter().chain(subject.output.properties());
    let described = |value: &Value| {
        let text = value.get("description").or_else(|| value.get("title")).and_then(Value::as_str);
        text.is_some_and(|text| !text.trim().is_empty())
    };
    let total = properties().count();
    if total == 0 {
        return Ok(Finding::scored(0.0, "neither schema names a property"));
    }
    let mut missing: Vec<String> =
        properties().filter(|(_, _, value)| !described(value)).map(|(pointer, _, _)| pointer).collect();
    let measured = 1.0 - missing.len() as f64 / total as f64;
    let reason = format!("{} of {total} properties have no description", missing.len());
    missing.truncate(LISTED);
    Ok(Finding::at_least(measured, T.documented_properties, reason).with("undocumented", missing))
}

/// Share of the properties and enumerated values of both schemas that occur in an example.
pub(super) fn example_coverage(subject: &Subject<'_>) -> Outcome {
    let examples = subject.examples(1)?;
    let mut missing = Vec::new();
    let mut total = 0;
    type Side = fn(&Example) -> &Value;
    let sides: [(_, Side); 2] = [(&subject.input, |e| &e.input), (&subject.output, |e| &e.output)];
    for (schema, side) in sides {
        let (mut names, mut values) = (BTreeSet::new(), Vec::new());
        for example in examples {
            collect(side(example), &mut names, &mut values);
        }
        for (pointer, name, _) in schema.properties() {
            total += 1;
            if !names.contains(name.as_str()) {
                missing.push(pointer);
            }
        }
        for (pointer, subschema) in schema.with("enum") {
            for value in subschema.get("enum").and_then(Value::as_array).into_iter().flatten() {
                total += 1;
                if !values.contains(&value) {
                    missing.push(format!("{pointer}/enum: {value}"));
                }
            }
        }
    }
    if total == 0 {
        return Err(Finding::abstain("neither schema names a property or enumerates a value"));
    }
    let measured = 1.0 - missing.len() as f64 / total as f64;
    let reason = format!("{} of {total} properties and enumerated values occur in no example", missing.len());
    missing.truncate(LISTED);
    Ok(Finding::at_least(measured, T.example_coverage, reason).with("unused", missing))
}

fn collect<'a>(value: &'a Value, names: &mut BTreeSet<&'a str>, scalars: &mut Vec<&'a Value>) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                names.insert(name);
                collect(value, names, scalars);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| collect(item, names, scalars)),
        scalar => scalars.push(scalar),
    }
}

/// Distinct outputs among examples with distinct inputs, as a share of these.
pub(super) fn output_depends_on_input(subject: &Subject<'_>) -> Outcome {
    let examples = subject.examples(2)?;
    let mut distinct: Vec<&Example> = Vec::new();
    for example in examples {
        if distinct.iter().all(|before| before.input != example.input) {
            distinct.push(example);
        }
    }
    if distinct.len() < 2 {
        return Err(Finding::abstain("all examples have the same input"));
    }
    let mut outputs: Vec<&Value> = Vec::new();
    for example in &distinct {
        if !outputs.contains(&&example.output) {
            outputs.push(&example.output);
        }
    }
    // One output is the least: it counts as none that differs.
    let measured = (outputs.len() - 1) as f64 / (distinct.len() - 1) as f64;
    let reason = format!("{} different inputs have {} different outputs", distinct.len(), outputs.len());
    Ok(Finding::at_least(measured, T.output_depends_on_input, reason)
        .with("inputs", distinct.len())
        .with("outputs", outputs.len()))
}

/// Values that a usual reader changes: integers beyond 2^53 − 1 (RFC 8259 §6), text with control or replacement
/// characters.
pub(super) fn round_trip(subject: &Subject<'_>) -> Outcome {
    let skill = subject.skill;
    let sides = [("input_schema", skill.input_schema()), ("output_schema", skill.output_schema())];
    let mut lossy = Vec::new();
    for (name, value) in sides {
        find_lossy(value, name, &mut lossy);
    }
    for (i, example) in skill.examples().iter().enumerate() {
        find_lossy(&example.input, &format!("examples/{i}/input"), &mut lossy);
        find_lossy(&example.output, &format!("examples/{i}/output"), &mut lossy);
    }
    let reason = match lossy.len() {
        0 => "schemas and examples survive being written and read".to_owned(),
        count => {
            format!("{count} values do not survive a reader with double precision or one that cleans text")
        }
    };
    let measured = lossy.len() as f64;
    lossy.truncate(LISTED);
    Ok(Finding::at_most(measured, T.round_trip, reason).with("lossy", lossy))
}

fn find_lossy(value: &Value, path: &str, found: &mut Vec<String>) {
    let survives = match value {
        Value::Number(number) => {
            let integer = number.as_i64().map(i64::unsigned_abs).or_else(|| number.as_u64());
            integer.is_none_or(|integer| integer <= ramanujan_core::MAX_SAFE_INTEGER)
        }
        Value::String(text) => !text
            .chars()
            .any(|c| (c.is_control() && !"\n\r\t".contains(c)) || c == char::REPLACEMENT_CHARACTER),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| find_lossy(item, &format!("{path}/{i}"), found));
            true
        }
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| find_lossy(value, &format!("{path}/{name}"), found));
            true
        }
        Value::Null | Value::Bool(_) => true,
    };
    if !survives {
        found.push(path.to_owned());
    }
}

/// Of the objects that the schemas describe: the share that says what happens to unknown members, and the share that
/// says which are required; their mean.
pub(super) fn closed_objects(subject: &Subject<'_>) -> Outcome {
    let objects: Vec<(&str, &Map<String, Value>)> =
        subject.input.with("properties").chain(subject.output.with("properties")).collect();
    if objects.is_empty() {
        return Ok(Finding::scored(0.0, "neither schema describes an object by its members"));
    }
    let says_unknown = |schema: &Map<String, Value>| {
        ["additionalProperties", "unevaluatedProperties"].iter().any(|keyword| schema.contains_key(*keyword))
    };
    let says_required = |schema: &Map<String, Value>| {
        schema.get("required").and_then(Value::as_array).is_some_and(|r| !r.is_empty())
    };
    let count = |says: &dyn Fn(&Map<String, Value>) -> bool| {
        objects.iter().filter(|(_, schema)| says(schema)).count()
    };
    let (unknown, required) = (count(&says_unknown), count(&says_required));
    let measured = (unknown + required) as f64 / (2 * objects.len()) as f64;
    let reason = format!(
        "of {} objects {unknown} say what happens to unknown members and {required} which are required",
        objects.len()
    );
    Ok(Finding::at_least(measured, T.closed_objects, reason).with("objects", objects.len()))
}

/// Mean over pairs of examples of the share of values (by place) that only one of their inputs has.
pub(super) fn example_diversity(subject: &Subject<'_>) -> Outcome {
    let examples = subject.examples(2)?;
    let inputs: Vec<BTreeSet<String>> = examples
        .iter()
        .map(|example| {
            let mut values = BTreeSet::new();
            places(&example.input, "", &mut values);
            values
        })
        .collect();
    let mut sum = 0.0;
    let mut pairs = 0;
    for (i, a) in inputs.iter().enumerate() {
        for b in &inputs[..i] {
            let common = a.intersection(b).count();
            let all = a.len() + b.len() - common;
            sum += if all == 0 { 0.0 } else { 1.0 - common as f64 / all as f64 };
            pairs += 1;
        }
    }
    let measured = sum / f64::from(pairs);
    let reason = format!("two example inputs differ in {:.0} % of their values on average", 100.0 * measured);
    Ok(Finding::at_least(measured, T.example_diversity, reason).with("pairs", pairs))
}

fn places(value: &Value, path: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            members.iter().for_each(|(name, value)| places(value, &format!("{path}/{name}"), found))
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(i, item)| places(item, &format!("{path}/{i}"), found))
        }
        scalar => {
            found.insert(format!("{path}={scalar}"));
        }
    }
}
