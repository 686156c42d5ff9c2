//! The same seam on native targets, for tests: rusqlite as the store, services mounted in-process as the network.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use http::{Method, header};

use crate::{Body, Request, Service};

thread_local! {
    static DATABASE: RefCell<Option<Rc<rusqlite::Connection>>> = const { RefCell::new(None) };
    static SERVICES: RefCell<HashMap<String, Rc<Service>>> = RefCell::new(HashMap::new());
    static FOLDERS: RefCell<HashMap<String, PathBuf>> = RefCell::new(HashMap::new());
}

/// Keeps the thread's database and mounted services; dropping it forgets them.
#[must_use]
pub struct Guard(());

impl Drop for Guard {
    fn drop(&mut self) {
        DATABASE.set(None);
        SERVICES.with_borrow_mut(HashMap::clear);
    }
}

/// Gives this thread an empty in-memory database and an empty network.
///
/// # Panics
/// If SQLite cannot make an in-memory database.
pub fn fresh_database() -> Guard {
    let connection = rusqlite::Connection::open_in_memory().expect("an in-memory database");
    DATABASE.set(Some(Rc::new(connection)));
    SERVICES.with_borrow_mut(HashMap::clear);
    Guard(())
}

/// Gives this thread the database in `file`, durable as the host's is: a statement that has returned is on the disk.
///
/// # Panics
/// If SQLite cannot open it.
pub fn database_file(file: &std::path::Path) -> Guard {
    let connection = rusqlite::Connection::open(file).expect("a database file");
    connection.pragma_update(None, "journal_mode", "WAL").expect("a file that takes a write-ahead log");
    connection.pragma_update(None, "synchronous", "FULL").expect("a database that takes a setting");
    DATABASE.set(Some(Rc::new(connection)));
    SERVICES.with_borrow_mut(HashMap::clear);
    Guard(())
}

/// Makes `service` answer calls to `http://<component>.spin.internal` on this thread.
pub fn mount(component: &str, service: Service) {
    SERVICES.with_borrow_mut(|services| services.insert(component.to_owned(), Rc::new(service)));
}

/// Makes a folder be at `place` for this thread, as the manifest's `files` does in a component.
pub fn mount_folder(place: &str, folder: impl AsRef<Path>) {
    FOLDERS.with_borrow_mut(|folders| folders.insert(place.to_owned(), folder.as_ref().to_owned()));
}

/// The folder at `place`; the place itself, where nothing is, if there is none.
pub(crate) fn folder(place: &str) -> PathBuf {
    FOLDERS.with_borrow(|folders| folders.get(place).cloned()).unwrap_or_else(|| place.into())
}

/// A reply with its body as bytes and, if it is JSON, as a value (null otherwise).
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: http::HeaderMap,
    pub body: Vec<u8>,
    pub json: serde_json::Value,
}

/// Sends one request to `service` and waits for its whole reply. `target` is a path with an optional query.
///
/// # Panics
/// If `target` is not a URI or the handler waits for something that never comes.
pub fn send(service: &Service, method: Method, target: &str, body: impl Into<Vec<u8>>) -> Reply {
    send_with(service, method, target, &[], body)
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
    let body = pollster::block_on(whole(body));
    let json = serde_json::from_slice(&body).unwrap_or_default();
    Reply { status: parts.status.as_u16(), headers: parts.headers, body, json }
}

/// All of a body; of a stream, until it ends by itself.
async fn whole(body: Body) -> Vec<u8> {
    let mut chunks = match body {
        Body::Full(bytes) => return bytes,
        Body::Stream(chunks) => chunks,
    };
    let mut bytes = Vec::new();
    while let Some(chunk) = std::future::poll_fn(|context| chunks.as_mut().poll_next(context)).await {
        bytes.extend(chunk);
    }
    bytes
}

pub(crate) mod sqlite {
    use super::DATABASE;
    use crate::store::{Row, Value};
    use rusqlite::types::ValueRef;
    use std::rc::Rc;

    pub(crate) struct Connection(Rc<rusqlite::Connection>);

    impl Connection {
        pub(crate) fn open(_label: &str) -> Result<Self, String> {
            DATABASE.with_borrow(|database| {
                database
                    .clone()
                    .map(Connection)
                    .ok_or_else(|| "call native::fresh_database() first".to_owned())
            })
        }

        pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, String> {
            self.run(sql, params).map_err(|error| error.to_string())
        }

        fn run(&self, sql: &str, params: &[Value]) -> rusqlite::Result<Vec<Row>> {
            let mut statement = self.0.prepare_cached(sql)?;
            let width = statement.column_count();
            let params = rusqlite::params_from_iter(params.iter().map(to_sql));
            let rows = statement.query_map(params, |row| {
                (0..width)
                    .map(|i| row.get_ref(i).map(from_sql))
                    .collect::<rusqlite::Result<Vec<_>>>()
                    .map(Row)
            })?;
            rows.collect()
        }
    }

    fn to_sql(value: &Value) -> rusqlite::types::Value {
        use rusqlite::types::Value as Sql;
        match value {
            Value::Null => Sql::Null,
            Value::Integer(value) => Sql::Integer(*value),
            Value::Real(value) => Sql::Real(*value),
            Value::Text(value) => Sql::Text(value.clone()),
            Value::Blob(value) => Sql::Blob(value.clone()),
        }
    }

    fn from_sql(value: ValueRef<'_>) -> Value {
        match value {
            ValueRef::Null => Value::Null,
            ValueRef::Integer(value) => Value::Integer(value),
            ValueRef::Real(value) => Value::Real(value),
            ValueRef::Text(bytes) => Value::Text(String::from_utf8_lossy(bytes).into_owned()),
            ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
        }
    }
}

pub(crate) mod outbound {
    use super::SERVICES;
    use crate::Request;

    pub(crate) async fn send(request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
        let host = request.uri().host().unwrap_or_default();
        let component = host.strip_suffix(".spin.internal").unwrap_or(host).to_owned();
        let service = SERVICES
            .with_borrow(|services| services.get(&component).cloned())
            .ok_or_else(|| format!("{component} is not mounted"))?;
        let (parts, body) = service.handle(Request::new(request)).await.into_parts();
        let body = super::whole(body).await;
        Ok(http::Response::from_parts(parts, body))
    }
}

/// The media type of a reply, for assertions.
pub fn media_type(reply: &Reply) -> &str {
    reply.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default()
}
