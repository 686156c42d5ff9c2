//! Rules of a manifest beyond its shape, and refusal by name of what this host does not serve.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use super::schema::{self, Inherit, Route};
use super::{App, Component, Dependency, Target, Trigger, template, variables};

/// Capabilities that `inherit_configuration` may name.
const INHERITABLE: [&str; 7] = [
    "ai_models",
    "allowed_outbound_hosts",
    "environment",
    "files",
    "key_value_stores",
    "sqlite_databases",
    "variables",
];

/// Turns the file's tables into a checked application.
pub(super) fn check(
    manifest: schema::Manifest,
    root: PathBuf,
    values: &BTreeMap<String, String>,
) -> Result<App> {
    ensure!(
        manifest.spin_manifest_version == 2,
        "spin_manifest_version = {} is not supported; this host reads version 2",
        manifest.spin_manifest_version
    );
    ensure!(!manifest.application.name.is_empty(), "application.name must not be empty");
    if let Some(kind) = manifest.trigger.keys().find(|kind| *kind != "http") {
        bail!("[[trigger.{kind}]] is not supported; this host serves HTTP triggers only");
    }
    let mut app = App {
        name: manifest.application.name.clone(),
        version: manifest.application.version.clone(),
        root,
        components: Default::default(),
        triggers: Vec::new(),
    };
    for (id, component) in &manifest.component {
        check_component_id(id)?;
        let checked = check_component(&app.root, id, component, &manifest, values)
            .with_context(|| format!("[component.{id}]"))?;
        app.components.insert(id.clone(), checked);
    }
    for (index, trigger) in manifest.trigger.get("http").into_iter().flatten().enumerate() {
        let checked = trigger
            .clone()
            .try_into()
            .map_err(Into::into)
            .and_then(|trigger| check_trigger(&trigger, &app))
            .with_context(|| format!("[[trigger.http]] number {}", index + 1))?;
        app.triggers.push(checked);
    }
    ensure!(!app.triggers.is_empty(), "there is no [[trigger.http]], so nothing would be served");
    Ok(app)
}

fn check_trigger(trigger: &schema::Trigger, app: &App) -> Result<Trigger> {
    ensure!(trigger.components.is_none(), "the key `components` is not supported");
    ensure!(trigger.dependencies.is_none(), "the key `dependencies` is not supported in a trigger");
    if let Some(executor) = &trigger.executor {
        let kind = executor.get("type").and_then(toml::Value::as_str).unwrap_or("");
        ensure!(
            ["http", "spin"].contains(&kind) && executor.len() == 1,
            "the key `executor` is supported as {{ type = \"http\" }} only"
        );
    }
    let target = match (&trigger.component, &trigger.static_response) {
        (Some(toml::Value::String(id)), None) => {
            ensure!(app.components.contains_key(id), "component = {id:?}: there is no [component.{id}]");
            Target::Component(id.clone())
        }
        (Some(_), None) => bail!("an inline `component` table is not supported; give it a [component.<id>]"),
        (None, Some(response)) => {
            let status = response.status_code.unwrap_or(200);
            ensure!((100..600).contains(&status), "static_response.status_code = {status} is no HTTP status");
            Target::Static(response.clone())
        }
        _ => bail!("give exactly one of `component` and `static_response`"),
    };
    let route = match &trigger.route {
        Some(Route::Pattern(pattern)) => Some(pattern.clone()),
        Some(Route::Private(private)) => {
            ensure!(private.private, "`route` must be a pattern or {{ private = true }}");
            None
        }
        None => bail!("the key `route` is missing"),
    };
    Ok(Trigger { route, target })
}

fn check_component(
    root: &Path,
    id: &str,
    component: &schema::Component,
    manifest: &schema::Manifest,
    values: &BTreeMap<String, String>,
) -> Result<Component> {
    ensure!(
        component.allowed_http_hosts.is_none(),
        "the key `allowed_http_hosts` is not supported; use `allowed_outbound_hosts`"
    );
    ensure!(
        component.ai_models.as_ref().is_none_or(Vec::is_empty),
        "the key `ai_models` is not supported; this host runs no models"
    );
    for label in &component.key_value_stores {
        check_label(label).context("key_value_stores")?;
    }
    for label in &component.sqlite_databases {
        check_label(label).context("sqlite_databases")?;
    }
    let mut resolved = BTreeMap::new();
    for (name, value) in &component.variables {
        variables::check_name(name)?;
        let value = template::resolve(value, values).with_context(|| format!("variables.{name}"))?;
        resolved.insert(name.clone(), value);
    }
    let mut dependencies = Vec::new();
    for (name, dependency) in &component.dependencies {
        let checked = check_dependency(root, id, name, dependency, component, manifest)
            .with_context(|| format!("dependencies.{name:?}"))?;
        dependencies.push(checked);
    }
    Ok(Component {
        source: local_source(root, &component.source)?,
        description: component.description.clone(),
        variables: resolved,
        environment: component.environment.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        files: component.files.clone(),
        exclude_files: component.exclude_files.clone(),
        allowed_outbound_hosts: allowed_hosts(&component.allowed_outbound_hosts, values)
            .context("allowed_outbound_hosts")?,
        key_value_stores: component.key_value_stores.clone(),
        sqlite_databases: component.sqlite_databases.clone(),
        dependencies,
    })
}

/// Resolves templates; one that comes out empty stands for an optional host that is not set.
fn allowed_hosts(hosts: &[String], values: &BTreeMap<String, String>) -> Result<Vec<String>> {
    let mut resolved = Vec::new();
    for host in hosts {
        let value = template::resolve(host, values)?;
        if value == *host || !["", "http://", "https://"].contains(&value.as_str()) {
            resolved.push(value);
        }
    }
    Ok(resolved)
}

fn check_dependency(
    root: &Path,
    id: &str,
    name: &str,
    dependency: &schema::Dependency,
    parent: &schema::Component,
    manifest: &schema::Manifest,
) -> Result<Dependency> {
    let schema::Dependency::Table(table) = dependency else {
        bail!(
            "a version from a registry is not supported; use {{ path = \"…\" }} or {{ component = \"…\" }}"
        );
    };
    let remote = [
        ("version", &table.version),
        ("registry", &table.registry),
        ("package", &table.package),
        ("url", &table.url),
        ("digest", &table.digest),
    ];
    if let Some((key, _)) = remote.iter().find(|(_, value)| value.is_some()) {
        bail!("the key `{key}` is not supported; use {{ path = \"…\" }} or {{ component = \"…\" }}");
    }
    let path = match (&table.path, &table.component) {
        (Some(path), None) => root.join(path),
        (None, Some(target)) => {
            ensure!(target != id, "component = {target:?} is the component itself");
            let Some(component) = manifest.component.get(target) else {
                bail!("component = {target:?}: there is no [component.{target}]");
            };
            check_pure(target, component)?;
            local_source(root, &component.source)?
        }
        _ => bail!("give exactly one of `path` and `component`"),
    };
    let inherit = match (parent.dependencies_inherit_configuration, &table.inherit_configuration) {
        (Some(_), Some(_)) => {
            bail!("`inherit_configuration` and `dependencies_inherit_configuration` exclude each other")
        }
        (Some(all), None) => Inherit::All(all),
        (None, Some(inherit)) => inherit.clone(),
        (None, None) => Inherit::All(false),
    };
    if let Inherit::Some(kinds) = &inherit
        && let Some(kind) = kinds.iter().find(|kind| !INHERITABLE.contains(&kind.as_str()))
    {
        bail!("inherit_configuration: {kind:?} is not one of {}", INHERITABLE.join(", "));
    }
    Ok(Dependency { name: name.parse()?, path, export: table.export.clone(), inherit })
}

/// A component used as a dependency by its id may declare nothing that would be lost or leak.
fn check_pure(id: &str, component: &schema::Component) -> Result<()> {
    let declared = [
        ("files", component.files.is_empty()),
        ("allowed_outbound_hosts", component.allowed_outbound_hosts.is_empty()),
        ("key_value_stores", component.key_value_stores.is_empty()),
        ("sqlite_databases", component.sqlite_databases.is_empty()),
        ("variables", component.variables.is_empty()),
        ("environment", component.environment.is_empty()),
        ("dependencies", component.dependencies.is_empty()),
    ];
    match declared.iter().find(|(_, empty)| !empty) {
        Some((key, _)) => bail!(
            "component = {id:?} declares `{key}`, and a dependency may have no resources or permissions; \
             use {{ path = \"…\" }} with its Wasm file instead"
        ),
        None => Ok(()),
    }
}

fn local_source(root: &Path, source: &toml::Value) -> Result<PathBuf> {
    match source {
        toml::Value::String(path) => Ok(root.join(path)),
        _ => bail!("the key `source` is supported as a path only, not as a URL or registry package"),
    }
}

/// Ids are kebab-case, every word starting with a letter.
fn check_component_id(id: &str) -> Result<()> {
    let well_formed = id.split('-').all(|word| {
        word.starts_with(|c: char| c.is_ascii_alphabetic()) && word.chars().all(|c| c.is_ascii_alphanumeric())
    });
    ensure!(well_formed, "component id {id:?} must be kebab-case, each word starting with a letter");
    Ok(())
}

/// Labels are kebab-case or snake_case.
fn check_label(label: &str) -> Result<()> {
    let words = |separator: char| {
        label.split(separator).all(|word| {
            word.starts_with(|c: char| c.is_ascii_alphabetic())
                && word.chars().all(|c| c.is_ascii_alphanumeric())
        })
    };
    ensure!(words('-') || words('_'), "label {label:?} must be kebab-case or snake_case");
    Ok(())
}

#[cfg(test)]
#[path = "checks_tests.rs"]
mod tests;
