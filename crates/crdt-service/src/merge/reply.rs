//! What `POST /crdt/merge` tells of a joined state.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ramanujan_core::{Digest, Fingerprint, Polarity, Problem, VectorClock};
use ramanujan_crdt::types::State;
use ramanujan_crdt::{CrdtType, Json, PnCounter, TextDocument};
use serde::Serialize;
use serde_json::Value;

use super::join::{Form, Operand, refused};
use super::replay::{Replay, Target};
use crate::version::{SMALL_CLOCK, counter_value};

/// A joined state.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "Merged"))]
pub(crate) struct Reply<'a> {
    crdt_type: CrdtType,
    /// What the state shows.
    result: ResultPart<'a>,
    /// Null where totals were joined, which do not tell how many operations made them, and where it has more than 64
    /// entries.
    vector_clock: Option<VectorClock>,
    fingerprint: Fingerprint,
    /// SHA-256 of what `digest_of` says.
    digest: Digest,
    /// What digest and fingerprint name: `deltas` as a document's do, `totals`, or the encoded `state`.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = ["deltas", "totals", "state"])))]
    digest_of: &'static str,
    /// Positive if only additions were merged, negative if only removals, neutral otherwise.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Polarity"))]
    polarity: &'static str,
}

#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "MergedState"))]
struct ResultPart<'a> {
    /// As a document of the type shows it.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Json"))]
    value: Value,
    /// What the value alone does not tell.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Json", extend("$ref" = "#/components/schemas/Details")))]
    #[serde(skip_serializing_if = "Option::is_none")]
    details: Option<Json>,
    /// Number of deltas.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "u64"))]
    operations: Option<u64>,
    /// Per agent, where totals were joined.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "PnCounter"))]
    totals: Option<&'a PnCounter>,
    /// The joined state in its canonical encoding, in base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "String"))]
    encoded: Option<String>,
}

impl<'a> ResultPart<'a> {
    fn of(value: Value) -> Self {
        ResultPart { value, details: None, operations: None, totals: None, encoded: None }
    }

    fn of_state(state: &State, encoded: bool) -> Result<Self, Problem> {
        Ok(ResultPart {
            details: state.details(),
            encoded: encoded.then(|| STANDARD.encode(state.encode())),
            ..ResultPart::of(serde_json::to_value(state.value())?)
        })
    }

    fn of_text(text: &mut TextDocument, encoded: bool) -> Result<Self, Problem> {
        Ok(ResultPart {
            encoded: encoded.then(|| STANDARD.encode(text.encode())),
            ..ResultPart::of(text.text().map_err(refused)?.into())
        })
    }

    /// With the number of deltas that the version counts.
    fn counting(self, clock: &VectorClock) -> Self {
        ResultPart { operations: Some(clock.iter().map(|(_, seq)| seq).sum()), ..self }
    }
}

/// The members of the reply that the inputs decide, as a JSON object, and the polarity of what was merged.
/// `encoded`: with the encoded state.
///
/// # Errors
/// 422 if the deltas do not make a state or a counter's value exceeds 2^53−1.
pub(crate) fn render(operand: &Operand, encoded: bool) -> Result<(Vec<u8>, Polarity), Problem> {
    let (polarity, crdt_type) = (operand.polarity(), operand.crdt_type);
    let (canonical, result, vector_clock, digest_of) = match &operand.form {
        Form::Deltas(deltas) => {
            return render_replay(Replay::of(crdt_type, deltas)?, crdt_type, polarity, encoded);
        }
        Form::Text(text) => {
            let mut text = text.clone();
            let state = text.state().map_err(refused)?;
            let clock = text.version();
            let result = ResultPart::of_text(&mut text, encoded)?.counting(&clock);
            (state.canonical_bytes(), result, Some(clock), "deltas")
        }
        Form::Totals(totals) => {
            let value = serde_json::to_value(counter_value(totals.value()))?;
            let result = ResultPart { totals: Some(totals), ..ResultPart::of(value) };
            (operand.canonical()?, result, None, "totals")
        }
        Form::State(state) => {
            let result = ResultPart::of_state(state, encoded)?;
            (state.encode(), result, Some(state.version().clone()), "state")
        }
    };
    let fingerprint = Fingerprint::of(&canonical);
    let digest = Digest::of(&canonical);
    write(
        &Reply {
            crdt_type,
            result,
            vector_clock: vector_clock.filter(|clock| clock.len() <= SMALL_CLOCK),
            fingerprint,
            digest,
            digest_of,
            polarity: polarity.as_str(),
        },
        polarity,
    )
}

/// As [`render`], of a state made by replaying deltas.
pub(crate) fn render_replay(
    replay: Replay,
    crdt_type: CrdtType,
    polarity: Polarity,
    encoded: bool,
) -> Result<(Vec<u8>, Polarity), Problem> {
    let clock = replay.target.version();
    let result = match replay.target {
        Target::State(state) => ResultPart::of_state(&state, encoded)?,
        Target::Text(mut text) => ResultPart::of_text(&mut text, encoded)?,
    };
    let state = replay.hashes.into_state();
    let reply = Reply {
        crdt_type,
        result: result.counting(&clock),
        vector_clock: Some(clock).filter(|clock| clock.len() <= SMALL_CLOCK),
        fingerprint: state.fingerprint(),
        digest: state.digest(),
        digest_of: "deltas",
        polarity: polarity.as_str(),
    };
    write(&reply, polarity)
}

fn write(reply: &Reply<'_>, polarity: Polarity) -> Result<(Vec<u8>, Polarity), Problem> {
    Ok((serde_json::to_vec(reply)?, polarity))
}
