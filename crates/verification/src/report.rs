//! The reply to one item: what each verifier found, how the groups voted, the verdict and what it is worth.

use ramanujan_core::Polarity;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use crate::confidence;
use crate::roster::{Kind, NUM_VERIFIERS, ROSTER};
use crate::verdict::{Ballot, Groups, Verdict, Vote};

/// What one verifier found.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Opinion {
    /// The verifier's place in the roster, from 1.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 1, max = 17)))]
    pub agent_id: u8,
    /// The verifier's name for programs.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::schema::VerifierId"))]
    pub id: &'static str,
    /// The verifier's name for people.
    pub name: &'static str,
    /// The group that it votes in, in upper case.
    #[serde(serialize_with = "upper")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::schema::Group"))]
    pub polarity: Polarity,
    /// Name of the verifier's own colour.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::schema::VerifierColor"))]
    pub color: &'static str,
    /// Sign of the polarity: `−`, `_`, `+`.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "crate::schema::Sigil"))]
    pub sigil: &'static str,
    /// Name of the test.
    pub test: &'static str,
    /// 0 to 1, higher is better, yes from 0.5; none where the test does not fit or lacks what it needs. A verifier
    /// with a score of 0.5 and more abstains where it defers to an objection within its group.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0, max = 1.0)))]
    pub score: Option<f64>,
    /// What the verifier says, which the group's tally counts.
    pub vote: Vote,
    /// For people: what was found, or why the verifier abstains.
    pub reason: String,
    /// Numbers and indices that the score follows from.
    pub evidence: Map<String, Value>,
}

/// What all verifiers found in one item.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Report {
    /// What was judged.
    pub kind: Kind,
    /// What the three groups decide together.
    pub verdict: Verdict,
    /// Probability that the item is sound, given these votes and even odds before them; calibrated on labelled data.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0, max = 1.0)))]
    pub confidence: f64,
    /// The votes counted by group.
    pub groups: Groups,
    /// What each verifier found, in the order of the roster.
    #[cfg_attr(not(target_family = "wasm"), schemars(length(equal = NUM_VERIFIERS)))]
    pub verifiers: Vec<Opinion>,
}

impl Report {
    /// The votes alone.
    pub fn ballot(&self) -> Ballot {
        let mut ballot = Ballot::default();
        for opinion in &self.verifiers {
            // Opinions are made for the roster, so every number is on it.
            let _ = ballot.set(opinion.agent_id, opinion.vote);
        }
        ballot
    }

    pub(crate) fn of(kind: Kind, findings: [Finding; NUM_VERIFIERS]) -> Report {
        let mut own = Ballot::default();
        for (verifier, finding) in ROSTER.iter().zip(&findings) {
            let _ = own.set(verifier.agent_id, finding.vote());
        }
        let mut ballot = Ballot::default();
        let mut verifiers = Vec::with_capacity(NUM_VERIFIERS);
        for (verifier, mut finding) in ROSTER.iter().zip(findings) {
            let mut vote = finding.vote();
            if vote == Vote::Yes
                && let Some(objectors) = overruling(kind, &own, verifier.polarity)
            {
                vote = Vote::Abstain;
                finding.reason =
                    format!("defers to {}; found itself: {}", objectors.join(", "), finding.reason);
            }
            let _ = ballot.set(verifier.agent_id, vote);
            verifiers.push(Opinion {
                agent_id: verifier.agent_id,
                id: verifier.id,
                name: verifier.name,
                polarity: verifier.polarity,
                color: verifier.color,
                sigil: verifier.sigil,
                test: verifier.test(kind).name,
                score: finding.score,
                vote,
                reason: finding.reason,
                evidence: finding.evidence,
            });
        }
        let groups = ballot.groups();
        let confidence = confidence::of(kind, &ballot);
        Report { kind, verdict: groups.verdict(), confidence, groups, verifiers }
    }
}

/// Names of those in the group who vote no, if all votes of the group together speak against the item: then those who
/// found nothing defer to those who found something.
///
/// That a test finds nothing says little, since each looks for one kind of defect; that it finds something says much
/// ([`confidence::Table::weights`] are their logarithms). Without this, five who did not look would outvote the one who
/// saw.
fn overruling(kind: Kind, own: &Ballot, polarity: Polarity) -> Option<Vec<&'static str>> {
    let table = confidence::table(kind, own);
    let mut group = Ballot::default();
    let mut objectors = Vec::new();
    for verifier in ROSTER.iter().filter(|verifier| verifier.polarity == polarity) {
        let vote = own.get(verifier.agent_id);
        let _ = group.set(verifier.agent_id, vote);
        if vote == Vote::No {
            objectors.push(verifier.id);
        }
    }
    (!objectors.is_empty() && confidence::evidence(table, &group) < 0.0).then_some(objectors)
}

/// What a test found, or its abstention.
pub(crate) type Outcome = Result<Finding, Finding>;

/// The outcome of one test, before it is put beside the name of the verifier.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Finding {
    score: Option<f64>,
    reason: String,
    evidence: Map<String, Value>,
}

impl Finding {
    /// The number that was compared with the threshold, if one was.
    pub(crate) fn measured(&self) -> Option<f64> {
        self.evidence.get("measured").and_then(Value::as_f64)
    }

    /// Yes from 0.5.
    pub(crate) fn vote(&self) -> Vote {
        match self.score {
            None => Vote::Abstain,
            Some(score) if score >= 0.5 => Vote::Yes,
            Some(_) => Vote::No,
        }
    }

    pub(crate) fn scored(score: f64, reason: impl Into<String>) -> Finding {
        Finding { score: Some(score.clamp(0.0, 1.0)), reason: reason.into(), evidence: Map::new() }
    }

    /// A measurement of which less is better, at best 0: threshold / (threshold + measured), so ½ at the threshold.
    pub(crate) fn at_most(measured: f64, threshold: f64, reason: impl Into<String>) -> Finding {
        let finding = Finding::scored(ratio(threshold, measured), reason);
        finding.with("measured", measured).with("threshold", threshold).with("better", "less")
    }

    /// A measurement of which more is better, at worst 0: measured / (measured + threshold), so ½ at the threshold.
    pub(crate) fn at_least(measured: f64, threshold: f64, reason: impl Into<String>) -> Finding {
        let finding = Finding::scored(ratio(measured, threshold), reason);
        finding.with("measured", measured).with("threshold", threshold).with("better", "more")
    }

    pub(crate) fn abstain(reason: impl Into<String>) -> Finding {
        Finding { score: None, reason: reason.into(), evidence: Map::new() }
    }

    /// Adds a number, an index or a list of them.
    #[must_use]
    pub(crate) fn with(mut self, member: &str, value: impl Into<Value>) -> Finding {
        self.evidence.insert(member.to_owned(), value.into());
        self
    }
}

/// a / (a + b); ½ where both are zero. A quotient that rounds below ½ though a ≥ b is ½, so that votes follow the
/// comparison.
fn ratio(a: f64, b: f64) -> f64 {
    let (a, b) = (a.max(0.0), b.max(0.0));
    if a + b == 0.0 {
        return 0.5;
    }
    let share = if b.is_infinite() { 0.0 } else { a / (a + b) };
    if a >= b { share.max(0.5) } else { share.min(0.5 - f64::EPSILON) }
}

fn upper<S: Serializer>(polarity: &Polarity, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&polarity.as_str().to_ascii_uppercase())
}
