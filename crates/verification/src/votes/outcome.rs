//! What a set of votes comes to.
//!
//! An agent that says two things of one verifier and subject has equivocated: what it says there does not count, and
//! is reported. Otherwise each agent counts once, and the verifier's vote is that of the majority of the agents that
//! ran it and did not abstain; where they are evenly divided the verifier abstains, and the dispute is reported.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_core::AgentId;
use serde::Serialize;

use super::record::{Subject, VoteRecord};
use crate::confidence;
use crate::roster::ROSTER;
use crate::verdict::{Ballot, Groups, Verdict, Vote};

/// An agent that voted differently on one subject for one verifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Conflict {
    /// Name of the verifier.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::schema::VerifierId"))]
    pub verifier: &'static str,
    /// The agent that equivocated.
    pub agent_id: AgentId,
    /// What it said, each once.
    pub votes: BTreeSet<Vote>,
}

/// Agents that do not agree on what one verifier finds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Dispute {
    /// Name of the verifier.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::schema::VerifierId"))]
    pub verifier: &'static str,
    /// Agents that say yes; at least one.
    pub yes: BTreeSet<AgentId>,
    /// Agents that say no; at least one.
    pub no: BTreeSet<AgentId>,
}

/// The outcome of the votes on one subject: a function of the set of records.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Outcome {
    /// What is voted on.
    pub subject: Subject,
    /// What the three groups decide together.
    pub verdict: Verdict,
    /// Probability that the item is sound, given the votes that counted and even odds before them.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0, max = 1.0)))]
    pub confidence: f64,
    /// The votes that counted, by group.
    pub groups: Groups,
    /// Verifiers of which no agent's word counts, in the order of the roster; they count as abstaining.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Vec<crate::schema::VerifierId>"))]
    pub missing: Vec<&'static str>,
    /// What agents said that does not count, because they said something else too.
    pub conflicts: Vec<Conflict>,
    /// Verifiers on which agents do not agree.
    pub disputes: Vec<Dispute>,
    /// The vote of each verifier that the verdict follows from.
    #[serde(skip)]
    pub ballot: Ballot,
}

impl Outcome {
    pub(super) fn of<'a>(subject: Subject, records: impl Iterator<Item = &'a VoteRecord>) -> Outcome {
        let mut said: BTreeMap<(u8, &AgentId), BTreeSet<Vote>> = BTreeMap::new();
        for record in records {
            said.entry((record.verifier().agent_id, record.agent_id())).or_default().insert(record.vote());
        }
        let mut outcome = Outcome {
            subject,
            verdict: Verdict::Rejected,
            confidence: 0.0,
            groups: Groups::default(),
            missing: Vec::new(),
            conflicts: Vec::new(),
            disputes: Vec::new(),
            ballot: Ballot::default(),
        };
        for verifier in &ROSTER {
            let number = verifier.agent_id;
            let (mut yes, mut no, mut heard) = (BTreeSet::new(), BTreeSet::new(), false);
            for ((_, agent), votes) in said.iter().filter(|((of, _), _)| *of == number) {
                let agent = (*agent).clone();
                if votes.len() > 1 {
                    let votes = votes.clone();
                    outcome.conflicts.push(Conflict { verifier: verifier.id, agent_id: agent, votes });
                    continue;
                }
                heard = true;
                match votes.first() {
                    Some(Vote::Yes) => yes.insert(agent),
                    Some(Vote::No) => no.insert(agent),
                    Some(Vote::Abstain) | None => false,
                };
            }
            if !heard {
                outcome.missing.push(verifier.id);
            }
            let vote = match yes.len().cmp(&no.len()) {
                std::cmp::Ordering::Greater => Vote::Yes,
                std::cmp::Ordering::Less => Vote::No,
                std::cmp::Ordering::Equal => Vote::Abstain,
            };
            // Numbers of the roster are always legal.
            let _ = outcome.ballot.set(number, vote);
            if !yes.is_empty() && !no.is_empty() {
                outcome.disputes.push(Dispute { verifier: verifier.id, yes, no });
            }
        }
        outcome.groups = outcome.ballot.groups();
        outcome.verdict = outcome.groups.verdict();
        outcome.confidence = confidence::of(subject.kind(), &outcome.ballot);
        outcome
    }
}
