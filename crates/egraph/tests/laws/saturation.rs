//! What saturation must keep: every result is equal to its input in a model of the laws, canonical forms do not
//! depend on spelling or rule order, costs are least, limits hold.

use std::collections::HashMap;

use super::common::{LIMITS, any_term, saturate, saturate_with, vocabulary};
use proptest::prelude::*;
use ramanujan_egraph::read::s_expression;
use ramanujan_egraph::saturate::{Limits, StopReason};
use ramanujan_egraph::term::Term;
use ramanujan_egraph::vocabulary::Vocabulary;

/// Eight elements on which all laws hold at once: `merge` is the union of three bits, `compose` the dihedral group of
/// the square (not commutative), `+` and `*` are modulo 8. `id` and `0` are element 0.
fn value(names: &Vocabulary, term: &Term, assign: &HashMap<&str, u8>) -> u8 {
    let compose = |a: u8, b: u8| {
        let turn = if a & 4 == 0 { b & 3 } else { (4 - (b & 3)) & 3 };
        ((a & 3) + turn) & 3 | (a ^ b) & 4
    };
    let inverse = |a: u8| (0..8).find(|b| compose(a, *b) == 0).unwrap();
    let mut values: Vec<u8> = Vec::new();
    for node in term.nodes() {
        let args: Vec<u8> = node.children.iter().map(|child| values[*child as usize]).collect();
        values.push(match (names.text(node.name), args[..].as_ref()) {
            ("id" | "0", []) => 0,
            ("1", []) => 1,
            ("merge", [a, b]) => a | b,
            ("compose", [a, b]) => compose(*a, *b),
            ("inv", [a]) => inverse(*a),
            ("+", [a, b]) => (a + b) & 7,
            ("-", [a, b]) => (a + 8 - b) & 7,
            ("*", [a, b]) => (a * b) & 7,
            ("neg", [a]) => (8 - a) & 7,
            ("max", [a, b]) => *a.max(b),
            (symbol, []) => match symbol.parse::<i64>() {
                Ok(number) => (number & 7) as u8,
                Err(_) => assign[symbol],
            },
            (_, args) => args.iter().fold(5u8, |h, a| h.wrapping_mul(31).wrapping_add(*a)) & 7,
        });
    }
    values[values.len() - 1]
}

/// A random tree of `merge` over the leaves, some of them twice, with identities strewn in.
fn any_merge(leaves: Vec<&'static str>) -> impl Strategy<Value = String> {
    let doubled: Vec<String> =
        leaves.iter().chain(&leaves[..1]).chain(&["id"]).map(|s| (*s).to_owned()).collect();
    (Just(doubled).prop_shuffle(), prop::collection::vec(any::<prop::sample::Index>(), leaves.len() + 1))
        .prop_map(|(mut parts, picks)| {
            for pick in picks {
                let at = pick.index(parts.len() - 1);
                let right = parts.remove(at + 1);
                parts[at] = format!("(merge {} {right})", parts[at]);
            }
            parts.remove(0)
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_result_is_equal_in_the_model(text in any_term(), seeds in prop::collection::vec(any::<[u8; 3]>(), 16)) {
        let result = saturate(&text, &[]);
        let mut names = vocabulary();
        let input = s_expression(&mut names, &text, 1000).unwrap();
        let output = s_expression(&mut names, &result.form, 1000).unwrap();
        prop_assert!(result.cost <= input.measure().0);
        prop_assert_eq!(result.cost, output.measure().0);
        prop_assert!(result.nodes <= LIMITS.nodes);
        for [a, b, c] in seeds {
            let assign = HashMap::from([("a", a & 7), ("b", b & 7), ("c", c & 7)]);
            prop_assert_eq!(
                value(&names, &input, &assign), value(&names, &output, &assign), "{} became {}", text, result.form
            );
        }
    }

    #[test]
    fn a_saturated_canonical_form_is_its_own(text in any_term()) {
        let first = saturate(&text, &["assoc", "identity", "idem", "inverse"]);
        if first.run.stop_reason == StopReason::Saturated {
            let again = saturate(&first.form, &["assoc", "identity", "idem", "inverse"]);
            prop_assert_eq!((again.form, again.cost), (first.form, first.cost));
        }
    }

    #[test]
    fn the_order_of_rules_changes_nothing_once_saturated(text in any_term(), keys in any::<[u8; 32]>()) {
        let rules = ["assoc", "identity", "idem", "inverse", "comm"];
        let plain = saturate(&text, &rules);
        let shuffled = saturate_with(&text, &rules, LIMITS, &mut |_| false, |set| {
            let mut keys = keys.iter().cycle();
            set.rewrites.sort_by_cached_key(|_| *keys.next().unwrap());
        });
        if plain.run.stop_reason == StopReason::Saturated && shuffled.run.stop_reason == StopReason::Saturated {
            prop_assert_eq!((plain.form, plain.nodes), (shuffled.form, shuffled.nodes));
        }
    }

    #[test]
    fn all_spellings_of_one_join_have_one_canonical_form(
        left in any_merge(vec!["d", "c", "b", "a"]), right in any_merge(vec!["a", "b", "c", "d"]),
    ) {
        let rules = ["assoc", "assoc_rev", "comm", "idem", "identity"];
        let (left, right) = (saturate(&left, &rules), saturate(&right, &rules));
        prop_assert_eq!(left.run.stop_reason, StopReason::Saturated);
        prop_assert_eq!(&left.form, "(merge a (merge b (merge c d)))");
        prop_assert_eq!(left.form, right.form);
    }
}

#[test]
fn each_rule_does_what_it_says() {
    for (text, rules, form) in [
        ("(merge (merge a b) c)", vec!["assoc"], "(merge a (merge b c))"),
        // Equal sides cancel out; without the rule they do not.
        ("(- (+ a (- b c)) (- (+ a b) c))", vec!["shift_inverse", "inverse"], "0"),
        ("(- (+ a (- b c)) (- (+ a b) c))", vec!["inverse"], "(- (+ a (- b c)) (- (+ a b) c))"),
        (
            "(compose (compose (compose a b) c) (inv (compose a (compose b c))))",
            vec!["assoc_rev", "inverse"],
            "id",
        ),
        ("(inv (inv a))", vec!["inverse"], "a"),
        ("(merge a a)", vec!["idem"], "a"),
        ("(+ (* a b) (* a c))", vec!["distribute"], "(* a (+ b c))"),
        ("(* 1 (+ 0 a))", vec!["identity"], "a"),
        ("(merge a (id))", vec!["identity:merge"], "a"),
        ("(merge b a)", vec!["comm"], "(merge a b)"),
        // A rule of one operator leaves the others alone.
        ("(+ b a)", vec!["comm:merge"], "(+ b a)"),
        ("(compose b a)", vec!["comm"], "(compose b a)"),
        ("(+ a a)", vec!["idem"], "(+ a a)"),
        ("(f (merge a a))", vec!["idem"], "(f a)"),
    ] {
        let result = saturate(text, &rules);
        assert_eq!((result.form.as_str(), result.run.stop_reason), (form, StopReason::Saturated), "{text}");
    }
}

#[test]
fn an_endless_run_still_finds_the_cheapest_term() {
    // With inverses, associativity in both directions never ends: b·b⁻¹ can be put anywhere.
    let text = "(compose (compose a (inv b)) (compose b c))";
    let result = saturate(text, &["assoc", "assoc_rev", "inverse", "identity"]);
    assert_eq!((result.form.as_str(), result.run.stop_reason), ("(compose a c)", StopReason::NodeLimit));
}

fn sum_of(n: usize) -> String {
    (0..n).map(|i| format!("x{i}")).reduce(|sum, x| format!("(+ {sum} {x})")).unwrap()
}

#[test]
fn the_node_limit_is_never_passed() {
    for nodes in [25, 26, 27, 100, 1_000, 7_777] {
        let limits = Limits { iterations: 100, nodes };
        let result = saturate_with(&sum_of(13), &[], limits, &mut |_| false, |_| ());
        assert_eq!(result.run.stop_reason, StopReason::NodeLimit);
        assert!(result.nodes <= nodes, "{} of {nodes}", result.nodes);
    }
}

#[test]
fn time_is_looked_at_within_an_iteration() {
    let mut looks = 0;
    let limits = Limits { iterations: 100, nodes: 100_000 };
    let mut expired = |_| {
        looks += 1;
        looks > 40
    };
    let result = saturate_with(&sum_of(12), &[], limits, &mut expired, |_| ());
    assert_eq!(result.run.stop_reason, StopReason::TimeLimit);
    assert_eq!(looks, 41);
    assert_eq!(result.cost, 23);
    let result = saturate_with(&sum_of(12), &[], limits, &mut |_| true, |_| ());
    assert_eq!((result.run.stop_reason, result.run.iterations), (StopReason::TimeLimit, 1));
}

#[test]
fn iterations_end_a_run() {
    let limits = Limits { iterations: 1, nodes: 100_000 };
    let result = saturate_with(&sum_of(8), &["assoc"], limits, &mut |_| false, |_| ());
    assert_eq!((result.run.stop_reason, result.run.iterations), (StopReason::IterationLimit, 1));
}

#[test]
fn a_history_needs_no_more_nodes_on_the_way_than_it_has_in_the_end() {
    let n = 30;
    let text = (0..n).map(|i| format!("d{i}")).reduce(|h, d| format!("(merge {h} {d})")).unwrap();
    // A stretch of k operations can be split in k−1 places, and each is one node; the operations are n more.
    let nodes = (n * n * n - n) / 6 + n;
    let limits = Limits { iterations: 100, nodes: nodes + nodes / 10 };
    let result = saturate_with(&text, &["assoc", "identity", "idem"], limits, &mut |_| false, |_| ());
    assert_eq!((result.run.stop_reason, result.nodes), (StopReason::Saturated, nodes));
}

#[test]
fn a_deep_term_neither_overflows_the_stack_nor_takes_long() {
    let n = 30_000;
    let text = format!("{}(merge a a){}", "(f ".repeat(n), ")".repeat(n));
    let limits = Limits { iterations: 10, nodes: 50_000 };
    let result = saturate_with(&text, &["idem"], limits, &mut |_| false, |_| ());
    assert_eq!((result.run.stop_reason, result.cost), (StopReason::Saturated, n as u64 + 1));
}
