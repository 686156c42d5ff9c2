//! `POST /skill/generate` and `POST /skill/patterns/{id}/transduce`: code from patterns.

use ramanujan_core::{Code, PatternName, Problem};
use ramanujan_egraph::syntactic::TermGraph;
use ramanujan_egraph::vocabulary::Vocabulary;
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::{choose, expression, get};
use crate::generate::Target;
use crate::generate::program::Program;
use crate::generate::{llvm, qasm};
use crate::skill::operators::{Declared, fresh_vocabulary};
use crate::skill::rule::Rule;
use crate::skill::version::{Chosen, Version, scheduled};
use crate::store::usage;

/// One pattern as its members, or several in `patterns`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GenerateRequest {
    target: String,
    #[serde(default)]
    patterns: Option<Vec<Value>>,
    #[serde(default)]
    pattern_name: Option<PatternName>,
    #[serde(default)]
    source_pattern: Option<Value>,
    #[serde(default)]
    target_pattern: Option<Value>,
    #[serde(default)]
    constraints: Option<Vec<String>>,
    #[serde(default)]
    priority: Option<u64>,
    #[serde(default)]
    operators: Option<Vec<Declared>>,
    #[serde(default)]
    expression: Option<Value>,
}

impl GenerateRequest {
    fn patterns(&self) -> Result<Vec<Value>, Problem> {
        let mut alone = Map::new();
        let mut put = |member: &str, value: Option<Value>| {
            alone.extend(value.map(|value| (member.to_owned(), value)));
        };
        put("pattern_name", self.pattern_name.as_ref().map(|name| name.as_str().into()));
        put("source_pattern", self.source_pattern.clone());
        put("target_pattern", self.target_pattern.clone());
        put("constraints", self.constraints.clone().map(Value::from));
        put("priority", self.priority.map(Value::from));
        put("operators", self.operators.as_ref().map(|operators| json!(operators)));
        match (&self.patterns, alone.is_empty()) {
            (Some(patterns), true) => Ok(patterns.clone()),
            (None, false) => Ok(vec![alone.into()]),
            (Some(_), false) | (None, true) => {
                let detail = "give either patterns or source_pattern and target_pattern";
                Err(Problem::new(Code::InvalidPatterns, detail))
            }
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct TransduceRequest {
    #[serde(default)]
    target: Option<String>,
    #[serde(default)]
    expression: Option<Value>,
}

/// The text and what one needs to use it.
#[derive(Serialize)]
struct GeneratedCode {
    target: &'static str,
    code: String,
    /// The rules in the order in which the code tries them.
    rules: Vec<Value>,
    /// The expression of the request as the code takes it; null where none was given.
    input: Option<Value>,
}

#[derive(Serialize)]
struct Transduced {
    pattern: Version,
    /// The pattern as a rewrite rule, in one line.
    rule: String,
    #[serde(flatten)]
    code: Option<GeneratedCode>,
}

fn target(text: &str) -> Result<Target, Problem> {
    text.parse().map_err(|error| Problem::new(Code::InvalidTarget, format!("target must be {error}")))
}

fn write(
    mut vocabulary: Vocabulary,
    chosen: Vec<Chosen>,
    target: Target,
    given: Option<&Value>,
) -> Result<GeneratedCode, Problem> {
    let term = given.map(|value| expression(&mut vocabulary, value)).transpose()?;
    let (rules, ids) = scheduled(&vocabulary, chosen);
    let program = Program::of(&vocabulary, &rules);
    let input = term.map(|term| {
        let mut graph = TermGraph::default();
        let root = graph.add_term(&term)?;
        match target {
            Target::Rust => Some(term.print(&vocabulary).into()),
            Target::Llvm => {
                let (symbols, nodes) = llvm::encode(&program, &vocabulary, &graph, root);
                Some(json!({"symbols": symbols, "nodes": nodes}))
            }
            Target::Qasm => {
                let bits = qasm::encode(&program, &vocabulary, &graph, root);
                Some(
                    bits.into_iter()
                        .map(|(name, bits)| (name, Value::from(bits)))
                        .collect::<Map<_, _>>()
                        .into(),
                )
            }
        }
    });
    let text = |rule: &Rule, id: &Option<String>| json!({"pattern_name": rule.name, "pattern_id": id, "rule": rule.text(&vocabulary)});
    Ok(GeneratedCode {
        target: target.as_str(),
        code: target.write(&program),
        rules: rules.iter().zip(&ids).map(|(rule, id)| text(rule, id)).collect(),
        input: input.flatten(),
    })
}

pub(crate) async fn generate(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let given: GenerateRequest = request.json()?;
    let target = target(&given.target)?;
    let (vocabulary, chosen) = choose(&given.patterns()?)?;
    let code = write(vocabulary, chosen, target, given.expression.as_ref())?;
    usage::count(&[(usage::generated(target), 1)]);
    ok(&code)
}

/// The rule that a stored pattern is, and its code if the request names a target.
pub(crate) async fn transduce(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let given: TransduceRequest =
        if request.body.is_empty() { TransduceRequest::default() } else { request.json()? };
    let target = given.target.as_deref().map(target).transpose()?;
    if target.is_none() && given.expression.is_some() {
        let detail = "expression is encoded for a target: name one, or use POST /skill/apply";
        return Err(Problem::new(Code::InvalidTarget, detail));
    }
    let pattern = get(request.param("id"))?;
    let mut vocabulary = fresh_vocabulary(&[&pattern.canonical.operators])?;
    let rule = pattern.rule(&mut vocabulary)?;
    let text = rule.text(&vocabulary);
    let mut counts = vec![(usage::TRANSDUCED, 1)];
    let code = match target {
        None => None,
        Some(target) => {
            counts.push((usage::generated(target), 1));
            let chosen = vec![Chosen { rule, stored: Some(pattern.clone()) }];
            Some(write(vocabulary, chosen, target, given.expression.as_ref())?)
        }
    };
    usage::count(&counts);
    ok(&Transduced { pattern, rule: text, code })
}
