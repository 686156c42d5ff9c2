//! Runs `ramanujan load` as a user would.

use std::process::{Child, Command, Stdio};

use crate::network::binary;

/// Starts a load on the network at `url`; its report is JSON, as [`outcome`](crate::replay::outcome) reads it.
///
/// # Panics
/// It cannot be started.
pub fn spawn(url: &str, args: &[&str]) -> Child {
    let mut command = Command::new(binary());
    command.args(["load", "--json", "--quiet", "--url", url]).args(args);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("the load can be started")
}
