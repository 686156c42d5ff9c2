//! What the component says of itself, and what it looks at to say that it is well.

use ramanujan_core::Problem;
use ramanujan_shell::Request;
use serde_json::{Map, Value};

use super::page;
use crate::settings::{INTERFACE, METRICS_REFRESH_MS};

/// Members of the description: the interface's name, and the refresh that pages keep.
pub(crate) fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    if let Ok(interface) = INTERFACE.read() {
        members.insert("interface".into(), interface.into());
    }
    if let Ok(refresh) = METRICS_REFRESH_MS.read() {
        members.insert("refresh_ms".into(), refresh.into());
    }
    members
}

/// The dashboard keeps nothing, so what it needs is its pages: they are read.
pub(crate) async fn health(_: Request) -> Result<Map<String, Value>, Problem> {
    METRICS_REFRESH_MS.read()?;
    let mut members = Map::new();
    members.insert("page_bytes".into(), page::bytes()?.into());
    Ok(members)
}
