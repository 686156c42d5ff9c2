//! `GET /timeline/export?format=ndjson|csv|json`: the log, or what filters choose of it, streamed page by page.
//!
//! Memory does not grow with the log. A response ends before `STREAM_MAX_MS`, at the end of an event; the same request
//! with `after=<last seq>` goes on there, and one that brings nothing says that all was read.

use std::time::{Duration, Instant};

use futures_util::stream;
use ramanujan_core::{Code, Problem};
use ramanujan_shell::response::typed;
use ramanujan_shell::{Body, Pager, Request, Response, log};
use ramanujan_timeline::Stored;

use crate::csv::{COLUMNS, write_record};
use crate::feed::Filter;
use crate::order::{After, Order};
use crate::routes::query::read_filter;
use crate::settings::STREAM_MAX_MS;
use crate::shown::shown;
use crate::store::{self, query};

/// Events read from the store at once: about a megabyte.
const PAGE: Pager = Pager::of(1000);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Ndjson,
    Csv,
    Json,
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["format", "after", "until", "agent", "type", "document", "color", "from", "to"])?;
    let (format, media_type) = match query.get("format") {
        None | Some("ndjson") => (Format::Ndjson, "application/x-ndjson"),
        Some("csv") => (Format::Csv, "text/csv; charset=utf-8; header=present"),
        Some("json") => (Format::Json, "application/json"),
        Some(_) => return Err(Problem::new(Code::InvalidParameter, "format: one of ndjson, csv, json")),
    };
    let after = Some(After::Seq(query.parse("after")?.unwrap_or(0)));
    let filter = Filter { order: Order::Seq, after, ..read_filter(&query)? };
    let store = store::open()?;
    // What is appended while the export runs is the next one's, so that it ends.
    let until = match query.parse("until")? {
        Some(seq) => seq,
        None => store::log::bounds(&store)?.1,
    };
    let export = Export {
        read: move |filter: &Filter| query::run(&store, filter, PAGE),
        filter,
        until,
        format,
        began: Instant::now(),
        limit: Duration::from_millis(STREAM_MAX_MS.read()?),
        state: State::Begin,
    };
    Ok(typed(media_type, Body::stream(stream::unfold(export, step))))
}

/// An export that goes on as it is read.
struct Export<R> {
    /// Gives a page of events and whether others follow.
    read: R,
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

async fn step<R: Pages>(mut export: Export<R>) -> Option<(Vec<u8>, Export<R>)> {
    match export.next() {
        Ok(chunk) => chunk.map(|chunk| (chunk, export)),
        Err(problem) => {
            // The status is sent: an array that is not closed, or a connection that ends, is all that can tell.
            log::error("interaction-timeline", &format!("an export stopped: {problem}"));
            None
        }
    }
}

/// Reads a page of the events that a filter chooses, with the cursor of the next.
trait Pages: Fn(&Filter) -> Result<(Vec<Stored>, Option<String>), Problem> {}
impl<F: Fn(&Filter) -> Result<(Vec<Stored>, Option<String>), Problem>> Pages for F {}

impl<R: Pages> Export<R> {
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
        // Of what there is something is sent, however late it began: an export without an event says that all was read.
        let late = begun && self.began.elapsed() >= self.limit;
        let (events, more) = if late { (Vec::new(), None) } else { (self.read)(&self.filter)? };
        let count = events.len();
        let mut chunk = Vec::with_capacity(count * 512);
        let mut first = !begun;
        let mut last = None;
        for event in events.into_iter().take_while(|event| event.seq <= self.until) {
            last = Some(event.seq);
            let event = shown(&event)?;
            match self.format {
                Format::Ndjson => {
                    serde_json::to_writer(&mut chunk, &event)?;
                    chunk.push(b'\n');
                }
                Format::Json => {
                    chunk.extend_from_slice(if std::mem::take(&mut first) { b"\n" } else { b",\n" });
                    serde_json::to_writer(&mut chunk, &event)?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_that_begins_late_still_brings_an_event() {
        let event = |seq| Stored {
            seq,
            event_id: [0; 32],
            timestamp: 1,
            received: 1,
            origin_seq: seq,
            agent: "a".into(),
            kind: "x".into(),
            document: None,
            color: None,
            body: "{}".into(),
        };
        let after = Some(After::Seq(0));
        let mut export = Export {
            read: |_: &Filter| Ok((vec![event(1)], Some("1".into()))),
            filter: Filter {
                from: None,
                to: None,
                feed: crate::feed::Feed::default(),
                order: Order::Seq,
                after,
            },
            until: 2,
            format: Format::Json,
            began: Instant::now(),
            limit: Duration::ZERO,
            state: State::Begin,
        };
        let mut text = Vec::new();
        while let Some(chunk) = export.next().unwrap() {
            text.extend(chunk);
        }
        let events: Vec<serde_json::Value> = serde_json::from_slice(&text).unwrap();
        assert_eq!(events.len(), 1);
    }
}
