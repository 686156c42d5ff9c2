//! stream-red: its description and health.

use ramanujan_shell::{Info, Service};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "stream-red",
        message: "RED stream received",
        base: "/stream/red",
        version: env!("CARGO_PKG_VERSION"),
        constants: || ramanujan_shell::service::color_constants(ramanujan_core::Color::Red),
    })
    .alias("/red")
}

ramanujan_shell::entry!(crate::service);
