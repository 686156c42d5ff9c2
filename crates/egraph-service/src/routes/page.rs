//! The workbench and its files, and what the component says of itself.

use ramanujan_core::Problem;
use ramanujan_shell::Request;
use ramanujan_shell::files::Folder;
use serde_json::{Map, Value};

use crate::settings::GADGETS_ENABLED;
use crate::store;

/// The workbench: `assets/`.
pub(crate) const PAGE: Folder = Folder::new("/page");
/// What all pages share: `web/shared/`.
pub(crate) const SHARED: Folder = Folder::new("/shared");
/// JavaScript libraries (`web/README.md`).
pub(crate) const LIBRARIES: Folder = Folder::new("/lib");

/// What the description of the component has besides its routes.
pub(crate) fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("service".into(), "E-Graph Saturation".into());
    members.insert("constraint_enforcement".into(), "construction".into());
    members
}

/// What of the description is set.
pub(crate) async fn configured(_: Request) -> Result<Map<String, Value>, Problem> {
    let gadgets = GADGETS_ENABLED.read()?.0;
    let gadgets = gadgets.iter().map(|gadget| gadget.as_str().to_ascii_lowercase().into()).collect();
    Ok(Map::from_iter([("gadgets_enabled".to_owned(), Value::Array(gadgets))]))
}

/// Whether the store can be written, and the settings be read.
pub(crate) async fn health(_: Request) -> Result<Map<String, Value>, Problem> {
    GADGETS_ENABLED.read()?;
    store::check()
}
