//! A skill as it is posted, within bounds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// One call and what it gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Example {
    /// What the skill was given; any JSON.
    pub input: Value,
    /// What it answered; any JSON.
    pub output: Value,
}

/// A skill as an agent offers it.
///
/// All its schemas and examples together have at most 10,000 JSON values, 32 levels deep.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(with = "Raw"))]
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
    /// The bounds of a skill that comes in a request.
    pub const DEFAULT: Limits =
        Limits { examples: 64, depth: 32, nodes: 10_000, name: 128, description: 4096 };
}

/// Why something is not a skill that can be judged.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ReadError {
    /// A member is missing, unknown or of another type; the text says which.
    #[error("not a skill: {0}")]
    Shape(String),
    /// Something exceeds [`Limits`].
    #[error("{member}: {found} is more than a skill may have, which is {limit}")]
    TooLarge {
        /// What was counted.
        member: &'static str,
        /// How many there are.
        found: usize,
        /// How many there may be.
        limit: usize,
    },
}

/// The members of a skill before they are counted.
#[derive(Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Raw {
    /// What it is called, at most 128 bytes.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = Limits::DEFAULT.name)))]
    name: String,
    /// What it does, at most 4096 bytes.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = Limits::DEFAULT.description)))]
    description: String,
    /// JSON Schema of the input, drafts 4 to 2020-12; references stay within it.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("type" = ["object", "boolean"])))]
    input_schema: Value,
    /// JSON Schema of the output, drafts 4 to 2020-12; references stay within it.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("type" = ["object", "boolean"])))]
    output_schema: Value,
    /// Calls with what they gave.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = Limits::DEFAULT.examples)))]
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

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, in prose.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// The JSON Schema of its input: an object, `true` or `false`, not checked further.
    pub fn input_schema(&self) -> &Value {
        &self.input_schema
    }

    /// The JSON Schema of its output, of the same forms.
    pub fn output_schema(&self) -> &Value {
        &self.output_schema
    }

    /// Calls that show what it does, in the order in which they were given.
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
