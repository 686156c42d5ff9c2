//! The same seam on native targets, for tests: rusqlite as the store, services mounted in-process as the network.

pub(crate) mod folders;
pub(crate) mod outbound;
pub mod site;
pub(crate) mod sqlite;
pub(crate) mod variables;

use std::path::Path;

use http::{Method, header};
use ramanujan_core::{Code, Problem};

use crate::request::Request;
use crate::service::{Info, Service};

/// Keeps the thread's database, mounted services and variables; dropping it forgets them.
#[must_use]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        sqlite::close();
        outbound::clear();
        variables::clear();
    }
}

/// Gives this thread an empty in-memory database and an empty network.
///
/// # Panics
/// If SQLite cannot make an in-memory database.
pub fn fresh_database() -> Guard {
    sqlite::open_in_memory();
    outbound::clear();
    Guard(())
}

/// Gives this thread the database in `file`, durable as the host's is: a statement that has returned is on the disk.
///
/// # Panics
/// If SQLite cannot open it.
pub fn database_file(file: &Path) -> Guard {
    sqlite::open_file(file);
    outbound::clear();
    Guard(())
}

/// Gives this thread a copy of the database `fixture`, made anew at `copy`: what a test of an older revision's database
/// starts from.
///
/// # Panics
/// If the file cannot be copied, or SQLite cannot open it.
pub fn database_copy(fixture: impl AsRef<Path>, copy: impl AsRef<Path>) -> Guard {
    std::fs::copy(&fixture, &copy).expect("the fixture can be copied");
    database_file(copy.as_ref())
}

/// Makes `service` answer calls to `http://<component>.spin.internal` on this thread.
pub fn mount(component: &str, service: Service) {
    outbound::mount(component, service);
}

/// Mounts a service at `base` whose health fails in a way of its own.
pub fn mount_unwell(component: &'static str, base: &'static str, code: Code, detail: &'static str) {
    let info = Info { component, message: "", base, version: "0", constants: serde_json::Map::new };
    let unwell = move |_| async move { Err(Problem::new(code, detail)) };
    mount(component, Service::new(info).health_check(unwell));
}

/// Sets a variable of the component for this thread, until its database is forgotten.
pub fn set_variable(name: &str, value: impl ToString) {
    variables::set(name, value.to_string());
}

/// Makes a folder be at `place` for this thread, as the manifest's `files` does in a component.
pub fn mount_folder(place: &str, folder: impl AsRef<Path>) {
    folders::mount(place, folder.as_ref());
}

/// A reply with its body as bytes and, if it is JSON, as a value (null otherwise).
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The whole body.
    pub body: Vec<u8>,
    /// The body as JSON; null if it is none.
    pub json: serde_json::Value,
}

/// Sends one request to `service` and waits for its whole reply. `target` is a path with an optional query.
///
/// # Panics
/// If `target` is not a URI or the handler waits for something that never comes.
pub fn send(service: &Service, method: Method, target: &str, body: impl Into<Vec<u8>>) -> Reply {
    send_with(service, method, target, &[], body)
}

/// What `service` answers to a request that succeeds, `body` being JSON or null for none.
///
/// # Panics
/// As [`send`], and if the status is not 200.
pub fn answered(
    service: &Service,
    method: Method,
    target: &str,
    body: &serde_json::Value,
) -> serde_json::Value {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let reply = send(service, method, target, text);
    assert_eq!(reply.status, 200, "{target} {body}: {}", reply.json);
    reply.json
}

/// As [`send`], with request headers.
///
/// # Panics
/// As [`send`].
pub fn send_with(
    service: &Service,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> Reply {
    let mut builder = http::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    send_request(service, builder.body(body.into()).expect("a legal request"))
}

/// As [`send`], for requests that text cannot write, e.g. with a header of other bytes.
///
/// # Panics
/// If the handler waits for something that never comes.
pub fn send_request(service: &Service, request: http::Request<Vec<u8>>) -> Reply {
    let (parts, body) = pollster::block_on(service.handle(Request::new(request))).into_parts();
    let body = pollster::block_on(outbound::whole(body));
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body, json }
}

/// The media type of a reply, for assertions.
pub fn media_type(reply: &Reply) -> &str {
    reply.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
