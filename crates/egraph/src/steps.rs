//! The steps of a proof as text.

use std::fmt::Write as _;

use crate::number::Number;
use crate::pattern::{Pattern, Place};
use crate::proof::{Proof, Reason};
use crate::rewrite::Right;
use crate::rules::RuleSet;
use crate::vocabulary::Vocabulary;

/// A step as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepText {
    /// The rule's name, `None` for a fact.
    pub rule: Option<String>,
    /// Whether the rule was used from left to right.
    pub forward: bool,
    /// Which argument to take at each level to come from the root to the place.
    pub position: Vec<u32>,
    /// What stood at the position before and after.
    pub from: String,
    /// What stood there after.
    pub to: String,
    /// What each variable stands for.
    pub bindings: Vec<(String, String)>,
}

impl Proof {
    /// The steps as text; a term of more than `most` nodes is written as `…`.
    pub fn texts<'p>(
        &'p self,
        vocabulary: &'p Vocabulary,
        rules: &'p RuleSet,
        most: u64,
    ) -> impl Iterator<Item = StepText> + 'p {
        let measures = self.terms.measures();
        let text = move |place: u32| match measures.get(place as usize) {
            Some((size, _)) if *size <= most => self.terms.print_from(vocabulary, place),
            _ => "…".to_owned(),
        };
        self.steps.iter().map(move |step| {
            let (rule, left, right, bindings) = match &step.reason {
                Reason::Fact { left, right, .. } => (None, text(*left), text(*right), Vec::new()),
                Reason::Rewrite { rewrite, bindings } => {
                    let names = rules.rewrites.get(*rewrite as usize).map(|rewrite| &rewrite.variables.0);
                    let texts: Vec<String> = bindings.iter().map(|place| text(*place)).collect();
                    let (left, right) = sides(vocabulary, rules, *rewrite, &texts);
                    let names = names.into_iter().flatten().cloned();
                    let rule = rules.rule_of(*rewrite).map(|rule| rule.name.clone());
                    (rule, left, right, names.zip(texts).collect())
                }
            };
            let (from, to) = if step.forward { (left, right) } else { (right, left) };
            StepText { rule, forward: step.forward, position: step.position.clone(), from, to, bindings }
        })
    }
}

fn sides(vocabulary: &Vocabulary, rules: &RuleSet, rewrite: u32, bindings: &[String]) -> (String, String) {
    let Some(rewrite) = rules.rewrites.get(rewrite as usize) else {
        return (String::new(), String::new());
    };
    let left = instance(vocabulary, &rewrite.left, bindings);
    let right = match &rewrite.right {
        Right::Pattern(right) => instance(vocabulary, right, bindings),
        Right::Value => {
            let numbers: Option<Vec<Number>> = bindings.iter().map(|text| Number::read(text)).collect();
            let symbol = rewrite.left.root_name().map_or("", |(name, _)| vocabulary.text(name));
            let value = numbers.and_then(|numbers| Number::apply(symbol, &numbers));
            value.map_or_else(String::new, |value| value.to_string())
        }
    };
    (left, right)
}

/// A pattern with the texts of its variables in their places.
fn instance(vocabulary: &Vocabulary, pattern: &Pattern, bindings: &[String]) -> String {
    pattern.print_with(&mut |place, out| match place {
        Place::Variable(variable) => out.push_str(bindings.get(variable).map_or("", String::as_str)),
        Place::Node(name, _) => {
            let _ = write!(out, "{}", vocabulary.text(name));
        }
    })
}
