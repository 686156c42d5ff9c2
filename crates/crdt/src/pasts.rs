//! What deltas were made after, as they are taken in one after the other.
//!
//! As a rule that is all that is there. Otherwise the graph of parents tells ([`crate::ancestry`]), and from then on the
//! version after each head of a branch is kept, so that a long branch is walked once.

use std::collections::HashMap;

use ramanujan_core::{Dot, VectorClock};

use crate::ancestry::{Ancestry, NeedsHistory, without};

/// Most heads whose versions are kept; those of others are found anew each time.
const MAX_TIPS: usize = 16;

/// What is known of the deltas that were taken in.
#[derive(Clone, Debug, Default)]
pub struct Pasts {
    /// Versions after heads.
    tips: HashMap<Dot, VectorClock>,
    ancestry: Ancestry,
}

impl Pasts {
    /// Of a history that is taken in from its first delta on.
    pub fn from_the_first() -> Self {
        Pasts { ancestry: Ancestry::from_the_first(), ..Self::default() }
    }

    /// The version of `parents`, where `version` is that of all deltas taken in and `heads` are its heads; `None` if it is
    /// that.
    ///
    /// # Errors
    /// [`NeedsHistory`] if it cannot be told from the deltas at hand; see [`Self::go_on_from`].
    pub fn of(
        &mut self,
        heads: &[Dot],
        version: &VectorClock,
        parents: &[Dot],
    ) -> Result<Option<VectorClock>, NeedsHistory> {
        if heads.iter().all(|head| parents.contains(head)) {
            return Ok(None);
        }
        if parents.iter().all(|parent| self.tips.contains_key(parent)) {
            let mut versions = parents.iter().filter_map(|parent| self.tips.remove(parent));
            let mut version = versions.next().unwrap_or_default();
            versions.for_each(|other| version.join(&other));
            return Ok(Some(version));
        }
        Ok(Some(without(version, &self.ancestry.lacking(heads, parents)?)))
    }

    /// Takes these for the deltas at hand: the end of what was taken in.
    pub fn go_on_from(&mut self, ancestry: Ancestry) {
        self.ancestry = ancestry;
    }

    /// Notes that a delta was taken in, made on `past`, `None` if on all there was. `heads`: how many there are with it.
    pub fn took(&mut self, dot: &Dot, parents: &[Dot], past: Option<VectorClock>, heads: usize) {
        self.ancestry.push(dot, parents, past.is_none());
        for parent in parents {
            self.tips.remove(parent);
        }
        if let Some(mut past) = past
            && heads <= MAX_TIPS
        {
            past.raise(&dot.agent, dot.seq);
            self.tips.insert(dot.clone(), past);
        }
    }
}
