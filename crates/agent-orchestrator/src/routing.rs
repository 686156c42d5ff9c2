//! Which agent a document's operation goes to.
//!
//! Rendezvous hashing (Thaler and Ravishankar 1998) over the active agents of the operation's polarity: every caller
//! that sees the same agents picks the same one, and an agent that leaves moves only its own documents. The trit
//! address of the document rides along; it decides nothing, because it ignores who is alive.

use ramanujan_core::{Color, Digest, Polarity};

/// Operations with a place of their own, with the polarity of the agents that take them.
const TABLE: [(&str, Polarity); 9] = [
    ("insert", Polarity::Positive),
    ("verify", Polarity::Positive),
    ("snapshot", Polarity::Positive),
    ("delete", Polarity::Negative),
    ("invalidate", Polarity::Negative),
    ("union", Polarity::Negative),
    ("merge", Polarity::Neutral),
    ("recover", Polarity::Neutral),
    ("resolve", Polarity::Neutral),
];

/// Further operations of the streams; they go to agents of their stream's polarity.
const OF_THE_STREAMS: [&str; 8] =
    ["set", "increment", "add", "decrement", "remove", "rollback", "check", "canonicalize"];

/// The polarity of the agents that take `operation`, `None` for a name nobody knows.
pub fn polarity_of(operation: &str) -> Option<Polarity> {
    match TABLE.iter().find(|(name, _)| *name == operation) {
        Some((_, polarity)) => Some(*polarity),
        None => Color::of_operation(operation).map(Color::polarity),
    }
}

/// Every operation that [`polarity_of`] knows.
pub fn operations() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name).chain(OF_THE_STREAMS)
}

/// The weight of an agent for a document: the first eight bytes of a digest of both.
pub fn score(document: &str, agent: &str) -> u64 {
    // Neither identifier can contain the separator, so no two pairs share their bytes.
    let digest = Digest::of_parts([document.as_bytes(), b"\0", agent.as_bytes()]);
    digest.as_bytes().iter().take(8).fold(0, |score, byte| score << 8 | u64::from(*byte))
}

/// The agent with the greatest weight, the greater name on a tie; `None` if there is no agent.
pub fn choose<'a>(document: &str, agents: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    agents.into_iter().max_by_key(|agent| (score(document, agent), *agent))
}

/// Digits of an address: nine agents need two; four leave room for 81.
pub const ADDRESS_DEPTH: usize = 4;

/// The trit address of a document: digit k is the SHA-256 of its name, as one number, shifted right by 16·k bits,
/// modulo 3.
pub fn trit_address(document: &str) -> [u8; ADDRESS_DEPTH] {
    let digest = Digest::of(document.as_bytes());
    let mut address = [0; ADDRESS_DEPTH];
    for (shift, digit) in address.iter_mut().enumerate() {
        // 2^8 is 1 modulo 3, so a number is its bytes' sum.
        let kept = digest.as_bytes().len() - 2 * shift;
        let sum: u32 = digest.as_bytes()[..kept].iter().map(|byte| u32::from(*byte)).sum();
        *digit = (sum % 3) as u8;
    }
    address
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_agents() -> impl Strategy<Value = Vec<String>> {
        prop::collection::btree_set("[a-z0-9]{1,4}", 1..12).prop_map(|set| set.into_iter().collect())
    }

    fn chosen<'a>(document: &str, agents: &'a [String]) -> Option<&'a str> {
        choose(document, agents.iter().map(String::as_str))
    }

    proptest! {
        #[test]
        fn the_order_of_the_agents_does_not_matter(document in "[a-z]{1,8}", agents in any_agents()) {
            let reversed: Vec<String> = agents.iter().rev().cloned().collect();
            prop_assert_eq!(chosen(&document, &agents), chosen(&document, &reversed));
        }

        #[test]
        fn an_agent_that_leaves_moves_only_its_own_documents(
            document in "[a-z]{1,8}", agents in any_agents(), gone in any::<prop::sample::Index>(),
        ) {
            let before = chosen(&document, &agents).unwrap();
            let leaving = &agents[gone.index(agents.len())];
            let left: Vec<String> = agents.iter().filter(|agent| *agent != leaving).cloned().collect();
            if before != leaving {
                prop_assert_eq!(chosen(&document, &left), Some(before));
            }
        }

        #[test]
        fn addresses_are_trits(document in "[A-Za-z0-9._-]{1,30}") {
            prop_assert!(trit_address(&document).iter().all(|digit| *digit < 3));
        }
    }

    #[test]
    fn documents_spread_evenly() {
        let agents: Vec<String> = (0..9).map(|n| n.to_string()).collect();
        let mut counts = [0usize; 9];
        for n in 0..9000 {
            let agent = chosen(&format!("document-{n}"), &agents).unwrap();
            counts[agent.parse::<usize>().unwrap()] += 1;
        }
        // A thousand each, standard deviation about 30.
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn addresses_agree_with_the_published_examples() {
        for (document, agent) in [("doc_42d", 3), ("test", 0), ("doc_1", 0)] {
            let [row, column, ..] = trit_address(document);
            assert_eq!(3 * row + column, agent, "{document}");
        }
    }

    #[test]
    fn every_operation_listed_has_a_polarity_and_the_streams_own_agree() {
        for operation in operations() {
            assert!(polarity_of(operation).is_some(), "{operation}");
        }
        assert_eq!(polarity_of("insert"), Some(Polarity::Positive));
        assert_eq!(polarity_of("delete"), Some(Polarity::Negative));
        assert_eq!(polarity_of("decrement"), Some(Polarity::Negative));
        assert_eq!(polarity_of("merge"), Some(Polarity::Neutral));
        assert_eq!(polarity_of("explode"), None);
    }
}
