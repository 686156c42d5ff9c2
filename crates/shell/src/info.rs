//! Who a component is.

use ramanujan_core::Color;
use serde_json::{Map, Value};

/// What a component says of itself at its root and in its health reply.
#[derive(Clone, Debug)]
pub struct Info {
    /// Component name, e.g. `stream-red`.
    pub component: &'static str,
    /// Its greeting, e.g. `RED stream received`.
    pub message: &'static str,
    /// Canonical base path, e.g. `/stream/red`; [`Service::alias`] adds others.
    pub base: &'static str,
    /// Crate version: `env!("CARGO_PKG_VERSION")`.
    pub version: &'static str,
    /// Further members of the root reply (`color`, `service`, …).
    pub constants: fn() -> Map<String, Value>,
}

/// The constants of a stream's root reply.
pub fn color_constants(color: Color) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("color".into(), color.as_str().into());
    members.insert("polarity".into(), color.polarity().as_str().into());
    members
}
