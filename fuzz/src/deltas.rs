//! Deltas: the compact batch, the canonical bytes of one, and its JSON.

use std::sync::Once;

use ramanujan_core::{Dot, json};
use ramanujan_crdt::batch::{Batch, encode_deltas};
use ramanujan_crdt::wire::{DeltaRecord, OperationRequest};
use ramanujan_crdt::{CrdtType, Delta, Op};

use crate::envelope::mended;
use crate::memory::Bound;

/// The densest of values is a map of one member: four bytes become a node of a B-tree for eleven (632 bytes) and its
/// place in a list that doubles when it is full.
pub(crate) const VALUES: Bound = Bound { floor: 4 << 10, per_byte: 256 };

/// A batch is checked delta by delta, each as dense as any value; in a column that expands, which takes up to sixteen
/// times its bytes, a delta has 64 KiB at most.
const BATCH: Bound = Bound { floor: (64 << 10) * VALUES.per_byte, per_byte: VALUES.per_byte };

/// Refused, or read and written again as the same deltas, each of which has its own canonical bytes.
pub fn batch(data: &[u8]) {
    let bytes = mended(data);
    let Ok(batch) = BATCH.hold(bytes.len(), || Batch::open(&bytes)) else { return };
    let deltas: Vec<Delta> = batch.deltas().map(|delta| delta.expect("it was checked")).collect();
    for delta in &deltas {
        assert_eq!(delta.op.crdt_type(), batch.crdt_type());
        legal(&delta.dot);
        delta.parents.iter().for_each(legal);
        assert_eq!(Delta::from_canonical(&delta.canonical_bytes()).as_ref(), Ok(delta));
    }
    let again = encode_deltas(batch.crdt_type(), &deltas);
    let again = Batch::open(&again).expect("it was written by us");
    assert!(again.deltas().eq(deltas.into_iter().map(Ok)));
}

/// Refused, or exactly the canonical bytes of what was read, which survives JSON.
pub fn canonical(data: &[u8]) {
    let Ok(delta) = VALUES.hold(data.len(), || Delta::from_canonical(data)) else { return };
    assert_eq!(delta.canonical_bytes(), data);
    legal(&delta.dot);
    through_json(&delta);
}

/// A dot that can be written and read again.
fn legal(dot: &Dot) {
    assert_eq!(dot.to_string().parse().as_ref(), Ok(dot));
}

fn through_json(delta: &Delta) {
    let text = serde_json::to_string(&DeltaRecord::of(delta.clone())).expect("a record is JSON");
    let record: DeltaRecord = serde_json::from_str(&text).expect("a record's JSON is a record");
    assert_eq!(record.to_delta().as_ref(), Ok(delta), "{text}");
}

/// Refused, or wanted and written again as the same request.
pub fn operation(data: &[u8]) {
    // The names that a refusal lists are made at the first one and kept.
    static LISTED: Once = Once::new();
    LISTED.call_once(|| {
        let unknown = br#"{"operation":"?","document_id":"d","agent_id":"a"}"#;
        let read = json::from_slice::<OperationRequest>(unknown).expect("a request");
        assert!(read.wanted(None).is_err());
    });
    let read = VALUES.hold(data.len(), || json::one_or_many::<OperationRequest>(data));
    let Ok((requests, _)) = read else { return };
    for request in requests {
        for existing in CrdtType::ALL.into_iter().map(Some).chain([None]) {
            if let Ok(wanted) = VALUES.hold(data.len(), || request.wanted(existing)) {
                let claimed = request.crdt_type;
                assert!(claimed.is_none_or(|claimed| claimed == wanted.crdt_type()));
                if let ramanujan_crdt::wire::Wanted::Edit(request) = &wanted
                    && let Some(edit) = request.resolved()
                {
                    assert_eq!(Op::Edit(edit).crdt_type(), CrdtType::Json);
                }
            }
        }
        let text = serde_json::to_vec(&request).expect("a request is JSON");
        assert_eq!(json::from_slice::<OperationRequest>(&text).as_ref(), Ok(&request));
    }
}

/// Refused, or a delta with a digest that survives JSON; its canonical bytes are read back if its parents are sorted,
/// which is all that JSON may leave open.
pub fn record(data: &[u8]) {
    let Ok(record) = VALUES.hold(data.len(), || json::from_slice::<DeltaRecord>(data)) else { return };
    let Ok(delta) = VALUES.hold(data.len(), || record.to_delta()) else { return };
    through_json(&delta);
    if delta.parents.is_sorted_by(|a, b| a < b) {
        assert_eq!(Delta::from_canonical(&delta.canonical_bytes()), Ok(delta));
    }
}

/// Seeds: a delta for every example of the table of types.
pub(crate) fn examples() -> Vec<Delta> {
    let dot = |text: &str| text.parse::<Dot>().expect("a dot");
    let parents = vec![dot("ann:6"), dot("ben:3")];
    let delta = |op| Delta { dot: dot("ann:7"), parents: parents.clone(), op };
    Op::examples().into_iter().map(delta).collect()
}
