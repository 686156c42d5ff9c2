//! JSON documents as a client sees them: alone they behave like plain JSON; together, runs do not interleave; the rules
//! of `docs/types.md` hold as they are told there.

mod editors;

use editors::{Replica, json};
use proptest::prelude::*;
use ramanujan_core::VectorClock;
use ramanujan_crdt::edit::{Action, Edit, Excess, ItemId, ItemRange, Step};
use ramanujan_crdt::request::{Change, EditRequest, PathStep};
use ramanujan_crdt::types::{Crdt, EditError, Event, Past};
use ramanujan_crdt::{Json, Op, State};

fn config() -> ProptestConfig {
    let cases = std::env::var("RAMANUJAN_LAW_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(10_000), failure_persistence: None, ..ProptestConfig::default() }
}

fn key(key: &str) -> PathStep {
    PathStep::Key(key.into())
}

fn set(text: &str) -> Change {
    Change::Set(json(text))
}

/// The shared text with each agent's run typed into it, a code point at a time, forwards or backwards.
fn typed(shared: &Replica, agent: &str, position: u64, length: u64, backwards: bool) -> Replica {
    (0..length).fold(shared.fork(agent), |replica, typed| {
        let position = Some(if backwards { position } else { position + typed });
        replica.with(&[key("t")], Change::InsertText { position, text: agent.into() })
    })
}

fn listed(shared: &Replica, agent: &str, position: u64, length: u64, backwards: bool) -> Replica {
    (0..length).fold(shared.fork(agent), |replica, typed| {
        let position = Some(if backwards { position } else { position + typed });
        replica.with(&[key("l")], Change::InsertItem { position, value: Json::from(agent) })
    })
}

fn as_string(value: &Json) -> String {
    match value {
        Json::Text(text) => text.clone(),
        Json::List(items) => items.iter().map(|item| item.as_text().unwrap_or_default()).collect(),
        other => panic!("{other:?}"),
    }
}

fn has_run(text: &str, agent: &str, length: u64) -> bool {
    text.contains(&agent.repeat(usize::try_from(length).unwrap()))
}

/// The same change of plain JSON; `None` where there is no such place.
fn plainly(value: &mut Json, path: &[PathStep], change: &Change) -> Option<()> {
    if let Some((first, rest)) = path.split_first() {
        return match (first, &mut *value) {
            (PathStep::Key(key), Json::Map(members)) => {
                plainly(members.entry(key.clone()).or_default(), rest, change)?;
                if rest.is_empty() && matches!(change, Change::Delete) {
                    members.remove(key);
                }
                Some(())
            }
            (PathStep::Index(index), Json::List(items)) => {
                let index = usize::try_from(*index).ok()?;
                plainly(items.get_mut(index)?, rest, change)?;
                if rest.is_empty() && matches!(change, Change::Delete) {
                    items.remove(index);
                }
                Some(())
            }
            _ => None,
        };
    }
    match (change, value) {
        (Change::Set(new), value) => *value = new.clone(),
        (Change::Delete, _) => {}
        (Change::Increment(amount), Json::Int(number)) => *number += i64::try_from(*amount).ok()?,
        (Change::InsertItem { position, value }, Json::List(items)) => {
            let position = position.map_or(items.len(), |position| position as usize);
            (position <= items.len()).then(|| items.insert(position, value.clone()))?;
        }
        (Change::InsertText { position, text }, Json::Text(whole)) => {
            let mut characters: Vec<char> = whole.chars().collect();
            let at = position.map_or(characters.len(), |position| position as usize);
            (at <= characters.len()).then(|| characters.splice(at..at, text.chars()).count())?;
            *whole = characters.into_iter().collect();
        }
        (Change::DeleteText { position, length }, Json::Text(whole)) => {
            let mut characters: Vec<char> = whole.chars().collect();
            let (from, to) = (*position as usize, (*position + *length) as usize);
            (to <= characters.len()).then(|| characters.drain(from..to).count())?;
            *whole = characters.into_iter().collect();
        }
        _ => return None,
    }
    Some(())
}

fn any_change() -> impl Strategy<Value = Change> {
    let value = prop_oneof![
        Just("1"),
        Just(r#"{"a":{"b":[1,[2,3]]}}"#),
        Just("[]"),
        Just(r#"[{"a":1},"x",[4]]"#),
        Just("{}"),
        Just("true"),
    ];
    let position = prop::option::of(0u64..5);
    prop_oneof![
        4 => value.clone().prop_map(set),
        2 => Just(Change::Delete),
        1 => (0u64..5).prop_map(Change::Increment),
        4 => (position.clone(), value).prop_map(|(position, value)| Change::InsertItem { position, value: json(value) }),
        4 => (position, "[a-zä]{1,3}").prop_map(|(position, text)| Change::InsertText { position, text }),
        2 => (0u64..5, 1u64..4).prop_map(|(position, length)| Change::DeleteText { position, length }),
    ]
}

fn any_path() -> impl Strategy<Value = Vec<PathStep>> {
    let step = prop_oneof![
        2 => "[ab]".prop_map(PathStep::Key),
        2 => (0u64..4).prop_map(PathStep::Index),
        1 => Just(key("text")),
    ];
    prop::collection::vec(step, 1..4)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn concurrent_runs_do_not_interleave(
        position in 0u64..4,
        lengths in (1u64..5, 1u64..5, 1u64..5),
        backwards in any::<(bool, bool, bool)>(),
    ) {
        let shared = Replica::new("s")
            .with(&[key("t")], Change::InsertText { position: None, text: "---".into() })
            .with(&[key("l")], set(r#"["-","-","-"]"#));
        for (make, at) in [(typed as fn(&Replica, &str, u64, u64, bool) -> Replica, "t"), (listed, "l")] {
            let position = position.min(3);
            let a = make(&shared, "A", position, lengths.0, backwards.0);
            let b = make(&shared, "B", position, lengths.1, backwards.1);
            let c = make(&shared, "C", position, lengths.2, backwards.2);
            let Json::Map(members) = a.join(&b).join(&c).document.value() else { panic!("a map") };
            let text = as_string(&members[at]);
            prop_assert!(
                has_run(&text, "A", lengths.0) && has_run(&text, "B", lengths.1) && has_run(&text, "C", lengths.2),
                "{text}"
            );
        }
    }

    #[test]
    fn one_writer_sees_plain_json(edits in prop::collection::vec((any_path(), any_change()), 1..12)) {
        let mut replica = Replica::new("a");
        replica = replica.with(&[], set("{}")).with(&[key("text")], Change::InsertText { position: None, text: "x".into() });
        let mut plain = json(r#"{"text":"x"}"#);
        for (path, change) in &edits {
            let mut changed = plain.clone();
            // A text leaf is one only as long as it is not set; elsewhere the two differ by design.
            let of_text = matches!(change, Change::InsertText { .. } | Change::DeleteText { .. });
            let on_text = path[..] == [key("text")];
            if of_text != on_text || plainly(&mut changed, path, change).is_none() {
                continue;
            }
            let in_range = replica.edit(path, change.clone());
            prop_assert!(in_range.is_ok(), "{path:?} {change:?}: {in_range:?}");
            plain = changed;
            prop_assert_eq!(replica.document.value(), plain.clone());
            prop_assert_eq!(replica.document.conflicts(), vec![]);
        }
    }
}

#[test]
fn a_set_replaces_what_it_has_seen_and_a_concurrent_edit_below_survives() {
    let shared = Replica::new("s").with(&[key("a")], set(r#"{"x":1,"y":2}"#));
    let replaced = shared.fork("a").with(&[key("a")], set(r#"{"z":3}"#));
    let edited = shared.fork("b").with(&[key("a"), key("x")], set("10"));
    assert_eq!(replaced.join(&edited).text(), r#"{"a":{"x":10,"z":3}}"#);
    let deleted = shared.fork("a").with(&[key("a")], Change::Delete);
    assert_eq!(deleted.text(), "{}");
    assert_eq!(deleted.join(&edited).text(), r#"{"a":{"x":10}}"#);
}

#[test]
fn the_newest_kind_is_seen_and_the_others_are_conflicts() {
    let shared = Replica::new("s").with(&[key("n")], set("0"));
    let map = shared.fork("a").with(&[key("p")], set(r#"{"q":1}"#));
    let text = shared.fork("b").with(&[key("p")], set(r#""late""#));
    let joined = map.join(&text);
    assert_eq!(joined.text(), r#"{"n":0,"p":"late"}"#, "equal times: the later name");
    let conflicts = joined.document.conflicts();
    assert_eq!(conflicts.len(), 1);
    assert_eq!(
        (&conflicts[0].path[..], &conflicts[0].values[..]),
        (&[key("p")][..], &[json(r#"{"q":1}"#)][..])
    );
    let settled = joined.with(&[key("p"), key("q")], set("2"));
    assert_eq!(settled.text(), r#"{"n":0,"p":{"q":2}}"#, "an edit below is newer");
}

#[test]
fn what_was_overwritten_below_does_not_come_back() {
    let gone = Change::Delete;
    let below = [key("x"), key("q")];
    let count = Replica::new("a").with(&[key("x")], set("1")).with(&[key("x")], Change::Increment(2));
    assert_eq!(count.clone().with(&below, set("5")).with(&below, gone.clone()).text(), "{}");
    let list = Replica::new("a").with(&[key("x")], set("[1,[2]]"));
    assert_eq!(list.with(&below, Change::Increment(5)).with(&below, gone.clone()).text(), "{}");
    let text = Replica::new("a").with(&[key("x")], Change::InsertText { position: None, text: "t".into() });
    let deeper = [key("x"), key("q"), key("r")];
    assert_eq!(text.with(&deeper, set("{}")).with(&deeper, gone.clone()).text(), "{}");
    // The element is known from before; a step to it makes a list of the place again.
    let item = "a:1".parse().unwrap();
    let element = [key("x"), PathStep::Item { item }];
    let scalar = Replica::new("a").with(&[key("x")], set("[1]")).with(&[key("x")], set("true"));
    assert_eq!(scalar.with(&element, set("5")).with(&element, gone.clone()).text(), "{}");
    // What is written at the place itself overwrites in the same way.
    for (before, after) in
        [("[1]", "{\"x\":2}"), ("{\"q\":1}", "{\"x\":2}"), ("\"s\"", "{\"x\":2}"), ("null", "{\"x\":2}")]
    {
        let counted =
            Replica::new("a").with(&[key("x")], set(before)).with(&[key("x")], Change::Increment(2));
        assert_eq!((counted.text().as_str(), counted.document.conflicts()), (after, vec![]), "{before}");
    }
    // A deletion writes nothing, so it overwrites nothing.
    assert_eq!(count.clone().with(&below, gone.clone()).text(), r#"{"x":3}"#);
}

#[test]
fn what_an_edit_below_has_not_seen_stays() {
    let below = [key("x"), key("q")];
    let shared = Replica::new("s").with(&[key("x")], set("1"));
    let map = shared.fork("a").with(&below, set("5"));
    let scalar = shared.fork("b").with(&[key("x")], set("2"));
    let joined = map.join(&scalar);
    assert_eq!(joined.text(), r#"{"x":2}"#);
    assert_eq!(joined.document.conflicts().len(), 1);
    let seen = scalar.join(&joined).with(&below, set("6"));
    assert_eq!((seen.text().as_str(), seen.document.conflicts()), (r#"{"x":{"q":6}}"#, vec![]));
}

#[test]
fn a_path_and_the_value_at_its_end_have_one_limit() {
    let path = |steps: usize| vec![key("p"); steps];
    let nested = |levels: usize| json(&format!("{}{}", "[".repeat(levels), "]".repeat(levels)));
    let text = Change::InsertText { position: None, text: "t".into() };
    let item = |levels| Change::InsertItem { position: None, value: nested(levels) };
    for (steps, change, beyond) in [
        (24, Change::Set(nested(40)), Change::Set(nested(41))),
        (0, Change::Set(nested(64)), Change::Set(nested(65))),
        (23, item(40), item(41)),
    ] {
        let mut replica = Replica::new("a");
        assert!(replica.edit(&path(steps), beyond).is_err());
        assert_eq!(replica.text(), "{}");
        replica.edit(&path(steps), change).unwrap();
        // What is stored can be set again as a whole.
        let whole = replica.document.value();
        let restored = Replica::new("b").with(&[], Change::Set(whole.clone()));
        assert_eq!(restored.document.value(), whole);
    }
    for change in [Change::Increment(1), text, set("null")] {
        Replica::new("a").edit(&path(63), change.clone()).unwrap();
        let refused = Replica::new("a").edit(&path(64), change).unwrap_err();
        assert_eq!(refused, EditError::Excess(Excess::Depth { steps: 64, levels: 1 }));
        let words =
            "the edit cannot be stored: 64 steps to the place and 1 levels there are more than 64 together";
        assert_eq!(refused.to_string(), words);
    }
    Replica::new("a").edit(&path(64), Change::Delete).unwrap();
    let request = |steps, levels| EditRequest { path: path(steps), change: Change::Set(nested(levels)) };
    assert!(request(24, 40).resolved().is_some());
    assert_eq!(request(24, 41).resolved(), None);
}

/// The two limits were one each once.
#[test]
fn a_document_deeper_than_the_limit_is_still_read() {
    let mut replica = Replica::new("a");
    let value = json(&format!("{}{}", "[".repeat(64), "]".repeat(64)));
    let edit = Edit { path: vec![Step::Key("p".into()); 64], action: Action::Set { value } };
    let dot = "a:1".parse().unwrap();
    let past = VectorClock::new();
    let event = Event { dot: &dot, past: Past::Version(&past) };
    replica.document.apply(&event, &Op::Edit(edit)).unwrap();
    let state = State::Json(replica.document);
    assert_eq!(State::decode(&state.encode()).unwrap(), state);
}

#[test]
fn increments_add_up_until_a_set_that_has_seen_them() {
    let shared = Replica::new("s").with(&[key("n")], set("10"));
    let a = shared.fork("a").with(&[key("n")], Change::Increment(3));
    let b = shared.fork("b").with(&[key("n")], Change::Decrement(1));
    assert_eq!(a.clone().join(&b).text(), r#"{"n":12}"#);
    let reset = a.with(&[key("n")], set("0"));
    assert_eq!(reset.join(&b).text(), r#"{"n":-1}"#, "3 was seen, -1 was not");
}

#[test]
fn a_list_and_a_text_outlive_their_items_until_they_are_deleted() {
    let replica = Replica::new("a")
        .with(&[key("l")], Change::InsertItem { position: None, value: json("1") })
        .with(&[key("t")], Change::InsertText { position: None, text: "hé".into() })
        .with(&[key("l"), PathStep::Index(0)], Change::Delete)
        .with(&[key("t")], Change::DeleteText { position: 0, length: 2 });
    assert_eq!(replica.text(), r#"{"l":[],"t":""}"#);
    let gone = replica.with(&[key("l")], Change::Delete).with(&[key("t")], Change::Delete);
    assert_eq!(gone.text(), "{}");
}

#[test]
fn a_place_that_is_not_there_is_named() {
    let mut replica = Replica::new("a").with(&[key("l")], set("[1,2]")).with(&[key("s")], set(r#""string""#));
    let text = Change::InsertText { position: Some(0), text: "x".into() };
    let item = |position| Change::InsertItem { position: Some(position), value: Json::Null };
    for (path, change, expected) in [
        (vec![key("l"), PathStep::Index(2)], set("1"), EditError::NoElement { step: 1, index: 2, length: 2 }),
        (vec![key("s"), PathStep::Index(0)], set("1"), EditError::NotAList { step: 1 }),
        (vec![key("l")], text.clone(), EditError::NotAText),
        (vec![key("s")], text, EditError::NotAText),
        (vec![key("s")], item(0), EditError::NotAList { step: 1 }),
        (vec![key("l")], item(3), EditError::OutOfRange { position: 3, length: 2 }),
        (vec![key("new")], item(1), EditError::OutOfRange { position: 1, length: 0 }),
        (vec![key("new")], Change::DeleteText { position: 0, length: 1 }, EditError::NotAText),
    ] {
        assert_eq!(replica.edit(&path, change), Err(expected));
    }
    assert_eq!(replica.text(), r#"{"l":[1,2],"s":"string"}"#);
}

/// It once cut the text where nothing was missing, and the document's bytes could not be read again.
#[test]
fn deleting_no_code_points_changes_nothing() {
    let mut replica =
        Replica::new("a").with(&[key("t")], Change::InsertText { position: None, text: "abc".into() });
    let first = ItemId { dot: "a:1".parse().unwrap(), offset: 1 };
    let action = Action::DeleteText { ranges: vec![ItemRange { first, length: 0 }] };
    let edit = Edit { path: vec![Step::Key("t".into())], action };
    let past = replica.document.version().clone();
    let event = Event { dot: &"a:2".parse().unwrap(), past: Past::Version(&past) };
    replica.document.apply(&event, &Op::Edit(edit)).unwrap();
    assert_eq!(replica.text(), r#"{"t":"abc"}"#);
    let state = State::Json(replica.document);
    assert_eq!(State::decode(&state.encode()).unwrap(), state);
}
