//! What is refused, and that the message names it.

use std::any::Any;
use std::path::PathBuf;

use super::{App, Target, parse};
use crate::interfaces::Request;
use crate::interfaces::outbound::Hosts;
use crate::interfaces::variables::Variables;

const HEAD: &str = "spin_manifest_version = 2\n[application]\nname = 'x'\n";
const TRIGGER: &str = "[[trigger.http]]\nroute = '/...'\ncomponent = 'a'\n";
const COMPONENT: &str = "[component.a]\nsource = 'a.wasm'\n";

fn load(text: &str) -> anyhow::Result<App> {
    parse(text, PathBuf::from("/app"), &[], |_| None)
}

/// What the component `a` asks of the interface whose requests have the type `T`.
fn request<T: Request>(app: &App) -> &T {
    let mut requests = app.components["a"].requests.iter();
    let found = requests.find_map(|(_, request)| {
        let request: &dyn Any = &**request;
        request.downcast_ref()
    });
    found.expect("a request of every interface")
}

fn refused(text: &str, named: &str) {
    let error = format!("{:#}", load(text).expect_err(text));
    assert!(error.contains(named), "{error:?} does not name {named:?}");
}

#[test]
fn a_small_manifest_is_accepted() {
    let app = load(&format!(
        "{HEAD}version='1'\nauthors=['me']\n{TRIGGER}{COMPONENT}[component.a.build]\ncommand='x'\n"
    ))
    .unwrap();
    assert_eq!(app.components["a"].source, PathBuf::from("/app/a.wasm"));
    assert_eq!(app.triggers[0].route.as_deref(), Some("/..."));
    assert!(matches!(&app.triggers[0].target, Target::Component(id) if id == "a"));
}

#[test]
fn unknown_keys_are_refused_by_name() {
    refused(&format!("{HEAD}{TRIGGER}{COMPONENT}max_instances = 3\n"), "max_instances");
    refused(&format!("{HEAD}colour = 1\n{TRIGGER}{COMPONENT}"), "colour");
    refused(&format!("{HEAD}{TRIGGER}timeout = 1\n{COMPONENT}"), "timeout");
    refused(&format!("deploy = 1\n{HEAD}{TRIGGER}{COMPONENT}"), "deploy");
    refused(&format!("{HEAD}{TRIGGER}{COMPONENT}files = [{{ source = 'a', dest = '/' }}]"), "dest");
    refused(&format!("{HEAD}{TRIGGER}{COMPONENT}[component.a.dependencies]\n'x:y' = {{ pth = 'z' }}"), "pth");
}

#[test]
fn unsupported_keys_are_refused_by_name() {
    refused(&format!("{HEAD}[[trigger.redis]]\ncomponent = 'a'\n{COMPONENT}"), "trigger.redis");
    refused(&format!("{HEAD}{TRIGGER}executor = {{ type = 'wagi' }}\n{COMPONENT}"), "executor");
    refused(&format!("{HEAD}{TRIGGER}{COMPONENT}ai_models = ['llama']\n"), "ai_models");
    refused(&format!("{HEAD}{TRIGGER}{COMPONENT}allowed_http_hosts = ['x']\n"), "allowed_http_hosts");
    refused(&format!("{HEAD}{TRIGGER}[component.a]\nsource = {{ url = 'u', digest = 'd' }}\n"), "source");
    refused(&format!("{HEAD}{TRIGGER}{COMPONENT}[component.a.dependencies]\n'x:y' = '1.0'\n"), "registry");
    refused(
        &format!("{HEAD}{TRIGGER}{COMPONENT}[component.a.dependencies]\n'x:y' = {{ url = 'u' }}\n"),
        "url",
    );
}

#[test]
fn names_and_references_are_checked() {
    refused(&format!("{HEAD}{TRIGGER}[component.transduction-2tdx]\nsource = 'a'\n"), "transduction-2tdx");
    refused(&format!("{HEAD}{TRIGGER}"), "component.a");
    refused(&format!("{HEAD}{COMPONENT}"), "trigger.http");
    refused(&format!("{HEAD}[[trigger.http]]\ncomponent = 'a'\n{COMPONENT}"), "route");
    refused(&format!("{HEAD}{TRIGGER}{COMPONENT}sqlite_databases = ['b@d']\n"), "b@d");
    refused(&format!("{HEAD}{TRIGGER}{COMPONENT}variables = {{ x = '{{{{ nope }}}}' }}\n"), "nope");
    refused("spin_manifest_version = 1\n[application]\nname='x'\n", "spin_manifest_version");
}

#[test]
fn a_dependency_by_component_id_must_be_pure() {
    let manifest = |key: &str| {
        format!(
            "{HEAD}{TRIGGER}{COMPONENT}[component.a.dependencies]\n'x:y' = {{ component = 'b' }}\n\
             [component.b]\nsource = 'b.wasm'\n{key}"
        )
    };
    let app = load(&manifest("")).unwrap();
    assert_eq!(app.components["a"].dependencies[0].path, PathBuf::from("/app/b.wasm"));
    refused(&manifest("key_value_stores = ['default']\n"), "key_value_stores");
    refused(&manifest("").replace("'b' }", "'c' }"), "component.c");
}

#[test]
fn templates_take_the_value_of_the_application_variable() {
    let app = load(&format!(
        "{HEAD}[variables]\nport = {{ default = '81' }}\n{TRIGGER}{COMPONENT}\
         allowed_outbound_hosts = ['http://example.com:{{{{ port }}}}']\nvariables = {{ p = 'x{{{{ port }}}}' }}\n"
    ))
    .unwrap();
    assert_eq!(request::<Hosts>(&app).items, ["http://example.com:81"]);
    assert_eq!(request::<Variables>(&app).get("p"), Some("x81"));
}
