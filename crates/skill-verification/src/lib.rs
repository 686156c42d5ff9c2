//! skill-verification: its description and health.

use ramanujan_shell::{Info, Service};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "skill-verification",
        message: "Skill verification received",
        base: "/verify",
        version: env!("CARGO_PKG_VERSION"),
        constants: serde_json::Map::new,
    })
    .alias("/skills")
}

ramanujan_shell::entry!(crate::service);
