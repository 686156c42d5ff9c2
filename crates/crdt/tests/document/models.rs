//! Against models that share no code: a list of characters, the text graph, diamond-types.

use proptest::prelude::*;
use ramanujan_crdt::{Delta, TextDocument, TextGraph};

use crate::diamond::log_of;
use crate::history::*;

/// The text that diamond-types merges the deltas to.
fn diamond_text(deltas: &[Delta]) -> String {
    log_of(deltas).checkout_tip().content().to_string()
}

proptest! {
    #![proptest_config(law())]

    #[test]
    fn a_history_reads_as_in_diamond_types_and_the_graph(
        history in any_history(),
        picks in prop::collection::vec(any::<u16>(), 1..24),
    ) {
        let mut whole = merged(&run(&history));
        let deltas = deltas(&deliver(deltas(&whole), &picks));
        let text = whole.text().unwrap();
        prop_assert_eq!(&text, &diamond_text(&deltas));
        let mut graph = TextGraph::new();
        for delta in &deltas {
            graph.push(&delta.dot, &delta.parents, &delta.op).unwrap();
        }
        prop_assert_eq!(text, graph.text().unwrap());
    }

    #[test]
    fn one_agent_alone_edits_a_list_of_characters(
        edits in prop::collection::vec((any::<bool>(), any::<u16>(), "[a-cé語🎉]{1,3}", any::<bool>()), 1..40),
    ) {
        let mut document = TextDocument::new();
        let agent = document.agent(&"a".parse().unwrap());
        let mut model: Vec<char> = Vec::new();
        for (insert, place, text, read) in edits {
            if insert || model.is_empty() {
                let at = place as usize % (model.len() + 1);
                document.insert(agent, at as u64, &text).unwrap();
                model.splice(at..at, text.chars());
            } else {
                let at = place as usize % model.len();
                let count = (1 + text.len() % 3).min(model.len() - at);
                document.delete(agent, at as u64, count as u64).unwrap();
                model.drain(at..at + count);
            }
            prop_assert_eq!(document.len_chars().unwrap(), model.len() as u64);
            if read {
                prop_assert_eq!(document.text().unwrap(), model.iter().collect::<String>());
            }
        }
        prop_assert_eq!(document.text().unwrap(), model.iter().collect::<String>());
    }
}
