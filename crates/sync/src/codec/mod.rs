//! The bytes of messages (`docs/sync.md` has an example).
//!
//! Integers are unsigned LEB128, texts stand behind their length, digests as they are. A frame begins with its version; a
//! reader refuses every other before it looks further. There is one encoding of every frame, and a reader accepts no other
//! bytes. Lists grow as they are read: no count allocates anything, and each has a bound.
//!
//! Nothing here is compressed: deltas are already, and the rest is mostly digests.

mod answers;
mod parts;
mod read;
mod store;
mod write;

#[cfg(test)]
mod store_tests;
#[cfg(test)]
mod tests;

pub use read::decode;
pub use store::{decode_answer, decode_question, encode_answer, encode_question};
pub use write::encode;

/// Numbers of the messages.
mod kind {
    pub(super) const HELLO: u8 = 1;
    pub(super) const WELCOME: u8 = 2;
    pub(super) const PULL: u8 = 3;
    pub(super) const CHANGES: u8 = 4;
    pub(super) const STALE: u8 = 5;
    pub(super) const COMPARE: u8 = 6;
    pub(super) const DIFFER: u8 = 7;
    pub(super) const ASK: u8 = 8;
    pub(super) const STATES: u8 = 9;
    pub(super) const WANT: u8 = 10;
    pub(super) const DELTAS: u8 = 11;
    pub(super) const PROBE: u8 = 12;
    pub(super) const HASHES: u8 = 13;
    pub(super) const FROZEN: u8 = 14;
    pub(super) const FREEZES: u8 = 15;
    pub(super) const OFFER: u8 = 16;
    pub(super) const WANTED: u8 = 17;
    pub(super) const GIVE: u8 = 18;
    pub(super) const TAKEN: u8 = 19;
    pub(super) const ACCUSE: u8 = 20;
    pub(super) const BUSY: u8 = 21;
    pub(super) const REFUSED: u8 = 22;
    pub(super) const GIVE_FREEZES: u8 = 23;
}
