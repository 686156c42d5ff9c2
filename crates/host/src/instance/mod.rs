//! One component at run time: the template its instances are made from, their state, their limits, and the worker
//! that feeds them requests.
//!
//! From the bottom up: `request` is the state of one request; `limits` counts memory; `grants` is what a component may
//! use; `state` belongs to one instance; `template` is shared by all instances of a component; `outgoing` holds back
//! what must not be told yet; `worker` plugs all of it into the engine's `ProxyHandler`; `component` is the template
//! with its workers.

pub(crate) mod component;
pub(crate) mod grants;
mod limits;
pub(crate) mod outgoing;
pub(crate) mod request;
pub(crate) mod state;
pub(crate) mod template;
mod worker;
