//! A skill as it is posted, within bounds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One call and what it gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Example {
    pub input: Value,
    pub output: Value,
}

/// A skill within the bounds of [`Limits`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Skill {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) input_schema: Value,
    pub(super) output_schema: Value,
    pub(super) examples: Vec<Example>,
}

/// Bounds on a skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most examples.
    pub examples: usize,
    /// Deepest nesting of a schema or a value; not more than [`Limits::DEFAULT`] has.
    pub depth: usize,
    /// Most JSON values in one skill, all schemas and examples counted.
    pub nodes: usize,
    /// Longest name, in bytes.
    pub name: usize,
    /// Longest description, in bytes.
    pub description: usize,
}

impl Limits {
    pub const DEFAULT: Limits =
        Limits { examples: 64, depth: 32, nodes: 10_000, name: 128, description: 4096 };
}

/// Why something is not a skill that can be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadError {
    #[error("not a skill: {0}")]
    Shape(String),
    #[error("{member}: {found} is more than a skill may have, which is {limit}")]
    TooLarge { member: &'static str, found: usize, limit: usize },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    name: String,
    description: String,
    input_schema: Value,
    output_schema: Value,
    #[serde(default)]
    examples: Vec<Example>,
}

impl Skill {
    /// Reads a skill: an object with `name`, `description`, `input_schema`, `output_schema` and optional `examples`.
    ///
    /// # Errors
    /// [`ReadError`]; unknown members are refused.
    pub fn from_json(value: Value, limits: &Limits) -> Result<Skill, ReadError> {
        if !value.is_object() {
            return Err(ReadError::Shape("it is not a JSON object".into()));
        }
        let Raw { name, description, input_schema, output_schema, examples } =
            Raw::deserialize(value).map_err(|error| ReadError::Shape(error.to_string()))?;
        let within = |member, found, limit| {
            if found > limit { Err(ReadError::TooLarge { member, found, limit }) } else { Ok(()) }
        };
        within("bytes of name", name.len(), limits.name)?;
        within("bytes of description", description.len(), limits.description)?;
        within("examples", examples.len(), limits.examples)?;
        let values = || {
            [&input_schema, &output_schema]
                .into_iter()
                .chain(examples.iter().flat_map(|e| [&e.input, &e.output]))
        };
        let depth = values().map(depth).max().unwrap_or(0);
        within("levels of nesting", depth, limits.depth.min(Limits::DEFAULT.depth))?;
        within("JSON values", values().map(nodes).sum(), limits.nodes)?;
        for (member, schema) in [("input_schema", &input_schema), ("output_schema", &output_schema)] {
            if !(schema.is_object() || schema.is_boolean()) {
                return Err(ReadError::Shape(format!("{member} is neither an object nor true or false")));
            }
        }
        Ok(Skill { name, description, input_schema, output_schema, examples })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn description(&self) -> &str {
        &self.description
    }

    pub fn input_schema(&self) -> &Value {
        &self.input_schema
    }

    pub fn output_schema(&self) -> &Value {
        &self.output_schema
    }

    pub fn examples(&self) -> &[Example] {
        &self.examples
    }
}

/// Levels of nesting. The recursion ends where the reader of JSON does, at 128 levels.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn nodes(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(nodes).sum::<usize>(),
        Value::Object(members) => 1 + members.values().map(nodes).sum::<usize>(),
        _ => 1,
    }
}
