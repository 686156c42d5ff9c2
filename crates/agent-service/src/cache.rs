//! States that are held in memory. A cache: an append behind a state that is not the newest is refused by the server.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ramanujan_core::AgentId;

use crate::journal::Folded;

/// The state of one agent, `None` before it was first read. Who holds the lock is the only one in this instance that
/// appends to the agent.
pub type Slot = Arc<tokio::sync::Mutex<Option<Folded>>>;

/// States by agent, a bounded number of them.
#[derive(Debug)]
pub struct Cache {
    most: usize,
    slots: Mutex<HashMap<AgentId, Slot>>,
}

impl Cache {
    /// A cache of at most so many agents, not counting those that are being worked on.
    pub fn new(most: usize) -> Self {
        Self { most: most.max(1), slots: Mutex::default() }
    }

    /// The place of an agent.
    pub fn slot(&self, agent: &AgentId) -> Slot {
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(slot) = slots.get(agent) {
            return slot.clone();
        }
        if slots.len() >= self.most {
            // Any eighth that nobody holds: which ones matters little, and a list by use would cost at every look.
            let mut surplus = self.most.div_ceil(8) + slots.len() - self.most;
            slots.retain(|_, slot| {
                let goes = surplus > 0 && Arc::strong_count(slot) == 1;
                surplus -= usize::from(goes);
                !goes
            });
        }
        slots.entry(agent.clone()).or_default().clone()
    }

    /// Number of agents held.
    pub fn len(&self) -> usize {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Whether none is held.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> AgentId {
        number.to_string().parse().unwrap()
    }

    #[test]
    fn it_stays_within_its_bound_and_keeps_what_is_in_use() {
        let cache = Cache::new(16);
        let held = cache.slot(&id(0));
        for number in 1..1000 {
            drop(cache.slot(&id(number)));
            assert!(cache.len() <= 16, "{}", cache.len());
        }
        assert!(Arc::ptr_eq(&held, &cache.slot(&id(0))));
    }

    #[test]
    fn what_is_in_use_does_not_count() {
        let cache = Cache::new(2);
        let held: Vec<Slot> = (0..5).map(|number| cache.slot(&id(number))).collect();
        assert_eq!(cache.len(), 5);
        drop(held);
        drop(cache.slot(&id(9)));
        assert!(cache.len() <= 2, "{}", cache.len());
    }
}
