//! Reading the log: by filters with a cursor, as the guides' array, by id.
//!
//! `order=seq` is the order of storing and its cursor never misses an event; `order=newest` is the same backwards;
//! `order=time` is the order of the senders' times and `order=causal` that of cause and effect (see `causal`); in both
//! a late event may appear before a cursor already passed.

use ramanujan_core::time::{MAX_UNIX_MILLIS, parse_rfc3339};
use ramanujan_core::{AgentId, Code, Color, Digest, DocumentId, Problem};
use ramanujan_shell::request::Query;
use ramanujan_shell::{Request, Response, Store, Value as Sql, json, ok, setting};
use serde_json::{Map, Value, json};

use crate::causal::Place;
use crate::event::MAX_NAME_CHARS;
use crate::graph::read_pair;
use crate::row::{COLUMNS, E_COLUMNS, Stored, color_code};
use crate::{causal, schema};

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
    /// Causes before effects.
    Causal,
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
    /// Go on after this event.
    pub after: Option<After>,
    pub limit: u64,
}

/// Where the previous page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    Seq(u64),
    /// Unix milliseconds and seq.
    Time(u64, u64),
    Place(Place),
}

const PARAMETERS: [&str; 9] =
    ["from", "to", "agent", "type", "document", "color", "order", "cursor", "limit"];

impl Filter {
    /// Reads the query string of `/timeline/query`.
    ///
    /// # Errors
    /// 422 naming the parameter.
    pub fn read(query: &Query<'_>) -> Result<Self, Problem> {
        query.only(&PARAMETERS)?;
        Self::read_known(query)
    }

    /// As [`Filter::read`], with parameters that the caller has checked.
    ///
    /// # Errors
    /// As [`Filter::read`].
    pub fn read_known(query: &Query<'_>) -> Result<Self, Problem> {
        let invalid = |detail: &str| Problem::new(Code::InvalidParameter, detail);
        let (from, to) = (read_time(query, "from")?, read_time(query, "to")?);
        let order = match query.get("order") {
            // A time range is read along the index of times unless the caller wants otherwise.
            None if from.is_some() || to.is_some() => Order::Time,
            None | Some("seq") => Order::Seq,
            Some("newest") => Order::Newest,
            Some("time") => Order::Time,
            Some("causal") => Order::Causal,
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
        if self.order == Order::Causal {
            add("c.level > 0", &[]);
        }
        if let Some(from) = self.from {
            add("e.timestamp >= ?", &[from.into()]);
        }
        if let Some(to) = self.to {
            add("e.timestamp < ?", &[to.into()]);
        }
        // Under the causal order, along the index that has it within a document or an agent.
        let t = if self.order == Order::Causal { "c" } else { "e" };
        if let Some(agent) = &self.agent {
            add(&format!("{t}.agent = ?"), &[agent.as_str().into()]);
        }
        if let Some(kind) = &self.kind {
            add("e.type = ?", &[kind.as_str().into()]);
        }
        if let Some(document) = &self.document {
            add(&format!("{t}.document = ?"), &[document.as_str().into()]);
        }
        if let Some(color) = self.color {
            add("e.color = ?", &[color_code(color).into()]);
        }
        let order = match self.order {
            Order::Seq => "e.seq",
            Order::Newest => "e.seq DESC",
            Order::Time => "e.timestamp, e.seq",
            Order::Causal => "c.level, c.total, c.seq",
        };
        match self.after {
            Some(After::Seq(seq)) if self.order == Order::Newest => add("e.seq < ?", &[seq.into()]),
            Some(After::Seq(seq)) => add("e.seq > ?", &[seq.into()]),
            Some(After::Time(time, seq)) => add("(e.timestamp, e.seq) > (?, ?)", &[time.into(), seq.into()]),
            Some(After::Place(place)) => add(
                "(c.level, c.total, c.seq) > (?, ?, ?)",
                &[place.level.into(), place.total.into(), place.seq.into()],
            ),
            None => {}
        }
        let condition =
            if conditions.is_empty() { String::new() } else { format!("WHERE {}", conditions.join(" AND ")) };
        // One more than asked for tells whether there is a next page.
        params.push((self.limit + 1).into());
        let limit = params.len();
        // Along the index, whose order is the answer's: what the filters leave out is passed over.
        let table = match self.order {
            Order::Causal => "timeline_causal AS c CROSS JOIN timeline_events AS e ON e.seq = c.seq",
            _ => "timeline_events AS e",
        };
        (format!("SELECT {E_COLUMNS} FROM {table} {condition} ORDER BY {order} LIMIT ?{limit}"), params)
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
        let cursor = match events.last().filter(|_| more) {
            None => None,
            Some(last) => Some(match self.order {
                Order::Seq | Order::Newest => last.seq.to_string(),
                Order::Time => format!("{}.{}", last.timestamp, last.seq),
                Order::Causal => Place::of(store, last.seq)?.to_string(),
            }),
        };
        Ok((events, cursor))
    }
}

/// A parameter that is a time, as Unix milliseconds.
///
/// # Errors
/// 422 `invalid-parameter`.
pub(crate) fn read_time(query: &Query<'_>, name: &str) -> Result<Option<u64>, Problem> {
    query.get(name).map(|text| parse_time(name, text)).transpose()
}

/// A time as RFC 3339 in UTC or as Unix milliseconds.
///
/// # Errors
/// 422 `invalid-parameter` naming it.
pub(crate) fn parse_time(name: &str, text: &str) -> Result<u64, Problem> {
    let millis = || text.parse().ok().filter(|millis| *millis <= MAX_UNIX_MILLIS);
    parse_rfc3339(text).or_else(millis).ok_or_else(|| {
        let detail = format!("{name}: neither an RFC 3339 UTC time nor Unix milliseconds");
        Problem::new(Code::InvalidParameter, detail)
    })
}

/// Reads a `next_cursor`.
pub fn read_cursor(order: Order, text: &str) -> Option<After> {
    match order {
        Order::Seq | Order::Newest => Some(After::Seq(text.parse().ok()?)),
        Order::Time => read_pair(text).map(|(time, seq)| After::Time(time, seq)),
        Order::Causal => Place::parse(text).map(After::Place),
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
    let store = if filter.order == Order::Causal { causal::open()? } else { Store::open(schema::SCHEMA)? };
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
