//! Texts of older versions, and of newer ones from a text at hand, over a graph that is whole or loaded in part.

mod replicas;

use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::text::StoredShape;
use ramanujan_crdt::{Op, TextError, TextGraph};
use replicas::{Event, any_history, law_cases, run, union};

/// The text of an event's author after it.
fn after(event: &Event) -> String {
    let mut text = event.before.clone();
    match &event.op {
        Op::Insert { position, text: new } => {
            text.splice(*position as usize..*position as usize, new.chars());
        }
        Op::Delete { position, length } => drop(text.drain(*position as usize..(position + length) as usize)),
        _ => unreachable!("text only"),
    }
    text.into_iter().collect()
}

fn store(graph: &mut TextGraph, event: &Event, with_text: bool) {
    let size = after(event).chars().count() as u64;
    let (position, length, text) = match &event.op {
        Op::Insert { position, text } => (*position, text.chars().count() as u64, text.as_str()),
        Op::Delete { position, length } => (*position, *length, ""),
        _ => unreachable!("text only"),
    };
    let insert = matches!(event.op, Op::Insert { .. });
    let text = if with_text { text } else { "" };
    graph.push_stored(&event.dot, &event.parents, insert, StoredShape { position, length, size }, text);
}

/// The heads after each prefix of `events`.
fn heads_along(events: &[Event]) -> Vec<Vec<Dot>> {
    let mut heads: Vec<Dot> = Vec::new();
    let mut all = vec![heads.clone()];
    for event in events {
        heads.retain(|head| !event.parents.contains(head));
        heads.push(event.dot.clone());
        all.push(heads.clone());
    }
    all
}

/// Small, near the limits, or past them.
fn any_number() -> impl Strategy<Value = u64> {
    prop_oneof![4 => 0u64..8, 1 => (16u64 << 20) - 2..(16 << 20) + 2, 1 => any::<u64>()]
}

proptest! {
    #![proptest_config(law_cases())]

    #[test]
    fn every_version_has_the_text_its_author_saw(history in any_history(16)) {
        let all = union(&run(&history));
        for event in &all.events {
            let before: String = event.before.iter().collect();
            prop_assert_eq!(all.graph.advance("", &[], &event.parents), Ok(before));
            prop_assert_eq!(all.graph.advance("", &[], std::slice::from_ref(&event.dot)), Ok(after(event)));
        }
        prop_assert_eq!(all.graph.advance("", &[], &all.heads), Ok(all.text()));
    }

    /// From the text after `known` deltas, with only the last `loaded` of those in the graph, and without texts: the
    /// right answer or a refusal, and no refusal if all deltas are loaded or all new ones build on all known ones.
    #[test]
    fn a_text_at_hand_advances(history in any_history(16), known in any::<u16>(), loaded in any::<u16>()) {
        let all = union(&run(&history));
        let known = known as usize % (all.events.len() + 1);
        let loaded = loaded as usize % (known + 1);
        let versions = heads_along(&all.events);
        let base = &versions[known];
        let text = all.graph.advance("", &[], base).unwrap();

        let mut graph = TextGraph::new();
        for (index, event) in all.events.iter().enumerate() {
            if index >= known - loaded || base.contains(&event.dot) {
                store(&mut graph, event, index >= known);
            }
        }
        let mut sorted = base.clone();
        sorted.sort();
        let new = &all.events[known..];
        let is_new = |dot: &Dot| new.iter().any(|event| event.dot == *dot);
        let builds_on_base =
            |event: &Event| event.parents.iter().all(is_new) && !event.parents.is_empty() || event.parents == sorted;
        match graph.advance(&text, base, &all.heads) {
            Ok(advanced) => prop_assert_eq!(advanced, all.text()),
            Err(error) => {
                prop_assert_eq!(error, TextError::NeedsHistory);
                prop_assert!(loaded < known && !new.iter().all(builds_on_base));
            }
        }
    }

    /// Lengths of merged versions too, from whatever part of the graph is loaded.
    #[test]
    fn a_graph_in_part_knows_lengths_or_refuses(history in any_history(16), absent in any::<u16>()) {
        let all = union(&run(&history));
        let absent = absent as usize % (all.events.len() + 1);
        let mut graph = TextGraph::new();
        all.events[absent..].iter().for_each(|event| store(&mut graph, event, false));
        for event in &all.events[absent..] {
            if event.parents.iter().all(|parent| graph.contains(parent)) {
                match graph.length_at_dots(&event.parents) {
                    Ok(length) => prop_assert_eq!(length, event.before.len() as u64),
                    Err(error) => {
                        prop_assert_eq!(error, TextError::NeedsHistory);
                        prop_assert!(absent > 0 && event.parents.len() > 1);
                    }
                }
            }
        }
    }
}

proptest! {
    // A thirtieth of the cases: some have windows of a hundred million characters.
    #![proptest_config(ProptestConfig { cases: law_cases().cases / 30, ..law_cases() })]

    /// Rows that no history leads to: any answer, in bounded time and without a panic.
    #[test]
    fn rows_that_make_no_sense_are_survived(
        rows in prop::collection::vec((0u64..12, prop::collection::vec(0u64..12, 0..3), any::<bool>(), any_number(), any_number()), 1..12)
    ) {
        let mut graph = TextGraph::new();
        let dot = |seq: u64| Dot::new(["a", "b", "c"][seq as usize % 3].parse().unwrap(), seq);
        for (seq, parents, insert, position, length) in &rows {
            let parents: Vec<Dot> = parents.iter().map(|seq| dot(*seq)).collect();
            let text = if *length < 8 { "x".repeat(*length as usize) } else { String::new() };
            let shape = StoredShape { position: *position, length: *length, size: *position };
            graph.push_stored(&dot(*seq), &parents, *insert, shape, &text);
        }
        let all: Vec<Dot> = rows.iter().map(|row| dot(row.0)).filter(|dot| graph.contains(dot)).collect();
        for version in [&all[..], &all[all.len() / 2..]] {
            let _ = (graph.text(), graph.advance("", &[], version), graph.length_at_dots(version));
            let _ = graph.advance("some text", version, &all);
        }
    }
}

#[test]
fn an_insertion_without_its_text_is_not_replayed() {
    let mut graph = TextGraph::new();
    let [a, b]: [Dot; 2] = ["a:1", "a:2"].map(|dot| dot.parse().unwrap());
    let shape = |size| StoredShape { position: 0, length: 2, size };
    graph.push_stored(&a, &[], true, shape(2), "");
    graph.push_stored(&b, std::slice::from_ref(&a), true, shape(4), "cd");
    assert_eq!(graph.text(), Err(TextError::NeedsHistory));
    assert_eq!(graph.advance("ab", std::slice::from_ref(&a), std::slice::from_ref(&b)), Ok("cdab".into()));
    let misfit = graph.advance("", std::slice::from_ref(&a), std::slice::from_ref(&b));
    assert_eq!(misfit, Ok("cd".into()), "an insertion at the start fits any text");
}

#[test]
fn a_text_that_is_not_the_versions_is_refused() {
    let mut graph = TextGraph::new();
    let [a, b]: [Dot; 2] = ["a:1", "a:2"].map(|dot| dot.parse().unwrap());
    graph.push(&a, &[], &Op::Insert { position: 0, text: "ab".into() }).unwrap();
    graph.push(&b, std::slice::from_ref(&a), &Op::Delete { position: 0, length: 2 }).unwrap();
    let refused = graph.advance("a", std::slice::from_ref(&a), std::slice::from_ref(&b));
    let error = TextError::OutOfRange { position: 0, length: 2, document: 1 };
    assert_eq!(
        error.to_string(),
        "position 0 + length 2 is past the end: the document has 1 code points there"
    );
    assert_eq!(refused, Err(error));
}
