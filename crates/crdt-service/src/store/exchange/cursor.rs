//! Places in the feed.

use ramanujan_core::{Digest, Problem};
use ramanujan_shell::Row;
use ramanujan_sync::message::Cursor;
use ramanujan_sync::pack::Blob;

use super::super::database::Database;

/// In front of a cursor, so that another form of it can be told from this one.
const FORM: u8 = 1;
const PLACE: usize = 16;

/// A place in each of the logs: the ids of the last deltas, marks and freezes that were told of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Position {
    pub(super) deltas: u64,
    pub(super) marks: u64,
    pub(super) freezes: u64,
}

impl Database {
    /// The cursor of a place: of each id with it eight bytes of what stands there, by which a log that went another way is
    /// known.
    pub(super) fn cursor_at(&self, position: Position) -> Result<Cursor, Problem> {
        let sql = "SELECT (SELECT digest FROM crdt_deltas WHERE log = ?1),
            (SELECT document_id || ' ' || deleted || ' ' || marked FROM crdt_deletions WHERE id = ?2),
            (SELECT snapshot_id FROM crdt_freezes WHERE id = ?3)";
        let Position { deltas, marks, freezes } = position;
        let rows = self.0.execute(sql, [deltas.into(), marks.into(), freezes.into()])?;
        let mut bytes = vec![FORM];
        for (column, id) in [deltas, marks, freezes].into_iter().enumerate() {
            bytes.extend(id.to_be_bytes());
            bytes.extend(rows.first().map_or(Ok([0; 8]), |row| check(row, column))?);
        }
        Ok(Blob(bytes))
    }

    /// The place of a cursor; `None` if it is none of this log. Nothing is before the empty one.
    pub(super) fn position_of(&self, cursor: &Cursor) -> Result<Option<Position>, Problem> {
        if cursor.0.is_empty() {
            return Ok(Some(Position::default()));
        }
        let Some((&FORM, places)) = cursor.0.split_first() else { return Ok(None) };
        let id = |nth: usize| places.get(PLACE * nth..)?.first_chunk().copied().map(u64::from_be_bytes);
        let (Some(deltas), Some(marks), Some(freezes)) = (id(0), id(1), id(2)) else { return Ok(None) };
        let position = Position { deltas, marks, freezes };
        Ok((self.cursor_at(position)? == *cursor).then_some(position))
    }
}

/// Eight bytes of what stands at a place; zeros where nothing does.
fn check(row: &Row, column: usize) -> Result<[u8; 8], Problem> {
    let bytes = match (row.is_null(column), column) {
        (true, _) => Vec::new(),
        (_, 1) => Digest::of(row.text(column)?.as_bytes()).as_bytes().to_vec(),
        _ => row.blob(column)?.to_vec(),
    };
    Ok(bytes.first_chunk().copied().unwrap_or_default())
}
