//! duck-colors: deterministic colours for everything, over HTTP and as the WIT interface `colors`.
//!
//! The maths is in modules that know neither HTTP nor the shell, for use as a plain library:
//! [`seed`] (seeds as people write them), [`srgb`] and [`lab`] (colour spaces), [`hue`] (trits and sigils), [`algorithm`] (the
//! procedures), [`operator`] (colours of operations), [`swatches`] (palettes), [`vectors`] (published values).
//! [`routes`] speaks HTTP; `provider` exports the interface. Nothing here keeps state or needs a capability.

pub mod algorithm;
pub mod hue;
pub mod lab;
pub mod operator;
pub mod routes;
pub mod seed;
pub mod srgb;
pub mod swatches;
pub mod vectors;

#[cfg(target_family = "wasm")]
mod provider;

pub use algorithm::color_at::color_at;
pub use routes::service;
pub use srgb::Rgb;

ramanujan_shell::entry!(crate::service);
