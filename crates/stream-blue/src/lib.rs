//! stream-blue: see `ramanujan-stream`, which the three streams share.

use ramanujan_shell::Service;

/// The component's routes.
pub fn service() -> Service {
    ramanujan_stream::blue(env!("CARGO_PKG_VERSION"))
}

ramanujan_shell::entry!(crate::service);
