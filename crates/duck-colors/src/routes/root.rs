//! What the description of the component says of its procedures.

use ramanujan_core::Problem;
use ramanujan_shell::Request;
use serde_json::{Map, Value};

use super::source;
use crate::algorithm::{Algorithm, split_chain};
use crate::settings::ALGORITHM;
use crate::swatches::MAX_COLORS;

/// The members that never change.
pub(crate) fn constants() -> Map<String, Value> {
    let algorithms = Algorithm::ALL.into_iter().map(|a| {
        let mut members = Map::new();
        members.insert("name".into(), a.as_str().into());
        members.insert("source".into(), source(a).into());
        members.insert("default_seed".into(), a.default_seed().map(|seed| seed.to_string()).into());
        members.insert("first_index".into(), a.first_index().into());
        members.insert("last_index".into(), a.last_index().into());
        Value::Object(members)
    });
    let mut members = Map::new();
    members.insert("service".into(), "Duck Color Generation".into());
    members.insert("seed_management".into(), "splitmix64".into());
    members.insert("algorithms".into(), algorithms.collect::<Vec<_>>().into());
    members.insert("max_palette".into(), MAX_COLORS.into());
    members.insert("split_chain_checkpoint_stride".into(), split_chain::CHECKPOINT_STRIDE.into());
    members
}

/// The member that the manifest decides.
pub(crate) async fn configured(_: Request) -> Result<Map<String, Value>, Problem> {
    let mut members = Map::new();
    members.insert("algorithm".into(), format!("gay-jl-{}", ALGORITHM.read()?).into());
    Ok(members)
}
