//! Keys of the memo: SHA-256 over what an answer depends on, nothing else, so an entry can never be stale.

use ramanujan_core::Digest;
use ramanujan_crdt::CrdtType;

/// Part of every key; raised when an answer's form changes, so that entries which an older component left in the store
/// are never found. With the meaning of a type's operations [`CrdtType::meaning`] does the same.
const SCHEMA_VERSION: u8 = 1;

/// Content address of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(Digest);

impl Key {
    /// The key of joining two encoded states of one type. `left` and `right` are the bytes as they came, so a hit
    /// needs no decoding; their digests are sorted because a join is commutative.
    pub(crate) fn of_merge(crdt_type: CrdtType, options: u8, left: &[u8], right: &[u8]) -> Self {
        let (left, right) = (Digest::of(left), Digest::of(right));
        Key::of("merge", crdt_type, options, &left.min(right), Some(&left.max(right)))
    }

    /// The key of a whole request by its bytes. It leads to the answer's own key without reading the request.
    pub(crate) fn of_request(route: &str, options: u8, body: &[u8]) -> Self {
        let (tag, digest) = ([SCHEMA_VERSION, options], Digest::of(body));
        Key(Digest::of_parts([tag.as_slice(), b"request\0", route.as_bytes(), &[0], digest.as_bytes()]))
    }

    /// The key of joining a stored document, named by the digest of its state, with an encoded remote state.
    pub(crate) fn of_document_merge(
        crdt_type: CrdtType,
        options: u8,
        document: &Digest,
        remote: &[u8],
    ) -> Self {
        Key::of("merge-document", crdt_type, options, document, Some(&Digest::of(remote)))
    }

    /// The key of the reply that shows a version of a document, by the digest of its deltas.
    pub(crate) fn of_reply(crdt_type: CrdtType, document: &str, version: &Digest) -> Self {
        Key::of("read", crdt_type, 0, version, Some(&Digest::of(document.as_bytes())))
    }

    /// The key of the state of a version of a document.
    pub(crate) fn of_state(crdt_type: CrdtType, document: &str, version: &Digest) -> Self {
        Key::of("state", crdt_type, 0, version, Some(&Digest::of(document.as_bytes())))
    }

    /// The fields in front have fixed lengths or end in a zero byte, so two different lists never read the same.
    fn of(
        operation: &str,
        crdt_type: CrdtType,
        options: u8,
        first: &Digest,
        second: Option<&Digest>,
    ) -> Self {
        Key(Digest::of_parts([
            // The sum only grows, so no later pair of the two makes an earlier one's keys.
            [SCHEMA_VERSION + crdt_type.meaning() - 1, options].as_slice(),
            operation.as_bytes(),
            &[0],
            crdt_type.as_str().as_bytes(),
            &[0],
            first.as_bytes(),
            second.map_or(&[], |digest| digest.as_bytes()),
        ]))
    }

    pub(crate) fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// One of as many different keys as there are numbers.
    #[cfg(test)]
    pub(crate) fn numbered(number: u64) -> Self {
        Key(Digest::of(&number.to_be_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sides_may_be_swapped_and_nothing_else_may_change(
            left in "[ab]{0,3}", right in "[ab]{0,3}", other in "[ab]{0,3}", kind in 0usize..8, options in 0u8..3,
        ) {
            let crdt_type = CrdtType::ALL[kind];
            let key = |a: &str, b: &str| Key::of_merge(crdt_type, options, a.as_bytes(), b.as_bytes());
            prop_assert_eq!(key(&left, &right), key(&right, &left));
            prop_assert_eq!(key(&left, &right) == key(&left, &other), right == other);
            let next = CrdtType::ALL[(kind + 1) % 8];
            prop_assert_ne!(
                key(&left, &right), Key::of_merge(next, options, left.as_bytes(), right.as_bytes()));
            prop_assert_ne!(
                key(&left, &right), Key::of_merge(crdt_type, options + 1, left.as_bytes(), right.as_bytes()));
        }
    }

    /// As keys were made before JSON documents lost what is overwritten below: answers about them are not found any
    /// more, those about others are.
    #[test]
    fn an_answer_is_found_as_long_as_operations_mean_the_same() {
        let (version, document) = (Digest::of(b"version"), Digest::of(b"notes"));
        let first = |crdt_type: CrdtType| {
            let name = crdt_type.as_str().as_bytes();
            let parts: [&[u8]; 7] =
                [&[1, 0], b"state", &[0], name, &[0], version.as_bytes(), document.as_bytes()];
            Key(Digest::of_parts(parts))
        };
        for crdt_type in CrdtType::ALL {
            let found = Key::of_state(crdt_type, "notes", &version) == first(crdt_type);
            assert_eq!(found, crdt_type != CrdtType::Json, "{crdt_type}");
        }
    }

    #[test]
    fn a_stored_side_is_no_posted_side() {
        let stored = Digest::of(b"left");
        let posted = Key::of_merge(CrdtType::Text, 0, b"left", b"right");
        assert_ne!(posted, Key::of_document_merge(CrdtType::Text, 0, &stored, b"right"));
    }
}
