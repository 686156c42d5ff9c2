//! duck-colors: deterministic colours for everything, over HTTP and as the WIT interface `colors`.
//!
//! `seed` has seeds as people write them, `srgb` and `lab` the colour spaces, `hue` trits and sigils, `algorithm` the procedures,
//! `operator` the colours of operations, `swatches` palettes, `vectors` published values: a plain library. `routes`
//! speaks HTTP, `provider` exports the interface. Nothing here keeps state or needs a capability.

pub mod algorithm;
#[cfg(not(target_family = "wasm"))]
pub mod api;
pub mod distance;
pub mod hue;
pub mod lab;
pub mod operator;
mod routes;
pub mod seed;
pub mod settings;
pub mod srgb;
pub mod swatches;
pub mod vectors;

#[cfg(target_family = "wasm")]
mod provider;

pub use algorithm::color_at::color_at;
pub use srgb::Rgb;

use ramanujan_shell::{Info, Service};

use crate::routes::{color, operator as operators, palette, root, seed as seeds, vectors as published};

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "duck-colors",
        message: "Duck color service",
        base: "/colors",
        version: env!("CARGO_PKG_VERSION"),
        constants: root::constants,
    })
    .identity(settings::IDENTITY)
    .settings(settings::check)
    .root_members(root::configured)
    .health_check(published::health)
    .get("/colors/hex", color::hex)
    .get("/colors/palette", palette::palette)
    .get("/colors/sigil", color::sigil)
    .get("/colors/operator", operators::operator)
    .get("/colors/fork", seeds::fork)
    .get("/colors/verify", published::verify)
}

ramanujan_shell::entry!(crate::service);
