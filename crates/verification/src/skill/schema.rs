//! A JSON Schema from outside: walked, checked for references that leave it or lead in circles, bounded in the work that
//! validation may take, and compiled.
//!
//! Validation is that of the `boon` library (all drafts from 4 to 2020-12). It is given no way to load anything, and
//! regular expressions run in linear time. What it is not bounded in is the number of ways in which references
//! multiply work, so that is computed beforehand.

use std::cell::OnceCell;
use std::collections::HashMap;

use boon::{Compiler, Draft, SchemaIndex, Schemas};
use serde_json::{Map, Value};

/// Visits of one value by subschemas that validation may come to. Hand-written schemas stay below 100.
const MAX_VISITS: u64 = 5_000;

/// Subschemas that apply one within the other, references followed.
const MAX_CHAIN: usize = 160;

/// Most states, roughly, of all regular expressions of one schema: what they take in memory follows from it. Matching is
/// linear in the text whatever they are.
const MAX_PATTERN_STATES: u64 = 20_000;

const LOCATION: &str = "skill:///schema";

/// Keywords with one subschema that applies to the same value.
const IN_PLACE: [&str; 4] = ["not", "if", "then", "else"];
/// Keywords with a list of subschemas that apply to the same value.
const IN_PLACE_LISTS: [&str; 3] = ["allOf", "anyOf", "oneOf"];
/// Keywords with one subschema that applies to the value's members or items.
const BELOW: [&str; 8] = [
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "contains",
    "additionalItems",
    "unevaluatedItems",
    "contentSchema",
];
/// Keywords with subschemas by name.
const BY_NAME: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];
/// Keywords whose meaning depends on more than a pointer within the schema.
const NOT_FOLLOWED: [&str; 5] =
    ["$dynamicRef", "$recursiveRef", "$anchor", "$dynamicAnchor", "$recursiveAnchor"];

/// A schema and what is known of it.
pub(super) struct Schema<'a> {
    pub(super) root: &'a Value,
    /// Every subschema that is an object, with its JSON Pointer, the root included.
    pub(super) subschemas: Vec<(String, &'a Map<String, Value>)>,
    /// References, and what is wrong with them.
    pub(super) references: usize,
    pub(super) reference_problems: Vec<String>,
    compiled: OnceCell<Result<(Schemas, SchemaIndex), String>>,
}

impl<'a> Schema<'a> {
    pub(super) fn new(root: &'a Value) -> Schema<'a> {
        let mut subschemas = Vec::new();
        walk(root, String::new(), &mut subschemas);
        let mut schema = Schema {
            root,
            subschemas,
            references: 0,
            reference_problems: Vec::new(),
            compiled: OnceCell::new(),
        };
        schema.check_references();
        schema
    }

    fn check_references(&mut self) {
        for (pointer, subschema) in &self.subschemas {
            for keyword in NOT_FOLLOWED {
                if subschema.contains_key(keyword) {
                    self.references += 1;
                    self.reference_problems.push(format!("{pointer}/{keyword} is not followed here"));
                }
            }
            if !pointer.is_empty()
                && (subschema.contains_key("$id") || subschema.contains_key("id"))
                && is_text(subschema)
            {
                self.reference_problems.push(format!("{pointer} is a resource of its own"));
            }
            if let Some(reference) = subschema.get("$ref") {
                self.references += 1;
                if resolve(self.root, reference).is_none() {
                    self.reference_problems
                        .push(format!("{pointer}/$ref {reference} is nothing in this schema"));
                }
            }
        }
        if self.reference_problems.is_empty() {
            let mut visits = Visits { root: self.root, known: HashMap::new() };
            match visits.of(self.root, super::read::Limits::DEFAULT.depth, 0) {
                Ok(count) if count > MAX_VISITS => self.reference_problems.push(format!(
                    "its references multiply: one value may be visited {count} times, {MAX_VISITS} is the most"
                )),
                Ok(_) => {}
                Err(problem) => self.reference_problems.push(problem),
            }
        }
    }

    /// The compiled schema, or why it cannot be compiled.
    fn compiled(&self) -> Result<&(Schemas, SchemaIndex), &str> {
        let compiled = self.compiled.get_or_init(|| {
            if let Some(problem) = self.reference_problems.first() {
                return Err(problem.clone());
            }
            self.check_patterns()?;
            let mut compiler = Compiler::new();
            compiler.set_default_draft(Draft::V2020_12);
            compiler.use_loader(Box::new(NoLoader));
            let mut schemas = Schemas::new();
            compiler.add_resource(LOCATION, self.root.clone()).map_err(|error| first_line(&error))?;
            let index = compiler.compile(LOCATION, &mut schemas).map_err(|error| first_line(&error))?;
            Ok((schemas, index))
        });
        compiled.as_ref().map_err(String::as_str)
    }

    fn check_patterns(&self) -> Result<(), String> {
        let patterns = self.subschemas.iter().flat_map(|(_, subschema)| {
            let own = subschema.get("pattern").and_then(Value::as_str);
            let names = subschema.get("patternProperties").and_then(Value::as_object);
            own.into_iter().chain(names.into_iter().flat_map(|names| names.keys().map(String::as_str)))
        });
        let states = patterns.map(pattern_states).fold(0, u64::saturating_add);
        if states > MAX_PATTERN_STATES {
            return Err(format!(
                "its regular expressions have {states} states, {MAX_PATTERN_STATES} is the most"
            ));
        }
        Ok(())
    }

    /// Why the schema is not valid, if so.
    pub(super) fn problem(&self) -> Option<&str> {
        self.compiled().err()
    }

    /// Whether the value satisfies the schema; `None` if the schema cannot be compiled.
    pub(super) fn accepts(&self, value: &Value) -> Option<bool> {
        self.violation(value).map(|violation| violation.is_none())
    }

    /// How the value violates the schema, if it does; `None` if the schema cannot be compiled.
    pub(super) fn violation(&self, value: &Value) -> Option<Option<String>> {
        let (schemas, index) = self.compiled().ok()?;
        Some(schemas.validate(value, *index).err().map(|error| {
            let leaf =
                std::iter::successors(Some(&error), |error| error.causes.first()).last().unwrap_or(&error);
            let mut text = leaf.to_string();
            // What was found is quoted in it, and may be long.
            if let Some((end, _)) = text.char_indices().nth(MAX_VIOLATION) {
                text.truncate(end);
            }
            text
        }))
    }

    /// Subschemas that have this keyword.
    pub(super) fn with(&self, keyword: &str) -> impl Iterator<Item = (&str, &'a Map<String, Value>)> {
        self.subschemas.iter().filter(move |(_, s)| s.contains_key(keyword)).map(|(p, s)| (p.as_str(), *s))
    }

    /// Every property with its schema and its pointer.
    pub(super) fn properties(&self) -> Vec<(String, &'a String, &'a Value)> {
        let of = |(pointer, subschema): (&str, &'a Map<String, Value>)| {
            let pointer = pointer.to_owned();
            let members = subschema.get("properties").and_then(Value::as_object);
            members
                .into_iter()
                .flatten()
                .map(move |(name, value)| (format!("{pointer}/properties/{name}"), name, value))
        };
        self.with("properties").flat_map(of).collect()
    }
}

/// Longest text of a violation, in characters.
const MAX_VIOLATION: usize = 200;

fn first_line(error: &impl std::fmt::Display) -> String {
    error.to_string().lines().next().unwrap_or_default().chars().take(MAX_VIOLATION).collect()
}

/// States of a regular expression, roughly: one for a character or a class (a hundred for one of Unicode's), times the
/// largest number of each repetition around it.
fn pattern_states(pattern: &str) -> u64 {
    const UNICODE_CLASS: u64 = 100;
    let mut groups = vec![0u64];
    let mut last = 0;
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        let added = match c {
            '\\' => {
                last = if matches!(chars.next(), Some('p' | 'P' | 'w' | 'W' | 'd' | 'D')) {
                    UNICODE_CLASS
                } else {
                    1
                };
                last
            }
            '[' => {
                last = 1;
                while let Some(c) = chars.next().filter(|c| *c != ']') {
                    if c == '\\' && matches!(chars.next(), Some('p' | 'P' | 'w' | 'W' | 'd' | 'D')) {
                        last = UNICODE_CLASS;
                    }
                }
                last
            }
            '(' => {
                groups.push(0);
                continue;
            }
            ')' => {
                last = groups.pop().unwrap_or(0);
                last
            }
            '{' => {
                let bounds: String = chars.by_ref().take_while(|c| *c != '}').collect();
                let most =
                    bounds.split(',').filter_map(|n| n.trim().parse::<u64>().ok()).max().unwrap_or(1).max(1);
                let more = last.saturating_mul(most - 1);
                last = last.saturating_mul(most);
                more
            }
            _ => {
                last = 1;
                1
            }
        };
        match groups.last_mut() {
            Some(group) => *group = group.saturating_add(added),
            None => groups.push(added),
        }
    }
    groups.into_iter().fold(0, u64::saturating_add)
}

/// Loads nothing.
struct NoLoader;

impl boon::UrlLoader for NoLoader {
    fn load(&self, url: &str) -> Result<Value, Box<dyn std::error::Error>> {
        Err(format!("{url} is outside the schema").into())
    }
}

/// Whether an `id` is an identifier and not a property of that name.
fn is_text(subschema: &Map<String, Value>) -> bool {
    ["$id", "id"].iter().any(|keyword| subschema.get(*keyword).is_some_and(Value::is_string))
}

fn walk<'a>(value: &'a Value, pointer: String, found: &mut Vec<(String, &'a Map<String, Value>)>) {
    let Some(schema) = value.as_object() else { return };
    found.push((pointer.clone(), schema));
    for (keyword, value) in schema {
        let keyword = keyword.as_str();
        if IN_PLACE.contains(&keyword) || BELOW.contains(&keyword) {
            walk(value, format!("{pointer}/{keyword}"), found);
        }
        if IN_PLACE_LISTS.contains(&keyword) || keyword == "prefixItems" || keyword == "items" {
            for (i, value) in value.as_array().into_iter().flatten().enumerate() {
                walk(value, format!("{pointer}/{keyword}/{i}"), found);
            }
        }
        if BY_NAME.contains(&keyword) {
            for (name, value) in value.as_object().into_iter().flatten() {
                walk(value, format!("{pointer}/{keyword}/{name}"), found);
            }
        }
    }
}

/// What a reference within the schema points at; `None` for one that leaves it, or points at nothing.
fn resolve<'a>(root: &'a Value, reference: &Value) -> Option<&'a Value> {
    let pointer = reference.as_str()?.strip_prefix('#')?;
    // Percent-encoding and anchors are not followed.
    if pointer.contains('%') || !(pointer.is_empty() || pointer.starts_with('/')) {
        return None;
    }
    root.pointer(pointer).filter(|target| target.is_object() || target.is_boolean())
}

/// Counts how often subschemas may visit one and the same value: the sum over those that apply in place, and below a
/// value the most that any one member or item may get. Memory and time are bounded by subschemas times depth.
struct Visits<'a> {
    root: &'a Value,
    /// By address of the subschema and remaining depth; `None` while it is being counted.
    known: HashMap<(*const Value, usize), Option<u64>>,
}

impl<'a> Visits<'a> {
    fn of(&mut self, schema: &'a Value, depth: usize, chain: usize) -> Result<u64, String> {
        let Some(members) = schema.as_object() else { return Ok(1) };
        if chain > MAX_CHAIN {
            return Err(format!("more than {MAX_CHAIN} subschemas apply one within the other"));
        }
        let key = (std::ptr::from_ref(schema), depth);
        match self.known.insert(key, None) {
            Some(None) => return Err("a reference leads back to itself without entering a value".into()),
            Some(Some(count)) => {
                self.known.insert(key, Some(count));
                return Ok(count);
            }
            None => {}
        }
        let mut count = 1u64;
        if let Some(target) = members.get("$ref").and_then(|reference| resolve(self.root, reference)) {
            count = count.saturating_add(self.of(target, depth, chain + 1)?);
        }
        let singles = IN_PLACE.iter().filter_map(|keyword| members.get(*keyword));
        let lists = IN_PLACE_LISTS.iter().filter_map(|keyword| members.get(*keyword)?.as_array()).flatten();
        let named =
            members.get("dependentSchemas").and_then(Value::as_object).into_iter().flat_map(Map::values);
        for child in singles.chain(lists).chain(named) {
            count = count.saturating_add(self.of(child, depth, chain + 1)?);
        }
        if depth > 0 {
            let properties =
                members.get("properties").and_then(Value::as_object).into_iter().flat_map(Map::values);
            count = count.saturating_add(self.most_of(properties, depth - 1, chain + 1)?);
            for keyword in ["prefixItems", "items"] {
                let places = members.get(keyword).and_then(Value::as_array).into_iter().flatten();
                count = count.saturating_add(self.most_of(places, depth - 1, chain + 1)?);
            }
            let single = BELOW
                .iter()
                .filter(|keyword| **keyword != "items")
                .filter_map(|keyword| members.get(*keyword));
            let items = members.get("items").filter(|items| items.is_object());
            let patterns =
                members.get("patternProperties").and_then(Value::as_object).into_iter().flat_map(Map::values);
            for child in single.chain(items).chain(patterns) {
                count = count.saturating_add(self.of(child, depth - 1, chain + 1)?);
            }
        }
        self.known.insert(key, Some(count));
        Ok(count)
    }

    /// The most among subschemas of which each value gets one.
    fn most_of(
        &mut self,
        schemas: impl Iterator<Item = &'a Value>,
        depth: usize,
        chain: usize,
    ) -> Result<u64, String> {
        let mut most = 0;
        for schema in schemas {
            most = most.max(self.of(schema, depth, chain)?);
        }
        Ok(most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_multiply_states_within_each_other_and_add_up_beside_each_other() {
        for (pattern, states) in [
            ("^[A-Z]{2}[0-9]{4}$", 8),
            ("(a{10}b){10}", 110),
            ("((a{100}){100}){100}", 1_000_000),
            (r"\p{L}{3}", 100 * 3),
            (r"[\w-]{5,7}", 700),
            (r"\{[^\]{9}]{2}", 3),
        ] {
            assert_eq!(pattern_states(pattern), states, "{pattern}");
        }
        assert_eq!(pattern_states(")))({{{"), pattern_states(")))({{{"));
    }
}
