//! The rows of the table of operations, for the description of the API. Native only.

use ramanujan_core::Color;
use serde_json::Value as Schema;

use super::crdt_type::CrdtType;
use super::member::Member;
use super::op::{self, Op, ROWS};
use super::operand::{Amount, Length, Position, Text, Value};
use super::operation::Field;

/// An operation of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) crdt_type: CrdtType,
    pub(crate) tag: u8,
    /// What it does.
    pub(crate) about: &'static str,
    pub(crate) members: Vec<Member>,
}

impl Row {
    /// The names that the operation has, each with its colours.
    pub(crate) fn names(&self) -> Vec<(&'static str, Vec<Color>)> {
        let mut names: Vec<(&'static str, Vec<Color>)> = Vec::new();
        for op in Op::examples().iter().filter(|op| op.tag() == self.tag) {
            match names.iter_mut().find(|(name, _)| *name == op.name()) {
                Some((_, colors)) if colors.contains(&op.color()) => {}
                Some((_, colors)) => colors.push(op.color()),
                None => names.push((op.name(), vec![op.color()])),
            }
        }
        names
    }

    /// Whether the operation is on a place in a JSON document.
    pub(crate) fn is_edit(&self) -> bool {
        self.members.iter().any(|member| member.field == Field::Edit)
    }
}

/// Every operation, in the order of the table.
pub(crate) fn rows() -> Vec<Row> {
    let row = |row: &op::Row| {
        let (about, members) = row.described;
        Row { crdt_type: row.crdt_type, tag: row.tag, about, members: members() }
    };
    ROWS.iter().map(row).collect()
}

/// The members beside `path` of an operation of this name on a place in a JSON document, in a request.
pub(crate) fn members_at_path(name: &str) -> Vec<Member> {
    let anywhere = || Member { default: Some(Schema::Null), ..Member::of::<Position>() };
    match name {
        "delete" => Vec::new(),
        "increment" | "decrement" => vec![Member::of::<Amount>()],
        "insert_item" => vec![anywhere(), Member::of::<Value>()],
        "insert_text" => vec![anywhere(), Member::of::<Text>()],
        "delete_text" => vec![Member::of::<Position>(), Member::of::<Length>()],
        _ => vec![Member::of::<Value>()],
    }
}
