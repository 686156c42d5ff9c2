//! What other components and commands read: recorded sessions, events of the timeline and archived segments of it.

use std::collections::BTreeSet;

use ramanujan_core::json;
use ramanujan_replay::operation::Edit;
use ramanujan_replay::recording::Recording;
use ramanujan_replay::session::Session;
use ramanujan_timeline::{Event, Posted, Segment, canonical, proof, tree};
use serde_json::Value;

use crate::memory::Bound;

/// A patch of eight bytes is read, checked and copied once.
const RECORDING: Bound = Bound { floor: 16 << 10, per_byte: 64 };

/// A payload is read as text, in which each level of nesting is copied once.
const EVENT: Bound = Bound { floor: 32 << 10, per_byte: 128 };

/// A row of a segment takes some two hundred bytes of text and as much again when it is read.
const SEGMENT: Bound = Bound { floor: 32 << 10, per_byte: 64 };

/// Refused, or written and read again as the same recording; a session of it keeps what was typed, and its operations
/// name operations before them.
pub fn recording(data: &[u8]) {
    let Ok(recording) = RECORDING.hold(data.len(), || Recording::from_json(data)) else { return };
    let again = Recording::from_json(recording.to_json().to_string().as_bytes());
    assert_eq!(again.ok().as_ref(), Some(&recording));
    if let Some(sequential) = recording.to_sequential_json() {
        let again = Recording::from_json(sequential.to_string().as_bytes()).expect("a chain");
        assert_eq!(again.transactions, recording.transactions);
    }
    let Ok(session) = RECORDING.hold(data.len(), || Session::from_recording(&recording)) else { return };
    let inserted = |edit: &Edit| match edit {
        Edit::Insert { text, .. } => text.len(),
        Edit::Delete { .. } => 0,
    };
    let typed = recording.transactions.iter().flat_map(|t| &t.patches).map(|patch| patch.inserted.len());
    assert_eq!(session.operations.iter().map(|op| inserted(&op.edit)).sum::<usize>(), typed.sum::<usize>());
    let mut known = BTreeSet::new();
    for operation in &session.operations {
        assert!(operation.parents.iter().all(|parent| known.contains(&(parent.replica, parent.seq))));
        assert!(known.insert((operation.mark.replica, operation.mark.seq)));
    }
}

/// Refused, or an event whose members are JSON and which is the same when it is posted again.
pub fn event(data: &[u8]) {
    let read = || -> Option<Event> { json::from_slice::<Posted>(data).ok()?.check().ok() };
    let Some(event) = EVENT.hold(data.len(), read) else { return };
    assert!(matches!(serde_json::from_str(&event.body), Ok(Value::Object(_))));
    assert_eq!(canonical::canonical(&event.body).ok().as_ref(), Some(&event.body));
    assert_eq!(read().as_ref(), Some(&event));
}

/// Refused, or written and read again as the same segment, each event of which it proves.
pub fn segment(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Ok(segment) = SEGMENT.hold(data.len(), || Segment::read(text)) else { return };
    let written = segment.clone().write().expect("a segment is JSON");
    assert_eq!(Segment::read(&written).ok().as_ref(), Some(&segment));
    let root = tree::fold(&segment.header.after.peaks);
    for row in &segment.rows {
        let path = segment.prove(row.seq).expect("it is here");
        let (index, size) = (row.seq - 1, segment.header.last);
        assert_eq!(proof::root_of(row.leaf_hash(), index, size, &path), Some(root));
    }
}
