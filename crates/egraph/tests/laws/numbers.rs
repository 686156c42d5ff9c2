//! Numbers: the laws of arithmetic and of `max` hold of the rational numbers, negative ones too, and what saturation
//! makes of a term has the term's value.

use proptest::prelude::*;
use ramanujan_egraph::languages::{Language, signature};
use ramanujan_egraph::number::Number;
use ramanujan_egraph::operators::Law;
use ramanujan_egraph::rules::RULES;
use ramanujan_egraph::term::Term;
use ramanujan_egraph::vocabulary::Vocabulary;

use super::common::{saturate, vocabulary};
use ramanujan_egraph::read::s_expression;

/// A fraction in lowest terms with a positive denominator, by arithmetic of its own; `None` past 128 bits.
type Fraction = (i128, i128);

fn fraction(above: i128, below: i128) -> Option<Fraction> {
    let (mut a, mut b) = (above.unsigned_abs(), below.unsigned_abs());
    while b != 0 {
        (a, b) = (b, a % b);
    }
    let sign = below.signum();
    (below != 0).then_some(())?;
    let common = i128::try_from(a).ok()?.max(1);
    Some((sign * above / common, sign * below / common))
}

fn operate(symbol: &str, arguments: &[Fraction]) -> Option<Fraction> {
    let product = |a: i128, b: i128| a.checked_mul(b);
    match (symbol, arguments) {
        ("neg", [(a, x)]) => fraction(-a, *x),
        ("+", [(a, x), (b, y)]) => {
            fraction(product(*a, *y)?.checked_add(product(*b, *x)?)?, product(*x, *y)?)
        }
        ("-", [(a, x), (b, y)]) => {
            fraction(product(*a, *y)?.checked_sub(product(*b, *x)?)?, product(*x, *y)?)
        }
        ("*", [(a, x), (b, y)]) => fraction(product(*a, *b)?, product(*x, *y)?),
        ("/", [(a, x), (b, y)]) => fraction(product(*a, *y)?, product(*x, *b)?),
        ("max", [a, b]) => Some(if product(a.0, b.1)? < product(b.0, a.1)? { *b } else { *a }),
        _ => None,
    }
}

fn literal(text: &str) -> Option<Fraction> {
    let (above, below) = text.split_once('/').unwrap_or((text, "1"));
    fraction(above.parse().ok()?, below.parse().ok()?)
}

/// The value of a term, `None` where it divides by 0 or has no value here.
fn value(names: &Vocabulary, term: &Term, symbols: &[(&str, Fraction)]) -> Option<Fraction> {
    let mut values: Vec<Option<Fraction>> = Vec::new();
    for node in term.nodes() {
        let text = names.text(node.name);
        let arguments: Option<Vec<Fraction>> =
            node.children.iter().map(|child| values[*child as usize]).collect();
        values.push(arguments.and_then(|arguments| {
            let symbol = || symbols.iter().find(|(name, _)| *name == text).map(|(_, value)| *value);
            if arguments.is_empty() { literal(text).or_else(symbol) } else { operate(text, &arguments) }
        }));
    }
    values.pop()?
}

fn evaluated(text: &str, symbols: &[(&str, Fraction)]) -> Option<Fraction> {
    let mut names = vocabulary();
    let term = s_expression(&mut names, text, 1_000).unwrap();
    value(&names, &term, symbols)
}

#[test]
fn terms_of_numbers_have_their_values() {
    for (text, form) in [
        ("(max (- 2 7) 0)", "0"),
        ("(max 0 (- 2 7))", "0"),
        ("(max -5 0)", "0"),
        ("(max -5 -7)", "-5"),
        ("(max -1/2 -1/3)", "-1/3"),
        ("(max (neg 3) (neg 4))", "-3"),
        ("(max a 0)", "(max 0 a)"),
        ("(neg (neg -5))", "-5"),
        ("(/ -6 4)", "-3/2"),
        ("(/ 6 -4)", "-3/2"),
        ("(/ 1 0)", "(/ 1 0)"),
        ("(* -1 (- 0 -7))", "-7"),
        ("(- -9223372036854775808 1)", "(- -9223372036854775808 1)"),
        ("(neg -9223372036854775808)", "(neg -9223372036854775808)"),
    ] {
        assert_eq!(saturate(text, &["fold", "identity", "idem", "comm"]).form, form, "{text}");
    }
}

fn any_number() -> impl Strategy<Value = Number> {
    let text = prop_oneof![
        4 => (-12i64..=12).prop_map(|n| n.to_string()),
        2 => (-9i64..=9, 2i64..=9).prop_map(|(a, b)| format!("{a}/{b}")),
        1 => prop::sample::select(vec![i64::MAX, i64::MIN, i64::MAX - 1, i64::MIN + 1, 1 << 53]).prop_map(|n| n.to_string()),
    ];
    text.prop_filter_map("in lowest terms", |text| Number::read(&text))
}

fn any_sum() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => any_number().prop_map(|number| number.to_string()),
        2 => prop::sample::select(vec!["a", "b"]).prop_map(str::to_owned),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        let binary = prop::sample::select(vec!["+", "-", "*", "/", "max"]);
        prop_oneof![
            5 => (binary, inner.clone(), inner.clone()).prop_map(|(op, a, b)| format!("({op} {a} {b})")),
            1 => inner.prop_map(|a| format!("(neg {a})")),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn an_operation_on_literals_is_exact_or_refused(a in any_number(), b in any_number()) {
        for (symbol, arguments) in
            [("+", vec![a, b]), ("-", vec![a, b]), ("*", vec![a, b]), ("/", vec![a, b]), ("max", vec![a, b]), ("neg", vec![a])]
        {
            let exact: Vec<Fraction> = arguments.iter().map(|n| literal(&n.to_string()).unwrap()).collect();
            let exact = operate(symbol, &exact);
            let found = Number::apply(symbol, &arguments);
            if let Some(found) = found {
                prop_assert_eq!(literal(&found.to_string()), exact, "{} {:?}", symbol, arguments);
                let (above, below) = exact.unwrap();
                let float = |n: &Number| { let (a, b) = literal(&n.to_string()).unwrap(); a as f64 / b as f64 };
                let near = match (symbol, &arguments[..]) {
                    ("+", [a, b]) => float(a) + float(b),
                    ("-", [a, b]) => float(a) - float(b),
                    ("*", [a, b]) => float(a) * float(b),
                    ("/", [a, b]) => float(a) / float(b),
                    ("max", [a, b]) => float(a).max(float(b)),
                    _ => -float(&arguments[0]),
                };
                let scale = arguments.iter().map(|n| float(n).abs()).fold(1.0, f64::max);
                prop_assert!((above as f64 / below as f64 - near).abs() <= 1e-9 * scale.max(near.abs()));
            } else {
                let fits = |n: i128| i64::try_from(n).is_ok();
                prop_assert!(exact.is_none_or(|(a, b)| !fits(a) || !fits(b)), "{} {:?}", symbol, arguments);
            }
        }
    }

    /// With all rules of all languages together, as a request has them that names none.
    #[test]
    fn a_term_of_numbers_keeps_its_value(text in any_sum(), a in any_number(), b in any_number()) {
        let symbols = [("a", literal(&a.to_string()).unwrap()), ("b", literal(&b.to_string()).unwrap())];
        let form = saturate(&text, &[]).form;
        // What divides by 0 has no value; a rule that cancels may find one for a term that had none.
        if let (Some(before), Some(after)) = (evaluated(&text, &symbols), evaluated(&form, &symbols)) {
            prop_assert_eq!(before, after, "{} became {}", text, form);
        }
    }

    /// Each law that the languages declare of an operator on numbers, by evaluation.
    #[test]
    fn declared_laws_hold_of_numbers(a in any_number(), b in any_number(), c in any_number()) {
        let signature = signature(&Language::ALL, Vec::new()).unwrap();
        let values = [("a", a), ("b", b), ("c", c)].map(|(name, n)| (name, literal(&n.to_string()).unwrap()));
        for rule in RULES.iter().filter(|rule| rule.law != Law::Fold) {
            for operator in rule.operators(&signature) {
                if !["+", "-", "*", "/", "neg", "max"].contains(&operator.symbol.as_str()) {
                    continue;
                }
                for equation in rule.equations(&signature, operator) {
                    if !equation.conditions.is_empty() && a.is_zero() {
                        continue;
                    }
                    let [left, right] = [&equation.left, &equation.right].map(|side| evaluated(&side.replace('?', ""), &values));
                    if let (Some(left), Some(right)) = (left, right) {
                        prop_assert_eq!(left, right, "{} = {}", equation.left, equation.right);
                    }
                }
            }
        }
    }
}
