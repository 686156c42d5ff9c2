//! The negative verifiers: what is wrong or dangerous about a skill.

use serde_json::{Map, Value, json};

use super::calibrated::THRESHOLDS as T;
use super::subject::Subject;
use super::words;
use crate::report::{Finding, Outcome};

/// Most spoiled inputs that are tried.
const MAX_MUTANTS: usize = 96;

/// Most entries of a list in the evidence.
const LISTED: usize = 8;

/// Schemas that are not valid, of two.
pub(super) fn schema_validity(subject: &Subject<'_>) -> Outcome {
    let sides = [("input_schema", &subject.input), ("output_schema", &subject.output)];
    if sides.iter().any(|(_, schema)| !schema.reference_problems.is_empty()) {
        return Err(Finding::abstain("a schema has references that are not usable: see references_resolve"));
    }
    let problems: Map<String, Value> = sides
        .iter()
        .filter_map(|(name, schema)| schema.problem().map(|problem| ((*name).to_owned(), problem.into())))
        .collect();
    let reason =
        if problems.is_empty() { "both schemas are valid" } else { "a schema is not a valid JSON Schema" };
    Ok(Finding::at_most(problems.len() as f64, T.schema_validity, reason).with("problems", problems))
}

/// Share of the examples whose input and output satisfy their schemas.
pub(super) fn examples_conform(subject: &Subject<'_>) -> Outcome {
    let examples = subject.examples(1)?;
    let mut violations = Vec::new();
    let mut conforming = 0;
    for (index, example) in examples.iter().enumerate() {
        let sides = [("input", &subject.input, &example.input), ("output", &subject.output, &example.output)];
        let before = violations.len();
        for (side, schema, value) in sides {
            match schema.violation(value) {
                None => {
                    return Err(Finding::abstain("a schema cannot be compiled, so nothing conforms to it"));
                }
                Some(Some(violation)) => {
                    violations.push(json!({ "example": index, "side": side, "violation": violation }))
                }
                Some(None) => {}
            }
        }
        conforming += usize::from(violations.len() == before);
    }
    let reason = format!("{conforming} of {} examples satisfy both schemas", examples.len());
    violations.truncate(LISTED);
    Ok(Finding::at_least(conforming as f64 / examples.len() as f64, T.examples_conform, reason)
        .with("violations", violations))
}

/// Share of the values that the input schema describes whose size or range it bounds.
pub(super) fn bounded_inputs(subject: &Subject<'_>) -> Outcome {
    let mut unbounded = Vec::new();
    let mut count = 0;
    for (pointer, schema) in &subject.input.subschemas {
        let Some(bounded) = is_bounded(schema) else { continue };
        count += 1;
        if !bounded {
            unbounded.push(pointer.clone());
        }
    }
    if count == 0 {
        return if subject.input.root.as_bool() == Some(false) {
            Err(Finding::abstain("the skill takes no input"))
        } else {
            Ok(Finding::scored(
                0.0,
                "the input schema describes no value, so anything of any size is accepted",
            ))
        };
    }
    let measured = (count - unbounded.len()) as f64 / count as f64;
    let reason = format!("{} of {count} described values have no bound", unbounded.len());
    unbounded.truncate(LISTED);
    Ok(Finding::at_least(measured, T.bounded_inputs, reason)
        .with("unbounded", unbounded)
        .with("values", count))
}

/// Whether a subschema bounds its value; `None` if it describes no value of a size (objects, booleans, and what only
/// combines other subschemas).
fn is_bounded(schema: &Map<String, Value>) -> Option<bool> {
    let has = |keyword: &str| schema.contains_key(keyword);
    if has("enum") || has("const") {
        return Some(true);
    }
    let types: Vec<&str> = match schema.get("type") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => return None,
    };
    let of = |name: &&str| match *name {
        "string" => Some(has("maxLength") || has("format") || has("pattern")),
        "number" | "integer" => {
            Some((has("minimum") || has("exclusiveMinimum")) && (has("maximum") || has("exclusiveMaximum")))
        }
        "array" => {
            Some(has("maxItems") || (has("prefixItems") && schema.get("items") == Some(&Value::Bool(false))))
        }
        _ => None,
    };
    let found: Vec<bool> = types.iter().filter_map(of).collect();
    (!found.is_empty()).then(|| found.iter().all(|bounded| *bounded))
}

/// Share of spoiled inputs that the input schema refuses: examples' inputs with one value of another type, one member
/// too few or one too many, or replaced as a whole.
pub(super) fn rejects_mutants(subject: &Subject<'_>) -> Outcome {
    let mut mutants: Vec<Value> = Vec::new();
    for example in subject.examples(1)? {
        if subject.input.accepts(&example.input) == Some(true) {
            spoil(&example.input, &mut mutants);
        }
        if mutants.len() >= MAX_MUTANTS {
            break;
        }
    }
    mutants.truncate(MAX_MUTANTS);
    if mutants.is_empty() {
        return Err(Finding::abstain(
            "no example input satisfies the input schema, so there is nothing to spoil",
        ));
    }
    let survivors: Vec<&Value> =
        mutants.iter().filter(|mutant| subject.input.accepts(mutant) == Some(true)).collect();
    let measured = 1.0 - survivors.len() as f64 / mutants.len() as f64;
    let reason = format!("{} of {} spoiled inputs pass the input schema", survivors.len(), mutants.len());
    let listed: Vec<Value> = survivors.into_iter().take(2).cloned().collect();
    Ok(Finding::at_least(measured, T.rejects_mutants, reason)
        .with("tried", mutants.len())
        .with("passed", listed))
}

fn spoil(input: &Value, mutants: &mut Vec<Value>) {
    let other = |value: &Value| if value.is_string() { json!(-7.5) } else { json!("\u{1}spoiled") };
    mutants.push(Value::Null);
    mutants.push(other(input));
    let Some(members) = input.as_object() else { return };
    for name in members.keys() {
        let mut changed = members.clone();
        let value = changed.remove(name).unwrap_or_default();
        mutants.push(Value::Object(changed.clone()));
        changed.insert(name.clone(), other(&value));
        mutants.push(Value::Object(changed));
    }
    let mut more = members.clone();
    more.insert("\u{1}unknown".to_owned(), Value::Bool(true));
    mutants.push(Value::Object(more));
}

/// Share of the repeated example inputs that have one output only.
pub(super) fn repeated_examples_agree(subject: &Subject<'_>) -> Outcome {
    let examples = subject.examples(2)?;
    let mut repeated = 0;
    let mut contradictions = Vec::new();
    for (later, example) in examples.iter().enumerate() {
        // Against the first with that input: a contradiction is named once.
        let Some(earlier) = examples[..later].iter().position(|before| before.input == example.input) else {
            continue;
        };
        repeated += 1;
        if examples[earlier].output != example.output {
            contradictions.push(json!([earlier, later]));
        }
    }
    if repeated == 0 {
        return Err(Finding::abstain("no input occurs in two examples, so none can contradict another"));
    }
    let measured = 1.0 - contradictions.len() as f64 / f64::from(repeated);
    let reason =
        format!("{} of {repeated} repeated examples contradict an earlier one", contradictions.len());
    contradictions.truncate(LISTED);
    Ok(Finding::at_least(measured, T.repeated_examples_agree, reason).with("contradictions", contradictions))
}

/// Dangerous words in name, description and input properties, 0 if there is a guard: an input that confirms or
/// simulates, or a description that promises one.
pub(super) fn guarded_capability(subject: &Subject<'_>) -> Outcome {
    let properties = subject.input.properties();
    let mut dangers: Vec<&str> = words::words(subject.skill.name())
        .iter()
        .chain(&words::words(subject.skill.description()))
        .chain(&properties.iter().flat_map(|(_, name, _)| words::words(name)).collect::<Vec<_>>())
        .filter_map(|word| words::dangerous(word))
        .collect();
    dangers.sort_unstable();
    dangers.dedup();
    let mut guards: Vec<String> = properties
        .iter()
        .filter(|(_, name, _)| words::is_guard_property(name))
        .map(|(p, _, _)| p.clone())
        .collect();
    guards.extend(
        words::words(subject.skill.description()).into_iter().filter(|word| words::is_guard_word(word)),
    );
    let unguarded = if guards.is_empty() { dangers.len() } else { 0 };
    let reason = match (dangers.is_empty(), guards.is_empty()) {
        (true, _) => "nothing speaks of a dangerous capability".to_owned(),
        (false, false) => format!("{} is guarded", dangers.join(", ")),
        (false, true) => format!("{} without a confirmation, a dry run or another guard", dangers.join(", ")),
    };
    Ok(Finding::at_most(unguarded as f64, T.guarded_capability, reason)
        .with("dangers", dangers)
        .with("guards", guards))
}
