//! What the verifiers read: embeddings and skills. What is read is judged too, since schemas and examples are programs and
//! inputs of a validator.

use ramanujan_core::json;
use ramanujan_verification::embedding::{Context, Embedding, judge};
use ramanujan_verification::skill::{Limits, Skill};
use ramanujan_verification::{Report, Vote, skill as skills};
use serde_json::Value;

use crate::memory::Bound;

/// A number of two bytes is read as a value of a tree, and the list of them doubles as it grows.
const EMBEDDING: Bound = Bound { floor: 64 << 10, per_byte: 64 };

/// A schema is read as a tree, a member of which takes eight bytes, and a map of one member within a list besides.
const SKILL: Bound = Bound { floor: 32 << 10, per_byte: 256 };

/// Validation: the meta-schemas, regular expressions up to their bound, values beside what is read.
const JUDGEMENT: Bound = Bound { floor: 64 << 20, per_byte: 4096 };

/// Read as JSON if it is, else as little-endian f32: refused, or finite, written and read again the same, and judged.
pub fn embedding(data: &[u8]) {
    let read = EMBEDDING.hold(data.len(), || match json::from_slice::<Value>(data) {
        Ok(value) => Embedding::from_json(&value),
        Err(_) => Embedding::from_le_bytes(data),
    });
    let Ok(embedding) = read else { return };
    assert!(embedding.as_slice().iter().all(|x| x.is_finite()));
    let again = Embedding::from_base64(&embedding.to_base64()).expect("written");
    assert_eq!(again.to_le_bytes(), embedding.to_le_bytes());
    check(&judge(&embedding, &Context::default()));
}

/// Refused, or within the limits and judged.
pub fn skill(data: &[u8]) {
    let Ok(value) = json::from_slice::<Value>(data) else { return };
    let read = SKILL.hold(data.len(), || Skill::from_json(value, &Limits::DEFAULT));
    let Ok(skill) = read else { return };
    check(&JUDGEMENT.hold(data.len(), || skills::judge(&skill)));
    let written = serde_json::to_value(&skill).expect("a skill is JSON");
    assert_eq!(Skill::from_json(written, &Limits::DEFAULT), Ok(skill));
}

fn check(report: &Report) {
    assert!((0.0..=1.0).contains(&report.confidence));
    for opinion in &report.verifiers {
        assert!(opinion.score.is_none_or(|score| (0.0..=1.0).contains(&score)), "{}", opinion.test);
        assert!(opinion.score.is_some() || opinion.vote == Vote::Abstain, "{}", opinion.test);
        assert!(opinion.evidence.values().all(|value| !value.is_null()), "{}", opinion.test);
    }
}
