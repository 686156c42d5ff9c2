//! Application variables: what each is worth for this run.
//!
//! Order of precedence: `--variable name=value`, then the environment's `SPIN_VARIABLE_NAME`, then the manifest's
//! default. Values are fixed at start; nothing can change them while the application runs.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use indexmap::IndexMap;

use super::schema::Variable;
use crate::interfaces::variables::check_name;

/// Prefix of the environment variables that set application variables.
const ENV_PREFIX: &str = "SPIN_VARIABLE_";

/// The value of every declared variable.
///
/// `given` are the command line's assignments, `env` looks a name up in the environment.
///
/// # Errors
/// When a required variable has no value, or a variable that is given is not declared.
pub(crate) fn resolve(
    declared: &IndexMap<String, Variable>,
    given: &[(String, String)],
    env: impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<String, String>> {
    for (name, _) in given {
        ensure!(
            declared.contains_key(name),
            "--variable {name}: the manifest declares no variable of that name in [variables]"
        );
    }
    let mut values = BTreeMap::new();
    let mut missing = Vec::new();
    for (name, variable) in declared {
        check_name(name)?;
        ensure!(
            variable.required != variable.default.is_some(),
            "variables.{name} must be `required = true` or have a `default`, one of the two"
        );
        let env_name = format!("{ENV_PREFIX}{}", name.to_ascii_uppercase());
        let given = given.iter().rev().find(|(n, _)| n == name).map(|(_, value)| value.clone());
        match given.or_else(|| env(&env_name)).or_else(|| variable.default.clone()) {
            Some(value) => drop(values.insert(name.clone(), value)),
            None => missing.push(format!("{name} (--variable {name}=… or {env_name}=…)")),
        }
    }
    if !missing.is_empty() {
        bail!("no value for the required variable(s) {}", missing.join(", "));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared(text: &str) -> IndexMap<String, Variable> {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn command_line_beats_environment_beats_default() {
        let declared = declared("a = { default = 'd' }\nb = { default = 'd' }\nc = { default = 'd' }");
        let env =
            |name: &str| ["SPIN_VARIABLE_A", "SPIN_VARIABLE_B"].contains(&name).then(|| "env".to_owned());
        let values = resolve(&declared, &[("a".into(), "line".into())], env).unwrap();
        assert_eq!(values["a"], "line");
        assert_eq!(values["b"], "env");
        assert_eq!(values["c"], "d");
    }

    #[test]
    fn a_required_variable_without_value_is_named() {
        let error =
            resolve(&declared("api_key = { required = true }"), &[], |_| None).unwrap_err().to_string();
        assert!(error.contains("api_key") && error.contains("SPIN_VARIABLE_API_KEY"), "{error}");
    }

    #[test]
    fn required_and_default_exclude_each_other() {
        assert!(resolve(&declared("a = { required = true, default = 'x' }"), &[], |_| None).is_err());
        assert!(resolve(&declared("a = {}"), &[], |_| None).is_err());
    }

    #[test]
    fn an_assignment_to_an_undeclared_variable_is_refused() {
        let error = resolve(&declared(""), &[("x".into(), "1".into())], |_| None).unwrap_err().to_string();
        assert!(error.contains("--variable x"), "{error}");
    }
}
