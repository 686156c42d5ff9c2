//! The history of a loaded snapshot, as bytes until somebody needs it.

use ramanujan_core::{AgentId, Dot, VectorClock};

use super::decode;
use super::error::DocumentError;
use super::log::Log;
use super::past::Replay;
use crate::codec::DecodeError;

/// A history that has not been read.
#[derive(Clone)]
pub(super) struct Sealed {
    pub(super) body: Box<[u8]>,
    pub(super) table: Vec<(AgentId, u32)>,
    /// Place in the table and number of each head.
    pub(super) heads: Vec<(u32, u32)>,
    /// Code points of the text that came with it.
    pub(super) length: usize,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("bytes", &self.body.len()).field("agents", &self.table).finish()
    }
}

impl Sealed {
    pub(super) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    pub(super) fn version(&self) -> VectorClock {
        self.table.iter().map(|(id, ops)| (id.as_str(), u64::from(*ops))).collect()
    }

    pub(super) fn heads(&self) -> Vec<Dot> {
        let dot =
            |(agent, seq): &(u32, u32)| Dot::new(self.table[*agent as usize].0.clone(), u64::from(*seq));
        self.heads.iter().map(dot).collect()
    }

    /// Reads the history into a log that has the authors of `log`, which has no operations; also says how long the
    /// document is.
    ///
    /// # Errors
    /// [`DocumentError`] if it is no history, or does not lead to the snapshot's heads and length.
    pub(super) fn read(&self, log: &Log, replay: &mut Replay) -> Result<(Log, u32), DocumentError> {
        let mut log = log.clone();
        let length = decode::read_into(&mut log, replay, 0, &self.body)?.length;
        let mut heads: Vec<Dot> = log.heads.iter().map(|head| log.dot_of(*head)).collect();
        heads.sort_unstable();
        if heads != self.heads() {
            return Err(DecodeError::Malformed("the heads are not those of the history").into());
        }
        if length as usize != self.length {
            return Err(DecodeError::Malformed("the text is not as long as its history makes it").into());
        }
        Ok((log, length))
    }
}
