//! That `/openapi.json` says what is so.

use std::collections::BTreeSet;
use std::path::PathBuf;

use ramanujan_openapi::{document, examples, file, parts, recorded, text};
use ramanujan_tests::network::root;
use ramanujan_tests::routes::Route;
use ramanujan_tests::{Network, skip};
use serde_json::Value;

/// Asks for the document to be written anew.
fn writing() -> bool {
    std::env::var_os("WRITE_DOCS").is_some()
}

#[test]
fn the_network_answers_every_example_as_the_document_says_and_serves_the_document() {
    let network = Network::start();
    let client = network.client();
    let parts = parts::all();
    let mut made = document::build(&parts);
    let answers = examples::run(&client, &parts, &made);
    if std::env::var_os("RAMANUJAN_API_ONLY").is_some() {
        return;
    }
    if writing() {
        recorded::record(&mut made, &answers);
        std::fs::write(file(), text::text(&made)).expect("the document can be written");
        return;
    }
    let served = client.get("/openapi.json");
    assert_eq!((served.status, served.media_type.as_str()), (200, "application/json"));
    let kept = std::fs::read_to_string(file()).expect("the document is there; make it with WRITE_DOCS=1");
    assert!(served.body == kept, "what is served is the file");
    let mut kept: Value = serde_json::from_str(&kept).expect("the document is JSON");
    let recorded = recorded::unrecord(&mut kept, &made);
    assert!(
        kept == made,
        "routes, types or descriptions have changed since the document was made; make it anew with\n  \
         WRITE_DOCS=1 cargo test -p ramanujan-openapi"
    );
    assert_eq!(recorded::complaints(&made, &recorded), Vec::<String>::new());
    let expected = answers.iter().filter(|answer| answer.value.is_some()).count();
    assert!(recorded.len() * 10 >= expected * 9, "{} replies of {expected} are recorded", recorded.len());
}

/// The file of the schema, whatever Python's version is.
fn published_schema() -> PathBuf {
    const INSIDE: &str = "site-packages/openapi_spec_validator/resources/schemas/v3.1/schema.json";
    let library = root().join("target/python/openapi/lib");
    let versions = std::fs::read_dir(&library).into_iter().flatten().filter_map(Result::ok);
    let found = versions.map(|version| version.path().join(INSIDE)).find(|file| file.is_file());
    found.unwrap_or_else(|| library.join(INSIDE))
}

#[test]
fn the_document_is_one_of_openapi_3_1() {
    let file = published_schema();
    if !skip::has(skip::OPENAPI, &[&file.to_string_lossy()]) {
        return;
    }
    let schema: Value =
        serde_json::from_slice(&std::fs::read(file).expect("it can be read")).expect("it is JSON");
    let id = schema["$id"].as_str().expect("it has a name").to_owned();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource(&id, schema).expect("it is a resource");
    let mut schemas = boon::Schemas::new();
    let index = compiler.compile(&id, &mut schemas).expect("it is a schema");
    let text = std::fs::read_to_string(ramanujan_openapi::file()).expect("the document is there");
    let mut document: Value = serde_json::from_str(&text).expect("the document is JSON");
    if let Err(error) = schemas.validate(&document, index) {
        panic!("{error:#}");
    }
    // The schema judges: without a title it is none.
    document["info"].as_object_mut().expect("it has a title").remove("title");
    assert!(schemas.validate(&document, index).is_err());
}

#[test]
fn every_route_has_an_example_that_succeeds() {
    for part in parts::all() {
        let own = part.own();
        let tried: BTreeSet<_> = part
            .fragment
            .examples
            .iter()
            .filter(|example| example.status < 400)
            .map(|example| &example.route)
            .collect();
        let built = |route: &&String| {
            let described = part.fragment.routes.get(*route);
            !described
                .is_some_and(|operation| operation.problems.iter().any(|code| code == "not-implemented"))
        };
        let untried: Vec<_> = part
            .routes
            .iter()
            .filter(built)
            .filter(|route| !own.contains(route) && !tried.contains(route))
            .collect();
        assert!(untried.is_empty(), "{}: no example of {untried:?}", part.component);
    }
}

/// The parameters that a refusal of an unknown one names.
fn known(reply: &Value) -> Option<BTreeSet<String>> {
    let (_, names) = reply["detail"].as_str()?.split_once("known: ")?;
    Some(names.split(", ").filter(|name| !name.is_empty()).map(str::to_owned).collect())
}

#[test]
fn the_query_parameters_are_those_that_the_routes_take() {
    let network = Network::shared();
    let client = network.client();
    let mut compared = 0;
    for part in parts::all() {
        for (route, operation) in &part.fragment.routes {
            let (method, pattern) = route.split_once(' ').expect("a route is a method and a pattern");
            let path =
                Route { component: part.component.clone(), method: method.into(), pattern: pattern.into() }
                    .path();
            let reply = client.send(
                method,
                &format!("{path}?no-such-parameter=1"),
                &[("accept", "application/json")],
                None,
            );
            if reply.status != 422 || reply.json()["code"] != "unknown-parameter" {
                continue;
            }
            let known = known(&reply.json()).unwrap_or_else(|| panic!("{route}: {reply:?}"));
            let described: BTreeSet<_> = operation.query.keys().cloned().collect();
            assert_eq!(described, known, "{}: {route}", part.component);
            compared += 1;
        }
    }
    assert!(
        compared > 0 || std::env::var_os("RAMANUJAN_API_ONLY").is_some(),
        "no route refuses unknown parameters"
    );
}
