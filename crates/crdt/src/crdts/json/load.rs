//! How much there is at a place.

use super::leaf::Leaf;
use super::place::Place;
use crate::crdts::load::Load;
use crate::value::Json;

impl Place {
    /// How much is here and below, seen or not.
    pub(super) fn load(&self) -> Load {
        // What is only counted into, or only leads to others, is a place all the same.
        let orders = u64::from(self.list.is_some()) + u64::from(self.text.is_some());
        let mut load = Load { values: self.entries.len().max(1) as u64, orders, ..Load::default() };
        for (_, leaf) in &self.entries {
            if let Leaf::Scalar(Json::Text(text)) = leaf {
                load.text(text);
            }
        }
        for (key, member) in &self.members {
            load.key(key);
            load.add(member.load());
        }
        self.list.iter().flat_map(|list| list.places()).for_each(|place| load.add(place.load()));
        let pieces = self.text.iter().flat_map(|text| text.live.values()).flatten();
        pieces.for_each(|piece| load.text(&piece.text));
        load
    }
}
