//! interaction-timeline: its description and health.

use ramanujan_shell::{Info, Service};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "interaction-timeline",
        message: "Interaction timeline ready",
        base: "/timeline",
        version: env!("CARGO_PKG_VERSION"),
        constants: serde_json::Map::new,
    })
}

ramanujan_shell::entry!(crate::service);
