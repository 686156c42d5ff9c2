//! `{{ variable }}` templates, as they occur in what components ask for.

use std::collections::BTreeMap;

use anyhow::{Result, bail};

/// Replaces every `{{ name }}` by the value of the application variable `name`.
///
/// # Errors
/// When there is no such variable, or a bracket is not closed.
pub(crate) fn resolve(template: &str, values: &BTreeMap<String, String>) -> Result<String> {
    let mut out = String::with_capacity(template.len());
    let mut rest = template;
    while let Some(start) = rest.find("{{") {
        out.push_str(&rest[..start]);
        let Some((name, after)) = rest[start + 2..].split_once("}}") else {
            bail!("unmatched '{{{{' in template {template:?}");
        };
        match values.get(name.trim()) {
            Some(value) => out.push_str(value),
            None => bail!(
                "unknown variable {:?} in template {template:?}; declare it in [variables]",
                name.trim()
            ),
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> BTreeMap<String, String> {
        BTreeMap::from([("host".into(), "example.com".into()), ("port".into(), "81".into())])
    }

    #[test]
    fn literals_pass_and_names_are_replaced() {
        assert_eq!(resolve("plain }} text", &values()).unwrap(), "plain }} text");
        assert_eq!(resolve("http://{{ host }}:{{port}}/", &values()).unwrap(), "http://example.com:81/");
    }

    #[test]
    fn unknown_names_and_open_braces_are_refused_by_name() {
        assert!(resolve("{{ nope }}", &values()).unwrap_err().to_string().contains("\"nope\""));
        assert!(resolve("a {{ host", &values()).unwrap_err().to_string().contains("unmatched"));
    }
}
