//! skill-verification: seventeen verifiers that vote. Its description and health are here; a verdict is not built
//! yet, and every route that would give one says so.
//!
//! The verdict rule counts groups of six, five and six. With another number of verifiers it would mean something
//! else, so a component set up with one refuses every request rather than answer by a rule nobody chose.

use std::rc::Rc;

use ramanujan_core::Problem;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::{Info, Request, Response, Service, now_millis, ok, setting};
use serde_json::{Map, Value, json};

const COMPONENT: &str = "skill-verification";

/// Verifiers of negative, neutral and positive polarity.
pub const GROUPS: [(&str, u64); 3] = [("negative", 6), ("neutral", 5), ("positive", 6)];

/// All verifiers, the only value of `NUM_AGENTS` that is accepted.
pub const NUM_AGENTS: u64 = 17;

/// The component's routes.
pub fn service() -> Service {
    service_with(|| setting::text("NUM_AGENTS"))
}

/// The component's routes, with `NUM_AGENTS` as `num_agents` gives it at each request.
pub fn service_with(num_agents: impl Fn() -> Option<String> + 'static) -> Service {
    let check: Check = Rc::new(move || check(num_agents().as_deref()));
    Service::new(Info {
        component: COMPONENT,
        message: "Skill verification received",
        base: "/verify",
        version: env!("CARGO_PKG_VERSION"),
        constants: Map::new,
    })
    .alias("/skills")
    .root_members(checked(&check, |_| Ok(constants())))
    .get("/verify/health", checked(&check, |_| health()))
    .post("/verify/analyze", checked(&check, not_built))
    .post("/verify/batch", checked(&check, not_built))
    .post("/verify/similarity", checked(&check, not_built))
    .get("/verify/agents", checked(&check, not_built))
}

ramanujan_shell::entry!(crate::service);

type Check = Rc<dyn Fn() -> Result<(), Problem>>;

/// `handler`, once the component is set up as it must be.
fn checked<T: 'static>(
    check: &Check,
    handler: fn(Request) -> Result<T, Problem>,
) -> impl Fn(Request) -> std::future::Ready<Result<T, Problem>> + 'static {
    let check = check.clone();
    move |request| std::future::ready(check().and_then(|()| handler(request)))
}

fn check(num_agents: Option<&str>) -> Result<(), Problem> {
    match num_agents.map(str::trim) {
        None => Ok(()),
        Some(text) if text.parse() == Ok(NUM_AGENTS) => Ok(()),
        Some(text) => {
            let detail = format!(
                "the setting NUM_AGENTS={text:?} is not usable: the verdict rule is made for {NUM_AGENTS} \
                 verifiers (6 negative, 5 neutral, 6 positive); set it to {NUM_AGENTS} or leave it out"
            );
            Err(Problem::new(500, "invalid-setting", detail))
        }
    }
}

fn constants() -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("service".into(), "Skill Verification".into());
    members.insert("agents_total".into(), NUM_AGENTS.into());
    for (polarity, agents) in GROUPS {
        members.insert(format!("{polarity}_agents"), agents.into());
    }
    members
}

fn health() -> Result<Response, Problem> {
    ok(&json!({
        "service": COMPONENT,
        "component": COMPONENT,
        "version": env!("CARGO_PKG_VERSION"),
        "timestamp": format_rfc3339(now_millis()),
        "agents": NUM_AGENTS,
    }))
}

fn not_built(request: Request) -> Result<Response, Problem> {
    Err(Problem::not_implemented(format!(
        "{} {} is declared and not built yet: no verifier votes so far",
        request.parts.method,
        request.path()
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_groups_are_all_verifiers() {
        assert_eq!(GROUPS.iter().map(|(_, agents)| agents).sum::<u64>(), NUM_AGENTS);
    }

    #[test]
    fn only_seventeen_is_accepted() {
        for accepted in [None, Some("17"), Some(" 17 ")] {
            assert!(check(accepted).is_ok(), "{accepted:?}");
        }
        for refused in ["16", "0", "-17", "17.0", "seventeen"] {
            let problem = check(Some(refused)).unwrap_err();
            assert!(problem.code == "invalid-setting" && problem.detail.contains("NUM_AGENTS"), "{problem}");
        }
    }
}
