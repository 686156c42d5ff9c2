//! The eleven components and where each one says how it is.

/// A component of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Component {
    /// The name people know it by.
    pub name: &'static str,
    /// Its id in the manifest, which is its host name under service chaining.
    pub id: &'static str,
    /// Its health route.
    pub health: &'static str,
}

/// Who keeps the events.
pub const TIMELINE: &str = "interaction-timeline";
/// Who keeps the agents.
pub const AGENTS: &str = "agent-orchestrator";
/// Who keeps the documents.
pub const DOCUMENTS: &str = "crdt-service";

const fn component(name: &'static str, id: &'static str, health: &'static str) -> Component {
    Component { name, id, health }
}

/// In the order of the layers: streams, services, interfaces.
pub const ALL: [Component; 11] = [
    component("stream-red", "stream-red", "/stream/red/health"),
    component("stream-blue", "stream-blue", "/stream/blue/health"),
    component("stream-green", "stream-green", "/stream/green/health"),
    component("crdt-service", DOCUMENTS, "/crdt/health"),
    component("egraph-service", "egraph-service", "/egraph/health"),
    component("skill-verification", "skill-verification", "/verify/health"),
    component("agent-orchestrator", AGENTS, "/agents/health"),
    component("duck-colors", "duck-colors", "/colors/health"),
    component("transduction-2tdx", "transduction-sync", "/sync/health"),
    component("interaction-timeline", TIMELINE, "/timeline/health"),
    component("dashboard", "dashboard", "/dashboard/health"),
];
