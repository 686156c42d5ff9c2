//! The application as the rest of the host sees it: checked, every variable resolved, every path found.

use std::path::PathBuf;

use indexmap::IndexMap;

use super::dependency::DependencyName;
use super::schema::{Inherit, StaticResponse};
use crate::interfaces::Request;

/// A checked application.
#[derive(Debug)]
pub(crate) struct App {
    /// Name of the application.
    pub(crate) name: String,
    /// Empty where the manifest gives none.
    pub(crate) version: String,
    /// By id.
    pub(crate) components: IndexMap<String, Component>,
    /// Routes and who answers them.
    pub(crate) triggers: Vec<Trigger>,
}

/// A component with its capabilities.
#[derive(Debug)]
pub(crate) struct Component {
    /// Its Wasm file.
    pub(crate) source: PathBuf,
    /// What the manifest says it is; may be empty.
    pub(crate) description: String,
    /// What it asks of each interface, by the interface's key.
    pub(crate) requests: Vec<(&'static str, Box<dyn Request>)>,
    /// Components that are composed into it.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A component that is composed into another one.
#[derive(Debug)]
pub(crate) struct Dependency {
    /// The imports it stands for.
    pub(crate) name: DependencyName,
    /// Its Wasm file.
    pub(crate) path: PathBuf,
    /// Export that satisfies the import; the import's own name where absent.
    pub(crate) export: Option<String>,
    /// What it may use of its parent's capabilities.
    pub(crate) inherit: Inherit,
}

/// One HTTP trigger.
#[derive(Debug)]
pub(crate) struct Trigger {
    /// `None` for a private trigger, reachable by service chaining only.
    pub(crate) route: Option<String>,
    /// Who answers.
    pub(crate) target: Target,
}

/// Who answers a trigger.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// The component of this id.
    Component(String),
    /// The host, always the same.
    Static(StaticResponse),
}
