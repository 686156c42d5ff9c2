//! stream-green: its description and health.

use ramanujan_shell::{Info, Service};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "stream-green",
        message: "GREEN stream received",
        base: "/stream/green",
        version: env!("CARGO_PKG_VERSION"),
        constants: || ramanujan_shell::service::color_constants(ramanujan_core::Color::Green),
    })
    .alias("/green")
}

ramanujan_shell::entry!(crate::service);
