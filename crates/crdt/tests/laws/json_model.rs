//! JSON documents without any cleverness: every entry ever written with its whole path, each held against every removal.

use std::collections::BTreeMap;

use ramanujan_core::Dot;
use ramanujan_crdt::edit::{Action, Edit, ItemId, Side, Step};
use ramanujan_crdt::{Json, Op};

use crate::models::lamport;
use crate::world::Message;

type Path = Vec<Step>;
type Time = (u64, Dot);

#[derive(Clone, Debug, PartialEq)]
enum What {
    Scalar(Json),
    Map,
    List,
    Text,
    Count(i128),
    Char(ItemId, char),
}

#[derive(Clone, Debug)]
struct Entry<'a> {
    at: Path,
    message: &'a Message,
    what: What,
}

/// An item of the list or text at a place, with the item that it hangs on.
#[derive(Clone, Debug)]
struct Node {
    at: Path,
    of_text: bool,
    item: ItemId,
    parent: Option<ItemId>,
    side: Side,
}

#[derive(Default)]
struct Model<'a> {
    entries: Vec<Entry<'a>>,
    nodes: Vec<Node>,
    /// The operations that wrote something.
    writers: Vec<&'a Message>,
}

fn edit_of(message: &Message) -> &Edit {
    match &message.op {
        Op::Edit(edit) => edit,
        other => panic!("{other:?} edits nothing"),
    }
}

fn item(message: &Message, offset: u64) -> ItemId {
    ItemId { dot: message.dot.clone(), offset }
}

fn seen(message: &Message, dot: &Dot) -> bool {
    message.past.get(dot.agent.as_str()) >= dot.seq
}

/// Whether an entry is of another kind than what an edit that wrote makes of the place where their paths part, or where
/// the edit's ends: a step by key makes a map of it, a step to an item a list, and at the end the action decides.
fn is_of_another_kind(entry: &Entry<'_>, edit: &Edit) -> bool {
    let common = entry.at.iter().zip(&edit.path).take_while(|(a, b)| a == b).count();
    let next = entry.at.get(common);
    let (in_map, in_list) = (matches!(next, Some(Step::Key(_))), matches!(next, Some(Step::Item { .. })));
    let here = |is: &dyn Fn(&What) -> bool| next.is_none() && is(&entry.what);
    let stays = match (edit.path.get(common), &edit.action) {
        (Some(Step::Key(_)), _) => in_map || here(&|what| *what == What::Map),
        (Some(Step::Item { .. }), _) | (None, Action::InsertItem { .. }) => {
            in_list || here(&|what| *what == What::List)
        }
        (None, Action::InsertText { .. }) => here(&|what| matches!(what, What::Text | What::Char(..))),
        (None, Action::Increment { .. } | Action::Decrement { .. }) => {
            here(&|what| is_number(what) || matches!(what, What::Count(_)))
        }
        // It has removed everything by itself.
        (None, Action::Set { .. } | Action::Delete {} | Action::DeleteText { .. }) => true,
    };
    !stays
}

fn is_number(what: &What) -> bool {
    matches!(what, What::Scalar(Json::Int(_) | Json::Float(_)))
}

impl<'a> Model<'a> {
    /// `log` in an order that respects causality.
    fn of(log: &[&'a Message]) -> Self {
        let mut model = Model::default();
        for message in log {
            model.take(message);
        }
        let removed = |entry: &Entry<'_>| {
            log.iter().any(|remover| {
                let edit = edit_of(remover);
                let below = entry.at.starts_with(&edit.path) && seen(remover, &entry.message.dot);
                match &edit.action {
                    Action::Set { .. } | Action::Delete {} => below,
                    Action::DeleteText { ranges } => match &entry.what {
                        What::Char(id, _) if below && entry.at == edit.path => ranges.iter().any(|range| {
                            let (first, length) = (&range.first, range.length);
                            first.dot == id.dot
                                && first.offset <= id.offset
                                && id.offset - first.offset < length
                        }),
                        _ => false,
                    },
                    _ => false,
                }
            })
        };
        let overwritten = |entry: &Entry<'_>| {
            let seen_by = |writer: &&&Message| seen(writer, &entry.message.dot);
            model.writers.iter().filter(seen_by).any(|writer| is_of_another_kind(entry, edit_of(writer)))
        };
        let gone = |entry: &Entry<'_>| removed(entry) || overwritten(entry);
        let live = model.entries.iter().filter(|entry| !gone(entry)).cloned().collect();
        Model { entries: live, ..model }
    }

    fn has_node(&self, message: &Message, at: &[Step], of_text: bool, item: &ItemId) -> bool {
        let is = |node: &Node| node.at == at && node.of_text == of_text && node.item == *item;
        seen(message, &item.dot) && self.nodes.iter().any(is)
    }

    fn take(&mut self, message: &'a Message) {
        let Edit { path, action } = edit_of(message);
        for (depth, step) in path.iter().enumerate() {
            if let Step::Item { item } = step
                && !self.has_node(message, &path[..depth], false, item)
            {
                return;
            }
        }
        match action {
            Action::Set { value } => self.write(message, path, value),
            Action::Delete {} | Action::DeleteText { .. } => return,
            Action::Increment { amount } => self.enter(message, path, What::Count(i128::from(*amount))),
            Action::Decrement { amount } => self.enter(message, path, What::Count(-i128::from(*amount))),
            Action::InsertItem { anchor, .. } | Action::InsertText { anchor, .. } => {
                let of_text = matches!(action, Action::InsertText { .. });
                if let Some(parent) = &anchor.parent
                    && !self.has_node(message, path, of_text, parent)
                {
                    return;
                }
                let side = if anchor.parent.is_none() { Side::Right } else { anchor.side };
                let first = Node {
                    at: path.clone(),
                    of_text,
                    item: item(message, 0),
                    parent: anchor.parent.clone(),
                    side,
                };
                self.nodes.push(first);
                match action {
                    Action::InsertItem { value, .. } => {
                        self.enter(message, path, What::List);
                        let mut below = path.clone();
                        below.push(Step::Item { item: item(message, 0) });
                        self.write(message, &below, value);
                    }
                    Action::InsertText { text, .. } => {
                        self.enter(message, path, What::Text);
                        for (offset, character) in text.chars().enumerate() {
                            let offset = offset as u64;
                            if offset > 0 {
                                self.follow(message, path, true, offset);
                            }
                            self.enter(message, path, What::Char(item(message, offset), character));
                        }
                    }
                    _ => {}
                }
            }
        }
        self.writers.push(message);
    }

    fn enter(&mut self, message: &'a Message, at: &[Step], what: What) {
        self.entries.push(Entry { at: at.to_vec(), message, what });
    }

    /// Hangs an item to the right of the one before.
    fn follow(&mut self, message: &Message, at: &[Step], of_text: bool, offset: u64) {
        let parent = offset.checked_sub(1).map(|before| item(message, before));
        let node = Node { at: at.to_vec(), of_text, item: item(message, offset), parent, side: Side::Right };
        self.nodes.push(node);
    }

    fn write(&mut self, message: &'a Message, at: &[Step], value: &Json) {
        let below = |step: Step| [at, &[step]].concat();
        match value {
            Json::Map(members) => {
                self.enter(message, at, What::Map);
                for (key, member) in members {
                    self.write(message, &below(Step::Key(key.clone())), member);
                }
            }
            Json::List(items) => {
                self.enter(message, at, What::List);
                for (offset, value) in items.iter().enumerate() {
                    self.follow(message, at, false, offset as u64);
                    self.write(message, &below(Step::Item { item: item(message, offset as u64) }), value);
                }
            }
            scalar => self.enter(message, at, What::Scalar(scalar.clone())),
        }
    }

    /// Items of the list or text at a place, in order: the traversal of the tree, item by item.
    fn order(&self, at: &[Step], of_text: bool, parent: Option<&ItemId>) -> Vec<ItemId> {
        let hang = |side: Side| {
            let mut items: Vec<&ItemId> = self
                .nodes
                .iter()
                .filter(|n| {
                    n.at == at && n.of_text == of_text && n.parent.as_ref() == parent && n.side == side
                })
                .map(|node| &node.item)
                .collect();
            items.sort();
            items.into_iter().flat_map(|item| self.order(at, of_text, Some(item))).collect::<Vec<_>>()
        };
        [hang(Side::Left), parent.cloned().into_iter().collect(), hang(Side::Right)].concat()
    }

    /// What could be seen at a place, the newest first; and how many places below have lost something.
    fn show(&self, at: &[Step]) -> (Vec<(Time, Json)>, usize) {
        let here: Vec<(Time, &What)> =
            self.entries.iter().filter(|e| e.at == at).map(|e| (lamport(e.message), &e.what)).collect();
        let newest = |wanted: &dyn Fn(&What) -> bool| {
            here.iter().filter(|(_, what)| wanted(what)).map(|(time, _)| time.clone()).max()
        };
        let mut seen: Vec<(Time, Json, usize)> = Vec::new();
        let number = newest(&is_number);
        for (time, what) in &here {
            if let What::Scalar(value) = what
                && Some(time) != number.as_ref()
            {
                seen.push((time.clone(), value.clone(), 0));
            }
        }
        if let Some(time) = newest(&|what| is_number(what) || matches!(what, What::Count(_))) {
            let base = here.iter().find(|(time, what)| is_number(what) && Some(time) == number.as_ref());
            let base = match base.map(|(_, what)| *what) {
                Some(What::Scalar(value)) => serde_json::to_value(value).unwrap().as_f64().unwrap(),
                _ => 0.0,
            };
            let count = |what: &What| if let What::Count(amount) = what { *amount } else { 0 };
            let counted: i128 = here.iter().map(|(_, what)| count(what)).sum();
            seen.push((time, Json::number(base + counted as f64).unwrap(), 0));
        }
        if let Some(time) = newest(&|what| *what == What::Text) {
            let left = |item: &ItemId| {
                here.iter().find_map(|(_, what)| match what {
                    What::Char(id, character) if id == item => Some(*character),
                    _ => None,
                })
            };
            let text: String = self.order(at, true, None).iter().filter_map(left).collect();
            seen.push((time, Json::Text(text), 0));
        }
        seen.extend(self.map(at, newest(&|what| *what == What::Map)));
        seen.extend(self.list(at, newest(&|what| *what == What::List)));
        seen.sort_by(|a, b| b.0.cmp(&a.0));
        let below = seen.first().map_or(0, |(_, _, below)| *below);
        (seen.into_iter().map(|(time, value, _)| (time, value)).collect(), below)
    }

    /// The value that is seen at a place, when anything there or below was written last, and how many places have lost
    /// something.
    fn seen(&self, at: &[Step]) -> Option<(Time, Json, usize)> {
        let (mut candidates, below) = self.show(at);
        let lost = candidates.iter().any(|(_, value)| *value != candidates[0].1);
        (!candidates.is_empty()).then(|| candidates.remove(0)).map(|(t, v)| (t, v, below + usize::from(lost)))
    }

    fn map(&self, at: &[Step], mut newest: Option<Time>) -> Option<(Time, Json, usize)> {
        let mut members = BTreeMap::new();
        let mut conflicts = 0;
        for entry in &self.entries {
            if let Some(Step::Key(key)) = entry.at.get(at.len())
                && entry.at.starts_with(at)
                && !members.contains_key(key)
                && let Some((time, value, below)) = self.seen(&entry.at[..=at.len()])
            {
                newest = newest.max(Some(time));
                members.insert(key.clone(), value);
                conflicts += below;
            }
        }
        Some((newest?, Json::Map(members), conflicts))
    }

    fn list(&self, at: &[Step], mut newest: Option<Time>) -> Option<(Time, Json, usize)> {
        let mut items = Vec::new();
        let mut conflicts = 0;
        for item in self.order(at, false, None) {
            if let Some((time, value, below)) = self.seen(&[at, &[Step::Item { item }]].concat()) {
                newest = newest.max(Some(time));
                items.push(value);
                conflicts += below;
            }
        }
        Some((newest?, Json::List(items), conflicts))
    }
}

pub(crate) fn value(log: &[&Message]) -> Json {
    Model::of(log).seen(&[]).map_or_else(|| Json::Map(BTreeMap::new()), |(_, value, _)| value)
}

/// Number of places that are seen and where something else was written too.
pub(crate) fn conflicts(log: &[&Message]) -> usize {
    Model::of(log).seen(&[]).map_or(0, |(_, _, conflicts)| conflicts)
}
