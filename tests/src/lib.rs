//! What the integration tests share: a network of its own for each test binary, started as a user would start it, and
//! a plain HTTP client.
//!
//! The network is the real binary with the real components of `spin.toml` on a free port with a fresh state folder.
//! Nothing here is a stand-in. `scripts/test.sh` builds what is needed; a test that finds something missing says so.

pub mod connection;
pub mod events;
pub mod figures;
pub mod fleet;
pub mod http;
pub mod load;
pub mod meter;
pub mod network;
pub mod replay;
pub mod routes;
pub mod single;
pub mod sites;
pub mod skip;
pub mod webdriver;
pub mod wire;

pub use http::{Client, Reply};
pub use network::Network;
