//! The schemas of operations allow what is read, and nothing else.

use boon::{Compiler, SchemaIndex, Schemas};
use ramanujan_crdt::types::names_of;
use ramanujan_crdt::wire::{DeltaRecord, OperationRequest};
use ramanujan_crdt::{CrdtType, Delta, Edit, Op};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Value, json};

/// Where the compiler looks for the schema.
const PLACE: &str = "http://test/schema";

struct Checker(Schemas, SchemaIndex);

impl Checker {
    fn of<T: JsonSchema>() -> Self {
        let settings = SchemaSettings::draft2020_12()
            .with(|settings| settings.definitions_path = "/components/schemas".into())
            .for_deserialize();
        let schema = settings.into_generator().into_root_schema_for::<T>();
        let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
        compiler.add_resource(PLACE, schema.to_value()).unwrap();
        let index = compiler.compile(PLACE, &mut schemas).unwrap();
        Checker(schemas, index)
    }

    fn allows(&self, value: &Value) -> bool {
        self.0.validate(value, self.1).is_ok()
    }
}

fn is_read(request: &Value) -> bool {
    let request = serde_json::from_value::<OperationRequest>(request.clone());
    request.is_ok_and(|request| request.wanted(None).is_ok())
}

fn edit(operation: &str) -> Option<Edit> {
    Op::examples().into_iter().find(|op| op.name() == operation).and_then(|op| op.into_fields().edit)
}

/// Requests with every set of members, each of several kinds.
fn requests() -> Vec<Value> {
    let mut names: Vec<_> = CrdtType::ALL.into_iter().flat_map(names_of).copied().collect();
    names.sort_unstable();
    names.dedup();
    names.push("explode");
    let kinds: [(&str, Vec<Value>); 6] = [
        ("position", vec![json!(0), json!("0")]),
        ("length", vec![json!(1), json!(0)]),
        (
            "value",
            vec![
                json!("x"),
                json!(""),
                json!("VERIFY"),
                json!(2),
                json!(2.5),
                json!(-1),
                json!([1]),
                json!(null),
            ],
        ),
        ("path", vec![json!([]), json!(["a", 0, {"item": "a:1+2"}])]),
        ("unit", vec![json!("utf16")]),
        ("crdt_type", CrdtType::ALL.iter().map(|crdt_type| json!(crdt_type)).collect()),
    ];
    let mut all = Vec::new();
    for name in names {
        let mut some = vec![json!({"operation": name, "document_id": "d"})];
        for (member, values) in &kinds {
            for at in 0..some.len() {
                for value in values {
                    let mut other = some[at].clone();
                    other[*member] = value.clone();
                    some.push(other);
                }
            }
        }
        if let Some(edit) = edit(name) {
            let with_edit = |request: &Value| {
                let mut request = request.clone();
                request["edit"] = json!(edit);
                request
            };
            let more: Vec<_> = some.iter().step_by(7).map(with_edit).collect();
            some.extend(more);
            some.push(with_edit(&some[0]));
        }
        all.extend(some);
    }
    all
}

#[test]
fn a_request_is_allowed_exactly_if_it_is_read() {
    let schema = Checker::of::<OperationRequest>();
    let (mut read, mut refused) = (0, 0);
    for request in requests() {
        let expected = is_read(&request);
        assert_eq!(schema.allows(&request), expected, "{request}");
        *if expected { &mut read } else { &mut refused } += 1;
    }
    assert!(read > 200 && refused > 10_000, "{read} and {refused} requests were tried");
}

#[test]
fn what_stands_beside_the_operands_is_checked_too() {
    let schema = Checker::of::<OperationRequest>();
    for (member, value, expected) in [
        ("agent_id", json!("ada"), true),
        ("agent_id", json!("a b"), false),
        ("seq", json!(1), true),
        ("seq", json!("1"), false),
        ("parents", json!(["ada:1"]), true),
        ("parents", json!(["ada"]), false),
        ("vector_clock", json!({"ada": 1}), true),
        ("colour", json!("red"), false),
    ] {
        let mut request = json!({"operation": "increment", "document_id": "d"});
        request[member] = value;
        assert_eq!((schema.allows(&request), is_read(&request)), (expected, expected), "{request}");
    }
    assert!(!schema.allows(&json!({"operation": "increment"})));
}

#[test]
fn the_record_of_every_delta_is_allowed_and_none_that_lacks_an_operand() {
    let schema = Checker::of::<DeltaRecord>();
    for op in Op::examples() {
        let delta = Delta { dot: "ada:1".parse().unwrap(), parents: vec!["ben:2".parse().unwrap()], op };
        let record = json!(DeltaRecord::of(delta));
        assert!(schema.allows(&record), "{record}");
        for member in ["position", "length", "value", "edit", "operation", "agent_id", "seq"] {
            let mut less = record.clone();
            if less.as_object_mut().is_some_and(|members| members.remove(member).is_some()) {
                let read = serde_json::from_value::<DeltaRecord>(less.clone());
                assert!(!read.is_ok_and(|record| record.to_delta().is_ok()), "{less}");
                assert!(!schema.allows(&less), "{less}");
            }
        }
        let mut more = record.clone();
        more["path"] = json!([]);
        assert!(!schema.allows(&more), "{more}");
    }
}
