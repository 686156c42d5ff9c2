//! `GET /verify/agents`: the roster, and `GET /verify/health`.

use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Polarity, Problem};
use ramanujan_shell::{Request, Response, now_millis, ok};
use ramanujan_verification::{NUM_VERIFIERS, ROSTER};
use serde_json::{Map, Value, json};

use crate::COMPONENT;
use crate::settings::Settings;

pub(crate) async fn list(_: Settings, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let agents: Vec<Value> = ROSTER
        .iter()
        .map(|verifier| {
            json!({"agent_id": verifier.agent_id, "id": verifier.id, "name": verifier.name, "role": verifier.role,
                "polarity": upper(verifier.polarity), "color": verifier.color, "color_sigil": verifier.symbol,
                "sigil": verifier.sigil,
                "tests": {
                    "embedding": {"name": verifier.embedding.name, "measures": verifier.embedding.measures},
                    "skill": {"name": verifier.skill.name, "measures": verifier.skill.measures}}})
        })
        .collect();
    let mut reply = counts();
    reply.insert("agents".into(), agents.into());
    ok(&reply)
}

pub(crate) async fn health(_: Settings, _: Request) -> Result<Response, Problem> {
    ok(&json!({
        "service": COMPONENT,
        "component": COMPONENT,
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": format_rfc3339(now_millis()),
        "agents": NUM_VERIFIERS,
    }))
}

/// The guides' constants.
pub(crate) fn counts() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("agents_total".into(), NUM_VERIFIERS.into());
    for polarity in [Polarity::Negative, Polarity::Neutral, Polarity::Positive] {
        let agents = ROSTER.iter().filter(|verifier| verifier.polarity == polarity).count();
        members.insert(format!("{}_agents", polarity.as_str()), agents.into());
    }
    members
}

fn upper(polarity: Polarity) -> String {
    polarity.as_str().to_ascii_uppercase()
}
