//! `GET /egraph/rules`: the rule library and the operators of the languages.

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::operators::Operator;
use ramanujan_egraph::rules::RULES;
use ramanujan_shell::{Request, Response, ok};
use serde_json::{Value, json};

use crate::settings::GADGETS_ENABLED;

pub(crate) async fn list(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let gadgets = GADGETS_ENABLED.read()?.0;
    let signature = signature(&Language::ALL, Vec::new())
        .map_err(|bad| Problem::new(Code::BrokenLibrary, bad.to_string()))?;
    let rules: Vec<Value> = RULES
        .iter()
        .map(|rule| {
            let equations = rule.operators(&signature).flat_map(|op| {
                let equations = rule.equations(&signature, op).into_iter();
                equations.map(|equation| {
                    json!({
                        "operator": op.symbol,
                        "left": equation.left,
                        "right": equation.right,
                        "conditions": equation.conditions,
                    })
                })
            });
            json!({
                "name": rule.name,
                "aliases": rule.aliases,
                "gadget": rule.gadget,
                "color": rule.gadget,
                "priority": rule.priority,
                "law": rule.law.as_str(),
                "enabled": gadgets.contains(&rule.gadget),
                "equations": equations.collect::<Vec<_>>(),
            })
        })
        .collect();
    let operators: Vec<Value> = Language::ALL
        .into_iter()
        .flat_map(|language| language.operators().into_iter().map(move |op| operator(language, &op)))
        .collect();
    let languages = Language::ALL.map(Language::as_str);
    ok(&json!({ "rules": rules, "operators": operators, "languages": languages }))
}

fn operator(language: Language, op: &Operator) -> Value {
    json!({
        "language": language.as_str(),
        "symbol": op.symbol,
        "arity": op.arity,
        "color": op.color,
        "laws": op.laws.iter().map(|law| law.as_str()).collect::<Vec<_>>(),
        "identity": op.identity,
        "annihilator": op.annihilator,
        "inverse": op.inverse,
        "distributes_over": op.distributes_over,
        "dual": op.dual,
        "complement": op.complement,
        "definition": op.definition,
        "meaning": op.meaning,
    })
}
