//! Laws of the verifiers, for any input.

use proptest::prelude::*;
use ramanujan_verification::embedding::{
    Accumulator, Context, Embedding, MAX_DIMENSION, MIN_DIMENSION, Neighbour, ReadError, Reference,
};
use ramanujan_verification::skill::{Limits, Skill};
use ramanujan_verification::verdict::{Ballot, Verdict};
use ramanujan_verification::{Kind, NUM_VERIFIERS, ROSTER, Report, Vote, confidence, embedding, skill};
use serde_json::{Value, json};

const D: usize = 96;

fn vectors(count: usize) -> impl Strategy<Value = Vec<Vec<f32>>> {
    prop::collection::vec(prop::collection::vec(-1.0f32..1.0, D), count)
}

fn reference(vectors: &[Vec<f32>]) -> Reference {
    let mut sums = Accumulator::new(D);
    assert!(vectors.iter().all(|vector| sums.add(vector)));
    let mut reference = sums.finish().unwrap();
    reference.measure_sample(vectors.iter().map(Vec::as_slice));
    reference
}

fn neighbours(vectors: &[Vec<f32>]) -> Vec<Neighbour> {
    vectors
        .iter()
        .zip(0..)
        .map(|(v, index)| Neighbour { index, id: None, cosine: 0.0, vector: v.clone() })
        .collect()
}

/// Numbers of all magnitudes, with many zeros and repetitions.
fn any_component() -> impl Strategy<Value = f32> {
    prop_oneof![
        3 => -1.0f32..1.0,
        1 => Just(0.0f32),
        1 => Just(-0.0f32),
        1 => Just(f32::MAX),
        1 => Just(f32::MIN_POSITIVE),
        1 => any::<u32>().prop_map(f32::from_bits).prop_filter("finite", |x| x.is_finite()),
    ]
}

fn any_vote() -> impl Strategy<Value = Vote> {
    prop_oneof![Just(Vote::Yes), Just(Vote::No), Just(Vote::Abstain)]
}

fn any_json() -> impl Strategy<Value = Value> {
    let keyword = prop_oneof![
        Just("type"),
        Just("properties"),
        Just("items"),
        Just("$ref"),
        Just("allOf"),
        Just("not"),
        Just("enum"),
        Just("required"),
        Just("pattern"),
        Just("$defs"),
        Just("a"),
        Just("if"),
        Just("additionalProperties"),
    ];
    let text = prop_oneof![
        Just("object".to_owned()),
        Just("string".to_owned()),
        Just("#".to_owned()),
        Just("#/$defs/a".to_owned()),
        Just("#/properties/a".to_owned()),
        Just("(a+)+$".to_owned()),
        "\\PC{0,8}",
    ];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        text.prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 48, 5, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(keyword.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn check(report: &Report) -> Result<(), TestCaseError> {
    prop_assert_eq!(report.verifiers.len(), NUM_VERIFIERS);
    prop_assert!((0.0..=1.0).contains(&report.confidence));
    for (opinion, verifier) in report.verifiers.iter().zip(&ROSTER) {
        prop_assert_eq!((opinion.agent_id, opinion.id), (verifier.agent_id, verifier.id));
        prop_assert!(!opinion.reason.is_empty());
        match (opinion.score, opinion.vote) {
            (None, vote) => prop_assert_eq!(vote, Vote::Abstain),
            (Some(score), vote) => {
                prop_assert!((0.0..=1.0).contains(&score), "{}: {}", opinion.test, score);
                // Who found nothing may defer; who found something may not.
                prop_assert_eq!(vote == Vote::No, score < 0.5, "{}", opinion.test);
            }
        }
        for (member, value) in &opinion.evidence {
            prop_assert!(!value.is_null(), "{}: {} is not a finite number", opinion.test, member);
        }
    }
    prop_assert_eq!(report.groups, report.ballot().groups());
    prop_assert_eq!(report.verdict, report.groups.verdict());
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn any_finite_vector_is_judged(
        components in prop::collection::vec(any_component(), D),
        others in vectors(20),
        with_reference: bool,
    ) {
        let judged = Embedding::new(components).unwrap();
        let (reference, near) = (reference(&others), neighbours(&others[..5]));
        let peer = Embedding::new(others[7].clone()).unwrap();
        let peers = [(1, &peer)];
        let context = if with_reference {
            Context { reference: Some(&reference), neighbours: &near, peers: &peers }
        } else {
            Context::default()
        };
        let report = embedding::judge(&judged, &context);
        check(&report)?;
        prop_assert_eq!(embedding::judge(&judged, &context), report);
    }

    /// Scaling by a power of two rounds nothing, so scores are the very same; by another number they differ by what
    /// rounding components to f32 does.
    #[test]
    fn scaling_an_embedding_changes_nothing_but_its_norm(
        mut all in vectors(21),
        power in -20i32..20,
        factor in 0.01f32..100.0,
    ) {
        let x = all.pop().unwrap();
        let (reference, near) = (reference(&all), neighbours(&all[..10]));
        let context = Context { reference: Some(&reference), neighbours: &near, peers: &[] };
        let judge = |scale: f32| {
            embedding::judge(&Embedding::new(x.iter().map(|x| x * scale).collect()).unwrap(), &context)
        };
        let plain = judge(1.0);
        for (scale, tolerance) in [(2f32.powi(power), 1e-9), (factor, 1e-3)] {
            for (before, after) in plain.verifiers.iter().zip(&judge(scale).verifiers) {
                if before.test == "norm" {
                    continue;
                }
                let (Some(a), Some(b)) = (before.score, after.score) else {
                    prop_assert_eq!(before.score, after.score);
                    continue;
                };
                // Components of 24 bits may round to equal ones.
                let tolerance = if before.test == "resolution" { 0.2 } else { tolerance };
                prop_assert!((a - b).abs() <= tolerance, "{} {}: {} {}", before.test, scale, a, b);
            }
        }
    }

    #[test]
    fn embeddings_survive_json_and_base64(components in prop::collection::vec(any_component(), 8..64)) {
        let embedding = Embedding::new(components.clone()).unwrap();
        let text = Value::from(embedding.to_base64());
        prop_assert_eq!(&Embedding::from_json(&text).unwrap(), &embedding);
        let numbers: Value = serde_json::from_str(&serde_json::to_string(&components).unwrap()).unwrap();
        prop_assert_eq!(&Embedding::from_json(&numbers).unwrap(), &embedding);
    }

    #[test]
    fn blocks_of_a_collection_may_be_added_in_any_order(all in vectors(24), cut in 1usize..23) {
        let sums = |part: &[Vec<f32>]| {
            let mut sums = Accumulator::new(D);
            part.iter().for_each(|vector| assert!(sums.add(vector)));
            sums
        };
        let whole = sums(&all).finish().unwrap();
        let (mut a, b) = (sums(&all[cut..]), sums(&all[..cut]));
        prop_assert!(a.merge(&b));
        let merged = a.finish().unwrap();
        prop_assert_eq!(merged.count, whole.count);
        let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
        prop_assert!(merged.centroid.iter().zip(&whole.centroid).all(|(a, b)| close(*a, *b)));
        prop_assert!(merged.variance.iter().zip(&whole.variance).all(|(a, b)| close(*a, *b)));
        prop_assert!(close(merged.log_norm.mean, whole.log_norm.mean));
        prop_assert!(close(merged.mean_pair_cosine(), whole.mean_pair_cosine()));
        let pairs = (0..all.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
        let unit = |v: &[f32]| { let n = v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt(); v.iter().map(|x| f64::from(*x) / n).collect::<Vec<_>>() };
        let units: Vec<Vec<f64>> = all.iter().map(|v| unit(v)).collect();
        let cosines: Vec<f64> = pairs.map(|(i, j)| units[i].iter().zip(&units[j]).map(|(a, b)| a * b).sum()).collect();
        let mean = cosines.iter().sum::<f64>() / cosines.len() as f64;
        prop_assert!((mean - whole.mean_pair_cosine()).abs() < 1e-9, "{} {}", mean, whole.mean_pair_cosine());
        let read: Accumulator = serde_json::from_str(&serde_json::to_string(&a).unwrap()).unwrap();
        prop_assert_eq!(read.finish().unwrap().count, whole.count);
    }

    /// The order in which verifiers are asked changes nothing, and a better vote never leads to a worse verdict.
    #[test]
    fn votes_count_in_any_order_and_yes_never_hurts(
        votes in prop::collection::vec(any_vote(), NUM_VERIFIERS),
        order in Just((1..=NUM_VERIFIERS as u8).collect::<Vec<_>>()).prop_shuffle(),
        changed in 0..NUM_VERIFIERS,
    ) {
        let mut plain = Ballot::default();
        let mut shuffled = Ballot::default();
        for agent in 1..=NUM_VERIFIERS as u8 {
            plain.set(agent, votes[usize::from(agent) - 1]).unwrap();
        }
        for agent in order {
            shuffled.set(agent, votes[usize::from(agent) - 1]).unwrap();
        }
        prop_assert_eq!(plain, shuffled);
        prop_assert_eq!(confidence::of(Kind::Skill, &plain), confidence::of(Kind::Skill, &shuffled));
        let mut better = plain;
        better.set(changed as u8 + 1, Vote::Yes).unwrap();
        prop_assert!(better.verdict() >= plain.verdict());
        // Yes in place of no; an abstention may also choose another table.
        if votes[changed] == Vote::No {
            for kind in [Kind::Skill, Kind::Embedding] {
                prop_assert!(confidence::of(kind, &better) >= confidence::of(kind, &plain));
            }
        }
    }

    #[test]
    fn any_skill_within_the_limits_is_judged(
        input_schema in any_json(),
        output_schema in any_json(),
        values in prop::collection::vec((any_json(), any_json()), 0..4),
        name in "\\PC{0,20}",
        description in "\\PC{0,60}",
    ) {
        let examples: Vec<Value> = values.into_iter().map(|(input, output)| json!({ "input": input, "output": output })).collect();
        let schema_of = |value: Value| if value.is_object() { value } else { Value::Bool(true) };
        let value = json!({
            "name": name, "description": description, "input_schema": schema_of(input_schema),
            "output_schema": schema_of(output_schema), "examples": examples,
        });
        let skill = Skill::from_json(value, &Limits::DEFAULT).unwrap();
        check(&skill::judge(&skill))?;
    }
}

#[test]
fn what_is_no_embedding_is_refused_with_the_reason() {
    let with = |index: usize, value: Value| {
        let mut numbers = vec![json!(0.5); 16];
        numbers[index] = value;
        Embedding::from_json(&Value::from(numbers))
    };
    assert_eq!(with(3, json!(1e39)), Err(ReadError::NotFinite { index: 3 }));
    assert_eq!(with(4, json!("NaN")), Err(ReadError::NotANumber { index: 4 }));
    assert_eq!(with(5, Value::Null), Err(ReadError::NotANumber { index: 5 }));
    for count in [0, MIN_DIMENSION - 1, MAX_DIMENSION + 1] {
        assert_eq!(Embedding::from_json(&json!(vec![0.5; count])), Err(ReadError::Dimension(count)));
    }
    for count in [MIN_DIMENSION, MAX_DIMENSION] {
        assert_eq!(Embedding::from_json(&json!(vec![0.5; count])).map(|e| e.dimension()), Ok(count));
    }
    let nan = Embedding::new(vec![1.0; 8]).unwrap().to_base64().replacen("AACAPw", "AADAfw", 1);
    assert_eq!(Embedding::from_base64(&nan), Err(ReadError::NotFinite { index: 0 }));
    assert!(matches!(Embedding::from_base64("***"), Err(ReadError::Base64(_))));
    assert_eq!(Embedding::from_base64("AAAAAAAA"), Err(ReadError::Length(6)));
    assert!(matches!(Embedding::from_base64(&"AAAA".repeat(6000)), Err(ReadError::Dimension(_))));
    assert_eq!(Embedding::from_json(&json!({})), Err(ReadError::WrongType));
}

#[test]
fn three_to_three_is_no_agreement_and_abstainers_alone_do_not_agree() {
    let votes = |negative: [Vote; 6]| {
        let mut ballot = Ballot::default();
        for agent in 7..=17 {
            ballot.set(agent, Vote::Yes).unwrap();
        }
        for (agent, vote) in (1..).zip(negative) {
            ballot.set(agent, vote).unwrap();
        }
        ballot.verdict()
    };
    use Vote::{Abstain as A, No as N, Yes as Y};
    assert_eq!(votes([Y, Y, Y, Y, N, N]), Verdict::Accepted);
    assert_eq!(votes([Y, Y, Y, N, N, N]), Verdict::Tentative);
    assert_eq!(votes([A, A, A, A, A, A]), Verdict::Tentative);
    assert_eq!(votes([A, A, A, A, A, Y]), Verdict::Accepted);
    assert_eq!(Ballot::default().verdict(), Verdict::Rejected);
    assert_eq!(confidence::of(Kind::Skill, &Ballot::default()), 0.5);
    assert!(Ballot::default().set(0, Y).is_err() && Ballot::default().set(18, Y).is_err());
}

/// Each needs more work than any validator can do, or would reach outside; all are refused before anything is validated.
#[test]
fn schemas_that_attack_the_validator_are_objected_to() {
    let doubling: Value = (0..20).fold(json!({ "a20": {} }), |mut defs, i| {
        let next = json!({ "$ref": format!("#/$defs/a{}", i + 1) });
        defs[format!("a{i}")] = json!({ "allOf": [next, next] });
        defs
    });
    let attacks = [
        json!({ "$ref": "#/$defs/a0", "$defs": doubling }),
        json!({ "properties": { "a": { "allOf": [{ "$ref": "#" }, { "$ref": "#" }] } } }),
        json!({ "$ref": "#" }),
        json!({ "anyOf": [{ "$ref": "#/$defs/x" }], "$defs": { "x": { "not": { "$ref": "#/$defs/x" } } } }),
        json!({ "$ref": "file:///etc/hostname" }),
        json!({ "$ref": "https://example.org/schema.json" }),
        json!({ "properties": { "a": { "$dynamicRef": "#node" } } }),
        json!({ "properties": { "a": { "$id": "https://example.org/other", "type": "string" } } }),
    ];
    let mut deep = json!({});
    for _ in 0..10 {
        deep = json!({ "a": deep });
    }
    for schema in attacks {
        let skill = json!({
            "name": "attack", "description": "An attack on the validator.", "input_schema": schema, "output_schema": {},
            "examples": [{ "input": deep, "output": 1 }],
        });
        let report = skill::judge(&Skill::from_json(skill, &Limits::DEFAULT).unwrap());
        let references = &report.verifiers[7];
        assert_eq!((references.test, references.vote), ("references_resolve", Vote::No), "{schema}");
    }
}

#[test]
fn recursive_schemas_of_the_usual_kind_are_used() {
    let tree = json!({
        "type": "object",
        "properties": { "value": { "type": "integer", "minimum": 0, "maximum": 9 },
            "left": { "$ref": "#" }, "right": { "$ref": "#" }, "more": { "type": "array", "items": { "$ref": "#" } } },
        "required": ["value"], "additionalProperties": false,
    });
    let skill = json!({
        "name": "sum_tree", "description": "Sums the values of a tree.", "input_schema": tree,
        "output_schema": { "type": "integer" },
        "examples": [{ "input": { "value": 1, "left": { "value": 2 }, "more": [{ "value": 3 }] }, "output": 6 },
            { "input": { "value": 1, "left": { "value": -2 } }, "output": 3 }],
    });
    let report = skill::judge(&Skill::from_json(skill, &Limits::DEFAULT).unwrap());
    assert_eq!(report.verifiers[7].score, Some(1.0), "{:?}", report.verifiers[7]);
    // The second example breaks the minimum, two levels down.
    let conform = &report.verifiers[1];
    assert_eq!(conform.vote, Vote::No);
    assert_eq!(conform.evidence["violations"].as_array().map(Vec::len), Some(1));
}

#[test]
fn skills_beyond_the_limits_are_refused() {
    let skill = |examples: usize, depth: usize| {
        let mut value = json!(1);
        for _ in 0..depth {
            value = json!([value]);
        }
        let examples = vec![json!({ "input": value, "output": 1 }); examples];
        json!({ "name": "n", "description": "d", "input_schema": {}, "output_schema": {}, "examples": examples })
    };
    let read = |value| Skill::from_json(value, &Limits::DEFAULT);
    assert!(read(skill(64, 32)).is_ok());
    for refused in [skill(65, 1), skill(1, 33)] {
        assert!(matches!(read(refused), Err(skill::ReadError::TooLarge { .. })));
    }
    let mut unknown = skill(1, 1);
    unknown["extra"] = json!(1);
    assert!(matches!(read(unknown), Err(skill::ReadError::Shape(_))));
    assert!(matches!(read(json!(["n", "d", {}, {}, []])), Err(skill::ReadError::Shape(_))));
    let mut schema = skill(1, 1);
    schema["input_schema"] = json!("string");
    assert!(matches!(read(schema), Err(skill::ReadError::Shape(_))));
}
