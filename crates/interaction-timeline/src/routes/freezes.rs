//! `POST /timeline/freeze`, `GET /timeline/freezes`, `GET /timeline/freeze/{id}`: named versions of a prefix of the log.
//!
//! A freeze is made only if every cause that an event names is in the prefix and the times of each origin do not run
//! backwards in its own order, or if the caller allows what is wrong; then it is recorded. The prefix is sealed first,
//! so that a freeze names its hashes. It is never changed.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::routes::query::DEFAULT_LIMIT;
use crate::routes::state::{PARAMETERS, read_part};
use crate::settings::{FREEZE_MAX_EVENTS, FREEZE_MAX_SNAPSHOTS, FREEZE_RECOVER_ENABLED};
use crate::store::checkpoints::{self, CHECKPOINT_EVENTS, Violations};
use crate::store::freezes::{self, Freeze};
use crate::store::{self, leaves, log, states};

/// Most defects of each kind in a reply and in a freeze; the counts are exact.
const MAX_VIOLATIONS: u64 = 100;
/// Longest name of a freeze.
const MAX_NAME_CHARS: usize = 64;

/// A defect that a caller may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) enum Allowed {
    /// Events name causes that are not among the first `size`.
    MissingDependencies,
    /// Times of an origin run backwards in the order of its own numbers.
    Clock,
}

/// The body of a request.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Asked {
    /// What it is to be called; `at-<size>` if left out.
    #[cfg_attr(not(target_family = "wasm"), schemars(regex(pattern = "^[A-Za-z0-9._-]{1,64}$")))]
    name: Option<String>,
    /// How many events, from the first; all of them if left out.
    size: Option<u64>,
    /// Defects that it may have.
    #[serde(default)]
    allow: Vec<Allowed>,
}

/// Refuses where the operator switched freezing and recovering off.
///
/// # Errors
/// 403 `freeze-recover-disabled`.
pub(super) fn enabled() -> Result<(), Problem> {
    if FREEZE_RECOVER_ENABLED.read()? {
        return Ok(());
    }
    let detail = "freezing and recovering are switched off here (FREEZE_RECOVER_ENABLED=false)";
    Err(Problem::new(Code::FreezeRecoverDisabled, detail))
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    enabled()?;
    request.query().only(&[])?;
    let asked: Asked = request.json()?;
    if let Some(name) = &asked.name {
        check_name(name)?;
    }
    let store = store::open()?;
    let known = |name: &str| freezes::find(&store, name);
    let shown = |freeze: &Freeze, duplicate: bool| {
        agrees(freeze, asked.size)?;
        let mut members = full(freeze)?;
        members.extend(states::at(&store, freeze.size, None)?);
        members.remove("replayed");
        members.insert("duplicate".into(), duplicate.into());
        ok(&members)
    };
    if let Some(freeze) = asked.name.as_deref().map(known).transpose()?.flatten() {
        return shown(&freeze, true);
    }
    let (_, last) = log::bounds(&store)?;
    let size = asked.size.unwrap_or(last);
    if size > last {
        let detail = format!("size: the log has {last} events");
        return Err(Problem::new(Code::InvalidSize, detail).with("last_seq", last));
    }
    let name = asked.name.clone().unwrap_or_else(|| format!("at-{size}"));
    if let Some(freeze) = known(&name)? {
        return shown(&freeze, true);
    }
    let budget = FREEZE_MAX_EVENTS.read()?;
    let hashes = leaves::sealed_state(&store, size, budget, true)?;
    let reached = checkpoints::up_to(&store, size, CHECKPOINT_EVENTS, budget)?;
    if reached < size {
        return Err(checkpoints::not_ready(reached, size));
    }
    let violations = checkpoints::violations(&store, size, MAX_VIOLATIONS)?;
    check_violations(&violations, size, &asked.allow)?;
    let most = FREEZE_MAX_SNAPSHOTS.read()?;
    freezes::insert(&store, &name, &hashes, &violations, most)?;
    match known(&name)? {
        Some(freeze) => {
            agrees(&freeze, Some(size))?;
            shown(&freeze, false)
        }
        None => {
            let detail = format!("there are {most} freezes, the most that FREEZE_MAX_SNAPSHOTS allows");
            Err(Problem::new(Code::TooManyFreezes, detail).with("limit", most))
        }
    }
}

/// Refuses a size other than the freeze's own.
fn agrees(freeze: &Freeze, size: Option<u64>) -> Result<(), Problem> {
    if size.is_none_or(|size| size == freeze.size) {
        return Ok(());
    }
    let detail = format!(
        "{} is the freeze of size {} and is never changed; take another name",
        freeze.name, freeze.size
    );
    Err(Problem::new(Code::FreezeExists, detail).with("size", freeze.size))
}

fn check_violations(violations: &Violations, size: u64, allowed: &[Allowed]) -> Result<(), Problem> {
    let Violations { missing, backwards, list } = violations;
    let refused = [(Allowed::MissingDependencies, missing), (Allowed::Clock, backwards)]
        .iter()
        .any(|(kind, count)| **count > 0 && !allowed.contains(kind));
    if !refused {
        return Ok(());
    }
    let detail = format!(
        "of the first {size} events, {missing} name causes that are not there, {backwards} times run backwards; \
         \"allow\": [\"missing_dependencies\", \"clock\"] freezes with them on record",
    );
    Err(Problem::new(Code::NotFreezable, detail)
        .with("size", size)
        .with("missing_dependencies", *missing)
        .with("clock", *backwards)
        .with("violations", list.clone()))
}

fn check_name(name: &str) -> Result<(), Problem> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    if (1..=MAX_NAME_CHARS).contains(&name.len()) && name.chars().all(legal) {
        return Ok(());
    }
    let detail = format!("name: 1 to {MAX_NAME_CHARS} of the characters A-Z a-z 0-9 . _ -");
    Err(Problem::new(Code::InvalidName, detail))
}

/// A freeze as lists show it.
pub(super) fn brief(freeze: &Freeze) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("name".into(), freeze.name.as_str().into());
    members.insert("size".into(), freeze.size.into());
    members.insert("created".into(), freeze.created.as_str().into());
    members.insert("chain_head".into(), freeze.chain_head.as_str().into());
    members.insert("merkle_root".into(), freeze.merkle_root.as_str().into());
    members.insert("missing_dependencies".into(), freeze.missing_dependencies.into());
    members.insert("clock".into(), freeze.clock.into());
    members
}

fn full(freeze: &Freeze) -> Result<Map<String, Value>, Problem> {
    let mut members = brief(freeze);
    members.insert("violations".into(), freeze.violations()?);
    Ok(members)
}

pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    enabled()?;
    let query = request.query();
    let pager = query.only(&["limit", "cursor"])?.pager(DEFAULT_LIMIT)?;
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
    let page = freezes::list(&store::open()?, after, pager)?;
    let next_cursor = page.next(|freeze| format!("{}.{}", freeze.size, freeze.name));
    let freezes: Vec<_> = page.items.iter().map(brief).collect();
    ok(&json!({"freezes": freezes, "next_cursor": next_cursor}))
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    enabled()?;
    let query = request.query();
    let part = read_part(query.only(&PARAMETERS)?)?;
    let store = store::open()?;
    let name = request.param("id");
    let freeze = freezes::find(&store, name)?
        .ok_or_else(|| Problem::new(Code::NoSuchFreeze, format!("no freeze is called {name:.80}")))?;
    let mut members = full(&freeze)?;
    members.extend(states::at(&store, freeze.size, part.as_ref())?);
    members.remove("replayed");
    ok(&members)
}
