//! What a restore writes, by example: as little as brings the earlier document back, and everything as what it was.

mod editors;

use editors::{Replica, json};
use proptest::prelude::*;
use ramanujan_core::Dot;
use ramanujan_crdt::edit::{Action, Edit};
use ramanujan_crdt::request::{Change, PathStep};
use ramanujan_crdt::types::{Crdt, Event, JsonDocument, Past};
use ramanujan_crdt::value::MAX_VALUE_DEPTH;
use ramanujan_crdt::{CrdtType, Json, Op, State};

/// Paths are written such as `tasks/0/name`.
trait Written: Sized {
    fn at(self, path: &str, change: Change) -> Self;
    fn set(self, path: &str, value: &str) -> Self;
    fn write(self, path: &str, position: u64, text: &str) -> Self;
    fn insert(self, path: &str, position: u64, value: &str) -> Self;
    /// Brings back what `wanted` shows; returns the names of the operations.
    fn restore(&mut self, wanted: &Replica) -> Vec<&'static str>;
}

impl Written for Replica {
    fn at(self, path: &str, change: Change) -> Self {
        self.with(&steps(path), change)
    }

    fn set(self, path: &str, value: &str) -> Self {
        self.at(path, Change::Set(json(value)))
    }

    fn write(self, path: &str, position: u64, text: &str) -> Self {
        self.at(path, Change::InsertText { position: Some(position), text: text.into() })
    }

    fn insert(self, path: &str, position: u64, value: &str) -> Self {
        self.at(path, Change::InsertItem { position: Some(position), value: json(value) })
    }

    fn restore(&mut self, wanted: &Replica) -> Vec<&'static str> {
        let ops = self.document.lead_to(&wanted.document, &self.agent).unwrap();
        ops.iter().for_each(|op| self.take(op));
        assert_eq!(self.text(), wanted.text());
        assert_eq!(self.document.lead_to(&wanted.document, &self.agent), Ok(vec![]));
        ops.iter().map(Op::name).collect()
    }
}

fn steps(path: &str) -> Vec<PathStep> {
    let step = |step: &str| step.parse().map_or_else(|_| PathStep::Key(step.into()), PathStep::Index);
    path.split('/').filter(|step| !step.is_empty()).map(step).collect()
}

/// A list of two tasks, a text and a counter, each in a map.
fn plan() -> Replica {
    Replica::new("a")
        .set("tasks", r#"[{"name":"one"},{"name":"two"},{"name":"three"}]"#)
        .write("tasks/1/notes", 0, "at noon")
        .at("tasks/1/seen", Change::Increment(2))
        .write("title", 0, "Plan")
        .at("views", Change::Increment(5))
}

#[test]
fn what_one_edit_did_one_edit_takes_back() {
    let edits: [(&str, Change, &[&str]); 11] = [
        ("tasks/1/name", Change::Set("zwei".into()), &["set"]),
        ("tasks/0/name", Change::Delete, &["set"]),
        ("tasks/0/done", Change::Set(Json::Bool(true)), &["delete"]),
        ("tasks/2", Change::Delete, &["set"]),
        ("tasks", Change::InsertItem { position: Some(1), value: Json::Null }, &["delete"]),
        ("tasks/1/notes", Change::DeleteText { position: 2, length: 3 }, &["insert_text"]),
        ("title", Change::InsertText { position: Some(1), text: "??".into() }, &["delete_text"]),
        ("title", Change::Delete, &["insert_text"]),
        ("views", Change::Increment(7), &["decrement"]),
        ("views", Change::Delete, &["increment"]),
        ("new", Change::Set(json("[[]]")), &["delete"]),
    ];
    for (path, change, names) in edits {
        let mut now = plan().fork("b").at(path, change.clone());
        assert_eq!(now.restore(&plan()), names, "{path} {change:?}");
    }
    assert_eq!(plan().fork("b").restore(&plan()), [""; 0]);
}

#[test]
fn a_text_and_a_counter_come_back_as_such() {
    let whole = plan();
    for lost in [
        whole.fork("b").at("tasks/1", Change::Delete),
        whole.fork("b").at("tasks", Change::Delete),
        whole.fork("b").set("tasks/1", r#""gone""#),
        whole.fork("b").set("", r#"{"other":1}"#),
        whole.fork("b").at("", Change::Delete),
        whole.fork("b").set("tasks", "7").set("title", "1").set("views", "{}"),
        whole.fork("b").set("tasks/1/notes", r#""at noon""#).set("title", r#""Plan""#),
    ] {
        let mut now = lost.fork("c");
        let names = now.restore(&whole);
        assert!(names.len() <= 6, "{names:?}");
        // Two who write into the text meet in it, and what two count adds up.
        let left = now.fork("d").write("tasks/1/notes", 7, "!").at("tasks/1/seen", Change::Increment(1));
        let right = now.fork("e").write("tasks/1/notes", 0, "not ").at("tasks/1/seen", Change::Increment(1));
        let both = left.join(&right);
        assert!(both.text().contains(r#""name":"two","notes":"not at noon!","seen":4"#), "{}", both.text());
        assert!(both.document.conflicts().is_empty());
        let title = both.write("title", 4, " B").at("views", Change::Increment(1)).text();
        assert!(title.contains(r#""title":"Plan B","views":6"#), "{title}");
    }
}

#[test]
fn a_counter_that_was_set_over_is_counted_again() {
    let counted = Replica::new("a").set("n", "0.5").at("n", Change::Increment(3));
    let mut now = counted.fork("b").set("n", "10");
    assert_eq!(now.restore(&counted), ["set", "increment"]);
    let mut now = counted.fork("b").at("n", Change::Decrement(9));
    assert_eq!(now.restore(&counted), ["increment"]);
    let plain = Replica::new("a").set("n", "1");
    assert_eq!(plain.fork("b").set("n", "2").restore(&plain), ["set"]);
    // Beyond what one operation can count.
    let large = 9_007_199_254_740_991;
    let many = (0..3).fold(Replica::new("a"), |many, _| many.at("n", Change::Increment(large)));
    let mut now = many.fork("b").set("n", "4");
    assert_eq!(now.restore(&many), ["set", "increment", "increment", "increment"]);
}

#[test]
fn elements_keep_their_identity() {
    let whole = plan();
    let now = whole.fork("b").at("tasks/1", Change::Delete).insert("tasks", 0, "0").insert("tasks", 3, "4");
    let mut now = now.set("tasks/1/name", r#""eins""#);
    let names = now.restore(&whole);
    assert_eq!(names, ["set", "set", "insert_text", "increment", "delete", "delete"]);
    // Somebody who has seen nothing of that names the same elements, also the one that was away.
    let other =
        whole.fork("c").set("tasks/0/done", "1").set("tasks/1/done", "2").write("tasks/1/notes", 7, "!");
    let both = now.join(&other).text();
    let tasks = r#""tasks":[{"done":1,"name":"one"},{"done":2,"name":"two","notes":"at noon!","seen":2},"#;
    assert!(both.contains(tasks), "{both}");
}

/// Code points that are still there stay: what others write next to them is where they meant it.
#[test]
fn code_points_keep_their_identity() {
    let whole = Replica::new("a").write("t", 0, "abcdefgh");
    let cut = |t: Replica, position| t.at("t", Change::DeleteText { position, length: 1 });
    let mut now = cut(cut(whole.fork("b"), 6), 1).write("t", 3, "XY").write("t", 0, "Z");
    let other = whole.fork("c").write("t", 4, "-");
    assert_eq!(now.restore(&whole), ["insert_text", "insert_text", "delete_text"]);
    assert_eq!(now.join(&other).text(), r#"{"t":"abcd-efgh"}"#);
    // What a restore has written anew stays at the next one.
    let mut now = whole.fork("b").at("t", Change::Delete);
    assert_eq!(now.restore(&whole), ["insert_text"]);
    let mut now = now.write("t", 4, "...");
    assert_eq!(now.restore(&whole), ["delete_text"]);
}

#[test]
fn a_list_of_which_nothing_is_left_is_written_at_once() {
    let whole = Replica::new("a").set("l", "[1,2,[3]]");
    let mut now = whole.fork("b").at("l", Change::Delete);
    assert_eq!(now.restore(&whole), ["set"]);
    // Its elements have new names since, and those that are the same stay all the same.
    let add = |now: Replica, at, value| now.insert("l", at, value);
    let mut now = add(add(now.at("l/1", Change::Delete), 0, "4"), 2, "5");
    assert_eq!(now.text(), r#"{"l":[4,1,5,[3]]}"#);
    assert_eq!(now.restore(&whole), ["insert_item", "delete", "delete"]);
    // Where nearly everything has changed since, it is written at once again.
    let long: Vec<String> = (0..600).map(|n| n.to_string()).collect();
    let whole = Replica::new("a").set("l", &format!("[{}]", long.join(",")));
    let mut now = whole.fork("b").at("l", Change::Delete);
    assert_eq!(now.restore(&whole), ["set"]);
    let mut now = (0..300).fold(now, |now, at| now.set(&format!("l/{}", 2 * at), r#""other""#));
    assert_eq!(now.restore(&whole), ["set"]);
    let empty = Replica::new("a").set("l", "[]").set("m", "{}").write("t", 0, "x");
    let empty = empty.at("t", Change::DeleteText { position: 0, length: 1 });
    let mut now = empty.fork("b").set("", r#"{"l":[1,2],"m":{"a":1,"b":2}}"#);
    assert_eq!(now.restore(&empty), ["set", "set", "insert_text", "delete_text"]);
    assert_eq!(now.write("t", 0, "y").text(), r#"{"l":[],"m":{},"t":"y"}"#);
}

/// What lost against a value at the same place does not show when that value is taken back.
#[test]
fn what_was_seen_is_brought_back_and_not_what_lost() {
    let old = Replica::new("a").set("x", r#"{"k":1}"#);
    let left = old.fork("b").set("x", r#""scalar""#);
    let right = old.fork("c").at("x/k", Change::Increment(1)).set("x/m", "1").set("x/n", "1");
    let wanted = right.clone();
    let both = left.join(&right).fork("d");
    assert_eq!(both.text(), r#"{"x":{"k":1,"m":1,"n":1}}"#);
    assert_eq!(both.document.conflicts().len(), 1);
    let mut now = both.set("x/o", "1");
    now.restore(&wanted);
    assert!(now.document.conflicts().is_empty());
}

#[test]
fn as_deep_as_a_document_can_be() {
    let keys: Vec<String> = (0..MAX_VALUE_DEPTH - 1).map(|level| format!("k{level}")).collect();
    let path = keys.join("/");
    for (change, names) in [
        (Change::Set(Json::Int(1)), "set"),
        (Change::Increment(2), "increment"),
        (Change::InsertText { position: None, text: "deep".into() }, "insert_text"),
    ] {
        let whole = Replica::new("a").at(&path, change);
        let top = whole.fork("b").at("k0", Change::Delete);
        let below = whole.fork("b").at(&path, Change::Delete);
        let over = whole.fork("b").set("k0/k1", r#""s""#);
        for mut now in [top, below, over] {
            let ops = now.document.lead_to(&whole.document, &now.agent).unwrap();
            assert!(ops.iter().all(|op| matches!(op, Op::Edit(edit) if edit.excess().is_none())));
            let done = now.restore(&whole);
            assert_eq!(done.last(), Some(&names));
            assert_eq!(done.len(), 1);
        }
    }
}

#[test]
fn a_set_is_led_back_element_by_element() {
    let mut set = State::new(CrdtType::OrSet).unwrap();
    let add = |set: &mut State, op: Op| {
        let past = set.version().clone();
        let dot = Dot::new("a".parse().unwrap(), past.get("a") + 1);
        set.apply(&Event { dot: &dot, past: Past::Version(&past) }, &op).unwrap();
    };
    (0..9).for_each(|n| add(&mut set, Op::Add { element: Json::Int(n) }));
    let whole = set.clone();
    add(&mut set, Op::Remove { element: Json::Int(4) });
    add(&mut set, Op::Add { element: Json::Int(11) });
    let ops = set.lead_to(&whole, &"b".parse().unwrap()).unwrap();
    let wanted = [Op::Remove { element: Json::Int(11) }, Op::Add { element: Json::Int(4) }];
    assert_eq!(ops, wanted);
    assert!(set.lead_to(&State::new(CrdtType::Json).unwrap(), &"b".parse().unwrap()).is_err());
}

proptest! {
    /// A text, cut and written into anywhere: one insertion for each gap, and one deletion.
    #[test]
    fn a_text_takes_one_insertion_for_each_gap(
        edits in prop::collection::vec((0u64..60, 0u64..5, "[a-c]{0,3}"), 0..6),
    ) {
        let whole = Replica::new("a").write("t", 0, &"abc".repeat(20));
        let mut now = whole.fork("b");
        let (mut cuts, mut writes) = (0, 0);
        for (position, length, text) in edits {
            let there = now.text().len() as u64 - 8;
            let position = position.min(there);
            let length = length.min(there - position);
            if length > 0 {
                cuts += 1;
                now = now.at("t", Change::DeleteText { position, length });
            }
            if !text.is_empty() {
                writes += 1;
                now = now.write("t", position, &text);
            }
        }
        let names = now.restore(&whole);
        prop_assert!(names.iter().filter(|name| **name == "insert_text").count() <= cuts);
        prop_assert!(names.iter().filter(|name| **name == "delete_text").count() <= usize::from(writes > 0));
    }
}

#[test]
fn an_earlier_edit_of_the_same_agent_is_gone_on_from() {
    let whole = plan();
    let mut now = whole.clone().at("title", Change::Delete).at("tasks/0", Change::Delete);
    now.restore(&whole);
    let last = now.document.lead_to(&JsonDocument::default(), &now.agent).unwrap();
    assert_eq!(last, [Op::Edit(Edit { path: vec![], action: Action::Delete {} })]);
}
