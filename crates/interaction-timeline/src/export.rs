//! `GET /timeline/export?format=ndjson|csv|json`: the log, or what filters choose of it, streamed page by page.
//!
//! Memory does not grow with the log. A response ends before `STREAM_MAX_MS`, at the end of an event; the same request
//! with `after=<last seq>` goes on there, and one that brings nothing says that all was read. CSV is RFC 4180; a
//! cell that a spreadsheet would run as a formula gets a `'` before it (see [`guarded`]).

use std::time::{Duration, Instant};

use futures_util::stream;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::request::Query;
use ramanujan_shell::response::typed;
use ramanujan_shell::{Body, Request, Response, Store, log, setting};
use serde_json::{Map, Value};

use crate::feed::bounds;
use crate::query::{After, Filter, Order};
use crate::schema;

/// Events read from the store at once: about a megabyte.
const PAGE: u64 = 1000;
/// Longest stream where `STREAM_MAX_MS` is not set: below the time limit of a request, which is 30 s as a rule.
const DEFAULT_STREAM_MAX_MS: u64 = 25_000;

/// The columns of CSV.
pub const COLUMNS: [&str; 18] = [
    "seq",
    "event_id",
    "type",
    "timestamp",
    "received",
    "agent_id",
    "origin_seq",
    "from",
    "to",
    "operation",
    "document_id",
    "color",
    "fingerprint",
    "payload_size",
    "duration_ms",
    "vector_clock",
    "depends_on",
    "payload",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
    Json,
}

/// How long a stream may go on.
///
/// # Errors
/// 500 `invalid-setting`.
pub(crate) fn stream_limit() -> Result<Duration, Problem> {
    Ok(Duration::from_millis(setting::number("STREAM_MAX_MS", DEFAULT_STREAM_MAX_MS)?))
}

/// The filters of a query that is read along `seq`, from after `after`.
fn filter_after(query: &Query<'_>, after: u64) -> Result<Filter, Problem> {
    let mut filter = Filter::read_known(query)?;
    filter.order = Order::Seq;
    filter.after = Some(After::Seq(after));
    filter.limit = PAGE;
    Ok(filter)
}

pub(crate) async fn handle(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["format", "after", "until", "agent", "type", "document", "color", "from", "to"])?;
    let (format, media_type) = match query.get("format") {
        None | Some("ndjson") => (Format::Ndjson, "application/x-ndjson"),
        Some("csv") => (Format::Csv, "text/csv; charset=utf-8; header=present"),
        Some("json") => (Format::Json, "application/json"),
        Some(_) => return Err(Problem::new(Code::InvalidParameter, "format: one of ndjson, csv, json")),
    };
    let filter = filter_after(&query, query.parse("after")?.unwrap_or(0))?;
    let store = Store::open(schema::SCHEMA)?;
    // What is appended while the export runs is the next one's, so that it ends.
    let until = match query.parse("until")? {
        Some(seq) => seq,
        None => bounds(&store)?.1,
    };
    let export = Export {
        store,
        filter,
        until,
        format,
        began: Instant::now(),
        limit: stream_limit()?,
        state: State::Begin,
    };
    Ok(typed(media_type, Body::stream(stream::unfold(export, step))))
}

struct Export {
    store: Store,
    filter: Filter,
    until: u64,
    format: Format,
    began: Instant,
    limit: Duration,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Begin,
    /// Whether an event was sent.
    Going(bool),
    Done,
}

async fn step(mut export: Export) -> Option<(Vec<u8>, Export)> {
    match export.next() {
        Ok(chunk) => chunk.map(|chunk| (chunk, export)),
        Err(problem) => {
            // The status is sent: an array that is not closed, or a connection that ends, is all that can tell.
            log::error("interaction-timeline", &format!("an export stopped: {problem}"));
            None
        }
    }
}

impl Export {
    fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let begun = match self.state {
            State::Done => return Ok(None),
            State::Begin => {
                self.state = State::Going(false);
                return Ok(Some(match self.format {
                    Format::Ndjson => return self.next(),
                    Format::Csv => format!("{}\r\n", COLUMNS.join(",")).into_bytes(),
                    Format::Json => b"[".to_vec(),
                }));
            }
            State::Going(begun) => begun,
        };
        let late = self.began.elapsed() >= self.limit;
        let (events, more) = if late { (Vec::new(), None) } else { self.filter.run(&self.store)? };
        let count = events.len();
        let mut chunk = Vec::with_capacity(count * 512);
        let mut first = !begun;
        let mut last = None;
        for event in events.into_iter().take_while(|event| event.seq <= self.until) {
            last = Some(event.seq);
            let event = event.into_json()?;
            match self.format {
                Format::Ndjson => {
                    write_json(&mut chunk, &event)?;
                    chunk.push(b'\n');
                }
                Format::Json => {
                    chunk.extend_from_slice(if std::mem::take(&mut first) { b"\n" } else { b",\n" });
                    write_json(&mut chunk, &event)?;
                }
                Format::Csv => write_record(&mut chunk, &event),
            }
        }
        match last {
            Some(seq) if more.is_some() && seq < self.until => {
                self.filter.after = Some(After::Seq(seq));
                self.state = State::Going(true);
            }
            _ => {
                self.state = State::Done;
                if self.format == Format::Json {
                    chunk.extend_from_slice(b"\n]\n");
                }
            }
        }
        Ok((!chunk.is_empty()).then_some(chunk))
    }
}

fn write_json(out: &mut Vec<u8>, event: &Map<String, Value>) -> Result<(), Problem> {
    serde_json::to_writer(out, event).map_err(|error| Problem::new(Code::Encoding, error.to_string()))
}

/// One record of CSV: members in the order of [`COLUMNS`], an absent one empty, nested ones as JSON.
pub fn write_record(out: &mut Vec<u8>, event: &Map<String, Value>) {
    for (index, name) in COLUMNS.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match event.get(*name) {
            None | Some(Value::Null) => {}
            Some(Value::String(text)) => write_cell(out, &guarded(text)),
            Some(other) => write_cell(out, &other.to_string()),
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// A text as a cell that no spreadsheet runs: what begins like a formula (`=`, `+`, `-`, `@`, tab, return; OWASP,
/// "CSV Injection"), or with the mark itself, gets a `'` before it, which a reader takes away again.
pub fn guarded(text: &str) -> std::borrow::Cow<'_, str> {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\'']) {
        format!("'{text}").into()
    } else {
        text.into()
    }
}

fn write_cell(out: &mut Vec<u8>, text: &str) {
    if text.contains([',', '"', '\r', '\n']) {
        out.push(b'"');
        out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
        out.push(b'"');
    } else {
        out.extend_from_slice(text.as_bytes());
    }
}
