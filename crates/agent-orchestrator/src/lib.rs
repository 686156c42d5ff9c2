//! agent-orchestrator: its description and health.

pub mod topology;

use ramanujan_shell::{Info, Service};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "agent-orchestrator",
        message: "Agent orchestrator ready",
        base: "/agents",
        version: env!("CARGO_PKG_VERSION"),
        constants: serde_json::Map::new,
    })
}

ramanujan_shell::entry!(crate::service);
