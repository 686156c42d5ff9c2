//! A stored version of a pattern, and the rules that a request chooses: by id, by name, or brought along.

use ramanujan_core::{Code, Digest, PatternName, Problem};
use ramanujan_egraph::vocabulary::Vocabulary;
use serde::Serialize;
use serde_json::Value;

use super::operators::{Declared, fresh_vocabulary};
use super::rule::{Canonical, Posted, Rule};

/// A stored version of a pattern.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "PatternVersion"))]
pub(crate) struct Version {
    /// Its content address: SHA-256 of name, priority, source, target, constraints and operators.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Digest"))]
    pub(crate) id: String,
    /// Its name.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "PatternName"))]
    pub(crate) pattern_name: String,
    /// From 1 for each name.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1)))]
    pub(crate) version: u64,
    #[serde(flatten)]
    pub(crate) canonical: Canonical,
    /// When it was stored.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("format" = "date-time")))]
    pub(crate) created_at: String,
}

impl Version {
    /// The rule, over the names of a vocabulary.
    pub(crate) fn rule(&self, vocabulary: &mut Vocabulary) -> Result<Rule, Problem> {
        let Canonical { source_pattern, target_pattern, constraints, priority, operators, .. } =
            self.canonical.clone();
        let posted = Posted {
            pattern_name: None,
            source_pattern: source_pattern.into(),
            target_pattern: target_pattern.into(),
            constraints,
            priority: Some(priority),
            operators,
        };
        Rule::read(vocabulary, &self.pattern_name, &posted).map_err(|problem| {
            let detail = format!("the stored pattern {} is not valid: {}", self.id, problem.detail);
            Problem::new(Code::StoredPattern, detail).caused_by(problem)
        })
    }
}

/// The refusal of a reference that leads nowhere.
pub(crate) fn missing(id_or_name: &str) -> Problem {
    Problem::new(Code::NoSuchPattern, format!("no pattern {id_or_name:?} is stored"))
}

/// A reference to a stored pattern, an id or a name, in the spelling in which it is stored.
pub(crate) fn reference(text: &str) -> Result<String, Problem> {
    match text.parse::<Digest>() {
        Ok(digest) => Ok(digest.to_string()),
        Err(_) => PatternName::check(text)
            .map(|()| text.to_owned())
            .map_err(|error| Problem::new(Code::InvalidPatternReference, error.to_string())),
    }
}

/// A reference as it is written.
#[cfg(not(target_family = "wasm"))]
pub(crate) enum Reference {}

#[cfg(not(target_family = "wasm"))]
impl schemars::JsonSchema for Reference {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "PatternReference".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        let description = "The id of a version, or a name: then the newest version of it.";
        // An id is 64 of the characters that a name is made of.
        let mut schema = PatternName::json_schema(generator);
        schema.insert("description".to_owned(), description.into());
        schema
    }
}

/// A pattern of a request as it is written.
#[cfg(not(target_family = "wasm"))]
#[derive(schemars::JsonSchema)]
#[schemars(untagged, rename = "GivenPattern")]
#[expect(
    dead_code,
    reason = "only its schema is used: each is read by itself, so that a refusal has its index"
)]
pub(crate) enum Given {
    /// One that is stored.
    Stored(#[schemars(with = "Reference")] String),
    /// One that the request brings along.
    Brought(Posted),
}

/// A rule of a request, and the stored version that it is, if it is one.
pub(crate) struct Chosen {
    pub(crate) rule: Rule,
    pub(crate) stored: Option<Version>,
}

/// A pattern of a request before it is read.
enum Named {
    Stored(Version),
    Brought(Posted),
}

impl Named {
    fn operators(&self) -> &[Declared] {
        match self {
            Named::Stored(stored) => &stored.canonical.operators,
            Named::Brought(posted) => &posted.operators,
        }
    }
}

/// The stored patterns that a request names, in the order given. `most` is how many patterns it may hold.
///
/// # Errors
/// 422 for no patterns or too many, and with the index for text that is neither an id nor a name.
pub(crate) fn references(given: &[Value], most: usize) -> Result<Vec<String>, Problem> {
    if given.is_empty() || given.len() > most {
        let detail = format!("patterns holds 1 to {most} patterns, not {}", given.len());
        return Err(Problem::new(Code::InvalidPatterns, detail));
    }
    let named = given.iter().enumerate().filter_map(|(index, given)| Some((index, given.as_str()?)));
    named.map(|(index, text)| reference(text).map_err(|problem| problem.with("index", index))).collect()
}

/// The rules that a request names or brings along (as objects), in the order given, and the vocabulary that they are
/// read over, which knows the operators that any of them declares. `found` is what its [`references`] lead to.
///
/// # Errors
/// 422 with the index for one that is not valid, 404 for one that is not stored.
pub(crate) fn choose(
    given: &[Value],
    found: Vec<Option<Version>>,
) -> Result<(Vocabulary, Vec<Chosen>), Problem> {
    let mut found = found.into_iter();
    let mut named = Vec::with_capacity(given.len());
    for (index, given) in given.iter().enumerate() {
        let read = match given {
            Value::String(text) => found.next().flatten().map(Named::Stored).ok_or_else(|| missing(text)),
            Value::Object(_) => serde_json::from_value(given.clone())
                .map(Named::Brought)
                .map_err(|error| Problem::new(Code::InvalidJson, format!("patterns[{index}]: {error}"))),
            _ => {
                let detail = format!("patterns[{index}] must be an id, a name or an object");
                Err(Problem::new(Code::InvalidPatterns, detail))
            }
        };
        named.push(read.map_err(|problem| problem.with("index", index))?);
    }
    let declared: Vec<&[Declared]> = named.iter().map(Named::operators).collect();
    let mut vocabulary = fresh_vocabulary(&declared)?;
    let mut chosen = Vec::with_capacity(named.len());
    for (index, named) in named.into_iter().enumerate() {
        chosen.push(match named {
            Named::Stored(stored) => Chosen { rule: stored.rule(&mut vocabulary)?, stored: Some(stored) },
            Named::Brought(posted) => {
                let name = posted.pattern_name.as_ref();
                let name = name.map_or_else(|| format!("pattern-{index}"), |name| name.as_str().to_owned());
                let rule = Rule::read(&mut vocabulary, &name, &posted);
                Chosen { rule: rule.map_err(|problem| problem.with("index", index))?, stored: None }
            }
        });
    }
    Ok((vocabulary, chosen))
}

/// Rules in the order in which they are tried, with the ids of those that are stored. Among equals the order in which
/// they were given decides.
pub(crate) fn scheduled(
    vocabulary: &Vocabulary,
    mut chosen: Vec<Chosen>,
) -> (Vec<Rule>, Vec<Option<String>>) {
    chosen.sort_by_cached_key(|chosen| chosen.rule.rank(vocabulary));
    chosen.into_iter().map(|chosen| (chosen.rule, chosen.stored.map(|stored| stored.id))).unzip()
}
