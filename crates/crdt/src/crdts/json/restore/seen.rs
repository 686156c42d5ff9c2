//! What is seen of a place, and how it would be written anew.

use super::align::Item;
use super::leaves::number_at;
use crate::crdts::json::leaf::{Kind, Leaf};
use crate::crdts::json::place::{List, Place};
use crate::value::Json;

pub(super) fn elements(list: Option<&List>) -> Vec<Item<'_, &Place>> {
    let places = list.map(List::in_order).unwrap_or_default().into_iter();
    let live = places.filter(|(_, _, place)| place.is_live());
    live.map(|(dot, offset, what)| Item { dot, offset, what }).collect()
}

pub(super) fn live_members(place: &Place) -> impl Iterator<Item = (&String, &Place)> {
    place.members.iter().filter(|(_, member)| member.is_live())
}

/// What is seen at a place, with the kinds of all that is in it: a text is not the string that it reads as.
pub(super) fn look(place: &Place) -> Look {
    match place.kind() {
        Some(Kind::Map) => {
            Look::Map(live_members(place).map(|(key, member)| (key.clone(), look(member))).collect())
        }
        Some(Kind::List) => {
            Look::List(elements(place.list.as_deref()).iter().map(|element| look(element.what)).collect())
        }
        kind => Look::Leaf(kind.zip(place.show().map(|shown| shown.value))),
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
    match place.kind() {
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
    match place.kind() {
        Some(Kind::OtherScalar) => place.show().map(|shown| shown.value).unwrap_or_default(),
        Some(Kind::Number) => number_at(place).0,
        Some(Kind::Text) | None => Json::Null,
        Some(Kind::Map) => {
            let set = live_members(place).filter(|(_, member)| !grows(member));
            Json::Map(set.map(|(key, member)| (key.clone(), plain(member))).collect())
        }
        // An element is there from the beginning, or what is written into it would lead nowhere.
        Some(Kind::List) => {
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
    Kind::ALL.into_iter().any(|other| other != kind && place.has(other))
}
