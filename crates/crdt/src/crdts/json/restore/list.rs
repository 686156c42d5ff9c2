//! Lists: elements stay by their identity.

use super::align::{Item, MAX_EDITS, align, as_much_as_stays};
use super::plan::Plan;
use super::seen::{elements, grows, look, plain, was_set};
use crate::crdts::json::leaf::Leaf;
use crate::crdts::json::place::{List, Place};
use crate::edit::{Action, ItemId, Step};

/// Which of the elements wanted can be set under their old identity. An element that was removed has its item yet, at
/// its place among the others of then; not among those that an earlier restore has inserted in their stead, so the next
/// one that stays on either side must be of then too.
fn can_return(list: &List, wanted: &[Item<'_, &Place>], stays: &[Option<ItemId>]) -> Vec<bool> {
    let mut can: Vec<bool> = wanted.iter().map(|element| list.order.contains(&element.id())).collect();
    let own = wanted.iter().zip(stays).map(|(element, stays)| Some(*stays.as_ref()? == element.id()));
    let own: Vec<Option<bool>> = own.collect();
    let (mut before, mut after) = (true, true);
    for (can, own) in can.iter_mut().zip(&own) {
        before = own.unwrap_or(before);
        *can &= before;
    }
    for (can, own) in can.iter_mut().zip(&own).rev() {
        after = own.unwrap_or(after);
        *can &= after;
    }
    can
}

impl Plan<'_> {
    /// A list where one is seen: element by element, or anew if that is shorter and none has its identity yet.
    pub(super) fn list(&mut self, path: &mut Vec<Step>, wanted: &Place) {
        let nothing = List::default();
        let Some(now) = self.at(path) else { return };
        let list = now.list.as_deref().unwrap_or(&nothing);
        let (there, wanted_elements) = (elements(Some(list)), elements(wanted.list.as_deref()));
        let pairs = align(&there, &wanted_elements, |place| look(place), as_much_as_stays);
        let mut gone: Vec<Option<ItemId>> = there.iter().map(|element| Some(element.id())).collect();
        let mut stays: Vec<Option<ItemId>> = vec![None; wanted_elements.len()];
        for (at, back) in pairs {
            stays[back] = gone[at].take();
        }
        let each = || stays.iter().zip(&wanted_elements);
        let some_are_old = each().any(|(stays, element)| stays.as_ref() == Some(&element.id()));
        let none_stays = stays.iter().all(Option::is_none);
        let missing = each().filter(|(stays, element)| stays.is_none() && !grows(element.what)).count();
        let changes = missing + gone.iter().flatten().count();
        let would_vanish = wanted_elements.is_empty() && !was_set(now, &Leaf::List);
        let few = if none_stays { 1 } else { MAX_EDITS };
        if !some_are_old && changes > few || would_vanish {
            self.write(path, wanted);
            return;
        }
        let can_return = can_return(list, &wanted_elements, &stays);
        let mut before: Option<ItemId> = None;
        for ((element, stays), can_return) in wanted_elements.iter().zip(stays).zip(can_return) {
            let item = match stays.or_else(|| can_return.then(|| element.id())) {
                Some(item) => {
                    let step = Step::Item { item: item.clone() };
                    self.within(path, step, |plan, path| plan.bring(path, element.what));
                    item
                }
                None => self.insert(path, before.as_ref(), element.what),
            };
            before = Some(item);
        }
        let below = |item| [path.as_slice(), &[Step::Item { item }]].concat();
        self.gone.extend(gone.into_iter().flatten().map(below));
    }

    /// Inserts an element after another, or first.
    fn insert(&mut self, path: &mut Vec<Step>, before: Option<&ItemId>, wanted: &Place) -> ItemId {
        let nothing = List::default();
        let list = self.at(path).and_then(|place| place.list.as_deref()).unwrap_or(&nothing);
        let row = list.in_row();
        let anchor = before.and_then(|before| row.anchor_after(before)).unwrap_or_else(|| row.anchor(0));
        let dot = self.edit(path, Action::InsertItem { anchor, value: plain(wanted) });
        let item = ItemId { dot: dot.clone(), offset: 0 };
        let step = Step::Item { item: item.clone() };
        self.within(path, step, |plan, path| plan.complete(path, wanted, &dot));
        item
    }
}
