//! `POST /timeline/freeze`, `GET /timeline/freezes`, `GET /timeline/freeze/{id}`: named snapshots of a prefix of the log.
//!
//! A snapshot is made only if every cause that an event names is in the prefix and the times of each origin do not run
//! backwards in its own order, or if the caller allows what is wrong; then it is recorded. The prefix is sealed first,
//! so that a snapshot names its hashes. It is never changed.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Problem, json as strict};
use ramanujan_shell::{Request, Response, Row, Store, ok, setting};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::checkpoint::{self, CHECKPOINT_EVENTS};
use crate::feed::bounds;
use crate::merkle::Accumulator;
use crate::query::{DEFAULT_LIMIT, DEFAULT_MAX_LIMIT};
use crate::seal::{self, SEAL_EVENTS};
use crate::state::{self, Page};
use crate::{archive, now, schema};

/// Most events hashed or looked at in one request where `FREEZE_MAX_EVENTS` is not set: a few seconds of work.
pub const DEFAULT_FREEZE_MAX_EVENTS: u64 = 200_000;
/// Most snapshots where `FREEZE_MAX_SNAPSHOTS` is not set.
pub const DEFAULT_FREEZE_MAX_SNAPSHOTS: u64 = 10_000;
/// Most defects of each kind in a reply and in a snapshot; the counts are exact.
pub const MAX_VIOLATIONS: u64 = 100;
/// Longest name of a snapshot.
pub const MAX_NAME_CHARS: usize = 64;

/// A defect that a caller may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Allowed {
    MissingDependencies,
    Clock,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    name: Option<String>,
    size: Option<u64>,
    #[serde(default)]
    allow: Vec<Allowed>,
}

const SELECT: &str =
    "SELECT name, size, created, chain_head, root, missing, backwards, violations FROM timeline_freezes";

/// Refuses where the operator switched snapshots off.
///
/// # Errors
/// 403 `freeze-recover-disabled`.
pub fn enabled() -> Result<(), Problem> {
    if setting::number("FREEZE_RECOVER_ENABLED", true)? {
        return Ok(());
    }
    let detail = "freezing and recovering are switched off here (FREEZE_RECOVER_ENABLED=false)";
    Err(Problem::new(Code::FreezeRecoverDisabled, detail))
}

/// How many events one request may hash or look at.
///
/// # Errors
/// 500 `invalid-setting`.
pub(crate) fn budget() -> Result<u64, Problem> {
    setting::number("FREEZE_MAX_EVENTS", DEFAULT_FREEZE_MAX_EVENTS)
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    enabled()?;
    request.query().only(&[])?;
    let asked: Asked = strict::from_slice(&request.body)?;
    if let Some(name) = &asked.name {
        check_name(name)?;
    }
    let store = Store::open(schema::SCHEMA)?;
    if let Some(reply) = existing(&store, &asked)? {
        return reply;
    }
    let (_, last) = bounds(&store)?;
    let size = asked.size.unwrap_or(last);
    if size > last {
        let detail = format!("size: the log has {last} events");
        return Err(Problem::new(Code::InvalidSize, detail).with("last_seq", last));
    }
    let asked =
        Asked { name: Some(asked.name.unwrap_or_else(|| format!("at-{size}"))), size: Some(size), ..asked };
    if let Some(reply) = existing(&store, &asked)? {
        return reply;
    }
    let budget = budget()?;
    let hashes = hashes(&store, size, budget, true)?;
    let reached = checkpoint::up_to(&store, size, CHECKPOINT_EVENTS, budget)?;
    if reached < size {
        return Err(behind(reached, size));
    }
    let violations = checkpoint::violations(&store, size, MAX_VIOLATIONS)?;
    let refused =
        [(Allowed::MissingDependencies, violations.missing), (Allowed::Clock, violations.backwards)]
            .iter()
            .any(|(kind, count)| *count > 0 && !asked.allow.contains(kind));
    if refused {
        let detail = format!(
            "of the first {size} events, {} name causes that are not there, {} times run backwards; \
             \"allow\": [\"missing_dependencies\", \"clock\"] freezes with them on record",
            violations.missing, violations.backwards
        );
        return Err(Problem::new(Code::NotFreezable, detail)
            .with("size", size)
            .with("missing_dependencies", violations.missing)
            .with("clock", violations.backwards)
            .with("violations", violations.list));
    }
    insert(&store, &asked, &hashes, &violations)?;
    let found = find(&store, asked.name.as_deref().unwrap_or_default())?;
    let Some(row) = found else {
        let most: u64 = setting::number("FREEZE_MAX_SNAPSHOTS", DEFAULT_FREEZE_MAX_SNAPSHOTS)?;
        let detail = format!("there are {most} snapshots, the most that FREEZE_MAX_SNAPSHOTS allows");
        return Err(Problem::new(Code::TooManyFreezes, detail).with("limit", most));
    };
    reply(&store, &row, &asked, false)
}

/// The reply if the snapshot is there already.
fn existing(store: &Store, asked: &Asked) -> Result<Option<Result<Response, Problem>>, Problem> {
    let Some(name) = &asked.name else { return Ok(None) };
    Ok(find(store, name)?.map(|row| reply(store, &row, asked, true)))
}

fn reply(store: &Store, row: &Row, asked: &Asked, duplicate: bool) -> Result<Response, Problem> {
    let size = row.uint(1)?;
    if asked.size.is_some_and(|asked| asked != size) {
        let detail = format!(
            "{} is the snapshot of size {size} and is never changed; take another name",
            row.text(0)?
        );
        return Err(Problem::new(Code::FreezeExists, detail).with("size", size));
    }
    let mut members = full(row)?;
    members.extend(state::at(store, size, None)?);
    members.remove("replayed");
    members.insert("duplicate".into(), duplicate.into());
    ok(&members)
}

fn insert(
    store: &Store,
    asked: &Asked,
    hashes: &Accumulator,
    violations: &checkpoint::Violations,
) -> Result<(), Problem> {
    let most = setting::number("FREEZE_MAX_SNAPSHOTS", DEFAULT_FREEZE_MAX_SNAPSHOTS)?;
    let list = Value::from(violations.list.clone()).to_string();
    store.execute(
        "INSERT INTO timeline_freezes (name, size, created, chain_head, root, missing, backwards, violations)
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 WHERE (SELECT COUNT(*) FROM timeline_freezes) < ?9
         ON CONFLICT DO NOTHING",
        [
            asked.name.as_deref().into(),
            hashes.size().into(),
            now().into(),
            hashes.chain_head().as_bytes().as_slice().into(),
            hashes.root().as_bytes().as_slice().into(),
            violations.missing.into(),
            violations.backwards.into(),
            list.into(),
            most.into(),
        ],
    )?;
    Ok(())
}

fn check_name(name: &str) -> Result<(), Problem> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=MAX_NAME_CHARS).contains(&name.len()) && name.chars().all(legal) {
        return Ok(());
    }
    let detail = format!("name: 1 to {MAX_NAME_CHARS} of the characters A-Z a-z 0-9 . _ -");
    Err(Problem::new(Code::InvalidName, detail))
}

fn find(store: &Store, name: &str) -> Result<Option<Row>, Problem> {
    Ok(store.execute(&format!("{SELECT} WHERE name = ?1"), [name.into()])?.pop())
}

/// The last snapshot not beyond `size`.
pub(crate) fn latest(store: &Store, size: u64) -> Result<Option<Map<String, Value>>, Problem> {
    let sql = format!("{SELECT} WHERE size <= ?1 ORDER BY size DESC, name LIMIT 1");
    store.execute(&sql, [size.into()])?.first().map(brief).transpose()
}

fn brief(row: &Row) -> Result<Map<String, Value>, Problem> {
    let mut members = Map::new();
    members.insert("name".into(), row.text(0)?.into());
    members.insert("size".into(), row.uint(1)?.into());
    members.insert("created".into(), format_rfc3339(row.uint(2)?).into());
    members.insert("chain_head".into(), checkpoint::digest(row, 3)?.to_string().into());
    members.insert("merkle_root".into(), checkpoint::digest(row, 4)?.to_string().into());
    members.insert("missing_dependencies".into(), row.uint(5)?.into());
    members.insert("clock".into(), row.uint(6)?.into());
    Ok(members)
}

fn full(row: &Row) -> Result<Map<String, Value>, Problem> {
    let mut members = brief(row)?;
    let violations: Value = serde_json::from_str(row.text(7)?)
        .map_err(|_| Problem::new(Code::StoreShape, "the violations of a snapshot are not JSON"))?;
    members.insert("violations".into(), violations);
    Ok(members)
}

pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    enabled()?;
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let after = match query.get("cursor") {
        None => None,
        Some(text) => Some(
            text.split_once('.')
                .and_then(|(size, name)| Some((size.parse::<u64>().ok()?, name)))
                .ok_or_else(|| {
                    Problem::new(Code::InvalidParameter, "cursor: not a next_cursor of this list")
                })?,
        ),
    };
    let store = Store::open(schema::SCHEMA)?;
    let (condition, mut params) = match after {
        Some((size, name)) => ("WHERE (size, name) > (?2, ?3)", vec![size.into(), name.into()]),
        None => ("", Vec::new()),
    };
    params.insert(0, (limit + 1).into());
    let mut rows = store.execute(&format!("{SELECT} {condition} ORDER BY size, name LIMIT ?1"), params)?;
    let more = rows.len() as u64 > limit;
    rows.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    let next_cursor = match rows.last() {
        Some(row) if more => Some(format!("{}.{}", row.uint(1)?, row.text(0)?)),
        _ => None,
    };
    let freezes: Vec<_> = rows.iter().map(brief).collect::<Result<_, _>>()?;
    ok(&json!({"freezes": freezes, "next_cursor": next_cursor}))
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    enabled()?;
    let query = request.query();
    query.only(&state::PARAMETERS)?;
    let page = Page::read(&query)?;
    let store = Store::open(schema::SCHEMA)?;
    let name = request.param("id");
    let row = find(&store, name)?
        .ok_or_else(|| Problem::new(Code::NoSuchFreeze, format!("no snapshot is called {name:.80}")))?;
    let mut members = full(&row)?;
    members.extend(state::at(&store, row.uint(1)?, page.as_ref())?);
    members.remove("replayed");
    ok(&members)
}

/// Work that is too much for one request is done in several.
pub(crate) fn behind(reached: u64, size: u64) -> Problem {
    let detail = format!("{reached} of {size} events are ready; ask the same again and the work goes on");
    Problem::new(Code::NotReady, detail).with("reached", reached).with("size", size)
}

/// The hashes of the first `size` events. Seals what is not sealed yet, in full ranges, and with `whole` the rest too.
///
/// # Errors
/// 503 `not-sealed` after `budget` events, 500 `log-damaged` if one is missing, 503 if the store does not answer.
pub(crate) fn hashes(store: &Store, size: u64, budget: u64, whole: bool) -> Result<Accumulator, Problem> {
    seal::up_to(store, if whole { size } else { size - size % SEAL_EVENTS }, budget)?;
    archive::state_at(store, size)
}
