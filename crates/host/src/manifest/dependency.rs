//! Names of WIT dependencies: `namespace:package[/interface][@version]` or a plain kebab-case name, and which imports
//! of a component such a name stands for.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context as _, Error, Result, bail, ensure};
use semver::Version;

/// The key of an entry in `[component.<id>.dependencies]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DependencyName {
    /// The import of exactly this name.
    Plain(String),
    /// Imports of a package.
    Package {
        /// `namespace:name`.
        package: String,
        /// This interface only; any where it is missing.
        interface: Option<String>,
        /// This version only; any where it is missing.
        version: Option<Version>,
    },
}

impl DependencyName {
    /// Whether the import `import` of a component is meant. A part that the name leaves out matches anything.
    pub(crate) fn matches(&self, import: &str) -> bool {
        match self {
            DependencyName::Plain(name) => name == import,
            DependencyName::Package { package, interface, version } => {
                let Some((import_package, rest)) = import.split_once('/') else { return false };
                let (import_interface, import_version) = match rest.split_once('@') {
                    Some((interface, version)) => (interface, Version::parse(version).ok()),
                    None => (rest, None),
                };
                import_package == package
                    && interface.as_deref().is_none_or(|interface| interface == import_interface)
                    && (version.is_none() || *version == import_version)
            }
        }
    }
}

impl FromStr for DependencyName {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        if !name.contains([':', '/']) {
            ensure!(!name.is_empty(), "a dependency needs a name");
            return Ok(DependencyName::Plain(name.to_owned()));
        }
        let (path, version) = match name.split_once('@') {
            Some((path, version)) => {
                let version = Version::parse(version)
                    .with_context(|| format!("the version in dependency name {name:?} is not x.y.z"))?;
                (path, Some(version))
            }
            None => (name, None),
        };
        let (package, interface) = match path.split_once('/') {
            Some((package, interface)) => (package, Some(interface.to_owned())),
            None => (path, None),
        };
        match package.split_once(':') {
            Some((namespace, package)) if !namespace.is_empty() && !package.is_empty() => {}
            _ => bail!("dependency name {name:?} is not of the form namespace:package[/interface][@version]"),
        }
        ensure!(interface.as_deref() != Some(""), "dependency name {name:?} has an empty interface");
        Ok(DependencyName::Package { package: package.to_owned(), interface, version })
    }
}

impl fmt::Display for DependencyName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DependencyName::Plain(name) => f.write_str(name),
            DependencyName::Package { package, interface, version } => {
                f.write_str(package)?;
                if let Some(interface) = interface {
                    write!(f, "/{interface}")?;
                }
                if let Some(version) = version {
                    write!(f, "@{version}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(name: &str, import: &str) -> bool {
        name.parse::<DependencyName>().unwrap().matches(import)
    }

    #[test]
    fn a_package_stands_for_all_its_interfaces() {
        assert!(matches("a:b", "a:b/c"));
        assert!(matches("a:b", "a:b/c@1.2.3"));
        assert!(matches("a:b/c", "a:b/c@1.2.3"));
        assert!(matches("a:b@1.2.3", "a:b/c@1.2.3"));
        assert!(!matches("a:b@1.2.3", "a:b/c"));
        assert!(!matches("a:b/c", "a:b/d"));
        assert!(!matches("a:b", "a:bb/c"));
        assert!(matches("plain", "plain"));
        assert!(!matches("a:b", "plain"));
    }

    #[test]
    fn malformed_names_are_refused() {
        for name in ["", "a:", ":b", "a:b@one", "a:b/"] {
            assert!(name.parse::<DependencyName>().is_err(), "{name}");
        }
    }
}
