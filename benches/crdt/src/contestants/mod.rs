//! The text CRDTs under one interface, each used as its documentation says.
//!
//! Positions count Unicode code points. Every contestant keeps its whole history but yrs, which drops the content of what
//! was deleted; the table's notes say so.

mod automerge;
mod diamond;
mod loro;
mod ours;
mod yrs;

pub(crate) use automerge::Automerge;
pub(crate) use diamond::Diamond;
pub(crate) use loro::Loro;
pub(crate) use ours::Ours;
pub(crate) use yrs::Yrs;

use crate::trace::Trace;

/// What went wrong inside a contestant.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// One replica of a text document.
pub(crate) trait Contestant: Sized {
    const NAME: &'static str;
    /// Long traces take minutes.
    const IS_SLOW: bool = false;
    /// A set of operations, in the replica's own terms.
    type Version;

    /// An empty document, written by the `replica`-th replica of the session.
    fn new(replica: usize) -> Result<Self, Failure>;
    fn insert(&mut self, position: usize, text: &str) -> Result<(), Failure>;
    fn delete(&mut self, position: usize, length: usize) -> Result<(), Failure>;
    /// Ends a transaction, where the library knows such.
    fn commit(&mut self) {}
    fn text(&mut self) -> Result<String, Failure>;

    fn version(&mut self) -> Self::Version;
    /// What `other` has of this replica's operations.
    fn known_by(&mut self, other: &mut Self) -> Result<Self::Version, Failure>;
    /// The operations beyond a version, encoded for another replica.
    fn diff(&mut self, since: &Self::Version) -> Result<Vec<u8>, Failure>;
    /// Takes in what [`Contestant::diff`] gave.
    fn apply(&mut self, bytes: &[u8]) -> Result<(), Failure>;
    /// Takes in everything of another replica; `known` is what [`Contestant::known_by`] said.
    fn merge(&mut self, other: &mut Self, known: &Self::Version) -> Result<(), Failure> {
        let bytes = other.diff(known)?;
        self.apply(&bytes)
    }

    /// The complete history, encoded as compactly as the library can.
    fn history(&mut self) -> Result<Vec<u8>, Failure>;
    /// History and materialised text, where the library has such a form.
    fn snapshot(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        Ok(None)
    }
    fn load(bytes: &[u8]) -> Result<Self, Failure>;
    /// Another replica with the same operations. Not timed.
    fn copy(&mut self) -> Result<Self, Failure>;

    /// The whole session as operations whose parents are known; `None` where the library has no such interface.
    fn push_all(_: &Trace) -> Result<Option<Self>, Failure> {
        Ok(None)
    }

    /// Why the contestant cannot take part in a trace.
    fn obstacle(_: &Trace) -> Option<&'static str> {
        None
    }
}
