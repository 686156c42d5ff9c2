//! Laws of an agent's life, against tables and definitions written here a second time.

use std::fs;
use std::path::Path;

use proptest::prelude::*;
use ramanujan_agents::life::{
    Agent, Command, Decision, FoldError, Recorded, Rejection, Request, Snapshot, Status, Time, at_time,
    at_version, covers, decide, fold, go_offline,
};
use serde_json::{Value, json};

fn at(second: u64) -> Time {
    Time::parse(&format!("2026-01-02T03:{:02}:{:02}Z", second / 60 % 60, second % 60)).unwrap()
}

fn command(value: Value) -> Command {
    serde_json::from_value(value).unwrap()
}

/// Ten commands and, as the eleventh, going offline (`None`).
fn nth(kind: usize, pick: usize) -> Option<Command> {
    let id = ["x", "graph.*", "graph.read", ""][pick % 4];
    let tool = json!({"id": id, "name": "n", "version": "1", "enabled": false});
    let capability = json!({"port": {"id": id, "name": "n"}, "enabled": true});
    let value = match kind {
        0 => json!({"type": "DeployAgent", "agent_type": "AI", "metadata": {"name": "n", "version": "1"},
                    "initial_configuration": if pick.is_multiple_of(2) { json!({"a": 1}) } else { Value::Null }}),
        1 => json!({"type": "ActivateAgent"}),
        2 => json!({"type": "SuspendAgent", "reason": id}),
        3 => json!({"type": "DecommissionAgent"}),
        4 => {
            json!({"type": "UpdateCapabilities", "add_capabilities": [capability], "remove_capability_ids": ["x"]})
        }
        5 => json!({"type": "GrantPermissions", "permissions": [{"id": id}]}),
        6 => json!({"type": "RevokePermissions", "permission_ids": [id]}),
        7 => json!({"type": "EnableTools", "tools": [tool]}),
        8 => json!({"type": "DisableTools", "tool_ids": [id]}),
        9 => json!({"type": "UpdateConfiguration", "changes": {"a": pick, "b": [id]}}),
        _ => return None,
    };
    let mut value = value;
    value["agent_id"] = json!("7");
    Some(command(value))
}

fn bytes(agent: &Option<Agent>) -> Vec<u8> {
    serde_json::to_vec(agent).unwrap()
}

/// Runs a script; every event that is decided must be taken by the fold.
fn run(script: &[(usize, usize)]) -> (Vec<Recorded>, Option<Agent>) {
    let (mut log, mut agent) = (Vec::new(), None);
    for (step, (kind, pick)) in script.iter().enumerate() {
        let now = at(step as u64);
        let decided = match (nth(*kind, *pick), &agent) {
            (Some(command), _) => {
                let id = format!("c{}", if pick.is_multiple_of(7) { step / 2 } else { step });
                match decide(agent.as_ref(), &Request::new(&id, command), &now) {
                    Ok(Decision::Append(events)) => events,
                    Ok(Decision::Already { .. }) | Err(_) => Vec::new(),
                }
            }
            (None, Some(agent)) => go_offline(agent, None, &now).into_iter().collect(),
            (None, None) => Vec::new(),
        };
        agent = fold(agent, &decided).expect("what is decided can be folded");
        log.extend(decided);
    }
    (log, agent)
}

fn scripts() -> impl Strategy<Value = Vec<(usize, usize)>> {
    // Deployed first most of the time, decommissioned seldom: otherwise most scripts end at once.
    let step = (prop_oneof![9 => 0usize..3, 12 => 4usize..11, 1 => Just(3)], 0usize..32);
    prop::collection::vec(step, 0..40).prop_map(|mut steps| {
        steps.insert(0, (0, 1));
        steps
    })
}

proptest! {
    #[test]
    fn folds_agree_however_they_are_cut(script in scripts(), cut in 0usize..40) {
        let (log, agent) = run(&script);
        let whole = fold(None, &log).unwrap();
        prop_assert_eq!(bytes(&whole), bytes(&agent));
        prop_assert_eq!(bytes(&fold(None, &log).unwrap()), bytes(&whole));
        let cut = cut.min(log.len());
        let prefix = fold(None, &log[..cut]).unwrap();
        prop_assert_eq!(bytes(&at_version(&log, cut as u64).unwrap()), bytes(&prefix));
        prop_assert_eq!(bytes(&fold(prefix, &log[cut..]).unwrap()), bytes(&whole));
        // events that were delivered twice are skipped
        prop_assert_eq!(bytes(&fold(whole.clone(), &log).unwrap()), bytes(&whole));
        prop_assert_eq!(whole.map_or(0, |agent| agent.version), log.len() as u64);
        let times = log.iter().filter(|record| record.timestamp.millis() <= at(9).millis()).count();
        prop_assert_eq!(at_time(&log, &at(9)).unwrap().map_or(0, |agent| agent.version), times as u64);
    }

    #[test]
    fn nothing_leaves_decommissioned(script in scripts(), after in scripts()) {
        let (log, agent) = run(&script);
        let last = log.last().map(|record| record.event.token());
        let ended = log.iter().position(|record| record.event.token() == "decommissioned");
        prop_assert!(ended.is_none_or(|at| at + 1 == log.len() && last == Some("decommissioned")));
        let mut agent = agent.unwrap();
        if agent.status != Status::Decommissioned {
            let end = Request::new("end", nth(3, 0).unwrap());
            let Ok(Decision::Append(events)) = decide(Some(&agent), &end, &at(99)) else { panic!("refused") };
            agent = fold(Some(agent), &events).unwrap().unwrap();
        }
        for (step, (kind, pick)) in after.iter().enumerate() {
            match nth(*kind, *pick) {
                Some(command) => {
                    let refused = decide(Some(&agent), &Request::new(&format!("after{step}"), command), &at(100));
                    let code = refused.unwrap_err().code();
                    prop_assert!(["INVALID_TRANSITION", "VALIDATION"].contains(&code), "{}", code);
                }
                None => prop_assert!(go_offline(&agent, None, &at(100)).is_err()),
            }
        }
    }

    #[test]
    fn patterns_are_what_their_parts_say(pattern in "[ab*.]{0,6}", name in "[ab.]{0,6}") {
        // by parts: a last part `*` stands for one or more parts, not all of them empty
        let parts: Vec<_> = pattern.split('.').collect();
        let names: Vec<_> = name.split('.').collect();
        let expected = match parts.split_last() {
            Some((&"*", [])) => true,
            Some((&"*", above)) => {
                names.len() > above.len() && names.starts_with(above) && !names[above.len()..].join(".").is_empty()
            }
            _ => parts == names,
        };
        prop_assert_eq!(covers(&pattern, &name), expected);
    }

    #[test]
    fn damaged_snapshots_are_refused(script in scripts(), at in any::<prop::sample::Index>(), flip in 1u8..=255) {
        let agent = run(&script).1.unwrap();
        let mut stored = Snapshot::of(&agent).encode().unwrap();
        prop_assert_eq!(&Snapshot::decode(&stored).unwrap(), &agent);
        prop_assert!(Snapshot::decode(&stored[..at.index(stored.len())]).is_err());
        let at = at.index(stored.len());
        stored[at] ^= flip;
        // a changed name of a member that is absent anyway changes nothing
        prop_assert!(Snapshot::decode(&stored).map_or(true, |read| read == agent));
    }
}

#[test]
fn the_matrix_of_the_life_cycle() {
    const REFUSED: &str = "-";
    let table = [
        ("Deployed", ["Active", REFUSED, REFUSED, "Decommissioned"]),
        ("Active", [REFUSED, "Suspended", "Offline", "Decommissioned"]),
        ("Suspended", ["Active", REFUSED, "Offline", "Decommissioned"]),
        ("Offline", ["Active", REFUSED, REFUSED, "Decommissioned"]),
        ("Decommissioned", [REFUSED; 4]),
    ];
    let ways: [&[usize]; 5] = [&[], &[1], &[1, 2], &[1, 10], &[3]];
    for ((from, row), way) in table.into_iter().zip(ways) {
        let script: Vec<_> = [0].iter().chain(way).map(|kind| (*kind, 1)).collect();
        let (log, agent) = run(&script);
        assert_eq!(format!("{:?}", agent.unwrap().status), from);
        for (kind, expected) in [1, 2, 10, 3].into_iter().zip(row) {
            let mut longer = script.clone();
            longer.push((kind, 1));
            let (after, agent) = run(&longer);
            let reached = if after.len() == log.len() {
                REFUSED.to_owned()
            } else {
                format!("{:?}", agent.unwrap().status)
            };
            assert_eq!(reached, expected, "{from}, kind {kind}");
        }
    }
}

#[test]
fn golden_events_are_read_and_written() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut names: Vec<_> =
        fs::read_dir(folder.join("new")).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names.len(), 11);
    for name in names {
        let new = fs::read_to_string(folder.join("new").join(&name)).unwrap();
        let read: Recorded = serde_json::from_str(&new).unwrap();
        assert_eq!(serde_json::to_string(&read).unwrap(), new.trim_end(), "{name:?}");
        let old = fs::read_to_string(folder.join("old").join(&name)).unwrap();
        let old: Recorded = serde_json::from_str(&old).unwrap();
        let known = Recorded { command_id: None, actor: None, ..read };
        assert_eq!(old, known, "{name:?}");
    }
}

#[test]
fn a_command_has_its_effect_once_and_at_its_version() {
    let deploy = Request::new("c1", nth(0, 0).unwrap());
    let Ok(Decision::Append(events)) = decide(None, &deploy, &at(1)) else { panic!("refused") };
    assert_eq!(events.len(), 2);
    // cut off after the first event: the rest is given, then nothing
    let agent = fold(None, &events[..1]).unwrap();
    assert_eq!(decide(agent.as_ref(), &deploy, &at(1)), Ok(Decision::Append(events[1..].to_vec())));
    let agent = fold(agent, &events).unwrap();
    assert_eq!(decide(agent.as_ref(), &deploy, &at(1)), Ok(Decision::Already { version: 2 }));

    let late = Request { expected_version: Some(1), ..Request::new("c2", nth(1, 0).unwrap()) };
    let conflict = decide(agent.as_ref(), &late, &at(2)).unwrap_err();
    assert_eq!((conflict.code(), conflict), ("CONFLICT", Rejection::Conflict { expected: 1, actual: 2 }));
    let seen = Request { expected_version: Some(2), correlation_id: Some("w".into()), ..late };
    let Ok(Decision::Append(events)) = decide(agent.as_ref(), &seen, &at(2)) else { panic!("refused") };
    assert_eq!(
        (events[0].correlation_id.as_deref(), events[0].causation_id.as_deref()),
        (Some("w"), Some("c2"))
    );
    let mut gap = events[0].clone();
    gap.sequence = 5;
    assert_eq!(fold(agent, [&gap]), Err(FoldError::Gap { version: 2, found: 5 }));
    let unknown = decide(None, &seen_any(), &at(1)).unwrap_err();
    assert_eq!(unknown.code(), "NOT_FOUND");
}

fn seen_any() -> Request {
    Request::new("c3", nth(1, 0).unwrap())
}

#[test]
fn members_have_bounds() {
    let wrong = [
        json!({"type": "SuspendAgent", "agent_id": "7", "reason": ""}),
        json!({"type": "SuspendAgent", "agent_id": "7", "reason": "x".repeat(1025)}),
        json!({"type": "DeployAgent", "agent_id": "7", "agent_type": "AI", "metadata": {"name": "", "version": "1"}}),
        json!({"type": "DeployAgent", "agent_id": "7", "agent_type": "AI", "metadata": {"name": "n", "version": ""}}),
        json!({"type": "UpdateCapabilities", "agent_id": "7"}),
        json!({"type": "GrantPermissions", "agent_id": "7", "permissions": [{"id": "gra*"}]}),
        json!({"type": "GrantPermissions", "agent_id": "7", "permissions": []}),
        json!({"type": "RevokePermissions", "agent_id": "7", "permission_ids": []}),
        json!({"type": "EnableTools", "agent_id": "7", "tools": []}),
        json!({"type": "DisableTools", "agent_id": "7", "tool_ids": []}),
        json!({"type": "UpdateConfiguration", "agent_id": "7", "changes": {}}),
        json!({"type": "UpdateConfiguration", "agent_id": "7", "changes": {"a": 9007199254740992u64}}),
    ];
    for value in wrong {
        let refused = decide(None, &Request::new("c", command(value.clone())), &at(1)).unwrap_err();
        assert_eq!(refused.code(), "VALIDATION", "{value}");
    }
    let unknown = json!({"type": "ActivateAgent", "agent_id": "7", "activatedBy": "x"});
    assert!(serde_json::from_value::<Command>(unknown).is_err());
}
