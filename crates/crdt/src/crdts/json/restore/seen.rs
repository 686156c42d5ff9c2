//! What is seen of a place, and how it would be written anew.

use super::align::Item;
use super::leaves::number_at;
use super::plan::kind_of;
use crate::crdts::json::place::{Kind, Leaf, List, Place};
use crate::value::Json;

pub(super) fn elements(list: Option<&List>) -> Vec<Item<'_, &Place>> {
    let live = list.map(List::live).unwrap_or_default();
    live.into_iter().map(|(dot, offset, what)| Item { dot, offset, what }).collect()
}

pub(super) fn live_members(place: &Place) -> impl Iterator<Item = (&String, &Place)> {
    place.members.iter().filter(|(_, member)| member.is_live())
}

/// What is seen at a place, with the kinds of all that is in it: a text is not the string that it reads as.
pub(super) fn look(place: &Place) -> Look {
    let Some(shown) = place.show() else { return Look::Leaf(None) };
    match shown.kind {
        Kind::Map => {
            Look::Map(live_members(place).map(|(key, member)| (key.clone(), look(member))).collect())
        }
        Kind::List => {
            Look::List(elements(place.list.as_deref()).iter().map(|element| look(element.what)).collect())
        }
        kind => Look::Leaf(Some((kind, shown.value))),
    }
}

/// See [`look`].
#[derive(Debug, PartialEq)]
pub(super) enum Look {
    Leaf(Option<(Kind, Json)>),
    Map(Vec<(String, Look)>),
    List(Vec<Look>),
}

/// Whether a place comes into being by what is written within: texts and counters that nobody set, and maps of these.
pub(super) fn grows(place: &Place) -> bool {
    match kind_of(place) {
        Some(Kind::Text) => true,
        Some(Kind::Number) => {
            let (set, added) = number_at(place);
            set == Json::Int(0) && added != 0
        }
        Some(Kind::Map) => {
            !was_set(place, &Leaf::Map) && live_members(place).all(|(_, member)| grows(member))
        }
        _ => false,
    }
}

/// What is seen at a place as a value that can be set, without what is written afterwards: texts and increments.
pub(super) fn plain(place: &Place) -> Json {
    let Some(shown) = place.show() else { return Json::Null };
    match shown.kind {
        Kind::OtherScalar => shown.value,
        Kind::Number => number_at(place).0,
        Kind::Text => Json::Null,
        Kind::Map => {
            let set = live_members(place).filter(|(_, member)| !grows(member));
            Json::Map(set.map(|(key, member)| (key.clone(), plain(member))).collect())
        }
        // An element is there from the beginning, or what is written into it would lead nowhere.
        Kind::List => {
            Json::List(elements(place.list.as_deref()).iter().map(|element| plain(element.what)).collect())
        }
    }
}

/// Whether a map or a list stands at a place by itself, also without anything in it.
pub(super) fn was_set(place: &Place, leaf: &Leaf) -> bool {
    place.entries.iter().any(|(_, known)| known == leaf)
}

/// Whether anything is live at a place that is not of this kind.
pub(super) fn holds_other_than(place: &Place, kind: Kind) -> bool {
    place.entries.iter().any(|(_, leaf)| leaf.kind() != kind)
        || kind != Kind::Number && !place.increments.is_empty()
        || kind != Kind::Map && live_members(place).next().is_some()
        || kind != Kind::List && place.list.as_ref().is_some_and(|list| list.places().any(Place::is_live))
}
