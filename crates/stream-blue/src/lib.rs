//! stream-blue: its description and health.

use ramanujan_shell::{Info, Service};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "stream-blue",
        message: "BLUE stream received",
        base: "/stream/blue",
        version: env!("CARGO_PKG_VERSION"),
        constants: || ramanujan_shell::service::color_constants(ramanujan_core::Color::Blue),
    })
    .alias("/blue")
}

ramanujan_shell::entry!(crate::service);
