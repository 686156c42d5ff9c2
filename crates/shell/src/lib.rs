//! The seam between components and the Spin SDK: requests and responses, the SQLite store, calls to other components,
//! mounted files, settings, log.
//!
//! Components see the `http` crate's types and the types here, never the SDK's, so that another SDK is a change to this
//! crate alone. On native targets the same API runs on rusqlite and on services mounted in-process, for tests. Nothing
//! here holds request data in a static, nor a borrow over an await: one instance may serve many requests.

#![deny(missing_docs)]

pub mod body;
pub mod clock;
mod elsewhere;
pub mod fetch;
pub mod files;
pub mod history;
mod info;
pub mod log;
mod looks;
pub mod page;
mod reason;
pub mod request;
pub mod response;
pub mod router;
mod row;
pub mod service;
pub mod setting;
pub mod store;

#[cfg(target_family = "wasm")]
mod wasm;

#[cfg(not(target_family = "wasm"))]
pub mod native;
#[cfg(not(target_family = "wasm"))]
pub mod schema;

pub use body::Body;
pub use clock::now_millis;
pub use fetch::{call, call_json};
pub use looks::Looks;
pub use page::{Page, Pager};
pub use request::{Query, Request};
pub use response::{Response, json, ok};
pub use service::{Info, Service};
pub use store::{Row, Schema, Store, Value};

#[cfg(target_family = "wasm")]
pub use wasm::inbound::{Incoming, Outgoing, serve};

/// Makes `$service` (a `fn() -> Service`) the component's HTTP entry point. Nothing on native targets.
///
/// The calling crate needs `spin-sdk` as a dependency on WebAssembly: the SDK's macro names it by path.
#[macro_export]
macro_rules! entry {
    ($service:path) => {
        // The SDK generates the exports that the component model asks for; they cannot be written safely.
        #[cfg(target_family = "wasm")]
        #[allow(unsafe_code)]
        mod entry {
            use std::rc::Rc;

            thread_local! {
                // An instance may serve many requests.
                static SERVICE: Rc<$crate::Service> = Rc::new($service());
            }

            #[::spin_sdk::http_component]
            async fn handle(incoming: $crate::Incoming, outgoing: $crate::Outgoing) {
                $crate::serve(&SERVICE.with(Rc::clone), incoming, outgoing).await;
            }
        }
    };
}
