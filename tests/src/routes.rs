//! The routes of the running network: of every component in `spin.toml`, what its own table says at its base.
//!
//! A component makes its description from the table that it answers requests with, so a route that is not in the list
//! does not exist.

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

/// The packages that the components of `spin.toml` are built from, in the order of its triggers.
///
/// # Panics
/// `spin.toml` cannot be read.
pub fn packages() -> Vec<String> {
    let manifest = manifest();
    let package = |(component, _): (String, String)| {
        let source =
            manifest["component"][component.as_str()]["source"].as_str().expect("a component has a file");
        let file = source.rsplit('/').next().unwrap_or_default();
        file.trim_end_matches(".wasm").replace('_', "-")
    };
    bases().into_iter().map(package).collect()
}

/// The components of `spin.toml` in the order of its triggers, each with its base: the first of these that ends in `/...`.
///
/// # Panics
/// `spin.toml` cannot be read, or a component has no base.
pub fn bases() -> Vec<(String, String)> {
    let manifest = manifest();
    let triggers = manifest["trigger"]["http"].as_array().expect("spin.toml has triggers");
    let mut found: Vec<(String, String)> = Vec::new();
    for trigger in triggers {
        let component = trigger["component"].as_str().expect("a trigger names a component");
        let base = trigger["route"].as_str().and_then(|route| route.strip_suffix("/..."));
        if let Some(base) = base
            && found.iter().all(|(known, _)| known != component)
        {
            found.push((component.to_owned(), base.to_owned()));
        }
    }
    let components = manifest["component"].as_table().expect("spin.toml has components");
    for component in components.keys() {
        assert!(
            found.iter().any(|(known, _)| known == component),
            "{component} has no route that ends in /..."
        );
    }
    found
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
