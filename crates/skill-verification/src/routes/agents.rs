//! `GET /verify/agents`: the roster, and `GET /verify/health`.

use ramanujan_core::{Polarity, Problem};
use ramanujan_shell::{Request, Response, history, ok};
use ramanujan_verification::{NUM_VERIFIERS, ROSTER};
use serde_json::{Map, Value, json};

use crate::settings::{self, Settings};
use crate::store::Database;

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

/// What `GET /verify/health` finds: the store, the timeline, without which no analysis is answered, and the verifiers
/// that are set up as the verdict rule wants them.
pub(crate) async fn health(_: Settings, _: Request) -> Result<Map<String, Value>, Problem> {
    let mut members = Database::open()?.check()?.members();
    history::check().await?;
    members.insert("components".into(), json!({history::TIMELINE: "ok"}));
    members.insert("agents".into(), NUM_VERIFIERS.into());
    Ok(members)
}

/// How many verifiers there are, and of each polarity.
pub(crate) fn counts() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("agents_total".into(), NUM_VERIFIERS.into());
    for polarity in [Polarity::Negative, Polarity::Neutral, Polarity::Positive] {
        members.insert(format!("{}_agents", polarity.as_str()), settings::group(polarity).into());
    }
    members
}

fn upper(polarity: Polarity) -> String {
    polarity.as_str().to_ascii_uppercase()
}
