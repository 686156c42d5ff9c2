//! What is seen of a document: at each place the kind of the newest live entry there or below.

use std::collections::BTreeMap;

use super::leaf::{Kind, Leaf};
use super::place::Place;
use super::time::Time;
use crate::edit::ItemId;
use crate::request::PathStep;
use crate::value::Json;

/// Values that lost against the one that is seen at a place, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// The place.
    pub path: Vec<PathStep>,
    /// The values, each once.
    pub values: Vec<Json>,
}

impl Conflict {
    /// `{"path": […], "values": […]}`, the steps as requests take them.
    pub fn into_json(self) -> Json {
        let step = |step: PathStep| match step {
            PathStep::Key(key) => Json::Text(key),
            PathStep::Index(index) => Json::int(index.into()).unwrap_or_default(),
            PathStep::Item { item } => Json::Map([("item".to_owned(), Json::Text(item.to_string()))].into()),
        };
        let path = self.path.into_iter().map(step).collect();
        let members = [("path", Json::List(path)), ("values", Json::List(self.values))];
        Json::Map(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
    }

    /// Paths are put together from the end.
    pub(super) fn turned(mut self) -> Self {
        self.path.reverse();
        self
    }
}

/// One thing that could be seen at a place.
#[derive(Debug)]
pub(super) struct Shown<'a> {
    newest: Time<'a>,
    pub(super) value: Json,
    pub(super) conflicts: Vec<Conflict>,
}

impl Place {
    /// `None` if nothing is there.
    pub(super) fn show(&self) -> Option<Shown<'_>> {
        let mut candidates: Vec<Shown<'_>> = Vec::new();
        candidates.extend(self.number());
        candidates.extend(self.other_scalars());
        candidates.extend(self.map());
        candidates.extend(self.list());
        candidates.extend(self.text());
        if candidates.len() < 2 {
            return candidates.pop();
        }
        candidates.sort_by(|a, b| b.newest.cmp(&a.newest));
        let mut candidates = candidates.into_iter();
        let mut seen = candidates.next()?;
        let lost = candidates.map(|lost| lost.value).filter(|value| *value != seen.value);
        let values = each_once(lost.collect());
        if !values.is_empty() {
            seen.conflicts.push(Conflict { path: Vec::new(), values });
        }
        Some(seen)
    }

    /// The kind that is seen, without what is seen: as a rule one look tells, and where several kinds meet, everything
    /// below is asked for its time.
    pub(super) fn kind(&self) -> Option<Kind> {
        let mut there = Kind::ALL.into_iter().filter(|kind| self.has(*kind));
        let first = there.next()?;
        let Some(second) = there.next() else { return Some(first) };
        let mut seen = (self.newest_of(first), first);
        for kind in std::iter::once(second).chain(there) {
            let newest = self.newest_of(kind);
            if newest > seen.0 {
                seen = (newest, kind);
            }
        }
        Some(seen.1)
    }

    /// Whether anything of a kind is live here, seen or not.
    pub(super) fn has(&self, kind: Kind) -> bool {
        self.entries.iter().any(|(_, leaf)| leaf.kind() == kind)
            || match kind {
                Kind::Number => !self.increments.is_empty(),
                Kind::Map => self.members.values().any(Place::is_live),
                Kind::List => self.list.as_ref().is_some_and(|list| list.places().any(Place::is_live)),
                Kind::OtherScalar | Kind::Text => false,
            }
    }

    fn newest_of(&self, kind: Kind) -> Option<Time<'_>> {
        let here = self.newest(|leaf| leaf.kind() == kind).map(|(time, _)| time);
        let below = match kind {
            Kind::Number => self.increments.newest(),
            Kind::Map => self.members.values().filter_map(Place::newest_of_all).max(),
            Kind::List => {
                self.list.iter().flat_map(|list| list.places()).filter_map(Place::newest_of_all).max()
            }
            Kind::OtherScalar | Kind::Text => None,
        };
        here.max(below)
    }

    fn newest_of_all(&self) -> Option<Time<'_>> {
        Kind::ALL.into_iter().filter_map(|kind| self.newest_of(kind)).max()
    }

    /// The newest entry of a kind.
    pub(super) fn newest(&self, of_kind: impl Fn(&Leaf) -> bool) -> Option<(Time<'_>, &Leaf)> {
        let of_kind = self.entries.iter().filter(|(_, leaf)| of_kind(leaf));
        of_kind.map(|(stamp, leaf)| (Time::of(stamp), leaf)).max_by(|a, b| a.0.cmp(&b.0))
    }

    /// The newest number, with the increments.
    fn number(&self) -> Option<Shown<'_>> {
        let set = self.newest(|leaf| leaf.kind() == Kind::Number);
        let counted = self.increments.newest();
        let newest = set.as_ref().map(|(time, _)| *time).max(counted)?;
        let value = match set {
            Some((_, Leaf::Scalar(number))) => sum(number, self.increments.sum()),
            _ => sum(&Json::Int(0), self.increments.sum()),
        };
        Some(Shown { newest, value, conflicts: Vec::new() })
    }

    /// Every scalar but the newest number, which [`number`](Self::number) shows.
    fn other_scalars(&self) -> impl Iterator<Item = Shown<'_>> {
        let number = self.newest(|leaf| leaf.kind() == Kind::Number).map(|(time, _)| time);
        self.entries.iter().filter_map(move |(stamp, leaf)| {
            let Leaf::Scalar(value) = leaf else { return None };
            let newest = Time::of(stamp);
            let shown = Shown { newest, value: value.clone(), conflicts: Vec::new() };
            (Some(newest) != number).then_some(shown)
        })
    }

    fn map(&self) -> Option<Shown<'_>> {
        let mut newest = self.newest(|leaf| *leaf == Leaf::Map).map(|(time, _)| time);
        let (mut value, mut conflicts) = (BTreeMap::new(), Vec::new());
        for (key, member) in &self.members {
            let Some(shown) = member.show() else { continue };
            newest = newest.max(Some(shown.newest));
            value.insert(key.clone(), shown.value);
            conflicts.extend(shown.conflicts.into_iter().map(|mut conflict| {
                conflict.path.push(PathStep::Key(key.clone()));
                conflict
            }));
        }
        Some(Shown { newest: newest?, value: Json::Map(value), conflicts })
    }

    fn list(&self) -> Option<Shown<'_>> {
        let mut newest = self.newest(|leaf| *leaf == Leaf::List).map(|(time, _)| time);
        let (mut value, mut conflicts) = (Vec::new(), Vec::new());
        for (dot, offset, element) in self.list.iter().flat_map(|list| list.in_order()) {
            let Some(shown) = element.show() else { continue };
            newest = newest.max(Some(shown.newest));
            value.push(shown.value);
            conflicts.extend(shown.conflicts.into_iter().map(|mut conflict| {
                conflict.path.push(PathStep::Item { item: ItemId { dot: dot.clone(), offset } });
                conflict
            }));
        }
        Some(Shown { newest: newest?, value: Json::List(value), conflicts })
    }

    /// Whatever is left of a text, a note of its presence is as new.
    fn text(&self) -> Option<Shown<'_>> {
        let (newest, _) = self.newest(|leaf| *leaf == Leaf::Text)?;
        let value = Json::Text(self.text.as_ref().map(|text| text.show()).unwrap_or_default());
        Some(Shown { newest, value, conflicts: Vec::new() })
    }
}

/// The first of each that are equal, in their order: thousands may have been written concurrently.
fn each_once(values: Vec<Json>) -> Vec<Json> {
    let mut places: Vec<usize> = (0..values.len()).collect();
    places.sort_by(|a, b| values[*a].cmp(&values[*b]));
    places.dedup_by(|later, first| values[*later] == values[*first]);
    let mut is_first = vec![false; values.len()];
    places.into_iter().for_each(|place| is_first[place] = true);
    values.into_iter().zip(is_first).filter_map(|(value, is_first)| is_first.then_some(value)).collect()
}

/// A number and what was added to it: its digits as a text where JSON would not carry it exactly.
fn sum(number: &Json, added: i128) -> Json {
    match number {
        Json::Int(number) => {
            let sum = i128::from(*number) + added;
            Json::int(sum).unwrap_or_else(|| Json::Text(sum.to_string()))
        }
        Json::Float(number) => {
            let sum = number.get() + added as f64;
            Json::number(sum).unwrap_or_else(|| Json::Text(sum.to_string()))
        }
        other => other.clone(),
    }
}
