//! `GET /timeline/proof`: that an event is in the log, or that the log only grew.

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use crate::store;
use crate::store::proofs::{Consistency, Inclusion, consistency, inclusion, seq_of};

/// What was asked for.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) enum Proof {
    Inclusion(Inclusion),
    Consistency(Consistency),
}

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["event", "seq", "size", "first", "second"])?;
    let event: Option<Digest> = query.parse("event")?;
    let [seq, size, first, second] = ["seq", "size", "first", "second"].map(|name| query.parse::<u64>(name));
    let (seq, size, first, second) = (seq?, size?, first?, second?);
    let store = store::open()?;
    let seq = match (&event, seq, first) {
        (Some(id), None, None) if second.is_none() => Some(seq_of(&store, id)?),
        _ => seq.filter(|_| event.is_none()),
    };
    let proof = match (seq, first, second) {
        (Some(seq), None, None) => {
            check_inclusion(seq, size)?;
            Proof::Inclusion(inclusion(&store, seq, size)?)
        }
        (None, Some(first), Some(second)) if size.is_none() && event.is_none() => {
            check_consistency(first, second)?;
            Proof::Consistency(consistency(&store, first, second)?)
        }
        _ => {
            return Err(Problem::new(
                Code::InvalidParameter,
                "give event=<id> or seq=<n>, with size=<n> if you like, for an inclusion proof; first=<n> and second=<n> for a consistency proof",
            ));
        }
    };
    ok(&proof)
}

fn check_inclusion(seq: u64, size: Option<u64>) -> Result<(), Problem> {
    if seq == 0 {
        return Err(Problem::new(Code::InvalidParameter, "seq: the first event has number 1"));
    }
    match size {
        Some(size) if size < seq => {
            let detail = format!("event {seq} is not among the first {size}");
            Err(Problem::new(Code::EventBeyondSize, detail).with("seq", seq))
        }
        _ => Ok(()),
    }
}

fn check_consistency(first: u64, second: u64) -> Result<(), Problem> {
    if first == 0 {
        let detail = "first: from 1; every log continues the empty one, so that there is nothing to prove";
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    if first > second {
        let detail = format!("first={first} is more than second={second}");
        return Err(Problem::new(Code::FirstBeyondSecond, detail));
    }
    Ok(())
}
