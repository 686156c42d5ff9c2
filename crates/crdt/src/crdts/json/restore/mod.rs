//! Bringing back what an earlier state of a document shows, by as few edits as the difference needs.
//!
//! The two states are compared place by place, by what is seen. What is still there stays as it is, with its identity;
//! a text is a text again and a counter counts on. [`Plan`] does each edit on a copy of the document as it adds it, so
//! that the next one is made on what the former left; places are named by dots throughout.
//!
//! An edit of the plan has seen all that is in the document. What it writes is therefore the newest at its place and at
//! all those above, where it removes what is of another kind. A deletion writes nothing, so deletions come last and one
//! that could uncover what lost against it before writes first.

mod align;
mod leaves;
mod list;
mod plan;
mod seen;

use ramanujan_core::{AgentId, Dot, VectorClock};

use self::plan::{Plan, below};
use self::seen::{elements, grows, holds_other_than, live_members, plain, was_set};
use super::leaf::{Kind, Leaf};
use super::place::Place;
use crate::crdts::op::Op;
use crate::edit::{Action, ItemId, Step};
use crate::value::Json;

/// The edits of `agent` that lead from what a document at `version` shows, of which `now` is the root, to what another
/// shows, of which `wanted` is the root.
pub(super) fn edits(now: &Place, version: &VectorClock, wanted: &Place, agent: &AgentId) -> Vec<Op> {
    let mut plan = Plan::new(now, version, agent);
    // A document in which nothing is seen shows an empty map.
    let shows_something = |root: &Place| match root.kind() {
        Some(Kind::Map) => live_members(root).next().is_some(),
        kind => kind.is_some(),
    };
    if shows_something(wanted) || wanted.is_live() && shows_something(now) {
        plan.bring(&mut Vec::new(), wanted);
    } else if shows_something(now) {
        plan.gone.push(Vec::new());
    }
    for path in std::mem::take(&mut plan.gone) {
        plan.delete(&path);
    }
    plan.edits
}

impl Plan<'_> {
    /// Makes a place show what `wanted` does, if that is something.
    fn bring(&mut self, path: &mut Vec<Step>, wanted: &Place) {
        let now = self.at(path);
        if now == Some(wanted) {
            return;
        }
        let Some(kind) = wanted.kind() else { return };
        let kind_now = now.and_then(Place::kind);
        match kind {
            Kind::Number => self.number(path, wanted),
            Kind::OtherScalar => self.scalar(path, wanted),
            Kind::Text => self.text(path, wanted),
            Kind::Map if kind_now == Some(Kind::Map) => self.map(path, wanted),
            Kind::List if kind_now == Some(Kind::List) => self.list(path, wanted),
            Kind::Map | Kind::List => self.write(path, wanted),
        }
    }

    /// Does something one step further.
    fn within(&mut self, path: &mut Vec<Step>, step: Step, act: impl FnOnce(&mut Self, &mut Vec<Step>)) {
        path.push(step);
        act(self, path);
        path.pop();
    }

    /// Writes a map or a list anew.
    fn write(&mut self, path: &mut Vec<Step>, wanted: &Place) {
        let is_bare = self.at(path).is_none_or(|now| live_members(now).next().is_none());
        if is_bare && grows(wanted) {
            self.each_member(path, wanted);
            return;
        }
        let dot = self.edit(path, Action::Set { value: plain(wanted) });
        self.complete(path, wanted, &dot);
    }

    /// Adds what [`plain`] leaves out, where the edit `dot` has written that.
    fn complete(&mut self, path: &mut Vec<Step>, wanted: &Place, dot: &Dot) {
        match wanted.kind() {
            Some(Kind::Map) => {
                for (key, member) in live_members(wanted) {
                    self.within(path, Step::Key(key.clone()), |plan, path| plan.complete(path, member, dot));
                }
            }
            Some(Kind::List) => {
                for (offset, element) in (0..).zip(elements(wanted.list.as_deref())) {
                    let item = ItemId { dot: dot.clone(), offset };
                    let complete = |plan: &mut Self, path: &mut _| plan.complete(path, element.what, dot);
                    self.within(path, Step::Item { item }, complete);
                }
            }
            _ => self.bring(path, wanted),
        }
    }

    fn each_member(&mut self, path: &mut Vec<Step>, wanted: &Place) {
        for (key, member) in live_members(wanted) {
            self.within(path, Step::Key(key.clone()), |plan, path| plan.bring(path, member));
        }
    }

    /// A map where one is seen: member by member, or anew if none stays and that is shorter.
    fn map(&mut self, path: &mut Vec<Step>, wanted: &Place) {
        let Some(now) = self.at(path) else { return };
        let holds = |place: &Place, key: &str| place.members.get(key).is_some_and(Place::is_live);
        let stays = live_members(wanted).any(|(key, _)| holds(now, key));
        let missing = live_members(wanted).filter(|(_, member)| !grows(member)).count();
        let gone: Vec<String> =
            live_members(now).filter(|(key, _)| !holds(wanted, key)).map(|(key, _)| key.clone()).collect();
        let would_vanish = live_members(wanted).next().is_none() && !was_set(now, &Leaf::Map);
        if !stays && (missing + gone.len() > 1 || would_vanish) {
            self.write(path, wanted);
            return;
        }
        self.gone.extend(gone.into_iter().map(|key| [path.as_slice(), &[Step::Key(key)]].concat()));
        self.each_member(path, wanted);
    }

    /// Deletes a place. Where something of another kind waits above it to be seen, a write removes that first.
    fn delete(&mut self, path: &[Step]) {
        let mut place = Some(&self.root);
        let mut uncovers = false;
        for step in path {
            let kind = if matches!(step, Step::Key(_)) { Kind::Map } else { Kind::List };
            uncovers |= place.is_some_and(|place| holds_other_than(place, kind));
            place = place.and_then(|place| below(place, step));
        }
        if uncovers {
            self.edit(path, Action::Set { value: Json::Null });
        }
        self.edit(path, Action::Delete {});
    }
}
