//! The canonical form beside the one that floats gave, which stored ids were made of.

use super::*;
use proptest::prelude::*;
use serde_json::Value;

/// The form that was made of a tree of values; the same wherever floats keep every number.
fn through_floats(text: &str) -> String {
    // The maps of serde_json sort their members.
    serde_json::from_str::<Value>(text).unwrap().to_string()
}

#[test]
fn a_number_keeps_its_value() {
    for (literal, expected) in [
        ("0", "0"),
        ("-0", "-0.0"),
        ("-0.0", "-0.0"),
        ("0.0", "0.0"),
        ("0e99999999999999999999", "0.0"),
        ("1", "1"),
        ("1.0", "1.0"),
        ("1e2", "100.0"),
        ("0.10", "0.1"),
        ("9007199254740993", "9007199254740993"),
        ("9007199254740993.0", "9.007199254740993e+15"),
        ("18446744073709551615", "18446744073709551615"),
        ("-9223372036854775808", "-9223372036854775808"),
        ("18446744073709551616", "18446744073709551616"),
        ("18446744073709552000", "1.8446744073709552e+19"),
        ("100000000000000000000", "1e+20"),
        ("100000000000000000001", "100000000000000000001"),
        ("100000000000000000002", "100000000000000000002"),
        ("-100000000000000000001", "-100000000000000000001"),
        ("100000000000000000001.0", "1.00000000000000000001e+20"),
        ("1000000000000000000010E-1", "1.00000000000000000001e+20"),
        ("0.1000000000000000000000001", "1.000000000000000000000001e-1"),
        ("1e-400", "1.0e-400"),
        ("-25e-400", "-2.5e-399"),
    ] {
        assert_eq!(canonical(literal).unwrap(), expected, "{literal}");
    }
}

#[test]
fn what_readers_could_not_read_is_refused() {
    for literal in ["1e400", "-1e400", "1e99999999999999999999", "1e-99999999999999999999"] {
        let error = canonical(&format!("{{\"a\":[{literal}]}}")).unwrap_err();
        assert!(matches!(error, CanonicalError::NumberRange(_)), "{literal}: {error}");
    }
    assert!(matches!(canonical(&"9".repeat(400)), Err(CanonicalError::NumberRange(_))));
    assert!(matches!(canonical(r#"{"a":1,"\u0061":1}"#), Err(CanonicalError::Repeated(name)) if name == "a"));
    assert!(matches!(canonical(r#"["\ud800"]"#), Err(CanonicalError::Json(_))));
    assert!(matches!(canonical("{"), Err(CanonicalError::Json(_))));
    let nested = |levels: usize| "[".repeat(levels) + &"]".repeat(levels);
    assert!(canonical(&nested(MAX_DEPTH)).is_ok());
    assert!(matches!(canonical(&nested(MAX_DEPTH + 2)), Err(CanonicalError::TooDeep)));
    assert!(matches!(canonical(&nested(100_000)), Err(CanonicalError::TooDeep)));
}

#[test]
fn an_integer_may_be_meant_as_a_float() {
    for (literal, expected) in
        [("5", "5.0"), ("2.5", "2.5"), ("-0", "-0.0"), ("9007199254740993", "9007199254740993")]
    {
        assert_eq!(number(literal, true).unwrap(), expected);
    }
}

/// JSON whose numbers floats keep, with spaces and members in any order.
fn kept() -> impl Strategy<Value = String> {
    let number = prop_oneof![
        any::<i64>().prop_map(|n| n.to_string()),
        any::<u64>().prop_map(|n| n.to_string()),
        any::<f64>().prop_filter("finite", |n| n.is_finite()).prop_map(|n| format!("{n:e}")),
        any::<f64>()
            .prop_filter("finite", |n| n.is_finite())
            .prop_map(|n| serde_json::to_string(&n).unwrap()),
        (-1000i32..1000, 0u32..1000, 0u32..3).prop_map(|(n, fraction, e)| format!("{n}.{fraction:0>3}E{e}")),
    ];
    let text = "\\PC{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap());
    let word = prop::sample::select(vec!["null", "true", "false"]).prop_map(str::to_owned);
    prop_oneof![number, text, word].prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5)
                .prop_map(|items| format!("[ {} ]", items.join(" ,\n"))),
            prop::collection::btree_map("\\PC{0,3}", inner, 0..5).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .rev()
                    .map(|(name, value)| format!("{}\t: {value} ", serde_json::to_string(name).unwrap()))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

proptest! {
    #[test]
    fn what_floats_keep_has_the_form_that_floats_gave(text in kept()) {
        prop_assert_eq!(canonical(&text).unwrap(), through_floats(&text));
    }

    #[test]
    fn the_canonical_form_is_its_own(text in kept(), whole in "[1-9][0-9]{0,40}", fraction in "[0-9]{1,40}", exponent in -250i32..250) {
        let text = format!("[{text},{whole}.{fraction}e{exponent},{whole}]");
        let once = canonical(&text).unwrap();
        prop_assert_eq!(canonical(&once).unwrap(), once);
    }

    #[test]
    fn equal_numbers_have_one_form_and_different_ones_have_two(
        digits in "[1-9][0-9]{0,30}", shift in 0usize..30, zeros in 0usize..4, other in "[1-9][0-9]{0,30}"
    ) {
        let spelt = |digits: &str| canonical(&format!("{digits}.0")).unwrap();
        let shift = shift.min(digits.len() - 1);
        let (whole, fraction) = digits.split_at(digits.len() - shift);
        let moved = format!("{whole}.{fraction}{}e{shift}", "0".repeat(zeros + 1));
        prop_assert_eq!(spelt(&digits), canonical(&moved).unwrap());
        prop_assert_eq!(digits == other, spelt(&digits) == spelt(&other));
        prop_assert_eq!(digits == other, canonical(&digits).unwrap() == canonical(&other).unwrap());
    }

    #[test]
    fn any_text_is_read_in_peace(text in "[\\[\\]{}\",:0-9eE.+\\- \\\\a-z]{0,40}") {
        prop_assert_eq!(canonical(&text).is_err() && serde_json::from_str::<Value>(&text).is_ok(), repeated(&text));
    }
}

/// Whether an object has a member twice, which is the one thing that only the canonical form refuses.
fn repeated(text: &str) -> bool {
    matches!(canonical(text), Err(CanonicalError::Repeated(_)))
}
