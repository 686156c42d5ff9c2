//! One route for each thing the host does for a component.
#![cfg(target_family = "wasm")]
#![allow(unsafe_code, unreachable_pub, reason = "what the entry and binding macros generate")]

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use spin_sdk::http::{
    Headers, IncomingRequest, Method, OutgoingResponse, Request, Response, ResponseOutparam,
};
use spin_sdk::sqlite::Value as Sql;
use spin_sdk::{http_component, key_value, sqlite, sqlite3, variables};

#[http_component]
async fn serve(request: IncomingRequest, out: ResponseOutparam) {
    let uri = request.path_with_query().unwrap_or_default();
    let (path, query) = uri.split_once('?').unwrap_or((&uri, ""));
    match path.rsplit('/').next().unwrap_or_default() {
        "echo" => return echo(request, out).await,
        "stream" => return stream(out).await,
        "forward" => return forward(query, out).await,
        "half" => return half(out).await,
        _ => {}
    }
    let headers = header_list(&request.headers());
    let authority = request.authority();
    let body = request.into_body().await.unwrap_or_default();
    let (status, answer) = answer(path, query, headers, authority, body).await;
    let head = OutgoingResponse::new(Headers::new());
    let _ = head.set_status_code(status);
    let _ = out.set_with_body(head, answer.into_bytes()).await;
}

async fn answer(
    path: &str,
    query: &str,
    headers: Vec<(String, String)>,
    authority: Option<String>,
    body: Vec<u8>,
) -> (u16, String) {
    match path.rsplit('/').next().unwrap_or_default() {
        "hello" => (200, "hello".into()),
        "headers" => (200, json!({ "path": path, "headers": headers, "authority": authority }).to_string()),
        "served" => (200, served().to_string()),
        "sql" => sql(&body),
        "sql3" => sql3(),
        "deny" => (200, show(sqlite::Connection::open(query).map(drop))),
        "kv" => kv(query, body),
        "env" => (200, show(std::env::var(query))),
        "var" => (200, show(variables::get(query))),
        "file" => (200, show(std::fs::read_to_string(query))),
        "write" => (200, show(std::fs::write(query, "x"))),
        "list" => (200, show(std::fs::read_dir(query).map(|dir| dir.flatten().count()))),
        "fetch" => fetch(query, body).await,
        "busy" => loop {
            std::hint::black_box(0);
        },
        "sleep" => {
            std::thread::sleep(Duration::from_millis(query.parse().unwrap_or(0)));
            (200, "slept".into())
        }
        "endless-sql" => {
            let sql =
                "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
            (200, show(sqlite::Connection::open_default().and_then(|db| db.execute(sql, &[])).map(drop)))
        }
        "fill" => {
            let mut blocks = Vec::new();
            loop {
                blocks.push(std::hint::black_box(vec![1u8; 1 << 20]));
            }
        }
        "panic" => panic!("as asked"),
        "log" => {
            println!("to stdout {query}");
            eprintln!("to stderr {query}");
            (200, "logged".into())
        }
        other => (404, format!("no {other}")),
    }
}

/// How many requests this very instance has served.
fn served() -> u32 {
    static SERVED: AtomicU32 = AtomicU32::new(0);
    SERVED.fetch_add(1, Relaxed) + 1
}

fn show<T: std::fmt::Debug, E: std::fmt::Debug>(result: Result<T, E>) -> String {
    match result {
        Ok(value) => format!("ok {value:?}"),
        Err(error) => format!("error {error:?}"),
    }
}

fn header_list(headers: &Headers) -> Vec<(String, String)> {
    headers
        .entries()
        .into_iter()
        .map(|(name, value)| (name, String::from_utf8_lossy(&value).into_owned()))
        .collect()
}

/// Body: `{"sql": …, "params": […]}`; answer: the rows, or 500 with the error.
fn sql(body: &[u8]) -> (u16, String) {
    let request: Value = serde_json::from_slice(body).unwrap_or_default();
    let parameters: Vec<Sql> = request["params"].as_array().into_iter().flatten().map(to_sql).collect();
    let statement = request["sql"].as_str().unwrap_or_default();
    let result = sqlite::Connection::open_default().and_then(|db| db.execute(statement, &parameters));
    match result {
        Ok(result) => {
            let rows: Vec<Vec<Value>> =
                result.rows.iter().map(|row| row.values.iter().map(from_sql).collect()).collect();
            (200, json!({ "columns": result.columns, "rows": rows }).to_string())
        }
        Err(error) => (422, format!("{error:?}")),
    }
}

fn to_sql(value: &Value) -> Sql {
    match value {
        Value::String(text) => Sql::Text(text.clone()),
        Value::Number(number) if number.is_i64() => Sql::Integer(number.as_i64().unwrap_or_default()),
        Value::Number(number) => Sql::Real(number.as_f64().unwrap_or_default()),
        _ => Sql::Null,
    }
}

fn from_sql(value: &Sql) -> Value {
    match value {
        Sql::Integer(integer) => json!(integer),
        Sql::Real(real) => json!(real),
        Sql::Text(text) => json!(text),
        Sql::Blob(blob) => json!(blob),
        Sql::Null => Value::Null,
    }
}

/// The newer version of the interface, on a table of its own.
fn sql3() -> (u16, String) {
    let result = sqlite3::Connection::open_default().and_then(|db| {
        db.execute("CREATE TABLE IF NOT EXISTS three(a INTEGER PRIMARY KEY)", &[])?;
        db.execute("INSERT INTO three VALUES (?)", &[sqlite3::Value::Integer(41)])?;
        db.execute("UPDATE three SET a = a + 1", &[])?;
        Ok((db.last_insert_rowid(), db.changes()))
    });
    (200, show(result))
}

/// `?set=key` stores the body, `?get=key`, `?delete=key`, `?exists=key`, `?keys`, `?open=label`.
fn kv(query: &str, body: Vec<u8>) -> (u16, String) {
    let (operation, key) = query.split_once('=').unwrap_or((query, ""));
    if operation == "open" {
        return (200, show(key_value::Store::open(key).map(drop)));
    }
    let result = key_value::Store::open_default().and_then(|store| {
        Ok(match operation {
            "set" => format!("{:?}", store.set(key, &body)?),
            "get" => {
                format!("{:?}", store.get(key)?.map(|value| String::from_utf8_lossy(&value).into_owned()))
            }
            "delete" => format!("{:?}", store.delete(key)?),
            "exists" => format!("{:?}", store.exists(key)?),
            _ => format!("{:?}", store.get_keys()?),
        })
    });
    (200, result.unwrap_or_else(|error| format!("error {error:?}")))
}

/// Requests the URL in the query and shows status and body.
async fn fetch(url: &str, body: Vec<u8>) -> (u16, String) {
    let method = if body.is_empty() { Method::Get } else { Method::Post };
    let request = Request::builder().method(method).uri(url).body(body).build();
    match spin_sdk::http::send::<_, Response>(request).await {
        Ok(response) => {
            let body = String::from_utf8_lossy(response.body()).into_owned();
            (200, format!("{} {body}", response.status()))
        }
        Err(error) => (200, format!("error {error:?}")),
    }
}

/// The request's body, as it arrives.
async fn echo(request: IncomingRequest, out: ResponseOutparam) {
    let head = OutgoingResponse::new(Headers::new());
    let mut sink = head.take_body();
    let mut source = request.into_body_stream();
    out.set(head);
    while let Some(Ok(chunk)) = source.next().await {
        if sink.send(chunk).await.is_err() {
            break;
        }
    }
}

/// Fails in the middle of its response.
async fn half(out: ResponseOutparam) {
    let head = OutgoingResponse::new(Headers::new());
    let mut sink = head.take_body();
    out.set(head);
    let _ = sink.send(b"begun".to_vec()).await;
    std::thread::sleep(Duration::from_millis(200));
    panic!("half-way");
}

/// Five server-sent events, 100 ms apart.
async fn stream(out: ResponseOutparam) {
    let head = OutgoingResponse::new(Headers::new());
    let mut sink = head.take_body();
    out.set(head);
    for number in 0..5 {
        if sink.send(format!("data: {number}\n\n").into_bytes()).await.is_err() {
            break;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// The response of the URL in the query, as it arrives.
async fn forward(url: &str, out: ResponseOutparam) {
    let head = OutgoingResponse::new(Headers::new());
    let mut sink = head.take_body();
    out.set(head);
    let request = Request::get(url).build();
    if let Ok(response) = spin_sdk::http::send::<_, spin_sdk::http::IncomingResponse>(request).await {
        let mut source = response.take_body_stream();
        while let Some(Ok(chunk)) = source.next().await {
            if sink.send(chunk).await.is_err() {
                break;
            }
        }
    }
}
