//! `/skill/patterns`: storing patterns and reading them.

use ramanujan_core::{Code, PatternName, Problem};
use ramanujan_shell::{Page, Pager, Request, Response, ok};
use serde::Serialize;

use super::event::{self, Recorded};
use super::get as find;
use crate::settings::MAX_PATTERNS;
use crate::skill::operators::fresh_vocabulary;
use crate::skill::rule::{Posted, Rule};
use crate::skill::version::{Version, missing};
use crate::store::patterns::{self, List};

/// Patterns in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;

/// A version, and what storing it did.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Posting {
    #[serde(flatten)]
    stored: Version,
    /// False where this content was a version already.
    created: bool,
    #[serde(flatten)]
    event: Recorded,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let posted: Posted = request.json()?;
    let name = posted.pattern_name.clone().ok_or_else(|| {
        Problem::new(Code::MissingName, "a pattern that is stored needs a pattern_name")
            .with("member", "pattern_name")
    })?;
    let mut vocabulary = fresh_vocabulary(&[&posted.operators])?;
    let rule = Rule::read(&mut vocabulary, name.as_str(), &posted)?;
    let canonical = rule.canonical(&vocabulary, posted.operators);
    let (stored, created) = patterns::insert(&name, &canonical, MAX_PATTERNS.read()?)?;
    let event = event::stored(&stored).await;
    ok(&Posting { stored, created, event })
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    ok(&find(request.param("id"))?)
}

/// A page of versions.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Listing {
    /// The versions, in the order that was asked for.
    patterns: Vec<Version>,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

fn answer(list: &List, pager: Pager) -> Result<Response, Problem> {
    let page: Page<Version> = patterns::list(list, pager)?;
    if let (List::Versions { name, after: 0 }, true) = (list, page.items.is_empty()) {
        return Err(missing(name.as_str()));
    }
    let next_cursor = page.next(|last| match list {
        List::ByName { .. } => last.pattern_name.clone(),
        List::BySchedule { .. } => {
            format!("{}.{}.{}", last.canonical.priority, last.canonical.complexity, last.pattern_name)
        }
        List::Versions { .. } => last.version.to_string(),
    });
    ok(&Listing { patterns: page.items, next_cursor })
}

pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["order", "limit", "cursor"])?;
    let invalid = |detail: &str| Problem::new(Code::InvalidParameter, detail);
    let cursor = query.get("cursor");
    let list = match query.get("order") {
        None | Some("name") => List::ByName { after: cursor.unwrap_or_default().to_owned() },
        Some("schedule") => {
            let read = |text: &str| {
                let (priority, rest) = text.split_once('.')?;
                let (complexity, name) = rest.split_once('.')?;
                Some((priority.parse().ok()?, complexity.parse().ok()?, name.to_owned()))
            };
            let after = cursor.map(|text| {
                read(text).ok_or_else(|| invalid("cursor must be a next_cursor of a list in this order"))
            });
            List::BySchedule { after: after.transpose()? }
        }
        Some(_) => return Err(invalid("order must be name or schedule")),
    };
    answer(&list, query.pager(DEFAULT_LIMIT)?)
}

/// By name, or by the id of any version.
pub(crate) async fn versions(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let id = request.param("id");
    let name: PatternName = match id.parse() {
        Ok(name) => name,
        Err(_) => {
            let stored = find(id)?;
            stored.pattern_name.parse().map_err(|error: ramanujan_core::id::InvalidId| {
                Problem::new(Code::StoreShape, error.to_string())
            })?
        }
    };
    answer(&List::Versions { name, after: query.parse("cursor")?.unwrap_or(0) }, query.pager(DEFAULT_LIMIT)?)
}
