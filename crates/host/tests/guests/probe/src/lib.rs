//! Tries every capability from inside a composed dependency. Also a routed HTTP component, like duck-colors.
#![cfg(target_family = "wasm")]
#![allow(unsafe_code, unreachable_pub, reason = "what the entry and binding macros generate")]

use spin_sdk::http::{IncomingRequest, Request, Response};
use spin_sdk::{http_component, key_value, sqlite, variables};

mod bindings {
    wit_bindgen::generate!({ world: "provider", path: "../wit" });
}

use bindings::exports::test::probe::probe::Guest;

struct Probe;

mod export {
    super::bindings::export!(Probe with_types_in super::bindings);
    use super::Probe;
}

fn outcome<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => format!("ok {value:?}"),
        Err(error) => format!("error {error:?}"),
    }
}

impl Guest for Probe {
    fn environment(name: String) -> Option<String> {
        std::env::var(name).ok()
    }

    fn sqlite() -> String {
        outcome(sqlite::Connection::open_default().and_then(|db| db.execute("SELECT 1", &[])))
    }

    fn key_value() -> String {
        outcome(key_value::Store::open_default().and_then(|store| store.get("k")))
    }

    fn variable(name: String) -> String {
        outcome(variables::get(&name))
    }

    fn fetch(url: String) -> String {
        outcome(spin_sdk::http::run(async move {
            spin_sdk::http::send::<_, Response>(Request::get(url)).await.map(|response| *response.status())
        }))
    }

    fn file(path: String) -> String {
        outcome(std::fs::read_to_string(path).map(|text| text.chars().take(40).collect::<String>()))
    }

    fn pure(words: Vec<String>) -> u32 {
        let distinct: std::collections::HashSet<_> = words.into_iter().collect();
        distinct.len() as u32
    }
}

#[http_component]
async fn serve(request: IncomingRequest) -> Response {
    Response::new(200, format!("probe at {}", request.uri()))
}
