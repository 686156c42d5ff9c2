//! The number of a node of an e-graph.

/// A node, and the class that it is in. Only the graph that gave it out knows what it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id(pub u32);

impl Id {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}
