//! Differences between sites, in words for people: pure.

use std::collections::BTreeMap;

use ramanujan_client::fleet::Acknowledged;
use serde::Deserialize;
use serde_json::Value;

/// Characters of a digest that are shown.
const DIGITS: usize = 12;

/// A document as it is read whole.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct Whole {
    pub(crate) crdt_type: String,
    pub(crate) digest: String,
    pub(crate) value: Value,
    #[serde(default)]
    pub(crate) vector_clock: BTreeMap<String, u64>,
}

/// Digests of a document's operations by their dots; more than one where a dot is stored more than once.
pub(crate) type Stored = BTreeMap<(String, u64), Vec<String>>;

/// Which part of a document differs.
pub(crate) fn part(one: &Whole, other: &Whole) -> &'static str {
    match () {
        () if one.crdt_type != other.crdt_type => "the type",
        () if one.vector_clock != other.vector_clock => "the version vector",
        () if one.value != other.value => "the value",
        () => "the digest",
    }
}

/// Says which sites hold which state of a document, if that is not one and the same. Sites that were not read do not
/// count.
pub(crate) fn differ(
    document: &str,
    names: &[&str],
    digests: &[Option<&str>],
    read: &[bool],
) -> Option<String> {
    let mut states: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for ((name, digest), _) in names.iter().zip(digests).zip(read).filter(|(_, read)| **read) {
        states.entry(*digest).or_default().push(name);
    }
    if states.len() < 2 {
        return None;
    }
    let state = |(digest, at): (&Option<&str>, &Vec<&str>)| {
        let what = digest.map_or("not there".to_owned(), |digest| digest.chars().take(DIGITS).collect());
        format!("{what} at {}", at.join(", "))
    };
    Some(format!("{document}: {}", states.iter().map(state).collect::<Vec<_>>().join("; ")))
}

/// What each site lacks of a document that another has, as ranges `agent:from..to`.
pub(crate) fn lacking(document: &str, names: &[&str], wholes: &[Option<Whole>]) -> Vec<String> {
    let mut most: BTreeMap<&str, u64> = BTreeMap::new();
    for (agent, seq) in wholes.iter().flatten().flat_map(|whole| &whole.vector_clock) {
        let entry = most.entry(agent).or_default();
        *entry = (*entry).max(*seq);
    }
    let lack = |(name, whole): (&&str, &Option<Whole>)| {
        let has = |agent: &str| {
            whole.as_ref().and_then(|whole| whole.vector_clock.get(agent)).copied().unwrap_or(0)
        };
        let ranges: Vec<String> = most
            .iter()
            .filter(|(agent, seq)| has(agent) < **seq)
            .map(|(agent, seq)| format!("{agent}:{}..{seq}", has(agent) + 1))
            .collect();
        (!ranges.is_empty()).then(|| format!("{document}: {name} lacks {}", ranges.join(" ")))
    };
    names.iter().zip(wholes).filter_map(lack).collect()
}

/// What is wrong with an acknowledged operation at a site: absent, other content, there more than once.
pub(crate) fn missing(one: &Acknowledged, site: &str, stored: &Stored) -> Option<String> {
    let Acknowledged { document, agent, seq, digest, site: by } = one;
    let what = match stored.get(&(agent.clone(), *seq)).map(Vec::as_slice) {
        None | Some([]) => "is not there".to_owned(),
        Some([only]) if only == digest => return None,
        Some([_]) => "has another content".to_owned(),
        Some(many) => format!("is there {} times", many.len()),
    };
    Some(format!("{document}: {agent}:{seq}, acknowledged by {by}, {what} at {site}"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAMES: [&str; 3] = ["site-0", "site-1", "site-2"];

    #[test]
    fn sites_that_differ_are_named_with_their_states() {
        let all = [true; 3];
        assert_eq!(differ("d", &NAMES, &[Some("ab"); 3], &all), None);
        assert_eq!(
            differ("d", &NAMES, &[Some("ab"), None, Some("ab")], &all).unwrap(),
            "d: not there at site-1; ab at site-0, site-2"
        );
        let (one, other) = ("0123456789abcdef", "ffff");
        let finding = differ("d", &NAMES, &[Some(one), Some(other), Some(one)], &all).unwrap();
        assert_eq!(finding, "d: 0123456789ab at site-0, site-2; ffff at site-1");
        assert_eq!(
            differ("d", &NAMES, &[Some("ab"), None, Some("ab")], &[true, false, true]),
            None,
            "not read"
        );
    }

    #[test]
    fn what_is_lacking_is_said_in_ranges() {
        let whole = |clock: Value| {
            serde_json::from_value(
                json!({"crdt_type": "text", "digest": "", "value": "", "vector_clock": clock}),
            )
            .ok()
        };
        let wholes = [whole(json!({"a": 5, "b": 1})), whole(json!({"a": 3, "c": 2})), None];
        assert_eq!(
            lacking("d", &NAMES, &wholes),
            [
                "d: site-0 lacks c:1..2",
                "d: site-1 lacks a:4..5 b:1..1",
                "d: site-2 lacks a:1..5 b:1..1 c:1..2"
            ]
        );
    }

    #[test]
    fn an_acknowledged_operation_is_there_once_and_with_its_content() {
        let one = Acknowledged {
            document: "d".into(),
            agent: "a".into(),
            seq: 7,
            digest: "ab".into(),
            site: "site-1".into(),
        };
        let stored = |digests: &[&str]| {
            BTreeMap::from([(
                ("a".to_owned(), 7),
                digests.iter().map(|digest| (*digest).to_owned()).collect(),
            )])
        };
        assert_eq!(missing(&one, "site-2", &stored(&["ab"])), None);
        for (stored, what) in [
            (BTreeMap::new(), "is not there"),
            (stored(&["cd"]), "has another content"),
            (stored(&["ab", "ab"]), "is there 2 times"),
        ] {
            let finding = missing(&one, "site-2", &stored).unwrap();
            assert_eq!(finding, format!("d: a:7, acknowledged by site-1, {what} at site-2"));
        }
    }

    #[test]
    fn the_part_that_differs_is_named() {
        let of = |crdt_type: &str, value: Value, clock: Value| -> Whole {
            let whole = json!({"crdt_type": crdt_type, "digest": "", "value": value, "vector_clock": clock});
            serde_json::from_value(whole).unwrap()
        };
        let one = of("text", json!("x"), json!({"a": 1}));
        assert_eq!(part(&of("json", json!("x"), json!({"a": 1})), &one), "the type");
        assert_eq!(part(&of("text", json!("x"), json!({"a": 2})), &one), "the version vector");
        assert_eq!(part(&of("text", json!("y"), json!({"a": 1})), &one), "the value");
    }
}
