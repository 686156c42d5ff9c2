//! transduction-2tdx: its description and health.

use ramanujan_shell::{Info, Service};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "transduction-2tdx",
        message: "Transduction sync received",
        base: "/sync",
        version: env!("CARGO_PKG_VERSION"),
        constants: serde_json::Map::new,
    })
    .alias("/2tdx")
}

ramanujan_shell::entry!(crate::service);
