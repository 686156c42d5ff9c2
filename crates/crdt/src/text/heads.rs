//! The heads of a history: the operations that no other was made after.

use smallvec::{Array, SmallVec};

use super::run::Lv;

/// Puts `event` in place of its parents among the heads. Both lists ascend; as many agents as have written at the same time
/// may stand in them.
pub(super) fn advance<A: Array<Item = Lv>>(heads: &mut SmallVec<A>, parents: &[Lv], event: Lv) {
    match parents {
        [] => {}
        [parent] => {
            if let Ok(place) = heads.binary_search(parent) {
                heads.remove(place);
            }
        }
        _ => {
            let mut parents = parents.iter().copied().peekable();
            heads.retain(|head| {
                while parents.next_if(|parent| *parent < *head).is_some() {}
                parents.peek() != Some(head)
            });
        }
    }
    // Mostly it is the newest of all.
    let place = if heads.last().is_none_or(|last| *last < event) {
        heads.len()
    } else {
        heads.partition_point(|head| *head < event)
    };
    heads.insert(place, event);
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn an_event_stands_for_its_parents(
            mut heads in prop::collection::btree_set(0u32..20, 0..10),
            parents in prop::collection::btree_set(0u32..20, 0..10),
            event in 0u32..25,
        ) {
            heads.remove(&event);
            let mut expected = &heads - &parents;
            expected.insert(event);
            let mut heads: SmallVec<[Lv; 2]> = heads.into_iter().collect();
            let parents: Vec<Lv> = parents.into_iter().collect();
            advance(&mut heads, &parents, event);
            prop_assert!(heads.iter().eq(&expected));
        }
    }
}
