//! What every component answers, seen through the seam.

use http::Method;
use ramanujan_core::{Code, Color, Problem};
use ramanujan_shell::fetch::both;
use ramanujan_shell::native::{self, media_type, send};
use ramanujan_shell::{Info, Schema, Service, Store, call_json, ok};
use serde_json::{Value, json};

fn service() -> Service {
    Service::new(Info {
        component: "stream-red",
        message: "RED stream received",
        base: "/stream/red",
        version: "1.2.3",
        constants: || ramanujan_shell::service::color_constants(Color::Red),
    })
    .alias("/red")
    .post("/stream/red/apply", async |request| ok(&json!({"echo": request.json::<Value>()?})))
    .get("/stream/red/item/{id}", async |request| ok(&json!({"id": request.param("id")})))
}

#[test]
fn the_root_reply_describes_the_component() {
    for base in ["/stream/red", "/stream/red/", "/red", "/red/"] {
        let reply = send(&service(), Method::GET, base, "");
        assert_eq!(reply.status, 200);
        for (field, value) in [
            ("status", json!("ok")),
            ("message", json!("RED stream received")),
            ("color", json!("RED")),
            ("polarity", json!("positive")),
            ("path", json!("/")),
            ("request_size", json!(0)),
            ("version", json!("1.2.3")),
        ] {
            assert_eq!(reply.json[field], value, "{field}");
        }
    }
}

#[test]
fn health_is_served_below_every_base() {
    for path in ["/stream/red/health", "/red/health"] {
        let reply = send(&service(), Method::GET, path, "");
        assert_eq!((reply.status, &reply.json["component"]), (200, &json!("stream-red")));
    }
    assert_eq!(send(&service(), Method::GET, "/health", "").status, 404);
    let elsewhere = service().health_at("/health");
    assert_eq!(send(&elsewhere, Method::GET, "/health/", "").json["component"], "stream-red");
    assert_eq!(send(&elsewhere, Method::POST, "/health", "").headers["allow"], "GET, HEAD, OPTIONS");
    assert!(elsewhere.routes().contains(&(Method::GET, "/health".to_owned())));
}

#[test]
fn a_parameter_does_not_hide_the_components_own_health() {
    let service = service().get("/stream/red/{id}", async |request| ok(&json!({"id": request.param("id")})));
    assert_eq!(send(&service, Method::GET, "/stream/red/health", "").json["component"], json!("stream-red"));
    assert_eq!(send(&service, Method::GET, "/stream/red/other", "").json["id"], json!("other"));
}

#[test]
fn unknown_paths_and_methods_are_problem_documents() {
    let reply = send(&service(), Method::GET, "/stream/red/nowhere", "");
    assert_eq!((reply.status, media_type(&reply)), (404, "application/problem+json"));
    let reply = send(&service(), Method::DELETE, "/red/apply", "");
    assert_eq!((reply.status, &reply.json["code"]), (405, &json!("method-not-allowed")));
    assert_eq!(reply.headers["allow"], "POST, OPTIONS");
    let reply = send(&service(), Method::OPTIONS, "/red/item/1", "");
    assert_eq!((reply.status, reply.headers["allow"].to_str().unwrap()), (204, "GET, HEAD, OPTIONS"));
    let reply = send(&service(), Method::HEAD, "/red/item/1", "");
    assert_eq!((reply.status, reply.body.len()), (200, 0));
}

#[test]
fn a_called_component_answers_or_its_problem_is_passed_on() {
    let _guard = native::fresh_database();
    native::mount("stream-red", service());
    native::mount(
        "refuser",
        Service::new(Info {
            component: "refuser",
            message: "",
            base: "/refuser",
            version: "0",
            constants: serde_json::Map::new,
        })
        .post("/refuser", async |_| Err(Problem::new(Code::DotConflict, "taken").with("index", 2))),
    );
    let caller = Service::new(Info {
        component: "caller",
        message: "",
        base: "/caller",
        version: "0",
        constants: serde_json::Map::new,
    })
    .post("/caller/{target}", async |request| {
        let (target, path) = match request.param("target") {
            "red" => ("stream-red", "/stream/red/apply"),
            "refuser" => ("refuser", "/refuser"),
            _ => ("absent", "/"),
        };
        ok(&call_json::<Value>(target, Method::POST, path, Some(&json!([1]))).await?)
    });
    assert_eq!(send(&caller, Method::POST, "/caller/red", "").json["echo"], json!([1]));
    let refused = send(&caller, Method::POST, "/caller/refuser", "");
    assert_eq!(refused.status, 409);
    assert_eq!((&refused.json["code"], &refused.json["index"]), (&json!("dot-conflict"), &json!(2)));
    let absent = send(&caller, Method::POST, "/caller/absent", "");
    assert_eq!((absent.status, &absent.json["code"]), (502, &json!("component-unreachable")));
}

#[test]
fn the_table_of_routes_is_whole() {
    let routes: Vec<String> =
        service().routes().into_iter().map(|(method, pattern)| format!("{method} {pattern}")).collect();
    assert_eq!(
        routes,
        ["GET /stream/red", "GET /stream/red/health", "POST /stream/red/apply", "GET /stream/red/item/{id}"]
    );
    assert_eq!(json!(routes), send(&service(), Method::GET, "/stream/red", "").json["routes"]);
}

ramanujan_shell::settings! {
    /// Set by Cargo for a test.
    CARGO_PKG_NAME: String = String::new();
    /// Not set.
    VARIABLE_THAT_NOBODY_SETS: String = String::new();
}

#[test]
fn a_manifest_that_takes_a_component_for_another_is_refused_everywhere() {
    let unset = VARIABLE_THAT_NOBODY_SETS.only("positive");
    let right = service().identity([CARGO_PKG_NAME.only("Ramanujan-Shell"), unset]);
    let wrong = service().identity([unset, CARGO_PKG_NAME.only("stream-blue")]);
    for path in ["/stream/red", "/stream/red/health", "/red/item/1"] {
        assert_eq!(send(&right, Method::GET, path, "").status, 200, "{path}");
        let refused = send(&wrong, Method::GET, path, "");
        assert_eq!((refused.status, &refused.json["code"]), (500, &json!("invalid-setting")), "{path}");
        let detail = refused.json["detail"].as_str().unwrap();
        assert!(detail.contains("CARGO_PKG_NAME") && detail.contains("stream-blue"), "{detail}");
    }
}

#[test]
fn two_calls_are_under_way_at_once() {
    let first = std::cell::Cell::new(false);
    // Each waits until the other has begun.
    let turn = |begun: bool| {
        let first = &first;
        async move {
            std::future::poll_fn(|context| {
                if begun {
                    first.set(true);
                }
                context.waker().wake_by_ref();
                if first.get() { std::task::Poll::Ready(()) } else { std::task::Poll::Pending }
            })
            .await;
        }
    };
    pollster::block_on(both(turn(false), turn(true)));
    assert!(first.get());
}

const SCHEMA: Schema =
    Schema { name: "t", statements: &["CREATE TABLE IF NOT EXISTS t_rows (id INTEGER PRIMARY KEY)"] };

#[test]
fn health_says_what_the_store_says() {
    let checked = service().health_check(async |_| Ok(Store::open(SCHEMA)?.check()?.members()));
    let none = send(&checked, Method::GET, "/stream/red/health", "");
    assert_eq!((none.status, &none.json["code"]), (503, &json!("unhealthy")), "{}", none.json);
    assert_eq!(none.json["reason"], "store-unavailable");
    let members = service().health_check(async |_| {
        Err(Problem::new(Code::ComponentRefused, "crdt-service is away")
            .with("failing", "crdt-service")
            .with("code", "x"))
    });
    let away = send(&members, Method::GET, "/stream/red/health", "").json;
    assert_eq!((&away["code"], &away["failing"]), (&json!("unhealthy"), &json!("crdt-service")), "{away}");
    let _database = native::fresh_database();
    let well = send(&checked, Method::GET, "/stream/red/health", "");
    assert_eq!(
        (well.status, &well.json["store"], &well.json["schema_version"]),
        (200, &json!("writable"), &json!(1))
    );
}

#[test]
fn a_health_check_really_writes() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("t.db");
    let _database = native::database_file(&file);
    let store = Store::open(SCHEMA).unwrap();
    store.check().unwrap();
    let log = || std::fs::metadata(folder.path().join("t.db-wal")).unwrap().len();
    let before = log();
    std::thread::sleep(std::time::Duration::from_millis(5));
    assert_eq!(store.check().unwrap().schema_version, 1);
    assert!(log() > before, "nothing reached the disk");
}
