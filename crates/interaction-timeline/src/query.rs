//! Reading the log: by filters with a cursor, as the guides' array, by id.
//!
//! `order=seq` is the order of storing and its cursor never misses an event; `order=newest` is the same backwards;
//! `order=time` is the order of the senders' times, in which a late event may appear before a cursor already passed.

use ramanujan_core::time::{MAX_UNIX_MILLIS, parse_rfc3339};
use ramanujan_core::{AgentId, Color, Digest, DocumentId, Problem};
use ramanujan_shell::request::Query;
use ramanujan_shell::{Request, Response, Store, Value as Sql, json, ok, setting};
use serde_json::{Map, Value, json};

use crate::event::MAX_NAME_CHARS;
use crate::row::{COLUMNS, Stored, color_code};
use crate::schema;

/// Events in a reply where `limit` is not given.
pub const DEFAULT_LIMIT: u64 = 100;
/// Most events in one reply where `PAGE_LIMIT_MAX` is not set.
pub const DEFAULT_MAX_LIMIT: u64 = 1000;

/// How the events of a reply are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Seq,
    /// As [`Order::Seq`], latest first.
    Newest,
    Time,
}

/// What to read.
#[derive(Clone, Debug)]
pub struct Filter {
    /// From this time on, Unix milliseconds.
    pub from: Option<u64>,
    /// Before this time, Unix milliseconds.
    pub to: Option<u64>,
    pub agent: Option<AgentId>,
    pub kind: Option<String>,
    pub document: Option<DocumentId>,
    pub color: Option<Color>,
    pub order: Order,
    /// Go on after this (time, seq); the time is 0 but under [`Order::Time`].
    pub after: Option<(u64, u64)>,
    pub limit: u64,
}

const PARAMETERS: [&str; 9] =
    ["from", "to", "agent", "type", "document", "color", "order", "cursor", "limit"];

impl Filter {
    /// Reads the query string of `/timeline/query`.
    ///
    /// # Errors
    /// 422 naming the parameter; 501 for `order=causal`.
    pub fn read(query: &Query<'_>) -> Result<Self, Problem> {
        query.only(&PARAMETERS)?;
        let invalid = |detail: &str| Problem::invalid("invalid-parameter", detail);
        let time = |name: &str| match query.get(name) {
            None => Ok(None),
            Some(text) => parse_rfc3339(text)
                .or_else(|| text.parse().ok().filter(|millis| *millis <= MAX_UNIX_MILLIS))
                .map(Some)
                .ok_or_else(|| {
                    invalid(&format!("{name}: neither an RFC 3339 UTC time nor Unix milliseconds"))
                }),
        };
        let (from, to) = (time("from")?, time("to")?);
        let order = match query.get("order") {
            // A time range is read along the index of times unless the caller wants otherwise.
            None if from.is_some() || to.is_some() => Order::Time,
            None | Some("seq") => Order::Seq,
            Some("newest") => Order::Newest,
            Some("time") => Order::Time,
            Some("causal") => {
                return Err(Problem::not_implemented(
                    "order=causal is not built yet; use order=seq or order=time",
                ));
            }
            Some(_) => return Err(invalid("order: one of seq, newest, time, causal")),
        };
        let kind = query.get("type").map(str::to_owned);
        if kind.as_ref().is_some_and(|kind| kind.chars().count() > MAX_NAME_CHARS) {
            return Err(invalid(&format!("type: at most {MAX_NAME_CHARS} characters")));
        }
        let after = match query.get("cursor") {
            None => None,
            Some(text) => Some(
                read_cursor(order, text)
                    .ok_or_else(|| invalid("cursor: not a next_cursor of this query and order"))?,
            ),
        };
        Ok(Filter {
            from,
            to,
            agent: query.parse("agent")?,
            kind,
            document: query.parse("document")?,
            color: query.parse("color")?,
            order,
            after,
            limit: query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?,
        })
    }

    fn statement(&self) -> (String, Vec<Sql>) {
        let mut params: Vec<Sql> = Vec::new();
        let mut conditions: Vec<String> = Vec::new();
        let mut add = |condition: &str, values: &[Sql]| {
            let mut condition = condition.to_owned();
            for value in values {
                params.push(value.clone());
                condition = condition.replacen('?', &format!("\u{1}{}", params.len()), 1);
            }
            conditions.push(condition.replace('\u{1}', "?"));
        };
        if let Some(from) = self.from {
            add("timestamp >= ?", &[from.into()]);
        }
        if let Some(to) = self.to {
            add("timestamp < ?", &[to.into()]);
        }
        if let Some(agent) = &self.agent {
            add("agent = ?", &[agent.as_str().into()]);
        }
        if let Some(kind) = &self.kind {
            add("type = ?", &[kind.as_str().into()]);
        }
        if let Some(document) = &self.document {
            add("document = ?", &[document.as_str().into()]);
        }
        if let Some(color) = self.color {
            add("color = ?", &[color_code(color).into()]);
        }
        let order = match self.order {
            Order::Seq => "seq",
            Order::Newest => "seq DESC",
            Order::Time => "timestamp, seq",
        };
        match (self.order, self.after) {
            (Order::Seq, Some((_, seq))) => add("seq > ?", &[seq.into()]),
            (Order::Newest, Some((_, seq))) => add("seq < ?", &[seq.into()]),
            (Order::Time, Some((time, seq))) => add("(timestamp, seq) > (?, ?)", &[time.into(), seq.into()]),
            (_, None) => {}
        }
        let condition =
            if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        // One more than asked for tells whether there is a next page.
        params.push((self.limit + 1).into());
        let sql = format!(
            "SELECT {COLUMNS} FROM timeline_events {condition} ORDER BY {order} LIMIT ?{}",
            params.len()
        );
        (sql, params)
    }

    /// The events, and the cursor of the next page if there is one.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub fn run(&self, store: &Store) -> Result<(Vec<Stored>, Option<String>), Problem> {
        let (sql, params) = self.statement();
        let mut events = read_all(store, &sql, params)?;
        let more = events.len() as u64 > self.limit;
        events.truncate(usize::try_from(self.limit).unwrap_or(usize::MAX));
        let cursor = events.last().filter(|_| more).map(|last| match self.order {
            Order::Seq | Order::Newest => last.seq.to_string(),
            Order::Time => format!("{}.{}", last.timestamp, last.seq),
        });
        Ok((events, cursor))
    }
}

fn read_cursor(order: Order, text: &str) -> Option<(u64, u64)> {
    match order {
        Order::Seq | Order::Newest => Some((0, text.parse().ok()?)),
        Order::Time => {
            let (time, seq) = text.split_once('.')?;
            Some((time.parse().ok()?, seq.parse().ok()?))
        }
    }
}

fn read_all(store: &Store, sql: &str, params: Vec<Sql>) -> Result<Vec<Stored>, Problem> {
    store.execute(sql, params)?.into_iter().map(Stored::read).collect()
}

/// The events after `seq`, oldest first.
///
/// # Errors
/// 503 if the store does not answer.
pub fn after(store: &Store, seq: u64, limit: u64) -> Result<Vec<Stored>, Problem> {
    let sql = format!("SELECT {COLUMNS} FROM timeline_events WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    read_all(store, &sql, vec![seq.into(), limit.into()])
}

/// The event with this id.
///
/// # Errors
/// 503 if the store does not answer.
pub fn find(store: &Store, id: &Digest) -> Result<Option<Stored>, Problem> {
    let sql = format!("SELECT {COLUMNS} FROM timeline_events WHERE event_id = ?1");
    Ok(read_all(store, &sql, vec![id.as_bytes().as_slice().into()])?.pop())
}

fn to_json(events: Vec<Stored>) -> Result<Vec<Map<String, Value>>, Problem> {
    events.into_iter().map(Stored::into_json).collect()
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let filter = Filter::read(&request.query())?;
    let store = Store::open(schema::SCHEMA)?;
    let (events, next_cursor) = filter.run(&store)?;
    let archived = crate::archive::until(&store)?;
    ok(&json!({"events": to_json(events)?, "next_cursor": next_cursor, "archived_until": archived}))
}

/// The newest events, or those after a seq, as a bare array with the newest last.
pub(crate) async fn handle_array(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "after"])?;
    let limit = query.limit(DEFAULT_LIMIT, setting::number("PAGE_LIMIT_MAX", DEFAULT_MAX_LIMIT)?)?;
    let store = Store::open(schema::SCHEMA)?;
    let events = match query.parse::<u64>("after")? {
        Some(seq) => after(&store, seq, limit)?,
        None => {
            let sql = format!("SELECT {COLUMNS} FROM timeline_events ORDER BY seq DESC LIMIT ?1");
            let mut events = read_all(&store, &sql, vec![limit.into()])?;
            events.reverse();
            events
        }
    };
    json(&to_json(events)?)
}
