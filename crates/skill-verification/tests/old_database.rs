//! A database that revision 80a519f made opens, and what is in it is answered as that revision did.

use std::path::{Path, PathBuf};

use http::Method;
use ramanujan_shell::native;
use serde_json::{Value, json};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/80a519f").join(name)
}

fn ask(method: Method, path: &str, body: &Value) -> Value {
    native::answered(&skill_verification::service(), method, path, body)
}

/// The embedding that was analysed: sines of numbers that say nothing.
fn embedding() -> Vec<f64> {
    (0..8).map(|i| ((99.0 * 7.1 + f64::from(i) * 1.3).sin() * 1e6).round() / 1e6).collect()
}

#[test]
fn collections_and_votes_of_an_older_revision_are_read_and_added_to() {
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("skill-verification-80a519f.sqlite3");
    let _database = native::database_copy(fixture("database.sqlite3"), copy);
    native::mount("interaction-timeline", interaction_timeline::service());
    let answers: Value = serde_json::from_slice(&std::fs::read(fixture("answers.json")).unwrap()).unwrap();
    assert_eq!(ask(Method::GET, "/verify/health", &Value::Null)["schema_version"], 8);
    for (path, answer) in answers.as_object().unwrap().iter().filter(|(path, _)| path.starts_with('/')) {
        assert_eq!(ask(Method::GET, path, &Value::Null), *answer, "{path}");
    }
    let near = json!({"embedding": embedding(), "collection": "old", "k": 3});
    assert_eq!(ask(Method::POST, "/verify/similarity", &near), answers["similarity"]);
    // Remembered: the same analysis has the same number in its clock.
    let again = json!({"embedding": embedding(), "collection": "old", "image_id": "x"});
    assert_eq!(ask(Method::POST, "/verify/analyze", &again), answers["analyze"]);
    let more = json!({"embeddings": [embedding()], "ids": ["new"]});
    assert_eq!(ask(Method::POST, "/verify/collections/old/embeddings", &more)["first"], 24);
    assert_eq!(ask(Method::GET, "/verify/collections/old", &Value::Null)["vectors"], 25);
}
