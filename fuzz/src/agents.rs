//! What the log of an agent is read from: events and snapshots.

use ramanujan_agents::life::{Recorded, Snapshot, fold};

use crate::memory::Bound;

/// A settings map of one member takes a node, and a tagged enum is read twice.
const LIFE: Bound = Bound { floor: 64 << 10, per_byte: 512 };

/// Refused, or written and read again as the same event, which begins a log or is refused; snapshots likewise.
pub fn life(data: &[u8]) {
    if let Ok(record) = LIFE.hold(data.len(), || serde_json::from_slice::<Recorded>(data)) {
        let again = serde_json::to_vec(&record).expect("an event is JSON");
        assert_eq!(serde_json::from_slice::<Recorded>(&again).ok().as_ref(), Some(&record));
        if let Ok(Some(agent)) = fold(None, [&record]) {
            assert_eq!(agent.version, 1);
            let stored = Snapshot::of(&agent).encode().expect("a snapshot is JSON");
            assert_eq!(Snapshot::decode(&stored).as_ref(), Ok(&agent));
        }
    }
    if let Ok(agent) = LIFE.hold(data.len(), || Snapshot::decode(data)) {
        let stored = Snapshot::of(&agent).encode().expect("a snapshot is JSON");
        assert_eq!(Snapshot::decode(&stored), Ok(agent));
    }
}
