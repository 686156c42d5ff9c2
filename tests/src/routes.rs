//! The routes of the running network: of every component in `spin.toml`, what its own table says at its base.
//!
//! A component makes its description from the table that it answers requests with, so a route that is not in the list
//! does not exist.

use std::collections::BTreeSet;

use crate::http::Client;
use crate::network::root;

/// A route of a component.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Route {
    /// The component's id in `spin.toml`.
    pub component: String,
    pub method: String,
    /// E.g. `/crdt/{document}/history`.
    pub pattern: String,
}

impl Route {
    /// A path of this pattern. Agents are one that every network has, all else is named `nothing`.
    pub fn path(&self) -> String {
        let agents = ["/agents/", "/agent/"].iter().any(|base| self.pattern.starts_with(base));
        let fill = |part: &str| match part {
            "{id}" if agents => "0".to_owned(),
            "{*subject}" => "agent.0.state".to_owned(),
            part if part.starts_with('{') => "nothing".to_owned(),
            part => part.to_owned(),
        };
        self.pattern.split('/').map(fill).collect::<Vec<_>>().join("/")
    }
}

fn manifest() -> toml::Table {
    let text = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml is readable");
    text.parse().expect("spin.toml is TOML")
}

/// The packages that the components of `spin.toml` are built from.
///
/// # Panics
/// `spin.toml` cannot be read.
pub fn packages() -> BTreeSet<String> {
    let manifest = manifest();
    let components = manifest["component"].as_table().expect("spin.toml has components");
    let package = |component: &toml::Value| {
        let source = component["source"].as_str().expect("a component has a file");
        let file = source.rsplit('/').next().unwrap_or_default();
        file.trim_end_matches(".wasm").replace('_', "-")
    };
    components.values().map(package).collect()
}

/// The components of `spin.toml`, each with its base: the first of its triggers that ends in `/...`.
///
/// # Panics
/// `spin.toml` cannot be read, or a component has no base.
pub fn bases() -> Vec<(String, String)> {
    let manifest = manifest();
    let triggers = manifest["trigger"]["http"].as_array().expect("spin.toml has triggers");
    let components = manifest["component"].as_table().expect("spin.toml has components");
    let base = |component: &String| {
        triggers
            .iter()
            .filter(|trigger| trigger["component"].as_str() == Some(component))
            .find_map(|trigger| Some(trigger["route"].as_str()?.strip_suffix("/...")?.to_owned()))
    };
    let named = |component: &String| {
        let base = base(component).unwrap_or_else(|| panic!("{component} has no route that ends in /..."));
        (component.clone(), base)
    };
    components.keys().map(named).collect()
}

/// Every route of every component.
///
/// # Panics
/// A component does not describe itself.
pub fn all(client: &Client) -> Vec<Route> {
    let mut found = Vec::new();
    for (component, base) in bases() {
        let description = client.get_json(&base).ok();
        let routes = description["routes"].as_array().unwrap_or_else(|| panic!("no routes: {description}"));
        for route in routes {
            let (method, pattern) =
                route.as_str().and_then(|text| text.split_once(' ')).expect("a route is a method and a path");
            let (method, pattern) = (method.to_owned(), pattern.to_owned());
            found.push(Route { component: component.clone(), method, pattern });
        }
    }
    found
}
