//! The sorted actors of a map, which its clones share.

use std::sync::Arc;

/// Actors from which on the table has room for more. Most documents have fewer for good: one allocation, no room to spare,
/// and a copy for each that comes. With many that copy would be what taking in a history costs, most of all where each of its
/// operations is of another agent.
const MANY: usize = 64;

/// Sorted actors.
#[derive(Clone)]
pub(crate) enum Table<A> {
    /// None, which takes no memory.
    Empty,
    /// As many as there are places.
    Fixed(Arc<[A]>),
    /// Many, with room for more.
    Growing(Arc<Vec<A>>),
}

impl<A> Table<A> {
    pub(crate) fn actors(&self) -> &[A] {
        match self {
            Table::Empty => &[],
            Table::Fixed(actors) => actors,
            Table::Growing(actors) => actors,
        }
    }
}

impl<A: Clone> Table<A> {
    /// Inserts an actor at its place: in place if the table is large and nobody shares it.
    pub(crate) fn insert(&mut self, at: usize, actor: A) {
        if let Table::Growing(actors) = self
            && let Some(actors) = Arc::get_mut(actors)
        {
            if actors.len() == actors.capacity() {
                actors.reserve_exact(1 + actors.len() / 8);
            }
            actors.insert(at, actor);
            return;
        }
        let (before, after) = self.actors().split_at(at);
        let actors = before.iter().cloned().chain([actor]).chain(after.iter().cloned());
        *self = if before.len() + after.len() < MANY {
            actors.collect::<Vec<A>>().into()
        } else {
            Table::Growing(Arc::new(actors.collect()))
        };
    }
}

impl<A> From<Vec<A>> for Table<A> {
    fn from(actors: Vec<A>) -> Self {
        if actors.is_empty() { Table::Empty } else { Table::Fixed(actors.into()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_table_grows_in_place_unless_it_is_shared() {
        let mut table = Table::Empty;
        for actor in (0..200).rev() {
            table.insert(0, actor);
        }
        let expected: Vec<u32> = (0..200).collect();
        assert_eq!(table.actors(), expected);
        let shared = table.clone();
        table.insert(200, 200);
        assert_eq!(shared.actors(), expected);
        assert_eq!(table.actors().len(), 201);
        let Table::Growing(actors) = &table else { panic!("a large table grows") };
        let room = actors.capacity();
        while table.actors().len() < room {
            let before = table.actors().as_ptr();
            table.insert(0, 0);
            assert_eq!(table.actors().as_ptr(), before, "what is there is not copied");
        }
    }
}
