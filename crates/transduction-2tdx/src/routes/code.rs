//! `POST /skill/generate` and `POST /skill/patterns/{id}/transduce`: code from patterns.

use std::collections::BTreeMap;

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
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct GenerateRequest {
    /// The language.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Target"))]
    target: String,
    /// Up to MAX_BATCH (100) patterns, by id or name, or as the rules themselves.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Vec<crate::skill::version::Given>>"))]
    patterns: Option<Vec<Value>>,
    /// In the place of `patterns`: the name of one pattern.
    #[serde(default)]
    pattern_name: Option<PatternName>,
    /// In the place of `patterns`: its source.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::skill::forms::Pattern>"))]
    source_pattern: Option<Value>,
    /// In the place of `patterns`: its target.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::skill::forms::Pattern>"))]
    target_pattern: Option<Value>,
    /// In the place of `patterns`: its constraints.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = crate::skill::rule::MAX_CONSTRAINTS)))]
    constraints: Option<Vec<String>>,
    /// In the place of `patterns`: its priority.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = crate::skill::rule::MAX_PRIORITY)))]
    priority: Option<u64>,
    /// In the place of `patterns`: operators that it declares.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(length(max = crate::skill::operators::MAX_OPERATORS)))]
    operators: Option<Vec<Declared>>,
    /// A term to give back as the code takes it.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::skill::forms::Expression>"))]
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

/// What is wanted of a stored pattern besides its rule.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct TransduceRequest {
    /// The language of its code; without one the reply has no code.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Target>"))]
    target: Option<String>,
    /// A term to give back as the code takes it; only with a target.
    #[serde(default)]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<crate::skill::forms::Expression>"))]
    expression: Option<Value>,
}

/// The text and what one needs to use it.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct GeneratedCode {
    /// The language.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Target"))]
    target: &'static str,
    /// The program.
    code: String,
    /// The rules in the order in which the code tries them.
    rules: Vec<Ordered>,
    /// The expression of the request as the code takes it; null where none was given.
    input: Option<Input>,
}

/// A rule of generated code.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "OrderedRule"))]
struct Ordered {
    /// Its name; `pattern-N` for the N-th of a request, from 0, if it has none.
    pattern_name: String,
    /// Null for a pattern that the request brought along.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<ramanujan_core::Digest>"))]
    pattern_id: Option<String>,
    /// The rule in one line.
    rule: String,
}

/// A term as generated code takes it.
#[derive(Serialize)]
#[serde(untagged)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "CodeInput"))]
enum Input {
    /// For Rust, an S-expression.
    Rust(String),
    /// For LLVM.
    Llvm {
        /// All symbols; a node names one by its place here.
        symbols: Vec<String>,
        /// The nodes in preorder: symbol, number of arguments, size, and colour (0 GREEN, 1 BLUE,
        /// 2 RED).
        nodes: Vec<[u64; 4]>,
    },
    /// For OpenQASM, the bits of each register, the most significant first.
    Qasm(BTreeMap<String, String>),
}

/// A stored pattern as a rule, and as code where a target is named.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Transduced {
    /// The version that was found.
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
            Target::Rust => Some(Input::Rust(term.print(&vocabulary))),
            Target::Llvm => {
                let (symbols, nodes) = llvm::encode(&program, &vocabulary, &graph, root);
                Some(Input::Llvm { symbols, nodes })
            }
            Target::Qasm => Some(Input::Qasm(qasm::encode(&program, &vocabulary, &graph, root))),
        }
    });
    let ordered = |(rule, id): (&Rule, Option<String>)| Ordered {
        pattern_name: rule.name.clone(),
        pattern_id: id,
        rule: rule.text(&vocabulary),
    };
    Ok(GeneratedCode {
        target: target.as_str(),
        code: target.write(&program),
        rules: rules.iter().zip(ids).map(ordered).collect(),
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
