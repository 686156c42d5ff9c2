//! Reading recordings: both formats, gzip, and what each refusal says.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

fn refusal(text: &str) -> String {
    Recording::from_json(text.as_bytes()).unwrap_err().to_string()
}

#[test]
fn a_sequential_recording_is_a_chain_of_one_agent() {
    let text = r#"{"startContent": "añ", "endContent": "añ🎉", "txns": [
        {"time": "2021-04-19T06:06:58.219Z", "patches": [[2, 0, "x"], [2, 1, "🎉"]]},
        {"time": "2021-04-19T06:06:59.000Z", "patches": []}]}"#;
    let recording = Recording::from_json(text.as_bytes()).unwrap();
    let parents: Vec<_> = recording.transactions.iter().map(|t| t.parents.clone()).collect();
    assert_eq!(parents, [vec![], vec![0], vec![1]]);
    assert_eq!(
        recording.transactions[0].patches,
        [Patch { position: 0, deleted: 0, inserted: "añ".into() }],
        "the start is the first transaction"
    );
    assert_eq!(
        recording.transactions[1].patches[1],
        Patch { position: 2, deleted: 1, inserted: "🎉".into() }
    );
    assert_eq!((recording.agents, recording.end_content.as_str()), (1, "añ🎉"));
}

#[test]
fn a_concurrent_recording_keeps_agents_and_parents() {
    let text = r#"{"kind": "concurrent", "endContent": "ab", "numAgents": 2, "txns": [
        {"parents": [], "numChildren": 2, "agent": 1, "time": "", "patches": [[0, 0, "ab"]]},
        {"parents": [0], "numChildren": 1, "agent": 0, "patches": [[0, 1, ""]]},
        {"parents": [0], "numChildren": 1, "agent": 1, "patches": [[0, 1, "a"]]},
        {"parents": [2, 1], "numChildren": 0, "agent": 1, "patches": []}]}"#;
    let recording = Recording::from_json(text.as_bytes()).unwrap();
    assert_eq!(recording.agents, 2);
    assert_eq!(recording.transactions[3], Transaction { parents: vec![2, 1], agent: 1, patches: vec![] });
    let written = recording.to_json().to_string();
    assert_eq!(Recording::from_json(written.as_bytes()).unwrap(), recording);
    assert_eq!(recording.to_sequential_json(), None);
}

#[test]
fn gzip_is_told_by_content() {
    let text = br#"{"startContent": "", "endContent": "", "txns": []}"#;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(text).unwrap();
    let gzipped = encoder.finish().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in [("plain.json.gz", text.as_slice()), ("zipped.json", &gzipped)] {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        assert!(Recording::from_file(&path).unwrap().transactions.is_empty());
    }
    let cut = folder.path().join("cut.json.gz");
    std::fs::write(&cut, &gzipped[..gzipped.len() - 9]).unwrap();
    assert!(Recording::from_file(&cut).unwrap_err().to_string().starts_with("cannot read"));
    let missing = Recording::from_file(&folder.path().join("none.json")).unwrap_err().to_string();
    assert!(missing.contains("none.json"), "{missing}");
}

#[test]
fn refusals_name_the_place_and_the_reason() {
    let sequential =
        |txns: &str| refusal(&format!(r#"{{"startContent": "ab", "endContent": "", "txns": [{txns}]}}"#));
    let concurrent = |txns: &str| {
        refusal(&format!(r#"{{"kind": "concurrent", "endContent": "", "numAgents": 1, "txns": [{txns}]}}"#))
    };
    let cases = [
        (refusal("{"), "line 1"),
        (refusal("[]"), "invalid length 0"),
        (refusal("\"x\""), "invalid type"),
        (refusal(r#"{"startContent": "", "txns": []}"#), "endContent"),
        (refusal(r#"{"endContent": ""}"#), "txns"),
        (refusal(r#"{"kind": "graph", "endContent": "", "txns": []}"#), "graph"),
        (refusal(r#"{"kind": "concurrent", "endContent": "", "txns": []}"#), "numAgents"),
        (
            refusal(
                r#"{"kind": "concurrent", "startContent": "x", "endContent": "", "numAgents": 1, "txns": []}"#,
            ),
            "startContent",
        ),
        (sequential(r#"{"patches": [[0, 0]]}"#), "tuple of size 3"),
        (sequential(r#"{"patches": [[-1, 0, ""]]}"#), "-1"),
        (sequential(r#"{"patches": [[0, 0, "\ud800"]]}"#), "line 1"),
        (
            sequential(r#"{"patches": [[2, 0, "x"], [4, 0, "y"]]}"#),
            "transaction 0: patch 1 reaches from position 4",
        ),
        (sequential(r#"{"patches": [[1, 2, ""]]}"#), "the document has 2"),
        (sequential(r#"{"patches": [[18446744073709551615, 1, ""]]}"#), "transaction 0"),
        (sequential(r#"{"parents": [], "patches": []}"#), "only a recording of"),
        (concurrent(r#"{"agent": 0, "patches": []}"#), "`parents` is missing"),
        (concurrent(r#"{"parents": [], "patches": []}"#), "`agent` is missing"),
        (concurrent(r#"{"parents": [], "agent": 1, "patches": []}"#), "agent 1 is not below"),
        (concurrent(r#"{"parents": [0], "agent": 0, "patches": []}"#), "transaction 0: parent 0"),
        (
            concurrent(
                r#"{"parents": [], "agent": 0, "patches": []}, {"parents": [0, 0], "agent": 0, "patches": []}"#,
            ),
            "transaction 1: parent 0 is named twice",
        ),
    ];
    for (got, wanted) in cases {
        assert!(got.contains(wanted), "{got:?} does not say {wanted:?}");
    }
}
