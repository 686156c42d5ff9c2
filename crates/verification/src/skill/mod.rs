//! Skills as agents offer them: name, description, schemas of input and output, example calls; and the seventeen
//! tests.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::report::{Finding, Kind, Report};

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
    name: String,
    description: String,
    input_schema: Value,
    output_schema: Value,
    examples: Vec<Example>,
}

/// Bounds on a skill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Most examples.
    pub examples: usize,
    /// Deepest nesting of a schema or a value.
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
    #[error("{member} is larger than a skill may have: {found} where {limit} is the most")]
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
        let raw = Raw::deserialize(value).map_err(|error| ReadError::Shape(error.to_string()))?;
        let _ = limits;
        Ok(Skill {
            name: raw.name,
            description: raw.description,
            input_schema: raw.input_schema,
            output_schema: raw.output_schema,
            examples: raw.examples,
        })
    }

    pub fn name(&self) -> &str {
        &self.name
    }
}

/// What the seventeen verifiers find in `skill`.
pub fn judge(skill: &Skill) -> Report {
    let _ = skill;
    Report::of(Kind::Skill, std::array::from_fn(|_| Finding::abstain("the test is not built yet")))
}
