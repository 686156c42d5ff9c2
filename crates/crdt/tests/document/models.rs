//! Against models that share no code: a list of characters, the text graph, diamond-types.

use proptest::prelude::*;
use ramanujan_crdt::text::TextEdit;
use ramanujan_crdt::{Delta, Op, TextDocument, TextGraph};

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

    /// With handles as by names, refusals included: a delta that names an unknown parent, and one past the end.
    #[test]
    fn operations_are_pushed_with_handles_as_by_names(
        history in any_history(),
        picks in prop::collection::vec(any::<u16>(), 1..24),
        excess in 0u64..3,
    ) {
        let whole = merged(&run(&history));
        let (mut named, mut handled) = (TextDocument::new(), TextDocument::new());
        for delta in deltas(&deliver(deltas(&whole), &picks)) {
            let agent = handled.agent(&delta.dot.agent);
            let parents: Vec<_> =
                delta.parents.iter().map(|parent| (handled.agent(&parent.agent), parent.seq)).collect();
            let edit = match &delta.op {
                Op::Insert { position, text } => TextEdit::Insert { position: *position, text },
                Op::Delete { position, length } => TextEdit::Delete { position: *position, length: *length },
                other => unreachable!("{} is not of a text", other.name()),
            };
            let unknown = handled.push_next(agent, &[(agent, delta.dot.seq + excess)], edit);
            let nothing = handled.push_next(agent, &parents, TextEdit::Insert { position: 0, text: "" });
            prop_assert!(unknown.is_err() && nothing.is_err());
            let length = named.push(&delta.dot, &delta.parents, &delta.op).unwrap();
            prop_assert_eq!(handled.push_next(agent, &parents, edit), Ok(length));
        }
        prop_assert_eq!(handled.text().unwrap(), named.text().unwrap());
        prop_assert_eq!(handled.encode(), whole.encode());
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
