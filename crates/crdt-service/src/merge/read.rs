//! States on the wire: deltas, totals of a counter, or the canonical encoding in base64.

use std::collections::BTreeMap;
use std::rc::Rc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ramanujan_core::{AgentId, Code, Problem, json};
use ramanujan_crdt::counter::Totals;
use ramanujan_crdt::types::State;
use ramanujan_crdt::wire::DeltaRecord;
use ramanujan_crdt::{CrdtType, PnCounter, TextDocument};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::join::{Form, Operand};
use super::replay::{Entry, blame};

/// A state in one of three forms.
#[derive(Deserialize)]
#[cfg_attr(
    not(target_family = "wasm"),
    derive(schemars::JsonSchema),
    schemars(rename = "State", extend("minProperties" = 1, "maxProperties" = 1))
)]
#[serde(deny_unknown_fields)]
pub(crate) struct Wire {
    /// All deltas of the state, in any order, as `/history` lists them.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Option<Vec<DeltaRecord>>"))]
    deltas: Option<Box<RawValue>>,
    /// Of a counter: per agent its totals, or a number for its increments.
    #[cfg_attr(not(target_family = "wasm"), schemars(schema_with = "totals_of_agents"))]
    #[serde(default)]
    totals: Option<BTreeMap<String, Box<RawValue>>>,
    /// The canonical encoding in base64; of a text, its history in columns.
    encoded: Option<String>,
}

/// The schema of totals, which are read by hand: per agent an object, or a number for its increments.
#[cfg(not(target_family = "wasm"))]
fn totals_of_agents(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
    use schemars::JsonSchema;
    let agents = AgentId::json_schema(generator);
    schemars::json_schema!({
        "type": ["object", "null"],
        "propertyNames": agents,
        "additionalProperties": {"anyOf": [u64::json_schema(generator), Totals::json_schema(generator)]},
    })
}

/// Reads the state `raw`, which the request calls `side`.
///
/// # Errors
/// 422 naming the side and, where it is one delta's fault, that delta's index.
pub(crate) fn operand(crdt_type: CrdtType, side: &str, raw: &RawValue) -> Result<Operand, Problem> {
    let form = read(crdt_type, side, raw).map_err(|problem| blame(side, problem))?;
    Ok(Operand { crdt_type, form })
}

fn read(crdt_type: CrdtType, side: &str, raw: &RawValue) -> Result<Form, Problem> {
    match object(raw)? {
        Wire { deltas: Some(deltas), totals: None, encoded: None } => {
            self::deltas(crdt_type, side, &deltas).map(Form::Deltas)
        }
        Wire { deltas: None, totals: Some(totals), encoded: None } => {
            self::totals(crdt_type, totals).map(Form::Totals)
        }
        Wire { deltas: None, totals: None, encoded: Some(encoded) } => self::encoded(crdt_type, &encoded),
        _ => Err(Problem::new(
            Code::InvalidMerge,
            "a state is {\"deltas\": […]} as /history lists them, {\"totals\": {…}} of a counter, or {\"encoded\": \
             \"<base64>\"}: one of them",
        )),
    }
}

/// A `T` written as an object.
fn object<T: DeserializeOwned>(raw: &RawValue) -> Result<T, Problem> {
    let (mut objects, many) = json::one_or_many(raw.get().as_bytes())?;
    match objects.pop() {
        Some(object) if !many => Ok(object),
        _ => Err(Problem::new(Code::InvalidJson, "an object is wanted, not an array")),
    }
}

fn deltas(crdt_type: CrdtType, side: &str, raw: &RawValue) -> Result<Vec<Entry>, Problem> {
    let (records, many) = json::one_or_many::<DeltaRecord>(raw.get().as_bytes())
        .map_err(|problem| first_unreadable(raw).unwrap_or(problem))?;
    if !many {
        return Err(Problem::new(Code::InvalidJson, "deltas is an array"));
    }
    let side: Rc<str> = side.into();
    let read = |(index, mut record): (usize, DeltaRecord)| {
        // It decides between types that share an operation's name.
        record.crdt_type.get_or_insert(crdt_type);
        let mut delta = record
            .to_delta()
            .map_err(|error| Problem::new(Code::InvalidDelta, error.to_string()).with("index", index))?;
        if delta.op.crdt_type() != crdt_type {
            let detail = format!("{} is an operation of {}", delta.dot, delta.op.crdt_type());
            return Err(Problem::new(Code::InvalidDelta, detail).with("index", index));
        }
        // A claimed digest has just been checked; a version has one name only, its parents in order.
        let digest = record.digest.filter(|_| delta.parents.is_sorted_by(|a, b| a < b));
        let digest = digest.unwrap_or_else(|| {
            delta.parents.sort_unstable();
            delta.parents.dedup();
            delta.digest()
        });
        Ok(Entry { delta, digest, side: Rc::clone(&side), index })
    };
    records.into_iter().enumerate().map(read).collect()
}

/// Which delta cannot be read: found by reading them one by one, which is only worth it after a failure.
fn first_unreadable(raw: &RawValue) -> Option<Problem> {
    let records: Vec<Box<RawValue>> = json::from_slice(raw.get().as_bytes()).ok()?;
    records.iter().enumerate().find_map(|(index, record)| {
        object::<DeltaRecord>(record).err().map(|problem| problem.with("index", index))
    })
}

fn totals(crdt_type: CrdtType, agents: BTreeMap<String, Box<RawValue>>) -> Result<PnCounter, Problem> {
    let invalid = |detail: String| Problem::new(Code::InvalidMerge, detail);
    if !crdt_type.is_counter() {
        return Err(invalid(format!("{crdt_type} states have no totals")));
    }
    let mut counter = PnCounter::new();
    for (agent, raw) in agents {
        AgentId::check(&agent).map_err(|error| invalid(error.to_string()))?;
        let totals: Totals = match raw.get().parse() {
            Ok(p) => Totals { p, n: 0 },
            Err(_) => object(&raw).map_err(|mut problem| {
                problem.detail = format!("totals of {agent}: {}", problem.detail);
                problem
            })?,
        };
        if crdt_type == CrdtType::GCounter && totals.n > 0 {
            return Err(invalid(format!("{agent} takes away {}; a g-counter only grows", totals.n)));
        }
        counter.observe(&agent, totals);
    }
    if counter.is_oversized() {
        return Err(invalid("a total exceeds 2^53-1".to_owned()));
    }
    Ok(counter)
}

fn encoded(crdt_type: CrdtType, text: &str) -> Result<Form, Problem> {
    let invalid = |detail: String| Problem::new(Code::InvalidEncoding, detail);
    let bytes = STANDARD.decode(text).map_err(|error| invalid(error.to_string()))?;
    if crdt_type == CrdtType::Text {
        let mut text = TextDocument::load(&bytes).map_err(|error| invalid(error.to_string()))?;
        // A snapshot's text is taken on trust until it is replayed; here it comes from outside.
        text.verify().map_err(|error| invalid(error.to_string()))?;
        return Ok(Form::Text(text.into()));
    }
    let state = State::decode(&bytes).map_err(|error| invalid(error.to_string()))?;
    if state.crdt_type() != crdt_type {
        return Err(invalid(format!("it encodes a {} state, not a {crdt_type}", state.crdt_type())));
    }
    Ok(Form::State(state.into()))
}
