//! The large document that this instance of GREEN verified last, so that verifying it again costs what has come since.
//!
//! It is in memory only: a stream keeps no state, and an instance that has nothing here recomputes everything.

use std::cell::RefCell;

use ramanujan_crdt::CrdtType;

use crate::recompute::Recomputed;

/// A document as it was recomputed and found to be what crdt-service reported.
pub(crate) struct Verified {
    pub(crate) document: String,
    pub(crate) crdt_type: CrdtType,
    /// Place of crdt-service's log up to which it goes.
    pub(crate) until: u64,
    pub(crate) recomputed: Recomputed,
}

thread_local! {
    static LAST: RefCell<Option<Verified>> = const { RefCell::new(None) };
}

/// Takes what is kept of a document, if it goes no further than `until`. Whatever else is kept stays; what is taken is
/// nobody's until it is kept again, so that two requests at once do not share it.
pub(crate) fn take(document: &str, crdt_type: CrdtType, until: u64) -> Option<Verified> {
    let fits =
        |kept: &mut Verified| kept.document == document && kept.crdt_type == crdt_type && kept.until <= until;
    LAST.with_borrow_mut(|last| last.take_if(fits))
}

/// Keeps a document in place of the one before it.
pub(crate) fn keep(verified: Verified) {
    LAST.set(Some(verified));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_given_once_and_only_where_it_fits() {
        let kept = || Verified {
            document: "d".into(),
            crdt_type: CrdtType::Text,
            until: 7,
            recomputed: Recomputed::new(CrdtType::Text),
        };
        keep(kept());
        assert!(take("e", CrdtType::Text, 9).is_none(), "another document");
        assert!(take("d", CrdtType::Json, 9).is_none(), "another type");
        assert!(take("d", CrdtType::Text, 6).is_none(), "a log that is behind it");
        assert_eq!(take("d", CrdtType::Text, 7).map(|kept| kept.until), Some(7));
        assert!(take("d", CrdtType::Text, 9).is_none(), "taken already");
    }
}
