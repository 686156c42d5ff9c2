//! Texts are read from lines that hold many deltas each. What is answered is the same where these lines are missing, for
//! all of a document or for its beginning, as they are in a database of an earlier revision.

mod common;

use common::{apply, get, post, sql};
use ramanujan_shell::native::fresh_database;
use serde_json::{Value, json};

/// Characters that mean something in the lines or in JSON, more than a line may hold, and what is longer in JSON than it is.
fn texts() -> Vec<String> {
    let awkward = [
        "x",
        " ",
        "*",
        "\n",
        "\r\n",
        "\u{0}",
        "\"",
        "\\",
        "i 1",
        "\u{2028}",
        "👩\u{200d}🚀",
        "語\t",
        "[\"a:1\"]",
    ];
    let mut texts: Vec<String> = awkward.map(str::to_owned).to_vec();
    texts.extend(["long ".repeat(100), "\u{1}".repeat(200), "y".repeat(200), "é".repeat(101)]);
    texts
}

/// A text of branches that meet: agents that write beside each other, deletions, more heads than a line names.
fn write_history(document: &str) -> Vec<Vec<String>> {
    let texts = texts();
    let mut versions = Vec::new();
    let write = |agent: String, seq: u64, parents: &[String], change: Value| {
        let mut operation =
            json!({"document_id": document, "agent_id": agent, "seq": seq, "parents": parents});
        operation.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        apply(operation);
        format!("{agent}:{seq}")
    };
    let mut last: Vec<Vec<String>> = vec![Vec::new(); 3];
    for step in 0..150u64 {
        let (agent, text) = ((step % 3) as usize, &texts[step as usize % texts.len()]);
        let seq = step / 3 + 1;
        let mut parents = last[agent].clone();
        if step % 7 == 6 {
            parents.extend(last[(agent + 1) % 3].clone());
            parents.sort();
            parents.dedup();
        }
        let change = match step % 5 {
            4 => json!({"operation": "delete", "position": 0, "length": 1}),
            _ => json!({"operation": "insert", "position": 0, "value": text}),
        };
        last[agent] = vec![write(format!("agent-{agent}"), seq, &parents, change)];
        versions.push(last[agent].clone());
    }
    let heads: Vec<String> = (0..60)
        .map(|n| {
            let change = json!({"operation": "insert", "position": 0, "value": format!("<{n}>")});
            write(format!("one-of-many-agents-{n}"), 1, &last[0], change)
        })
        .collect();
    versions.push(heads.clone());
    let change = json!({"operation": "insert", "position": 5, "value": "all"});
    versions.push(vec![write("gathers".to_owned(), 1, &heads, change)]);
    versions
}

/// What the service says of each version, of the whole, and of an operation with several parents.
fn answers(document: &str, versions: &[Vec<String>], attempt: u64) -> Vec<Value> {
    sql("DELETE FROM crdt_snapshots");
    let mut answers = Vec::new();
    for heads in versions {
        let reply = get(&format!("/crdt/{document}?at={}", common::encoded(&json!(heads))));
        assert_eq!(reply.status, 200, "{}", reply.json);
        answers.push(reply.json["value"].clone());
    }
    answers.push(get(&format!("/crdt/{document}")).json["value"].clone());
    for parents in [["agent-1:40", "agent-2:30"], ["agent-0:50", "gathers:1"]] {
        let agent = format!("late-{attempt}-{}", parents[0].replace(':', "-"));
        let operation = json!({"operation": "insert", "document_id": document, "agent_id": agent, "parents": parents,
            "position": 1, "value": "late"});
        let reply = post("/crdt/apply", operation);
        assert_eq!(reply.status, 200, "{}", reply.json);
        answers.push(reply.json["length"].clone());
    }
    answers
}

#[test]
fn a_text_is_the_same_without_its_lines() {
    let _database = fresh_database();
    let versions = write_history("d");
    let count = || sql("SELECT 1 FROM crdt_outlines WHERE document_id = 'd'");
    let rows = count();
    assert!(rows >= 212 / 32);
    assert!(
        sql("SELECT 1 FROM crdt_outlines WHERE lines LIKE '% * %' OR lines LIKE '% *' || char(10) || '%'")
            > 0
    );
    let with_lines = answers("d", &versions, 1);
    assert!(
        sql(
            "DELETE FROM crdt_outlines WHERE first <= (SELECT MIN(first) + 100 FROM crdt_outlines) RETURNING 1"
        ) > 0
    );
    assert!(0 < count() && count() < rows);
    let with_the_end = answers("d", &versions, 2);
    sql("DELETE FROM crdt_outlines");
    let from_deltas = answers("d", &versions, 3);
    // The whole has grown by what each attempt wrote.
    let whole = versions.len();
    for (index, then) in from_deltas.iter().enumerate().filter(|(index, _)| *index != whole) {
        assert_eq!((&with_lines[index], &with_the_end[index]), (then, then), "{:?}", versions.get(index));
    }
    assert!(with_lines[..whole].iter().all(Value::is_string));
}

/// Or else the comparison above would compare one way with itself.
#[test]
fn lines_are_what_is_read_where_they_are() {
    let _database = fresh_database();
    for seq in 1..=3 {
        apply(json!({"operation": "insert", "document_id": "d", "agent_id": "a", "seq": seq, "value": "x"}));
    }
    sql("UPDATE crdt_outlines SET lines = 'not a line'");
    let reply = get("/crdt/d?at=%7B%22a%22%3A2%7D");
    assert_eq!((reply.status, reply.json["code"].as_str()), (500, Some("store-corrupt")), "{}", reply.json);
}
