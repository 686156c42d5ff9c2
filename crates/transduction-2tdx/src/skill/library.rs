//! Stored patterns: immutable, addressed by their content, versioned by name.
//!
//! A version is a row that is inserted once and never changed. The number of a version is given by the INSERT itself;
//! content that is a version already is not stored again, whoever sends it and however often.

use ramanujan_core::{Code, Digest, PatternName, Problem, time};
use ramanujan_egraph::vocabulary::Vocabulary;
use ramanujan_shell::{Row, Schema, Store, Value as Sql, now_millis, setting};
use serde::Serialize;
use serde_json::Value;

use super::operators::{Declared, fresh_vocabulary};
use super::rule::{Canonical, Posted, Rule};

/// Most stored versions where `MAX_PATTERNS` is not set: about 5 MB.
const DEFAULT_MAX_PATTERNS: u64 = 10_000;
/// Most rules of a request where `MAX_BATCH` is not set.
const DEFAULT_MAX_RULES: usize = 100;

pub(super) const SCHEMA: Schema = Schema {
    name: "transduction",
    statements: &[
        // Rows are never deleted, so the greatest seq is their number.
        "CREATE TABLE IF NOT EXISTS transduction_patterns (
            seq INTEGER PRIMARY KEY,
            id TEXT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            version INTEGER NOT NULL,
            priority INTEGER NOT NULL,
            dimension INTEGER NOT NULL,
            complexity INTEGER NOT NULL,
            source TEXT NOT NULL,
            target TEXT NOT NULL,
            constraints TEXT NOT NULL,
            created INTEGER NOT NULL,
            UNIQUE (name, version))",
        "CREATE INDEX IF NOT EXISTS transduction_by_schedule ON transduction_patterns (priority DESC, complexity, name)",
        "CREATE TABLE IF NOT EXISTS transduction_usage (
            what TEXT PRIMARY KEY,
            count INTEGER NOT NULL) WITHOUT ROWID",
        "ALTER TABLE transduction_patterns ADD COLUMN operators TEXT NOT NULL DEFAULT '[]'",
    ],
};

const COLUMNS: &str = "p.id, p.name, p.version, p.source, p.target, p.constraints, p.priority, p.dimension, p.complexity, p.created, p.operators";

/// The rows that are the newest version of their name.
const NEWEST: &str =
    "p.version = (SELECT MAX(o.version) FROM transduction_patterns AS o WHERE o.name = p.name)";

/// A stored version of a pattern.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Stored {
    pub(super) id: String,
    pub(super) pattern_name: String,
    /// From 1 for each name.
    pub(super) version: u64,
    #[serde(flatten)]
    pub(super) canonical: Canonical,
    pub(super) created_at: String,
}

impl Stored {
    /// Columns from `first` on, in the order of [`COLUMNS`].
    fn read(mut row: Row, first: usize) -> Result<Stored, Problem> {
        let shape = |error: serde_json::Error| Problem::new(Code::StoreShape, error.to_string());
        let constraints = serde_json::from_str(&row.take_text(first + 5)?).map_err(shape)?;
        let operators = serde_json::from_str(&row.take_text(first + 10)?).map_err(shape)?;
        Ok(Stored {
            id: row.take_text(first)?,
            pattern_name: row.take_text(first + 1)?,
            version: row.uint(first + 2)?,
            canonical: Canonical {
                source_pattern: row.take_text(first + 3)?,
                target_pattern: row.take_text(first + 4)?,
                constraints,
                priority: row.uint(first + 6)?,
                operators,
                dimension: row.uint(first + 7)?,
                complexity: row.uint(first + 8)?,
            },
            created_at: time::format_rfc3339(row.uint(first + 9)?),
        })
    }

    /// The rule, over `names`.
    pub(super) fn rule(&self, vocabulary: &mut Vocabulary) -> Result<Rule, Problem> {
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
            Problem::new(Code::StoredPattern, detail)
        })
    }
}

/// Where a list goes on and how long it is.
#[derive(Clone, Debug)]
pub(super) enum Page {
    /// Newest versions by name.
    ByName { after: String },
    /// Newest versions in the order in which their rules are tried.
    BySchedule { after: Option<(u64, u64, String)> },
    /// All versions of one name.
    Versions { name: PatternName, after: u64 },
}

/// Stores a pattern. Says whether it was new.
///
/// # Errors
/// 429 `too-many-patterns` past `MAX_PATTERNS`; 503 if the store does not answer.
pub(super) fn insert(
    store: &Store,
    name: &PatternName,
    canonical: &Canonical,
) -> Result<(Stored, bool), Problem> {
    let most: u64 = setting::number("MAX_PATTERNS", DEFAULT_MAX_PATTERNS)?;
    let id = canonical.digest(name.as_str());
    let encoding = |error: serde_json::Error| Problem::new(Code::Encoding, error.to_string());
    let constraints = serde_json::to_string(&canonical.constraints).map_err(encoding)?;
    let operators = serde_json::to_string(&canonical.operators).map_err(encoding)?;
    let sql = "INSERT INTO transduction_patterns
            (id, name, version, priority, dimension, complexity, source, target, constraints, created, operators)
        SELECT ?1, ?2, COALESCE(MAX(version), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?11
        FROM transduction_patterns WHERE name = ?2
        HAVING (SELECT COALESCE(MAX(seq), 0) FROM transduction_patterns) < ?10
        ON CONFLICT DO NOTHING RETURNING version";
    let params: Vec<Sql> = vec![
        id.to_string().into(),
        name.as_str().into(),
        canonical.priority.into(),
        canonical.dimension.into(),
        canonical.complexity.into(),
        canonical.source_pattern.as_str().into(),
        canonical.target_pattern.as_str().into(),
        constraints.into(),
        now_millis().into(),
        most.into(),
        operators.into(),
    ];
    let created = !store.execute(sql, params)?.is_empty();
    match find(store, &id.to_string())? {
        Some(stored) => Ok((stored, created)),
        None => {
            let detail = format!("{most} versions of patterns are stored, which is MAX_PATTERNS");
            Err(Problem::new(Code::TooManyPatterns, detail))
        }
    }
}

/// The version with this id, or the newest of this name.
///
/// # Errors
/// 422 if it is neither an id nor a name, 503 if the store does not answer.
pub(super) fn find(store: &Store, id_or_name: &str) -> Result<Option<Stored>, Problem> {
    Ok(find_all(store, &[reference(id_or_name)?])?.pop().flatten())
}

/// As [`find`], 404 where there is none.
pub(super) fn get(store: &Store, id_or_name: &str) -> Result<Stored, Problem> {
    find(store, id_or_name)?.ok_or_else(|| missing(id_or_name))
}

pub(super) fn missing(id_or_name: &str) -> Problem {
    Problem::new(Code::NoSuchPattern, format!("no pattern {id_or_name:?} is stored"))
}

/// A reference as it stands in the store.
fn reference(text: &str) -> Result<String, Problem> {
    match text.parse::<Digest>() {
        Ok(digest) => Ok(digest.to_string()),
        Err(_) => PatternName::check(text)
            .map(|()| text.to_owned())
            .map_err(|error| Problem::new(Code::InvalidPatternReference, error.to_string())),
    }
}

/// What each reference leads to.
fn find_all(store: &Store, references: &[String]) -> Result<Vec<Option<Stored>>, Problem> {
    let mut found = vec![None; references.len()];
    let sql = format!(
        "SELECT r.key, {COLUMNS} FROM json_each(?1) AS r CROSS JOIN transduction_patterns AS p ON p.id = r.value
         UNION ALL
         SELECT r.key, {COLUMNS} FROM json_each(?1) AS r CROSS JOIN transduction_patterns AS p
         ON p.name = r.value AND {NEWEST}"
    );
    let list = Value::from(references).to_string();
    for row in store.execute(&sql, [list.into()])? {
        let place = usize::try_from(row.uint(0)?).unwrap_or(usize::MAX);
        if let Some(slot) = found.get_mut(place) {
            *slot = Some(Stored::read(row, 1)?);
        }
    }
    Ok(found)
}

/// A page, and whether there is more.
pub(super) fn list(store: &Store, page: &Page, limit: u64) -> Result<(Vec<Stored>, bool), Problem> {
    let more: Sql = (limit + 1).into();
    let (condition, params): (String, Vec<Sql>) = match page {
        Page::ByName { after } => {
            (format!("p.name > ?2 AND {NEWEST} ORDER BY p.name"), vec![more, after.as_str().into()])
        }
        Page::BySchedule { after: None } => {
            (format!("{NEWEST} ORDER BY p.priority DESC, p.complexity, p.name"), vec![more])
        }
        Page::BySchedule { after: Some((priority, complexity, name)) } => (
            format!(
                "p.priority <= ?2 AND (p.priority < ?2 OR (p.complexity, p.name) > (?3, ?4)) AND {NEWEST}
                 ORDER BY p.priority DESC, p.complexity, p.name"
            ),
            vec![more, (*priority).into(), (*complexity).into(), name.as_str().into()],
        ),
        Page::Versions { name, after } => (
            "p.name = ?2 AND p.version > ?3 ORDER BY p.version".to_owned(),
            vec![more, name.as_str().into(), (*after).into()],
        ),
    };
    let sql = format!("SELECT {COLUMNS} FROM transduction_patterns AS p WHERE {condition} LIMIT ?1");
    let rows = store.execute(&sql, params)?;
    let more = rows.len() as u64 > limit;
    let kept = rows.into_iter().take(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok((kept.map(|row| Stored::read(row, 0)).collect::<Result<_, _>>()?, more))
}

/// Names and versions that are stored.
pub(super) fn counts(store: &Store) -> Result<(u64, u64), Problem> {
    let sql = "SELECT COUNT(DISTINCT name), COUNT(*) FROM transduction_patterns";
    let rows = store.execute(sql, [])?;
    rows.first().map_or(Ok((0, 0)), |row| Ok((row.uint(0)?, row.uint(1)?)))
}

/// A rule of a request, and the stored pattern that it is, if it is one.
pub(super) struct Chosen {
    pub(super) rule: Rule,
    pub(super) stored: Option<Stored>,
}

/// A pattern of a request before it is read.
enum Named {
    Stored(Stored),
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

/// The rules that a request names (by id or name) or brings along (as objects), in the order given, and the vocabulary
/// that they are read over, which knows the operators that any of them declares.
///
/// # Errors
/// 422 with the index for one that is not valid, 404 for one that is not stored.
pub(super) fn choose(store: &Store, given: &[Value]) -> Result<(Vocabulary, Vec<Chosen>), Problem> {
    let most = setting::number("MAX_BATCH", DEFAULT_MAX_RULES)?;
    if given.is_empty() || given.len() > most {
        let detail = format!("patterns holds 1 to {most} patterns, not {}", given.len());
        return Err(Problem::new(Code::InvalidPatterns, detail));
    }
    let at = |problem: Problem, index: usize| problem.with("index", index);
    let mut wanted = Vec::new();
    for (index, given) in given.iter().enumerate() {
        if let Value::String(text) = given {
            wanted.push(reference(text).map_err(|problem| at(problem, index))?);
        }
    }
    let found = if wanted.is_empty() { Vec::new() } else { find_all(store, &wanted)? };
    let mut found = found.into_iter();
    let mut named = Vec::with_capacity(given.len());
    for (index, given) in given.iter().enumerate() {
        named.push(match given {
            Value::String(text) => {
                let stored = found.next().flatten();
                Named::Stored(stored.ok_or_else(|| at(missing(text), index))?)
            }
            Value::Object(_) => Named::Brought(serde_json::from_value(given.clone()).map_err(|error| {
                at(Problem::new(Code::InvalidJson, format!("patterns[{index}]: {error}")), index)
            })?),
            _ => {
                let detail = format!("patterns[{index}] must be an id, a name or an object");
                return Err(at(Problem::new(Code::InvalidPatterns, detail), index));
            }
        });
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
                let rule =
                    Rule::read(&mut vocabulary, &name, &posted).map_err(|problem| at(problem, index))?;
                Chosen { rule, stored: None }
            }
        });
    }
    Ok((vocabulary, chosen))
}
