//! Events as CSV (RFC 4180). A cell that a spreadsheet would run as a formula gets a `'` before it (see [`guarded`]).

use std::borrow::Cow;

use ramanujan_timeline::row::Shown;

/// The columns.
pub const COLUMNS: [&str; 19] = [
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
    "cause_count",
];

/// One record: members in the order of [`COLUMNS`], an absent one empty, nested ones as JSON.
pub fn write_record(out: &mut Vec<u8>, event: &Shown) {
    for (index, name) in COLUMNS.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        match (event.text(name), event.get(name)) {
            (Some(text), _) => write_cell(out, &guarded(&text)),
            (None, Some(json)) if json.get() != "null" => write_cell(out, json.get()),
            (None, _) => {}
        }
    }
    out.extend_from_slice(b"\r\n");
}

/// A text as a cell that no spreadsheet runs: what begins like a formula (`=`, `+`, `-`, `@`, tab, return; OWASP,
/// "CSV Injection"), or with the mark itself, gets a `'` before it, which a reader takes away again.
pub fn guarded(text: &str) -> Cow<'_, str> {
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
