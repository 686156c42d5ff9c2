//! A stored event: how it is read, shown and hashed.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Color, Digest, Problem};
use ramanujan_shell::Row;
use serde_json::{Map, Value};

use crate::merkle;

/// The columns that [`Stored::read`] expects, in its order.
pub const COLUMNS: &str =
    "seq, event_id, timestamp, received, origin_seq, agent, type, document, color, body";

/// [`COLUMNS`] of a table called `e`, where another has columns of the same names.
pub(crate) const E_COLUMNS: &str =
    "e.seq, e.event_id, e.timestamp, e.received, e.origin_seq, e.agent, e.type, e.document, e.color, e.body";

/// One row of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct Stored {
    /// Place in the log, from 1, without gaps.
    pub seq: u64,
    pub event_id: [u8; 32],
    /// When it happened, by the sender; Unix milliseconds.
    pub timestamp: u64,
    /// When it was stored, by the timeline; Unix milliseconds.
    pub received: u64,
    /// Place among the events of its agent.
    pub origin_seq: u64,
    pub agent: String,
    pub kind: String,
    pub document: Option<String>,
    /// As stored, see [`color_code`].
    pub color: Option<i64>,
    /// Canonical JSON of the other members.
    pub body: String,
}

/// The stored form of a colour: its balanced-ternary digit.
pub fn color_code(color: Color) -> i64 {
    i64::from(color.trit())
}

/// The colour of a stored form, `None` for any other number.
pub fn color_of(code: i64) -> Option<Color> {
    Color::ALL.into_iter().find(|color| color_code(*color) == code)
}

impl Stored {
    /// Reads a row of [`COLUMNS`].
    ///
    /// # Errors
    /// 500 `store-shape`.
    pub fn read(mut row: Row) -> Result<Self, Problem> {
        let optional = |row: &mut Row, column| {
            if row.is_null(column) { Ok(None) } else { row.take_text(column).map(Some) }
        };
        Ok(Stored {
            seq: row.uint(0)?,
            event_id: row
                .blob(1)?
                .try_into()
                .map_err(|_| Problem::new(Code::StoreShape, "a stored event id is not 32 bytes"))?,
            timestamp: row.uint(2)?,
            received: row.uint(3)?,
            origin_seq: row.uint(4)?,
            agent: row.take_text(5)?,
            kind: row.take_text(6)?,
            document: optional(&mut row, 7)?,
            color: if row.is_null(8) { None } else { Some(row.int(8)?) },
            body: row.take_text(9)?,
        })
    }

    /// The event as replies show it.
    ///
    /// # Errors
    /// 500 `store-shape` if the stored body is not a JSON object.
    pub fn into_json(self) -> Result<Map<String, Value>, Problem> {
        let mut event: Map<String, Value> = serde_json::from_str(&self.body).map_err(|error| {
            Problem::new(Code::StoreShape, format!("the body of event {} is not JSON: {error}", self.seq))
        })?;
        event.insert("seq".into(), self.seq.into());
        event.insert("event_id".into(), Digest(self.event_id).to_string().into());
        event.insert("type".into(), self.kind.into());
        event.insert("timestamp".into(), format_rfc3339(self.timestamp).into());
        event.insert("received".into(), format_rfc3339(self.received).into());
        event.insert("agent_id".into(), self.agent.into());
        event.insert("origin_seq".into(), self.origin_seq.into());
        if let Some(document) = self.document {
            event.insert("document_id".into(), document.into());
        }
        if let Some(color) = self.color.and_then(color_of) {
            event.insert("color".into(), color.as_str().into());
        }
        Ok(event)
    }

    /// Whether the columns agree with the body as far as it repeats them: the number that the sender gave.
    pub fn is_consistent(&self) -> bool {
        // The canonical body has its members in order of name, and a quote inside a text is escaped, so that this finds
        // the member itself and nothing that looks like it.
        let head = self.body.split("\"payload\":").next().unwrap_or_default();
        let Some((_, rest)) = head.split_once("\"origin_seq\":") else { return self.body.starts_with('{') };
        let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..digits].parse() == Ok(self.origin_seq)
    }

    /// The Merkle leaf of this event, over every stored column: numbers as 8 bytes big-endian, texts preceded by
    /// their length, an absent document as the empty text (no document has that name), colour as 8 bytes with 2 for
    /// none.
    pub fn leaf_hash(&self) -> Digest {
        let mut bytes = Vec::with_capacity(128 + self.body.len());
        for number in [self.seq, self.timestamp, self.received, self.origin_seq] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes.extend_from_slice(&self.color.unwrap_or(2).to_be_bytes());
        bytes.extend_from_slice(&self.event_id);
        for text in [&self.agent, &self.kind, self.document.as_ref().unwrap_or(&String::new()), &self.body] {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        merkle::leaf_hash(&bytes)
    }
}
