//! WIT dependencies: composed at load, and isolated from what their parent may do.

mod common;

use common::{Application, manifest};

fn consumer(dependency: &str) -> String {
    manifest(
        "",
        &format!(
            "[variables]\nname = {{ default = 'you' }}\n\
             [[trigger.http]]\nroute = '/consumer/...'\ncomponent = 'consumer'\n\
             [[trigger.http]]\nroute = '/probe/...'\ncomponent = 'probe'\n\
             [component.probe]\nsource = 'probe.wasm'\n\
             [component.consumer]\nsource = 'consumer.wasm'\nenvironment = {{ SECRET = 's3cret' }}\n\
             variables = {{ greeting = 'hi {{{{ name }}}}' }}\n\
             files = [{{ source = 'data', destination = '/data' }}]\n\
             sqlite_databases = ['default']\nkey_value_stores = ['default']\n\
             allowed_outbound_hosts = ['http://app.spin.internal']\n\
             [component.consumer.dependencies]\n'test:probe' = {dependency}\n"
        ),
    )
}

fn application(dependency: &str) -> Option<Application> {
    let app = Application::new(&consumer(dependency))?;
    std::fs::create_dir(app.folder.path().join("data")).unwrap();
    std::fs::write(app.folder.path().join("data/readme.txt"), "read me").unwrap();
    Some(app)
}

#[test]
fn a_dependency_computes_but_gets_nothing_of_its_parent() {
    for dependency in ["{ path = 'probe.wasm' }", "{ component = 'probe' }"] {
        let Some(app) = application(dependency) else { return };
        let host = app.start(&["--max-instance-reuse", "2"]);
        let ask = |what: &str| host.get(&format!("/consumer/{what}")).text();
        assert_eq!(ask("pure"), "2");
        assert_eq!(ask("environment"), "None");
        assert_eq!(ask("own-environment"), "Some(\"s3cret\")");
        assert_eq!(ask("own-sqlite"), "true");
        for denied in ["sqlite", "key-value"] {
            assert!(ask(denied).contains("AccessDenied"), "{denied}: {}", ask(denied));
        }
        for denied in ["variable", "fetch"] {
            assert!(ask(denied).contains("not permitted"), "{denied}: {}", ask(denied));
        }
        assert!(ask("file").starts_with("error"), "{}", ask("file"));
        // The same file serves requests as a component of its own.
        assert!(host.get("/probe/x").text().starts_with("probe at"), "{}", host.get("/probe/x").text());
    }
}

#[test]
fn a_dependency_inherits_what_is_named() {
    let Some(app) =
        application("{ path = 'probe.wasm', inherit_configuration = ['environment', 'variables'] }")
    else {
        return;
    };
    let host = app.start(&[]);
    let ask = |what: &str| host.get(&format!("/consumer/{what}")).text();
    assert_eq!(ask("environment"), "Some(\"s3cret\")");
    assert_eq!(ask("variable"), "ok \"hi you\"");
    assert!(ask("sqlite").contains("AccessDenied"));

    let Some(app) = application("{ path = 'probe.wasm', inherit_configuration = true }") else { return };
    let host = app.start(&[]);
    let ask = |what: &str| host.get(&format!("/consumer/{what}")).text();
    assert!(ask("sqlite").starts_with("ok"), "{}", ask("sqlite"));
    assert_eq!(ask("key-value"), "ok None");
    assert_eq!(ask("file"), "ok \"read me\"");
    assert_eq!(ask("fetch"), "ok 200");
}

#[test]
fn dependencies_that_do_not_fit_stop_the_start() {
    let refused = |manifest: &str, named: &[&str]| {
        let Some(app) = Application::new(manifest) else { return };
        std::fs::create_dir(app.folder.path().join("data")).unwrap();
        let message = app.refused(&[]);
        for name in named {
            assert!(message.contains(name), "{name} is not in {message}");
        }
    };
    let good = consumer("{ path = 'probe.wasm' }");
    refused(&good.replace("'test:probe'", "'test:other'"), &["consumer", "test:other", "matches no import"]);
    refused(
        &good.replace("{ path = 'probe.wasm' }", "{ path = 'app.wasm' }"),
        &["does not export", "test:probe/probe"],
    );
    refused(&good.replace("{ path = 'probe.wasm' }", "{ path = 'missing.wasm' }"), &["missing.wasm"]);
    refused(
        &good.replace("{ path = 'probe.wasm' }", "{ component = 'app' }"),
        &["app", "no resources or permissions"],
    );
    let unmet =
        good.replace("[component.consumer.dependencies]\n'test:probe' = { path = 'probe.wasm' }\n", "");
    refused(&unmet, &["component consumer", "test:probe/probe"]);
}
