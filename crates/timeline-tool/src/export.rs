//! `ramanujan timeline export`: the log, or the part of it that filters choose, as one file.
//!
//! `GET /timeline/export` streams lines until its time limit; the export goes on after the last complete line until
//! there are no more, so memory does not grow with the log and a lost connection costs nothing but time.

mod parquet;

use std::fmt::Write as _;
use std::io::{BufRead, BufWriter, Read, Write};
use std::path::PathBuf;
use std::thread;
use std::time::Instant;

use ramanujan_client::{Backoff, Client, Error, Network, Patience, Progress, terminal};
use ramanujan_timeline::row::Shown;
use serde::Deserialize;

use crate::destination::Destination;
use crate::error::ToolError;

/// Longest line of an export: an event with all its members at their bounds.
const MAX_LINE_BYTES: u64 = 1 << 20;

/// Bytes written at once.
const OUTPUT_BUFFER: usize = 1 << 18;

/// Form of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// One JSON object a line
    Ndjson,
    /// A JSON array
    Json,
    /// RFC 4180 with a header line
    Csv,
    /// Apache Parquet, compressed with Snappy
    Parquet,
}

/// Write the timeline to a file: NDJSON, JSON, CSV or Apache Parquet.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    pub network: Network,
    #[arg(long, value_enum, default_value = "parquet")]
    pub format: Format,
    /// File to write; replaced when the new one is complete. `-` is standard output; devices and pipes are written as the
    /// events come
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// Only events of this agent
    #[arg(long)]
    pub agent: Option<String>,
    /// Only events of this type
    #[arg(long = "type", value_name = "TYPE")]
    pub kind: Option<String>,
    /// Only events of this document
    #[arg(long)]
    pub document: Option<String>,
    /// Only events of this colour
    #[arg(long)]
    pub color: Option<String>,
    /// Only events from this time on (RFC 3339 UTC)
    #[arg(long)]
    pub from: Option<String>,
    /// Only events before this time
    #[arg(long)]
    pub to: Option<String>,
    #[command(flatten)]
    pub patience: Patience,
    /// Show no progress
    #[arg(long)]
    pub quiet: bool,
}

impl Args {
    /// The request for what comes after `seq`.
    fn path(&self, seq: u64) -> String {
        let lines = if self.format == Format::Csv { "csv" } else { "ndjson" };
        let mut path = format!("/timeline/export?format={lines}&after={seq}");
        for (name, value) in [
            ("agent", &self.agent),
            ("type", &self.kind),
            ("document", &self.document),
            ("color", &self.color),
            ("from", &self.from),
            ("to", &self.to),
        ] {
            if let Some(value) = value {
                path.push('&');
                path.push_str(name);
                path.push('=');
                path.push_str(&percent_encode(value));
            }
        }
        path
    }

    fn is_filtered(&self) -> bool {
        [&self.agent, &self.kind, &self.document, &self.color, &self.from, &self.to]
            .iter()
            .any(|f| f.is_some())
    }
}

/// Everything but the unreserved characters of RFC 3986 as `%XX`.
fn percent_encode(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

/// Exports and prints how many events went into the file; beside events that go to a pipe, on standard error.
///
/// # Errors
/// The network cannot be read or the file not written; then no file is left and an older one is as it was.
pub fn run(args: &Args) -> Result<(), ToolError> {
    let client = args.network.client(&args.patience)?;
    let destination = Destination::open(&args.out)?;
    let is_stream = destination.is_stream();
    let events = export(&client, args, destination)?;
    let done = format_args!("{events} events in {}", args.out.display());
    if is_stream {
        terminal::notice(done);
    } else {
        terminal::print(done)?;
    }
    Ok(())
}

#[derive(Deserialize)]
struct Size {
    last_seq: u64,
}

fn export(client: &Client, args: &Args, destination: Destination) -> Result<u64, ToolError> {
    let failed = |what: &str| {
        let what = format!("{what} {}", args.out.display());
        move |error| ToolError::File { what, error }
    };
    let size: Size = client.get("/timeline/summary").first().json()?;
    let output = destination.writer().map_err(failed("cannot write"))?;
    let mut sink = Sink::new(args.format, BufWriter::with_capacity(OUTPUT_BUFFER, output))?;
    let mut progress = Progress::new("events", (!args.is_filtered()).then_some(size.last_seq), 0, args.quiet);
    let mut last_seq = 0;
    let mut events: u64 = 0;
    let mut deadline = Instant::now() + client.retry().give_up_after;
    // The pauses since events came last, if replies break off before their first one.
    let mut stalled = None;
    loop {
        let path = args.path(last_seq);
        let mut lines = client.get(&path).stream()?;
        let before = events;
        let mut header = args.format == Format::Csv;
        let mut line = Vec::new();
        let ended = loop {
            line.clear();
            match (&mut lines).take(MAX_LINE_BYTES).read_until(b'\n', &mut line) {
                Ok(0) => break Ok(()),
                Ok(_) if line.ends_with(b"\n") => {}
                Ok(_) => break Err(Error::lost(&path, "it stopped within a line")),
                Err(error) => break Err(Error::lost(&path, error)),
            }
            if std::mem::take(&mut header) {
                sink.header(&line).map_err(failed("cannot write"))?;
                continue;
            }
            let unexpected = |reason: String| ToolError::from(Error::unreadable(&path, reason));
            let (seq, event) = read_line(args.format, &line).map_err(unexpected)?;
            if seq <= last_seq {
                return Err(unexpected(format!("event {seq} comes after event {last_seq}")));
            }
            sink.event(&line, event.as_ref())?;
            last_seq = seq;
            events += 1;
            progress.advance(1);
        };
        match ended {
            Ok(()) if events == before => break,
            Err(error) if events == before => {
                let first = stalled.is_none();
                let pause = stalled.get_or_insert_with(|| Backoff::start(client.retry())).pause(None);
                if Instant::now() + pause > deadline {
                    return Err(error.into());
                }
                if first {
                    let seconds = client.retry().give_up_after.as_secs();
                    progress.say(format_args!("{}; trying again for up to {seconds} s", error.detail()));
                }
                thread::sleep(pause);
            }
            _ => {
                stalled = None;
                deadline = Instant::now() + client.retry().give_up_after;
            }
        }
    }
    progress.finish();
    sink.finish()?;
    destination.complete().map_err(failed("cannot write"))?;
    Ok(events)
}

/// The seq of a line, and the event where the format needs it.
fn read_line(format: Format, line: &[u8]) -> Result<(u64, Option<Shown>), String> {
    let seq = |number: Option<u64>| number.ok_or_else(|| "a line without seq".to_owned());
    match format {
        Format::Csv => {
            let end = line.iter().position(|byte| *byte == b',').unwrap_or(0);
            Ok((seq(std::str::from_utf8(&line[..end]).ok().and_then(|text| text.parse().ok()))?, None))
        }
        Format::Ndjson | Format::Json => {
            #[derive(Deserialize)]
            struct Line {
                seq: u64,
            }
            let line: Line = serde_json::from_slice(line).map_err(|error| error.to_string())?;
            Ok((line.seq, None))
        }
        Format::Parquet => {
            let text = std::str::from_utf8(line).map_err(|error| error.to_string())?;
            let event = Shown::read(text).map_err(|error| error.to_string())?;
            Ok((seq(event.get("seq").and_then(|seq| serde_json::from_str(seq.get()).ok()))?, Some(event)))
        }
    }
}

type Output = BufWriter<Box<dyn Write + Send>>;

/// Where events go.
enum Sink {
    Lines { output: Output, header: Option<Vec<u8>> },
    Array { output: Output, begun: bool },
    Parquet(Box<parquet::Rows<Output>>),
}

impl Sink {
    fn new(format: Format, output: Output) -> Result<Self, ToolError> {
        Ok(match format {
            Format::Ndjson | Format::Csv => Sink::Lines { output, header: None },
            Format::Json => Sink::Array { output, begun: false },
            Format::Parquet => Sink::Parquet(Box::new(parquet::Rows::new(output)?)),
        })
    }

    /// The header line of a response, which goes into the file once.
    fn header(&mut self, line: &[u8]) -> std::io::Result<()> {
        match self {
            Sink::Lines { output, header: header @ None } => {
                *header = Some(line.to_owned());
                output.write_all(line)
            }
            Sink::Lines { header: Some(known), .. } if known != line => {
                Err(std::io::Error::other("the columns changed during the export"))
            }
            _ => Ok(()),
        }
    }

    fn event(&mut self, line: &[u8], event: Option<&Shown>) -> Result<(), ToolError> {
        let failed = |error| ToolError::File { what: "cannot write an event".to_owned(), error };
        match self {
            Sink::Lines { output, .. } => output.write_all(line).map_err(failed),
            Sink::Array { output, begun } => {
                let lead: &[u8] = if std::mem::replace(begun, true) { b",\n" } else { b"[\n" };
                let line = line.strip_suffix(b"\n").unwrap_or(line);
                output.write_all(lead).and_then(|()| output.write_all(line)).map_err(failed)
            }
            Sink::Parquet(rows) => event.map_or(Ok(()), |event| rows.push(event)),
        }
    }

    fn finish(self) -> Result<(), ToolError> {
        let failed = |error| ToolError::File { what: "cannot write the end".to_owned(), error };
        let mut output = match self {
            Sink::Lines { output, .. } => output,
            Sink::Array { mut output, begun } => {
                let end: &[u8] = if begun { b"\n]\n" } else { b"[]\n" };
                output.write_all(end).map_err(failed)?;
                output
            }
            Sink::Parquet(rows) => rows.finish()?,
        };
        output.flush().map_err(failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_unreserved_is_escaped() {
        assert_eq!(percent_encode("a b&c=\u{e4}~"), "a%20b%26c%3D%C3%A4~");
    }

    #[test]
    fn a_line_has_its_seq_in_every_format() {
        let json = b"{\"event_id\":\"00\",\"seq\":7}\n";
        assert_eq!(read_line(Format::Ndjson, json).unwrap().0, 7);
        assert_eq!(read_line(Format::Parquet, json).unwrap().0, 7);
        assert_eq!(read_line(Format::Csv, b"7,00,x\r\n").unwrap().0, 7);
        for wrong in [&b"{}\n"[..], b"seq,event_id\r\n", b"\n"] {
            for format in [Format::Ndjson, Format::Csv, Format::Parquet] {
                assert!(read_line(format, wrong).is_err(), "{format:?}");
            }
        }
    }
}
