//! The order of concurrent insertions: maximally non-interleaving, as Weidner and Kleppmann define it in "The Art of the
//! Fugue" (the order of their FugueMax), and the same whatever the order of delivery.

mod replicas;

use std::collections::HashMap;

use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::{Op, TextGraph};
use replicas::{Event, Replica, any_history, any_insertion, any_sync, dot, law_cases, run, union};

/// An inserted character: what stood left and right of it, in its author's text and now, by place in the merged text.
/// A place of `NONE` is the edge of the document.
struct Inserted {
    left: usize,
    right: usize,
    agent: String,
}

const NONE: usize = usize::MAX;

/// The characters of a history of insertions in the order of the merged text.
fn inserted(all: &Replica) -> Vec<Inserted> {
    let text: Vec<char> = all.text().chars().collect();
    let places: HashMap<char, usize> = text.iter().enumerate().map(|(place, c)| (*c, place)).collect();
    let place = |c: Option<&char>| c.map_or(NONE, |c| places[c]);
    let mut found: HashMap<char, Inserted> = HashMap::new();
    for Event { dot, op, before, .. } in &all.events {
        let Op::Insert { position, text } = op else { continue };
        let position = *position as usize;
        let mut left = position.checked_sub(1).map(|at| before[at]);
        for c in text.chars() {
            let (left_place, right) = (place(left.as_ref()), place(before.get(position)));
            found.insert(c, Inserted { left: left_place, right, agent: dot.agent.to_string() });
            left = Some(c);
        }
    }
    text.iter().map(|c| found.remove(c).unwrap()).collect()
}

/// Whether `place` is `ancestor` or descends from it by the links that `up` follows.
fn descends(mut place: usize, ancestor: usize, up: impl Fn(usize) -> usize) -> bool {
    while place != ancestor {
        if place == NONE {
            return false;
        }
        place = up(place);
    }
    true
}

proptest! {
    #![proptest_config(law_cases())]

    /// With the list in its final order, and siblings the characters of one left origin:
    /// 1. the list is a pre-order walk of the tree of left origins (forward non-interleaving);
    /// 2. siblings are a post-order walk of the tree of right origins among them (backward, as far as 1 allows);
    /// 3. siblings whose right origins are not siblings stand in the reverse order of those;
    /// 4. siblings of one right origin stand in the order of their authors' names.
    #[test]
    fn insertions_are_maximally_non_interleaving(
        history in prop::collection::vec(prop_oneof![3 => any_insertion(2), 1 => any_sync()], 1..18)
    ) {
        let list = inserted(&union(&run(&history)));
        let (left, right) = (|place: usize| list[place].left, |place: usize| list[place].right);
        for b in 0..list.len() {
            let a = list[b].left;
            for between in a.wrapping_add(1)..b {
                prop_assert!(descends(between, a, left), "forward");
            }
            let siblings = |places: std::ops::Range<usize>| {
                places.filter(|other| list[*other].left == a).collect::<Vec<_>>()
            };
            let among_siblings = |origin: usize| origin != NONE && list[origin].left == a;
            let origin = list[b].right;
            if among_siblings(origin) {
                prop_assert!(b < origin, "left of its right origin");
                for between in siblings(b + 1..origin) {
                    prop_assert!(descends(between, origin, right), "backward");
                }
            }
            for later in siblings(b + 1..list.len()) {
                let later_origin = list[later].right;
                if later_origin == origin {
                    prop_assert!(list[b].agent <= list[later].agent, "names");
                } else if !among_siblings(origin) && !among_siblings(later_origin) {
                    prop_assert!(origin > later_origin, "right origins");
                }
            }
        }
    }

    /// Words typed at one place at once stay whole, letter after letter or each letter before the last one.
    #[test]
    fn words_typed_at_one_place_stay_whole(words in prop::collection::vec((1usize..6, any::<bool>()), 2..5)) {
        let mut graph = TextGraph::new();
        let root = dot(0, 1);
        graph.push(&root, &[], &Op::Insert { position: 0, text: "[]".into() }).unwrap();
        for (agent, (length, backward)) in words.iter().enumerate().map(|(agent, word)| (agent % 4, word)) {
            let mut parent = root.clone();
            for index in 0..*length as u64 {
                let next = dot(agent, 2 + index);
                let position = if *backward { 1 } else { 1 + index };
                let text = agent.to_string();
                graph.push(&next, std::slice::from_ref(&parent), &Op::Insert { position, text }).unwrap();
                parent = next;
            }
        }
        let mut text = graph.text().unwrap();
        for (agent, (length, _)) in words.iter().enumerate() {
            let word = agent.to_string().repeat(*length);
            prop_assert!(text.contains(&word), "{text}");
            text = text.replacen(&word, "", 1);
        }
        prop_assert_eq!(text, "[]");
    }

    #[test]
    fn every_order_of_delivery_gives_one_text(history in any_history(22), seed in any::<u64>()) {
        let all = union(&run(&history));
        let mut waiting: Vec<&Event> = all.events.iter().collect();
        let mut other = TextGraph::new();
        let mut number = seed | 1;
        while !waiting.is_empty() {
            number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let known = |event: &Event| event.parents.iter().all(|parent: &Dot| other.contains(parent));
            let ready: Vec<usize> = (0..waiting.len()).filter(|index| known(waiting[*index])).collect();
            let event = waiting.remove(ready[(number >> 33) as usize % ready.len()]);
            prop_assert!(other.push(&event.dot, &event.parents, &event.op).is_ok());
        }
        prop_assert_eq!(other.text().unwrap(), all.text());
    }
}
