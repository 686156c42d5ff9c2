//! The WIT interface `ramanujan:gadgets/gadgets`, for components that canonicalise and verify without a network hop.

use crate::gadget::{self, Limits as Bounds, Verdict as Found};
use bindings::exports::ramanujan::gadgets::gadgets::{Canonical, Guest, Limits, Step, Verdict, Verification};

// Generated code: the component model's calling convention cannot be written safely.
#[allow(unsafe_code, unreachable_pub)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit/gadgets.wit",
        world: "ramanujan:gadgets/provider",
    });
    use super::Provider;
    export!(Provider);
}

struct Provider;

fn bounds(limits: Limits) -> Bounds {
    Bounds { iterations: limits.iterations, nodes: limits.nodes }
}

impl Guest for Provider {
    fn canonicalize(expression: String, rules: Vec<String>, limits: Limits) -> Result<Canonical, String> {
        let found = gadget::canonicalize(&expression, &rules, bounds(limits))?;
        let gadget::Canonical { form, cost, saturated, color_conflicts } = found;
        Ok(Canonical { form, cost, saturated, color_conflicts })
    }

    fn verify(
        left: String,
        right: String,
        rules: Vec<String>,
        limits: Limits,
    ) -> Result<Verification, String> {
        let found = gadget::verify(&left, &right, &rules, bounds(limits))?;
        let verdict = match found.verdict {
            Found::Equal => Verdict::Equal,
            Found::Refuted => Verdict::Refuted,
            Found::NotProved => Verdict::NotProved,
        };
        let steps = found.steps.into_iter().map(|step| Step {
            rule: step.rule.unwrap_or_default(),
            forward: step.forward,
            position: step.position,
            before: step.from,
            after: step.to,
        });
        Ok(Verification { verdict, steps: steps.collect() })
    }
}
