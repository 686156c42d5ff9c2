//! One component at run time: the template its instances are made from, their state, their limits, and the worker
//! that feeds them requests.
//!
//! `component` is shared by all instances of a component, `state` belongs to one instance, `request` to one request,
//! `limits` counts memory, `worker` plugs all of it into the engine's `ProxyHandler`.

pub(crate) mod component;
mod limits;
pub(crate) mod request;
pub(crate) mod state;
mod worker;
