//! The events of one post beside each other: which are the same, and which contradict each other.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use ramanujan_core::Digest;
use ramanujan_timeline::Event;

/// The distinct events of a post.
#[derive(Debug)]
pub struct Batch<'a> {
    /// Each event once, with the index at which it first stands.
    pub distinct: Vec<(usize, &'a Event)>,
    /// For each event of the post, which of `distinct` it is.
    pub places: Vec<usize>,
}

/// Why the events of a post cannot be stored together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Clash {
    /// An agent numbers some of its events and not others.
    MixedNumbers { index: usize, agent: String },
    /// Two events of an agent have one number.
    OneNumber { index: usize, agent: String },
    /// Two events of different content have one id.
    OneId { index: usize, event_id: Digest },
}

impl<'a> Batch<'a> {
    /// Compares the events of a post.
    ///
    /// # Errors
    /// The first contradiction.
    pub fn of(events: &'a [Event]) -> Result<Self, Clash> {
        let mut by_id: HashMap<Digest, usize> = HashMap::with_capacity(events.len());
        let mut by_origin: HashMap<(&str, Option<u64>), Digest> = HashMap::new();
        let mut numbered: HashMap<&str, bool> = HashMap::new();
        let mut distinct: Vec<(usize, &Event)> = Vec::with_capacity(events.len());
        let mut places = Vec::with_capacity(events.len());
        for (index, event) in events.iter().enumerate() {
            let agent = event.agent.as_str();
            let has_number = event.origin_seq.is_some();
            if *numbered.entry(agent).or_insert(has_number) != has_number {
                return Err(Clash::MixedNumbers { index, agent: agent.to_owned() });
            }
            if has_number
                && *by_origin.entry((agent, event.origin_seq)).or_insert(event.event_id) != event.event_id
            {
                return Err(Clash::OneNumber { index, agent: agent.to_owned() });
            }
            match by_id.entry(event.event_id) {
                Entry::Vacant(entry) => {
                    places.push(*entry.insert(distinct.len()));
                    distinct.push((index, event));
                }
                Entry::Occupied(entry) if distinct[*entry.get()].1.same_content(event) => {
                    places.push(*entry.get());
                }
                Entry::Occupied(_) => return Err(Clash::OneId { index, event_id: event.event_id }),
            }
        }
        Ok(Batch { distinct, places })
    }
}
