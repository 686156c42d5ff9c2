//! The neutral verifiers: whether a skill is put together as skills are.

use serde_json::{Value, json};

use super::calibrated::THRESHOLDS as T;
use super::schema::Schema;
use super::subject::Subject;
use super::words;
use crate::report::{Finding, Outcome};

/// Characters that a description has at least and at most to be of use: one sentence, one page.
const DESCRIPTION: std::ops::RangeInclusive<usize> = 20..=1500;

/// Characters of a name.
const NAME: std::ops::RangeInclusive<usize> = 3..=64;

/// Most crossovers that are tried.
const MAX_CROSSOVERS: usize = 64;

/// Most entries of a list in the evidence.
const LISTED: usize = 8;

/// Keywords that describe for people and restrict nothing.
const ANNOTATIONS: [&str; 8] =
    ["description", "title", "examples", "default", "$comment", "$schema", "$id", "deprecated"];

/// Departures from the usual form of name, description and property names.
pub(super) fn canonical_form(subject: &Subject<'_>) -> Outcome {
    let (name, description) = (subject.skill.name(), subject.skill.description());
    let length = description.chars().count();
    let sound = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let styles = subject.input.properties().into_iter().chain(subject.output.properties()).fold(
        [0usize; 2],
        |mut n, p| {
            n[0] += usize::from(p.1.contains('_'));
            n[1] += usize::from(p.1.chars().any(char::is_uppercase));
            n
        },
    );
    let rules = [
        (
            name.chars().all(sound) && name.starts_with(|c: char| c.is_ascii_alphabetic()),
            "name is not an identifier",
        ),
        (NAME.contains(&name.chars().count()), "name is too short or too long"),
        (!name.contains("__") && !name.ends_with(['_', '-', '.']), "name has empty parts"),
        (DESCRIPTION.contains(&length), "description is too short or too long"),
        (description.trim() == description && !description.contains("  "), "description has blanks too many"),
        (
            !description.chars().any(|c| c.is_control() && c != '\n' && c != '\t'),
            "description has control characters",
        ),
        (
            words::words(description).len() > words::words(name).len(),
            "description says no more than the name",
        ),
        (styles[0] == 0 || styles[1] == 0, "property names mix two styles"),
    ];
    let departures: Vec<&str> =
        rules.iter().filter(|(kept, _)| !kept).map(|(_, departure)| *departure).collect();
    let reason =
        if departures.is_empty() { "the form is the usual one".to_owned() } else { departures.join("; ") };
    Ok(Finding::at_most(departures.len() as f64, T.canonical_form, reason)
        .with("departures", departures)
        .with("description_characters", length))
}

/// References that leave their schema, point at nothing, lead in circles or multiply.
pub(super) fn references_resolve(subject: &Subject<'_>) -> Outcome {
    let sides = [("input_schema", &subject.input), ("output_schema", &subject.output)];
    let references: usize = sides.iter().map(|(_, schema)| schema.references).sum();
    let mut problems: Vec<Value> = sides
        .iter()
        .flat_map(|(side, schema)| {
            schema.reference_problems.iter().map(move |p| json!({ "in": side, "problem": p }))
        })
        .collect();
    if references == 0 && problems.is_empty() {
        return Err(Finding::abstain("neither schema has a reference"));
    }
    let reason = format!("{} of {references} references are not usable", problems.len());
    let measured = problems.len() as f64;
    problems.truncate(LISTED);
    Ok(Finding::at_most(measured, T.references_resolve, reason)
        .with("problems", problems)
        .with("references", references))
}

/// Share of inputs mixed from two examples' inputs that satisfy the input schema: members in turn from one and from
/// the other, numbers that both have at their mean.
pub(super) fn crossovers_conform(subject: &Subject<'_>) -> Outcome {
    let examples = subject.examples(2)?;
    let inputs: Vec<_> = examples
        .iter()
        .filter(|example| subject.input.accepts(&example.input) == Some(true))
        .filter_map(|example| example.input.as_object())
        .collect();
    let mut tried = 0;
    let mut refused = Vec::new();
    'pairs: for (i, a) in inputs.iter().enumerate() {
        for b in &inputs[..i] {
            let mut mixed = (*a).clone();
            let mut turn = 0;
            for (name, value) in mixed.iter_mut() {
                let Some(other) = b.get(name).filter(|other| *other != value) else { continue };
                turn += 1;
                match (value.as_f64(), other.as_f64()) {
                    (Some(x), Some(y)) if value.is_f64() && other.is_f64() => *value = json!((x + y) / 2.0),
                    _ if turn % 2 == 0 => *value = other.clone(),
                    _ => {}
                }
            }
            let mixed = Value::Object(mixed);
            // Members that both share, or only one that differs, mix to what is there already.
            if inputs.iter().any(|input| Some(*input) == mixed.as_object()) {
                continue;
            }
            tried += 1;
            if subject.input.accepts(&mixed) != Some(true) {
                refused.push(mixed);
            }
            if tried == MAX_CROSSOVERS {
                break 'pairs;
            }
        }
    }
    if tried == 0 {
        return Err(Finding::abstain("no two conforming example inputs can be mixed to a third"));
    }
    let measured = 1.0 - refused.len() as f64 / tried as f64;
    let reason = format!("{} of {tried} inputs mixed from two examples are refused", refused.len());
    refused.truncate(2);
    Ok(Finding::at_least(measured, T.crossovers_conform, reason)
        .with("tried", tried)
        .with("refused", refused))
}

/// Share of the name's words that occur, by stem, in the description.
pub(super) fn name_matches_description(subject: &Subject<'_>) -> Outcome {
    let names = words::telling(subject.skill.name());
    let description = words::words(subject.skill.description());
    if names.is_empty() {
        return Err(Finding::abstain("the name has no word that says something"));
    }
    let (found, missing): (Vec<String>, Vec<String>) =
        names.into_iter().partition(|name| description.iter().any(|word| words::same_stem(name, word)));
    let measured = found.len() as f64 / (found.len() + missing.len()) as f64;
    let reason = match missing.as_slice() {
        [] => "every word of the name occurs in the description".to_owned(),
        missing => format!("the description does not speak of {}", missing.join(", ")),
    };
    Ok(Finding::at_least(measured, T.name_matches_description, reason)
        .with("found", found)
        .with("missing", missing))
}

/// How much less the schema says that says less: its restricting keywords as a share of the other's.
pub(super) fn balanced_schemas(subject: &Subject<'_>) -> Outcome {
    let says = |schema: &Schema<'_>| {
        let keywords = schema.subschemas.iter().flat_map(|(_, subschema)| subschema.keys());
        keywords.filter(|keyword| !ANNOTATIONS.contains(&keyword.as_str())).count()
    };
    let (input, output) = (says(&subject.input), says(&subject.output));
    let measured = input.min(output) as f64 / input.max(output).max(1) as f64;
    let reason = format!("the input schema has {input} restricting keywords, the output schema {output}");
    Ok(Finding::at_least(measured, T.balanced_schemas, reason).with("input", input).with("output", output))
}
