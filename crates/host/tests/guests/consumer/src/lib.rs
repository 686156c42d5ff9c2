//! Calls the composed probe and shows what it found.
#![cfg(target_family = "wasm")]
#![allow(unsafe_code, unreachable_pub, reason = "what the entry and binding macros generate")]

use spin_sdk::http::{Request, Response};
use spin_sdk::{http_component, sqlite};

mod bindings {
    wit_bindgen::generate!({ world: "consumer", path: "../wit" });
}

use bindings::test::probe::probe;

#[http_component]
async fn serve(request: Request) -> Response {
    let body = match request.path() {
        "/consumer/environment" => format!("{:?}", probe::environment("SECRET")),
        "/consumer/own-environment" => format!("{:?}", std::env::var("SECRET").ok()),
        "/consumer/sqlite" => probe::sqlite(),
        "/consumer/own-sqlite" => {
            format!(
                "{}",
                sqlite::Connection::open_default().and_then(|db| db.execute("SELECT 1", &[])).is_ok()
            )
        }
        "/consumer/key-value" => probe::key_value(),
        "/consumer/variable" => probe::variable("greeting"),
        "/consumer/fetch" => probe::fetch("http://app.spin.internal/hello"),
        "/consumer/file" => probe::file("/data/readme.txt"),
        "/consumer/pure" => probe::pure(&["a".into(), "b".into(), "a".into()]).to_string(),
        other => return Response::new(404, format!("no {other}")),
    };
    Response::new(200, body)
}
