//! Long histories, recorded and generated: their text against what the recording ends with and against diamond-types.

#[path = "../benches/histories/mod.rs"]
mod histories;

use histories::{History, appending, branches, mesh, of_session, one_place, recording};
use ramanujan_replay::generate::{Options, busy_session};

fn check(name: &str, History { graph, log, .. }: History) {
    assert_eq!(graph.text().unwrap(), log.checkout_tip().content().to_string(), "{name}");
}

#[test]
fn generated_histories_end_as_diamond_types_has_them() {
    check("two long branches", branches(2, 1_500, 2));
    check("many branches", branches(12, 60, 3));
    check("short branches", branches(3, 4, 60));
    check("a mesh", mesh(5, 800));
    check("going on at the end", appending(3, 100));
    check("typing at one place", one_place(4, 120));
}

/// The recordings, or generated sessions of as many agents where they are not here.
#[test]
fn recordings_end_as_recorded() {
    for (file, agents) in [("friendsforever", 2), ("automerge-paper", 1), ("sveltecomponent", 1)] {
        let history = recording(file).unwrap_or_else(|| {
            let options = Options { transactions: 1500, agents, non_ascii: true, ..Options::default() };
            of_session(&busy_session(&options).to_json())
        });
        assert_eq!(Some(history.graph.text().unwrap()), history.end, "{file}");
    }
}
