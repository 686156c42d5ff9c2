//! What deltas were made after, as they are taken in one after the other.
//!
//! As a rule that is all that is there. Otherwise the graph of parents tells ([`crate::ancestry`]), and from then on the
//! version after each head of a branch is kept, so that a long branch is walked once.

use std::collections::{HashMap, HashSet};

use ramanujan_core::{Dot, VectorClock};

use crate::ancestry::{Ancestry, NeedsHistory, without};

/// Most entries of versions that are kept, some 40 bytes each; the versions after other heads are found anew each time.
const MAX_ENTRIES: usize = 1 << 20;

/// Parents that are compared one by one.
const FEW: usize = 8;

/// Most entries of the versions that are kept for those who begin from one version, each of which counts as one more.
const MAX_FORK_ENTRIES: usize = 1 << 16;

/// What is known of the deltas that were taken in.
#[derive(Clone, Debug, Default)]
pub struct Pasts {
    /// Versions after heads.
    tips: HashMap<Dot, VectorClock>,
    /// How many entries they have.
    entries: usize,
    /// Versions of parents that were found in the graph: others may have begun there too.
    forks: HashMap<Vec<Dot>, VectorClock>,
    /// How many entries these have.
    fork_entries: usize,
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
    pub fn of<'a>(
        &mut self,
        heads: impl Iterator<Item = &'a Dot> + Clone,
        version: &VectorClock,
        parents: &[Dot],
    ) -> Result<Option<VectorClock>, NeedsHistory> {
        if are_within(heads.clone(), parents) {
            return Ok(None);
        }
        if parents.iter().all(|parent| self.tips.contains_key(parent)) {
            let mut version = VectorClock::new();
            for (nth, parent) in parents.iter().enumerate() {
                let tip = self.take(parent).unwrap_or_default();
                if nth == 0 { version = tip } else { version.join(&tip) }
            }
            return Ok(Some(version));
        }
        if let Some(version) = self.forks.get(parents) {
            return Ok(Some(version.clone()));
        }
        let heads: Vec<Dot> = heads.cloned().collect();
        let version = without(version, &self.ancestry.lacking(&heads, parents)?);
        // Thousands may have begun from one version, and the way there leads past all of them.
        if self.fork_entries + version.len() < MAX_FORK_ENTRIES {
            self.fork_entries += version.len() + 1;
            self.forks.insert(parents.to_vec(), version.clone());
        }
        Ok(Some(version))
    }

    fn take(&mut self, head: &Dot) -> Option<VectorClock> {
        let tip = self.tips.remove(head)?;
        self.entries -= tip.len();
        Some(tip)
    }

    /// Takes these for the deltas at hand: the end of what was taken in.
    pub fn go_on_from(&mut self, ancestry: Ancestry) {
        self.ancestry = ancestry;
    }

    /// Notes that a delta was taken in, made on `past`, `None` if on all there was.
    pub fn took(&mut self, dot: &Dot, parents: &[Dot], past: Option<VectorClock>) {
        self.ancestry.push(dot, parents, past.is_none());
        for parent in parents {
            self.take(parent);
        }
        if let Some(mut past) = past {
            past.raise(&dot.agent, dot.seq);
            if self.entries + past.len() <= MAX_ENTRIES {
                self.entries += past.len();
                self.tips.insert(dot.clone(), past);
            }
        }
    }
}

/// Whether each of the heads, which are distinct, is one of `parents`: there may be thousands of both.
fn are_within<'a>(mut heads: impl Iterator<Item = &'a Dot> + Clone, parents: &[Dot]) -> bool {
    if parents.len() <= FEW {
        return heads.all(|head| parents.contains(head));
    }
    if heads.clone().nth(parents.len()).is_some() {
        return false;
    }
    let parents: HashSet<&Dot> = parents.iter().collect();
    heads.all(|head| parents.contains(head))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::ancestry::tests::{any_history, heads};

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// By the definition, with versions at hand and without.
        #[test]
        fn a_past_is_the_version_of_the_parents(history in any_history(), forgets in any::<bool>()) {
            let mut pasts = Pasts::from_the_first();
            let (mut version, mut before) = (VectorClock::new(), Vec::new());
            for (place, (dot, parents, after)) in history.iter().enumerate() {
                if forgets {
                    (pasts.tips, pasts.entries) = (HashMap::new(), 0);
                }
                let past = pasts.of(before.iter(), &version, parents).unwrap();
                let mut expected = past.clone().unwrap_or_else(|| version.clone());
                expected.raise(&dot.agent, dot.seq);
                prop_assert_eq!(&expected, after);
                pasts.took(dot, parents, past);
                prop_assert_eq!(pasts.entries, pasts.tips.values().map(VectorClock::len).sum::<usize>());
                version.raise(&dot.agent, dot.seq);
                before = heads(&history[..=place], &version);
            }
        }
    }
}
