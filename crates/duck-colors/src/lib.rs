//! duck-colors.
use ramanujan_shell::{Info, Service};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "duck-colors",
        message: "Duck color service",
        base: "/colors",
        version: env!("CARGO_PKG_VERSION"),
        constants: serde_json::Map::new,
    })
}

ramanujan_shell::entry!(crate::service);
