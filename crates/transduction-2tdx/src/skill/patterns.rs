//! `/skill/patterns`: storing patterns and reading them.

use ramanujan_core::{Code, PatternName, Problem};
use ramanujan_shell::request::Query;
use ramanujan_shell::{Request, Response, Store, ok, setting};
use serde::Serialize;

use super::event::{self, Recorded};
use super::library::{self, Page, SCHEMA, Stored};
use super::operators::fresh_vocabulary;
use super::rule::{Posted, Rule};

/// Patterns in a page where the request does not say.
const DEFAULT_LIMIT: u64 = 100;
/// Most patterns in a page where `PAGE_LIMIT_MAX` is not set.
const DEFAULT_MAX_LIMIT: u64 = 1000;

#[derive(Serialize)]
struct Posting {
    #[serde(flatten)]
    stored: Stored,
    /// False where this content was a version already.
    created: bool,
    #[serde(flatten)]
    event: Recorded,
}

pub(super) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let posted: Posted = request.json()?;
    let name = posted.pattern_name.clone().ok_or_else(|| {
        Problem::new(Code::MissingName, "a pattern that is stored needs a pattern_name")
            .with("member", "pattern_name")
    })?;
    let mut vocabulary = fresh_vocabulary(&[&posted.operators])?;
    let rule = Rule::read(&mut vocabulary, name.as_str(), &posted)?;
    let canonical = rule.canonical(&vocabulary, posted.operators);
    let (stored, created) = library::insert(&Store::open(SCHEMA)?, &name, &canonical)?;
    let event = event::stored(&stored).await;
    ok(&Posting { stored, created, event })
}

pub(super) async fn get(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    ok(&library::get(&Store::open(SCHEMA)?, request.param("id"))?)
}

#[derive(Serialize)]
struct Listing {
    patterns: Vec<Stored>,
    /// Pass as `cursor` for the next page; null at the end.
    next_cursor: Option<String>,
}

fn limit(query: &Query<'_>) -> Result<u64, Problem> {
    query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)
}

fn answer(page: &Page, limit: u64) -> Result<Response, Problem> {
    let (patterns, more) = library::list(&Store::open(SCHEMA)?, page, limit)?;
    if let (Page::Versions { name, after: 0 }, true) = (page, patterns.is_empty()) {
        return Err(library::missing(name.as_str()));
    }
    let next_cursor = patterns.last().filter(|_| more).map(|last| match page {
        Page::ByName { .. } => last.pattern_name.clone(),
        Page::BySchedule { .. } => {
            format!("{}.{}.{}", last.canonical.priority, last.canonical.complexity, last.pattern_name)
        }
        Page::Versions { .. } => last.version.to_string(),
    });
    ok(&Listing { patterns, next_cursor })
}

pub(super) async fn list(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["order", "limit", "cursor"])?;
    let invalid = |detail: &str| Problem::new(Code::InvalidParameter, detail);
    let cursor = query.get("cursor");
    let page = match query.get("order") {
        None | Some("name") => Page::ByName { after: cursor.unwrap_or_default().to_owned() },
        Some("schedule") => {
            let read = |text: &str| {
                let (priority, rest) = text.split_once('.')?;
                let (complexity, name) = rest.split_once('.')?;
                Some((priority.parse().ok()?, complexity.parse().ok()?, name.to_owned()))
            };
            let after = cursor
                .map(|text| read(text).ok_or_else(|| invalid("cursor: not a next_cursor of this order")));
            Page::BySchedule { after: after.transpose()? }
        }
        Some(_) => return Err(invalid("order: name or schedule")),
    };
    answer(&page, limit(&query)?)
}

/// By name, or by the id of any version.
pub(super) async fn versions(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let id = request.param("id");
    let name: PatternName = match id.parse() {
        Ok(name) => name,
        Err(_) => {
            let stored = library::get(&Store::open(SCHEMA)?, id)?;
            stored.pattern_name.parse().map_err(|error: ramanujan_core::id::InvalidId| {
                Problem::new(Code::StoreShape, error.to_string())
            })?
        }
    };
    answer(&Page::Versions { name, after: query.parse("cursor")?.unwrap_or(0) }, limit(&query)?)
}
