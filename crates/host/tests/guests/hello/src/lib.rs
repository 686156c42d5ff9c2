//! The smallest useful component: what is measured with it is the host.
#![cfg(target_family = "wasm")]
#![allow(unsafe_code, unreachable_pub, reason = "what the entry macro generates")]

use spin_sdk::http::{IncomingRequest, Response};
use spin_sdk::http_component;

#[http_component]
async fn serve(_: IncomingRequest) -> Response {
    Response::builder()
        .status(200)
        .header("content-type", "application/json")
        .body(r#"{"status":"ok","message":"hello"}"#)
        .build()
}
