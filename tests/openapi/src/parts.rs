//! The components: each with its table of routes, the schemas of its types and its description.

use std::collections::{BTreeMap, BTreeSet};

use ramanujan_shell::Service;
use ramanujan_shell::schema::Schemas;
use ramanujan_tests::routes::packages;
use serde_json::Value;

use crate::fragment::{self, Fragment};

/// What the document says of one component.
#[derive(Debug)]
pub struct Part {
    /// The package that it is built from, by which it calls itself.
    pub component: String,
    /// Where it answers.
    pub base: &'static str,
    /// Further names of the base.
    pub aliases: Vec<&'static str>,
    /// Method and pattern, as its own description lists them.
    pub routes: Vec<String>,
    /// The schemas of its types and of its description, by name.
    pub schemas: BTreeMap<String, Value>,
    /// Its description.
    pub fragment: Fragment,
}

impl Part {
    fn new(component: String, service: &Service, schemas: Schemas) -> Self {
        let fragment = fragment::read(&component);
        let mut schemas = schemas.finish();
        for (name, schema) in &fragment.schemas {
            assert!(
                schemas.insert(name.clone(), schema.clone()).is_none(),
                "{component}: {name} is a type and need not be in api.json"
            );
        }
        let bases = service.bases();
        let routes =
            service.routes().into_iter().map(|(method, pattern)| format!("{method} {pattern}")).collect();
        Part { component, base: bases[0], aliases: bases[1..].to_vec(), routes, schemas, fragment }
    }

    /// Routes that every component has: its description and its health.
    pub fn own(&self) -> [String; 2] {
        let base = self.base;
        [format!("GET {base}"), format!("GET {}/health", base.trim_end_matches('/'))]
    }

    /// Asserts that the description has the routes of the table, each once and none besides.
    ///
    /// # Panics
    /// It has not.
    pub fn check(&self) {
        let component = &self.component;
        let table: BTreeSet<_> = self.routes.iter().collect();
        let described: BTreeSet<_> = self.fragment.routes.keys().collect();
        let own = self.own();
        let missing: Vec<_> = table.difference(&described).filter(|route| !own.contains(route)).collect();
        assert!(missing.is_empty(), "crates/{component}/api.json does not describe {missing:?}");
        let unknown: Vec<_> = described.difference(&table).collect();
        assert!(unknown.is_empty(), "crates/{component}/api.json describes what is not there: {unknown:?}");
    }
}

/// All components, or those named in the variable `RAMANUJAN_API_ONLY`, for one who is writing a description.
///
/// # Panics
/// A description cannot be read.
pub fn all() -> Vec<Part> {
    let only = std::env::var("RAMANUJAN_API_ONLY").ok();
    let wanted =
        |component: &String| only.as_ref().is_none_or(|only| only.split(',').any(|name| name == component));
    packages().into_iter().filter(wanted).map(part).collect()
}

fn part(component: String) -> Part {
    let (service, schemas) = match component.as_str() {
        "stream-red" => (ramanujan_stream::red(""), ramanujan_stream::api::schemas()),
        "stream-blue" => (ramanujan_stream::blue(""), ramanujan_stream::api::schemas()),
        "stream-green" => (ramanujan_stream::green(""), ramanujan_stream::api::schemas()),
        "crdt-service" => (crdt_service::service(), crdt_service::api::schemas()),
        "egraph-service" => (egraph_service::service(), egraph_service::api::schemas()),
        "skill-verification" => (skill_verification::service(), skill_verification::api::schemas()),
        "agent-orchestrator" => (agent_orchestrator::service(), agent_orchestrator::api::schemas()),
        "duck-colors" => (duck_colors::service(), duck_colors::api::schemas()),
        "transduction-2tdx" => (transduction_2tdx::service(), transduction_2tdx::api::schemas()),
        "interaction-timeline" => (interaction_timeline::service(), interaction_timeline::api::schemas()),
        "dashboard" => (dashboard::service(), dashboard::api::schemas()),
        other => panic!("{other}, of which spin.toml has a component, is not known here"),
    };
    Part::new(component, &service, schemas)
}
