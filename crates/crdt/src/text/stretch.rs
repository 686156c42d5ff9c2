//! Operations that continue each other: typing, deleting forward, the backspace key.
//!
//! The log and the encoding both keep such a stretch as one run. Whether an operation continues the one before it is
//! decided by these two alone (and by the direction they went so far), so that a stretch is cut in the same places
//! however its operations arrived.

use super::run::{Kind, Run};

/// One or more operations of equal length, each made directly after and continuing the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    pub(crate) kind: Kind,
    /// Deletions with the backspace key; never set for a single operation.
    pub(crate) backward: bool,
    /// Position of the first operation, as its delta says it.
    pub(crate) position: u32,
    /// Code points that each operation inserts or deletes, at least 1.
    pub(crate) unit: u32,
    /// Number of operations, at least 1.
    pub(crate) ops: u32,
}

impl Stretch {
    pub(crate) fn one(kind: Kind, position: u32, unit: u32) -> Stretch {
        Stretch { kind, backward: false, position, unit, ops: 1 }
    }

    /// The operations of a run, of `unit` code points each.
    pub(crate) fn of(run: &Run, unit: u32) -> Stretch {
        let Run { kind, backward, position, len, .. } = *run;
        let position = if backward { position + 1 - unit } else { position };
        // Mostly keys: no division.
        let ops = if unit == 1 { len } else { len / unit };
        Stretch { kind, backward, position, unit, ops }
    }

    /// Code points inserted or deleted altogether.
    pub(crate) fn chars(&self) -> u32 {
        self.unit * self.ops
    }

    /// Position of the `index`-th operation, from 0.
    pub(crate) fn position_of(&self, index: u32) -> u32 {
        match self.kind {
            Kind::Insert => self.position + index * self.unit,
            Kind::Delete if self.backward => self.position - index * self.unit,
            Kind::Delete => self.position,
        }
    }

    /// The first `ops` operations; at least one, and not more than there are.
    pub(crate) fn head(&self, ops: u32) -> Stretch {
        Stretch { ops, backward: self.backward && ops > 1, ..*self }
    }

    /// What is left without the first `ops` operations; at least one.
    pub(crate) fn tail(&self, ops: u32) -> Stretch {
        let left = self.ops - ops;
        Stretch { position: self.position_of(ops), ops: left, backward: self.backward && left > 1, ..*self }
    }

    /// Takes as many of the first operations of `next` as continue this stretch, and says how many.
    pub(crate) fn absorb(&mut self, next: &Stretch) -> u32 {
        if self.kind != next.kind || self.unit != next.unit {
            return 0;
        }
        let last = self.position_of(self.ops - 1);
        let taken = match self.kind {
            Kind::Insert if next.position == last + self.unit => next.ops,
            Kind::Insert => 0,
            Kind::Delete => {
                let single = self.ops == 1;
                let backward = next.position + self.unit == last;
                let continues = if backward { single || self.backward } else { next.position == last };
                if !continues || (!backward && self.backward) {
                    return 0;
                }
                self.backward = backward;
                // The next stretch may turn round after its first operation.
                if next.ops == 1 || next.backward == backward { next.ops } else { 1 }
            }
        };
        self.ops += taken;
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn join(parts: impl IntoIterator<Item = Stretch>) -> Vec<Stretch> {
        let mut out: Vec<Stretch> = Vec::new();
        for mut part in parts {
            loop {
                let taken = out.last_mut().map_or(0, |last| last.absorb(&part));
                if taken == part.ops {
                    break;
                }
                if taken == 0 {
                    out.push(part);
                    break;
                }
                part = part.tail(taken);
            }
        }
        out
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(10_000))]

        /// However operations arrive grouped, they end in the same stretches, and come out of them unchanged.
        #[test]
        fn grouping_does_not_matter(
            ops in prop::collection::vec((any::<bool>(), 5u32..9, 1u32..3), 1..12),
            cuts in prop::collection::vec(any::<bool>(), 12),
        ) {
            let single = |(insert, position, unit): &(bool, u32, u32)| {
                Stretch::one(if *insert { Kind::Insert } else { Kind::Delete }, *position, *unit)
            };
            let ops: Vec<Stretch> = ops.iter().map(single).collect();
            let joined = join(ops.iter().copied());
            let mut groups = vec![Vec::new()];
            for (op, cut) in ops.iter().zip(cuts) {
                if cut {
                    groups.push(Vec::new());
                }
                if let Some(group) = groups.last_mut() {
                    group.push(*op);
                }
            }
            prop_assert_eq!(&join(groups.into_iter().flat_map(join)), &joined);
            let apart: Vec<Stretch> = joined
                .iter()
                .flat_map(|stretch| (0..stretch.ops).map(|i| Stretch::one(stretch.kind, stretch.position_of(i), stretch.unit)))
                .collect();
            prop_assert_eq!(apart, ops);
            for stretch in &joined {
                for cut in 1..stretch.ops {
                    prop_assert_eq!(join([stretch.head(cut), stretch.tail(cut)]), vec![*stretch]);
                }
            }
        }
    }
}
