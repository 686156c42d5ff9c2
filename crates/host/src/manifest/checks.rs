//! Rules of a manifest beyond its shape, and refusal by name of what this host does not serve.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};

use super::app::{App, Component, Dependency, Target, Trigger};
use super::schema::{self, Inherit, Route};
use crate::interfaces::{self, Declaration};

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
        components: Default::default(),
        triggers: Vec::new(),
    };
    let ids: Vec<&str> = manifest.component.keys().map(String::as_str).collect();
    for (id, component) in &manifest.component {
        check_component_id(id)?;
        let declaration =
            Declaration { component: id, keys: &component.interfaces, root: &root, components: &ids, values };
        let checked = check_component(&declaration, component, &manifest)
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
    declaration: &Declaration<'_>,
    component: &schema::Component,
    manifest: &schema::Manifest,
) -> Result<Component> {
    let (root, id) = (declaration.root, declaration.component);
    let requests = interfaces::all()
        .map(|interface| Ok((interface.key, (interface.check)(declaration).context(interface.key)?)))
        .collect::<Result<_>>()?;
    let mut dependencies = Vec::new();
    for (name, dependency) in &component.own.dependencies {
        let checked = check_dependency(root, id, name, dependency, &component.own, manifest)
            .with_context(|| format!("dependencies.{name:?}"))?;
        dependencies.push(checked);
    }
    Ok(Component {
        source: local_source(root, &component.own.source)?,
        description: component.own.description.clone(),
        requests,
        dependencies,
    })
}

fn check_dependency(
    root: &Path,
    id: &str,
    name: &str,
    dependency: &schema::Dependency,
    parent: &schema::ComponentKeys,
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
            local_source(root, &component.own.source)?
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
    if let Inherit::Some(kinds) = &inherit {
        let known: Vec<&str> = interfaces::all().map(|interface| interface.key).collect();
        if let Some(kind) = kinds.iter().find(|kind| !known.contains(&kind.as_str())) {
            bail!("inherit_configuration: {kind:?} is not one of {}", known.join(", "));
        }
    }
    Ok(Dependency { name: name.parse()?, path, export: table.export.clone(), inherit })
}

/// A component used as a dependency by its id may declare nothing that would be lost or leak.
fn check_pure(id: &str, component: &schema::Component) -> Result<()> {
    let declared = component
        .interfaces
        .iter()
        .find(|(_, value)| !is_empty(value))
        .map(|(key, _)| key.as_str())
        .or((!component.own.dependencies.is_empty()).then_some("dependencies"));
    match declared {
        Some(key) => bail!(
            "component = {id:?} declares `{key}`, and a dependency may have no resources or permissions; \
             use {{ path = \"…\" }} with its Wasm file instead"
        ),
        None => Ok(()),
    }
}

fn is_empty(value: &toml::Value) -> bool {
    match value {
        toml::Value::Array(items) => items.is_empty(),
        toml::Value::Table(entries) => entries.is_empty(),
        _ => false,
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
