//! Canonical forms and proofs, through the WIT interface that Spin composes into stream-green: pure, without memo,
//! bounded by iterations and nodes.

use serde::Serialize;

/// Bounds of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) iterations: u64,
    pub(crate) nodes: u32,
}

/// What a term becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Canonical {
    pub(crate) canonical_form: String,
    /// Its nodes.
    pub(crate) cost: u64,
    /// Whether nothing is left to rewrite: then equal terms have equal forms.
    pub(crate) saturated: bool,
    pub(crate) color_conflict_count: u64,
}

/// Whether two terms are equal under the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    Equal,
    /// A model of the rules tells them apart.
    Refuted,
    NotProved,
}

/// One step of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Step {
    pub(crate) rule: String,
    pub(crate) direction: &'static str,
    /// Which argument to take at each level to come to the place.
    pub(crate) position: Vec<u32>,
    pub(crate) from: String,
    pub(crate) to: String,
}

/// A verdict, and the steps from the first term to the second where they are equal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verification {
    pub(crate) verdict: Verdict,
    pub(crate) steps: Vec<Step>,
}

fn direction(forward: bool) -> &'static str {
    if forward { "forward" } else { "backward" }
}

pub(crate) use face::{canonicalize, verify};

#[cfg(target_family = "wasm")]
mod face {
    use super::binding::ramanujan::gadgets::gadgets as wit;
    use super::{Canonical, Limits, Step, Verdict, Verification, direction};

    fn limits(limits: Limits) -> wit::Limits {
        wit::Limits { iterations: limits.iterations, nodes: limits.nodes }
    }

    /// The canonical form of an S-expression under named rules of the library; what is wrong with them otherwise.
    pub(crate) fn canonicalize(
        expression: &str,
        rules: &[String],
        bounds: Limits,
    ) -> Result<Canonical, String> {
        let wit::Canonical { form, cost, saturated, color_conflicts } =
            wit::canonicalize(expression, rules, limits(bounds))?;
        Ok(Canonical { canonical_form: form, cost, saturated, color_conflict_count: color_conflicts })
    }

    /// Whether two S-expressions are equal under named rules of the library; what is wrong with them otherwise.
    pub(crate) fn verify(
        left: &str,
        right: &str,
        rules: &[String],
        bounds: Limits,
    ) -> Result<Verification, String> {
        let found = wit::verify(left, right, rules, limits(bounds))?;
        let verdict = match found.verdict {
            wit::Verdict::Equal => Verdict::Equal,
            wit::Verdict::Refuted => Verdict::Refuted,
            wit::Verdict::NotProved => Verdict::NotProved,
        };
        let steps = found.steps.into_iter().map(|step| Step {
            rule: step.rule,
            direction: direction(step.forward),
            position: step.position,
            from: step.before,
            to: step.after,
        });
        Ok(Verification { verdict, steps: steps.collect() })
    }
}

#[cfg(not(target_family = "wasm"))]
mod face {
    use egraph_service::gadget;

    use super::{Canonical, Limits, Step, Verdict, Verification, direction};

    fn limits(limits: Limits) -> gadget::Limits {
        gadget::Limits { iterations: limits.iterations, nodes: limits.nodes }
    }

    /// The canonical form of an S-expression under named rules of the library; what is wrong with them otherwise.
    pub(crate) fn canonicalize(
        expression: &str,
        rules: &[String],
        bounds: Limits,
    ) -> Result<Canonical, String> {
        let gadget::Canonical { form, cost, saturated, color_conflicts } =
            gadget::canonicalize(expression, rules, limits(bounds))?;
        Ok(Canonical { canonical_form: form, cost, saturated, color_conflict_count: color_conflicts })
    }

    /// Whether two S-expressions are equal under named rules of the library; what is wrong with them otherwise.
    pub(crate) fn verify(
        left: &str,
        right: &str,
        rules: &[String],
        bounds: Limits,
    ) -> Result<Verification, String> {
        let found = gadget::verify(left, right, rules, limits(bounds))?;
        let verdict = match found.verdict {
            gadget::Verdict::Equal => Verdict::Equal,
            gadget::Verdict::Refuted => Verdict::Refuted,
            gadget::Verdict::NotProved => Verdict::NotProved,
        };
        let steps = found.steps.into_iter().map(|step| Step {
            rule: step.rule.unwrap_or_default(),
            direction: direction(step.forward),
            position: step.position,
            from: step.from,
            to: step.to,
        });
        Ok(Verification { verdict, steps: steps.collect() })
    }
}

#[cfg(target_family = "wasm")]
#[allow(unsafe_code)] // generated: the canonical ABI cannot be called safely
mod binding {
    wit_bindgen::generate!({ path: "../../wit/gadgets.wit", world: "consumer" });
}
