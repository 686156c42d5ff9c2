//! What the network needs of an agent, as settings of its configuration: who it is for people, which operations it takes,
//! its neighbours and where it runs. All other settings are the agent's own affair.

use std::collections::BTreeMap;

use ramanujan_agents::life;
use ramanujan_core::{AgentId, Polarity, Problem};
use serde_json::Value;

use crate::agent::Registration;

/// What the settings of an agent say to the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// A name for people.
    pub mathematician: Option<String>,
    /// Neutral where nothing is said.
    pub polarity: Polarity,
    /// Names, in the order of the registry's lists.
    pub neighbours: Option<Vec<String>>,
    /// Where it runs.
    pub region: Option<String>,
}

fn text(settings: &BTreeMap<String, Value>, name: &str) -> Option<String> {
    settings.get(name)?.as_str().map(str::to_owned)
}

impl Profile {
    /// What an agent's settings say. A setting of another form says nothing: [`check`] lets none in.
    pub fn of(agent: &life::Agent) -> Self {
        let settings = &agent.configuration.settings;
        let names = settings.get("neighbors").and_then(Value::as_array);
        Profile {
            mathematician: text(settings, "mathematician"),
            polarity: text(settings, "polarity")
                .and_then(|polarity| polarity.parse().ok())
                .unwrap_or(Polarity::Neutral),
            neighbours: names
                .map(|names| names.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
            region: text(settings, "region"),
        }
    }
}

/// The settings that a registration asks for; those of `members` alone.
pub fn settings(registration: &Registration, members: &[&str]) -> BTreeMap<String, Value> {
    let neighbours = registration.neighbours().map(Value::from);
    let given = [
        ("mathematician", registration.mathematician.clone().map(Value::from)),
        ("polarity", registration.polarity.map(|polarity| polarity.as_str().into())),
        ("neighbors", neighbours),
        ("region", registration.region.clone().map(Value::from)),
    ];
    let wanted = given.into_iter().filter(|(name, _)| members.contains(name));
    wanted.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// Checks the settings of a command as those of a registration are, and brings them into their stored form. `null` unsets
/// one.
///
/// # Errors
/// As [`Registration::check`]; 422 `invalid-json` for a value of another type.
pub fn check(agent: &AgentId, changes: &mut BTreeMap<String, Value>) -> Result<(), Problem> {
    const MEMBERS: [&str; 4] = ["mathematician", "polarity", "neighbors", "region"];
    let said = MEMBERS.iter().filter_map(|name| Some(((*name).to_owned(), changes.get(*name)?.clone())));
    let mut said: serde_json::Map<String, Value> = said.filter(|(_, value)| !value.is_null()).collect();
    if said.is_empty() {
        return Ok(());
    }
    said.insert("agent_id".to_owned(), agent.as_str().into());
    let registration: Registration =
        ramanujan_core::json::from_slice(Value::Object(said).to_string().as_bytes())?;
    registration.check_description()?;
    changes.extend(settings(&registration, &MEMBERS));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramanujan_core::Code;
    use serde_json::json;

    fn checked(changes: Value) -> Result<Value, Code> {
        let Value::Object(changes) = changes else { panic!("no object") };
        let mut changes = changes.into_iter().collect();
        check(&"a".parse().unwrap(), &mut changes).map_err(|problem| problem.code)?;
        Ok(json!(changes))
    }

    #[test]
    fn settings_of_the_network_are_checked_as_a_registration_is() {
        let free = json!({"temperature": 0.5, "region": null});
        assert_eq!(checked(free.clone()).unwrap(), free);
        let stored = checked(json!({"polarity": "RED", "neighbors": [10, "b"], "x": [1]})).unwrap();
        assert_eq!(stored, json!({"polarity": "positive", "neighbors": ["b", "10"], "x": [1]}));
        assert_eq!(checked(json!({"region": ""})), Err(Code::InvalidLabel));
        assert_eq!(checked(json!({"neighbors": ["a"]})), Err(Code::InvalidNeighbors));
        assert_eq!(checked(json!({"polarity": "purple"})), Err(Code::InvalidJson));
        assert_eq!(checked(json!({"region": 5})), Err(Code::InvalidJson));
    }
}
