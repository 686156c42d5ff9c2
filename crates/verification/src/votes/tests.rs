//! The laws of the set, the spelling of records, and what conflicting votes do.

use super::*;
use crate::verdict::{Verdict, Vote};
use crate::{Kind, NUM_VERIFIERS, ROSTER};
use proptest::prelude::*;

fn subject(n: u8) -> Subject {
    Subject::new(if n.is_multiple_of(2) { Kind::Embedding } else { Kind::Skill }, Digest::of(&[n]))
}

fn record(subject: Subject, verifier: u8, agent: &str, vote: Vote) -> VoteRecord {
    Unchecked {
        subject,
        verifier: verifier.to_string(),
        agent_id: agent.parse().unwrap(),
        vote,
        score: (vote != Vote::Abstain).then_some(0.5),
        evidence: Digest::of(b"evidence"),
        signature: None,
    }
    .try_into()
    .unwrap()
}

fn vote() -> impl Strategy<Value = Vote> {
    prop_oneof![Just(Vote::Yes), Just(Vote::No), Just(Vote::Abstain)]
}

/// Few subjects, agents and signatures, so that duplicates and conflicts are common.
fn any_record() -> impl Strategy<Value = VoteRecord> {
    let signature = prop::option::of(prop_oneof![Just("sig-1".to_owned()), Just("sig-2".to_owned())]);
    (0u8..2, 1..=NUM_VERIFIERS as u8, "[a-c]", vote(), 0.0f64..=1.0, signature).prop_map(
        |(of, verifier, agent, vote, score, signature)| {
            let mut record = record(subject(of), verifier, &agent, vote);
            record.score = record.score.map(|_| score);
            record.signature = signature;
            record
        },
    )
}

/// Texts of the pattern that a schema has.
fn texts<T: schemars::JsonSchema>() -> impl Strategy<Value = String> {
    let schema = T::json_schema(&mut schemars::SchemaGenerator::default());
    let pattern = schema.get("pattern").and_then(|pattern| pattern.as_str()).expect("a pattern");
    prop::string::string_regex(pattern.trim_matches(['^', '$'])).expect("a pattern")
}

fn any_set() -> impl Strategy<Value = VoteSet> {
    prop::collection::vec(any_record(), 0..80).prop_map(VoteSet::from_iter)
}

proptest! {
    #[test]
    fn joining_is_commutative(a in any_set(), b in any_set()) {
        prop_assert_eq!(a.clone().join(b.clone()), b.join(a));
    }

    #[test]
    fn joining_is_associative(a in any_set(), b in any_set(), c in any_set()) {
        prop_assert_eq!(a.clone().join(b.clone()).join(c.clone()), a.join(b.join(c)));
    }

    #[test]
    fn joining_is_idempotent_and_only_grows(a in any_set(), b in any_set()) {
        prop_assert_eq!(a.clone().join(a.clone()), a.clone());
        let both = a.clone().join(b);
        prop_assert!(a.iter().all(|(key, record)| both.records.get(key) == Some(record)));
    }

    #[test]
    fn the_outcome_depends_on_neither_order_nor_repetition(
        records in prop::collection::vec(any_record(), 0..80),
        order in prop::collection::vec(any::<prop::sample::Index>(), 160),
    ) {
        let plain = VoteSet::from_iter(records.clone());
        let mut shuffled = VoteSet::default();
        for index in order.iter().filter(|_| !records.is_empty()) {
            shuffled.insert(records[index.index(records.len())].clone());
        }
        for record in records.into_iter().rev() {
            shuffled.insert(record);
        }
        for of in 0..2 {
            prop_assert_eq!(plain.outcome(subject(of)), shuffled.outcome(subject(of)));
        }
    }

    #[test]
    fn a_record_has_one_spelling(record in any_record()) {
        prop_assert_eq!(VoteRecord::from_bytes(&record.to_bytes()), Ok(record.clone()));
        let json = serde_json::to_string(&record).unwrap();
        prop_assert_eq!(serde_json::from_str::<VoteRecord>(&json).unwrap(), record);
    }

    #[test]
    fn texts_of_the_schemas_make_a_vote(subject in texts::<Subject>(), signature in texts::<record::Signature>()) {
        let vote = serde_json::json!({"subject": subject, "verifier": "17", "agent_id": "a", "vote": "abstain",
            "evidence": "0".repeat(64), "signature": signature});
        prop_assert!(serde_json::from_value::<VoteRecord>(vote).is_ok());
    }

    #[test]
    fn what_is_read_is_written_the_same(
        record in any_record(), at in any::<prop::sample::Index>(), byte: u8, length in any::<prop::sample::Index>(),
    ) {
        let mut bytes = record.to_bytes();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.truncate(length.index(bytes.len()) + 1);
        if let Ok(read) = VoteRecord::from_bytes(&bytes) {
            prop_assert_eq!(read.to_bytes(), bytes);
        }
    }

    #[test]
    fn the_verdict_of_one_agents_votes_is_that_of_the_ballot(votes in prop::collection::vec(vote(), NUM_VERIFIERS)) {
        let mut ballot = crate::Ballot::default();
        let mut set = VoteSet::default();
        for (verifier, vote) in ROSTER.iter().zip(&votes) {
            ballot.set(verifier.agent_id, *vote).unwrap();
            set.insert(record(subject(0), verifier.agent_id, "a", *vote));
        }
        let outcome = set.outcome(subject(0));
        prop_assert_eq!((outcome.verdict, outcome.groups), (ballot.verdict(), ballot.groups()));
        prop_assert!(outcome.missing.is_empty() && outcome.conflicts.is_empty() && outcome.disputes.is_empty());
    }
}

fn all(agent: &str, vote: Vote) -> VoteSet {
    ROSTER.iter().map(|verifier| record(subject(0), verifier.agent_id, agent, vote)).collect()
}

#[test]
fn an_agent_that_says_two_things_is_reported_and_not_counted() {
    let mut set = all("a", Vote::Yes);
    assert_eq!(set.outcome(subject(0)).verdict, Verdict::Accepted);
    set.insert(record(subject(0), 7, "a", Vote::No));
    let outcome = set.outcome(subject(0));
    assert_eq!(outcome.missing, ["neutral_canonical"]);
    let [conflict] = outcome.conflicts.as_slice() else { panic!("{outcome:?}") };
    assert_eq!((conflict.verifier, conflict.agent_id.as_str()), ("neutral_canonical", "a"));
    assert_eq!(conflict.votes, [Vote::Yes, Vote::No].into());
    // Another agent's word on the same verifier still counts.
    set.insert(record(subject(0), 7, "b", Vote::No));
    let outcome = set.outcome(subject(0));
    assert!(outcome.missing.is_empty());
    assert_eq!(outcome.ballot.get(7), Vote::No);
}

#[test]
fn agents_that_disagree_are_decided_by_majority_and_a_tie_abstains() {
    let mut set = all("a", Vote::Yes);
    set.insert(record(subject(0), 1, "b", Vote::No));
    let outcome = set.outcome(subject(0));
    assert_eq!((outcome.ballot.get(1), outcome.disputes.len()), (Vote::Abstain, 1));
    set.insert(record(subject(0), 1, "c", Vote::No));
    let outcome = set.outcome(subject(0));
    assert_eq!((outcome.ballot.get(1), outcome.disputes[0].no.len()), (Vote::No, 2));
    set.insert(record(subject(0), 1, "d", Vote::Abstain));
    assert_eq!(set.outcome(subject(0)).ballot.get(1), Vote::No);
}

#[test]
fn a_signature_makes_another_record_and_not_another_vote() {
    let mut set = all("a", Vote::Yes);
    let before = set.outcome(subject(0));
    let mut signed = record(subject(0), 1, "a", Vote::Yes);
    signed.signature = Some("c2ln".to_owned());
    assert!(set.insert(signed.clone()) && !set.insert(signed.clone()));
    assert_eq!(set.outcome(subject(0)), before);
    assert_eq!(signed.signing_bytes(), record(subject(0), 1, "a", Vote::Yes).signing_bytes());
}

#[test]
fn the_bytes_that_are_signed_are_fixed() {
    let record = record(subject(0), 17, "agent-1", Vote::Yes);
    let hex: String = record.signing_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let expected = format!(
        "{}00{}11076167656e742d310101{}{}",
        "72616d616e756a616e2f766f74652f3100",
        Digest::of(&[0]),
        "3fe0000000000000",
        Digest::of(b"evidence")
    );
    assert_eq!(hex, expected);
}

#[test]
fn refuses_what_is_no_vote() {
    let good = || Unchecked {
        subject: subject(0),
        verifier: "neg_critic".to_owned(),
        agent_id: "a".parse().unwrap(),
        vote: Vote::Yes,
        score: Some(1.0),
        evidence: Digest::of(b""),
        signature: None,
    };
    let refused = |change: fn(&mut Unchecked)| {
        let mut raw = good();
        change(&mut raw);
        VoteRecord::try_from(raw).unwrap_err()
    };
    assert!(VoteRecord::try_from(good()).is_ok());
    assert_eq!(refused(|raw| raw.verifier = "18".into()), InvalidVote::Verifier("18".into()));
    assert_eq!(refused(|raw| raw.score = Some(1.5)), InvalidVote::Score);
    assert_eq!(refused(|raw| raw.score = Some(f64::NAN)), InvalidVote::Score);
    assert_eq!(refused(|raw| raw.score = None), InvalidVote::NoScore);
    assert_eq!(refused(|raw| raw.signature = Some(String::new())), InvalidVote::Signature);
    assert_eq!(refused(|raw| raw.signature = Some("ä".into())), InvalidVote::Signature);
    for text in ["", "embedding", "embedding:ab", "text:", &format!("skill:{}", "A".repeat(64))] {
        assert_eq!(text.parse::<Subject>(), Err(InvalidVote::Subject), "{text}");
    }
}
