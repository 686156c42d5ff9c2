//! Canonical forms and proofs, through the WIT interface that Spin composes into stream-green: pure, without memo,
//! bounded by iterations and nodes.

// The interface that the component imports, and natively the library behind it: both have the same names.
#[cfg(target_family = "wasm")]
use binding::ramanujan::gadgets::gadgets as gadget;
#[cfg(not(target_family = "wasm"))]
use egraph_service::gadget;
use serde::Serialize;

/// Bounds of one call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) iterations: u64,
    pub(crate) nodes: u32,
}

/// What a term becomes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Canonical {
    /// The cheapest equal term, an S-expression.
    pub(crate) canonical_form: String,
    /// Its nodes.
    pub(crate) cost: u64,
    /// Whether nothing is left to rewrite: then equal terms have equal forms.
    pub(crate) saturated: bool,
    /// How often RED stands directly beside BLUE.
    pub(crate) color_conflict_count: u64,
}

/// Whether two terms are equal under the rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "GadgetVerdict"))]
pub(crate) enum Verdict {
    /// There is a proof.
    Equal,
    /// A model of the rules tells them apart.
    Refuted,
    /// Neither was found within the bounds.
    NotProved,
}

/// One step of a proof.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[cfg_attr(not(target_family = "wasm"), schemars(rename = "GadgetStep"))]
pub(crate) struct Step {
    /// Name of the rule.
    pub(crate) rule: String,
    /// Whether the rule was read from left to right.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["forward", "backward"])))]
    pub(crate) direction: &'static str,
    /// Which argument to take at each level to come to the place.
    pub(crate) position: Vec<u32>,
    /// What stood there.
    pub(crate) from: String,
    /// What stands there after the step.
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

fn limits(limits: Limits) -> gadget::Limits {
    gadget::Limits { iterations: limits.iterations, nodes: limits.nodes }
}

/// The canonical form of an S-expression under named rules of the library; what is wrong with them otherwise.
pub(crate) fn canonicalize(expression: &str, rules: &[String], bounds: Limits) -> Result<Canonical, String> {
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
    let steps = found.steps.into_iter().map(step).collect();
    Ok(Verification { verdict, steps })
}

/// A step as the interface has it.
#[cfg(target_family = "wasm")]
fn step(step: gadget::Step) -> Step {
    let direction = direction(step.forward);
    Step { rule: step.rule, direction, position: step.position, from: step.before, to: step.after }
}

/// A step as the library has it; the rules of gadgets have names.
#[cfg(not(target_family = "wasm"))]
fn step(step: gadget::Step) -> Step {
    let (rule, direction) = (step.rule.unwrap_or_default(), direction(step.forward));
    Step { rule, direction, position: step.position, from: step.from, to: step.to }
}

#[cfg(target_family = "wasm")]
#[allow(unsafe_code)] // generated: the canonical ABI cannot be called safely
mod binding {
    wit_bindgen::generate!({ path: "../../wit/gadgets.wit", world: "consumer" });
}
