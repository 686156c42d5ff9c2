//! stream-green: see `ramanujan-stream`, which the three streams share.

use ramanujan_shell::Service;

/// The component's routes.
pub fn service() -> Service {
    ramanujan_stream::green(env!("CARGO_PKG_VERSION"))
}

ramanujan_shell::entry!(crate::service);
