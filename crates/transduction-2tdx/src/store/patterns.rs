//! Stored patterns: immutable, addressed by their content, versioned by name.
//!
//! A version is a row that is inserted once and never changed. The number of a version is given by the INSERT itself;
//! content that is a version already is not stored again, whoever sends it and however often.

use ramanujan_core::{Code, PatternName, Problem, time};
use ramanujan_shell::{Page, Pager, Row, Value as Sql, now_millis};
use serde_json::Value;

use crate::skill::rule::Canonical;
use crate::skill::version::Version;

/// What is read of a version, in the order in which [`version_of`] takes it.
macro_rules! columns {
    () => {
        "p.id, p.name, p.version, p.source, p.target, p.constraints, p.priority, p.dimension, p.complexity, p.created, \
         p.operators"
    };
}

/// Of the rows those that are the newest version of their name.
macro_rules! newest {
    () => {
        "p.version = (SELECT MAX(o.version) FROM transduction_patterns AS o WHERE o.name = p.name)"
    };
}

/// A list of versions: which, and in which order.
macro_rules! list {
    ($($which:tt)+) => {
        concat!("SELECT ", columns!(), " FROM transduction_patterns AS p WHERE ", $($which)+, " LIMIT ?1")
    };
}

const INSERT: &str = "INSERT INTO transduction_patterns
        (id, name, version, priority, dimension, complexity, source, target, constraints, created, operators)
    SELECT ?1, ?2, COALESCE(MAX(version), 0) + 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?11
    FROM transduction_patterns WHERE name = ?2
    HAVING (SELECT COALESCE(MAX(seq), 0) FROM transduction_patterns) < ?10
    ON CONFLICT DO NOTHING RETURNING version";
const FIND: &str = concat!(
    "SELECT r.key, ",
    columns!(),
    " FROM json_each(?1) AS r CROSS JOIN transduction_patterns AS p ON p.id = r.value
    UNION ALL SELECT r.key, ",
    columns!(),
    " FROM json_each(?1) AS r CROSS JOIN transduction_patterns AS p ON p.name = r.value AND ",
    newest!()
);
const BY_NAME: &str = list!("p.name > ?2 AND ", newest!(), " ORDER BY p.name");
const BY_SCHEDULE: &str = list!(newest!(), " ORDER BY p.priority DESC, p.complexity, p.name");
const BY_SCHEDULE_AFTER: &str = list!(
    "p.priority <= ?2 AND (p.priority < ?2 OR (p.complexity, p.name) > (?3, ?4)) AND ",
    newest!(),
    " ORDER BY p.priority DESC, p.complexity, p.name"
);
const VERSIONS: &str = list!("p.name = ?2 AND p.version > ?3 ORDER BY p.version");
const COUNT: &str = "SELECT COUNT(DISTINCT name), COUNT(*) FROM transduction_patterns";

/// A version from the columns from `first` on.
fn version_of(mut row: Row, first: usize) -> Result<Version, Problem> {
    let shape = |error: serde_json::Error| {
        let detail = "a stored pattern's constraints or operators cannot be read";
        Problem::new(Code::StoreShape, detail).caused_by(error)
    };
    let constraints = serde_json::from_str(&row.take_text(first + 5)?).map_err(shape)?;
    let operators = serde_json::from_str(&row.take_text(first + 10)?).map_err(shape)?;
    Ok(Version {
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

/// Which versions a list has, and where it goes on.
#[derive(Clone, Debug)]
pub(crate) enum List {
    /// Newest versions by name.
    ByName { after: String },
    /// Newest versions in the order in which their rules are tried.
    BySchedule { after: Option<(u64, u64, String)> },
    /// All versions of one name.
    Versions { name: PatternName, after: u64 },
}

/// Stores a pattern, of whose versions there may be `most`. Says whether it was new.
///
/// # Errors
/// 429 `too-many-patterns` past `most`; 503 if the store does not answer.
pub(crate) fn insert(
    name: &PatternName,
    canonical: &Canonical,
    most: u64,
) -> Result<(Version, bool), Problem> {
    let id = canonical.digest(name.as_str()).to_string();
    let params: Vec<Sql> = vec![
        id.as_str().into(),
        name.as_str().into(),
        canonical.priority.into(),
        canonical.dimension.into(),
        canonical.complexity.into(),
        canonical.source_pattern.as_str().into(),
        canonical.target_pattern.as_str().into(),
        serde_json::to_string(&canonical.constraints)?.into(),
        now_millis().into(),
        most.into(),
        serde_json::to_string(&canonical.operators)?.into(),
    ];
    let created = !super::open()?.execute(INSERT, params)?.is_empty();
    match find(std::slice::from_ref(&id))?.pop().flatten() {
        Some(version) => Ok((version, created)),
        None => {
            let detail = format!("{most} versions of patterns are stored, which is MAX_PATTERNS");
            Err(Problem::new(Code::TooManyPatterns, detail))
        }
    }
}

/// What each reference leads to: the version with the id, or the newest of the name.
pub(crate) fn find(references: &[String]) -> Result<Vec<Option<Version>>, Problem> {
    let mut found = vec![None; references.len()];
    if references.is_empty() {
        return Ok(found);
    }
    let list = Value::from(references).to_string();
    for row in super::open()?.execute(FIND, [list.into()])? {
        let place = usize::try_from(row.uint(0)?).unwrap_or(usize::MAX);
        if let Some(slot) = found.get_mut(place) {
            *slot = Some(version_of(row, 1)?);
        }
    }
    Ok(found)
}

/// A page of a list.
pub(crate) fn list(list: &List, pager: Pager) -> Result<Page<Version>, Problem> {
    let fetch: Sql = pager.fetch().into();
    let (sql, params): (&str, Vec<Sql>) = match list {
        List::ByName { after } => (BY_NAME, vec![fetch, after.as_str().into()]),
        List::BySchedule { after: None } => (BY_SCHEDULE, vec![fetch]),
        List::BySchedule { after: Some((priority, complexity, name)) } => {
            (BY_SCHEDULE_AFTER, vec![fetch, (*priority).into(), (*complexity).into(), name.as_str().into()])
        }
        List::Versions { name, after } => (VERSIONS, vec![fetch, name.as_str().into(), (*after).into()]),
    };
    pager.cut(super::open()?.execute(sql, params)?).try_map(|row| version_of(row, 0))
}

/// Names and versions that are stored.
pub(crate) fn counts() -> Result<(u64, u64), Problem> {
    let rows = super::open()?.execute(COUNT, [])?;
    rows.first().map_or(Ok((0, 0)), |row| Ok((row.uint(0)?, row.uint(1)?)))
}
