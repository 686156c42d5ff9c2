//! `runtime-config.toml`: which place a store label stands for.
//!
//! Only `type = "spin"` (an SQLite file) is served; other back ends are refused by name. The label `default` needs no
//! entry. Relative paths start at the folder of the configuration file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use crate::interfaces;
use crate::interfaces::stores::Stores;

#[derive(Deserialize)]
struct StoreConfig {
    #[serde(rename = "type")]
    kind: String,
    path: Option<PathBuf>,
    #[serde(flatten)]
    other: toml::Table,
}

/// Reads `file`, where given, and adds the `default` labels.
///
/// # Errors
/// When the file cannot be read, or names what this host does not offer.
pub(crate) fn load(file: Option<&Path>, state_dir: &Path) -> Result<Stores> {
    let mut stores = match file {
        None => Stores::default(),
        Some(file) => {
            let text = std::fs::read_to_string(file)
                .with_context(|| format!("cannot read the runtime configuration {}", file.display()))?;
            let base = file.parent().unwrap_or(Path::new("")).to_owned();
            parse(&text, &base).with_context(|| format!("the runtime configuration {}", file.display()))?
        }
    };
    for table in interfaces::store_tables() {
        stores.insert_default(table, state_dir);
    }
    Ok(stores)
}

fn parse(text: &str, base: &Path) -> Result<Stores> {
    let config: BTreeMap<String, toml::Value> = toml::from_str(text)?;
    let mut stores = Stores::default();
    for (name, entries) in config {
        let Some(table) = interfaces::store_tables().find(|table| table.name == name) else {
            let known: Vec<&str> = interfaces::store_tables().map(|table| table.name).collect();
            bail!("[{name}] is not supported; this host reads {}", known.join(", "));
        };
        let entries: BTreeMap<String, StoreConfig> =
            entries.try_into().with_context(|| format!("[{name}]"))?;
        for (label, entry) in entries {
            let path = entry.file().with_context(|| format!("[{name}.{label}]"))?;
            stores.insert(table, label, base.join(path));
        }
    }
    Ok(stores)
}

impl StoreConfig {
    fn file(self) -> Result<PathBuf> {
        ensure!(
            self.kind == "spin",
            "type = {:?} is not supported; this host offers type = \"spin\" with a `path`",
            self.kind
        );
        ensure!(
            self.other.is_empty(),
            "the key `{}` is not supported",
            self.other.keys().next().map_or("", |k| k)
        );
        self.path.context("the key `path` is missing; a store needs a file")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_map_to_files_beside_the_configuration() {
        let text = "[sqlite_database.extra]\ntype='spin'\npath='x.db'\n[key_value_store.k]\ntype='spin'\npath='/k.db'\n";
        let stores = parse(text, Path::new("/conf")).unwrap();
        assert_eq!(stores.file("sqlite_database", "extra"), Some(Path::new("/conf/x.db")));
        assert_eq!(stores.file("key_value_store", "k"), Some(Path::new("/k.db")));
    }

    #[test]
    fn other_back_ends_and_keys_are_refused_by_name() {
        let refused = |text: &str| format!("{:#}", parse(text, Path::new("/")).err().expect(text));
        let error = refused("[sqlite_database.default]\ntype='libsql'\nurl='u'\ntoken='t'\n");
        assert!(error.contains("sqlite_database.default") && error.contains("libsql"), "{error}");
        let error = refused("[key_value_store.default]\ntype='redis'\nurl='u'\n");
        assert!(error.contains("key_value_store.default") && error.contains("redis"), "{error}");
        assert!(refused("[key_value_store.default]\ntype='spin'\npath='p'\nsize=1\n").contains("size"));
        assert!(refused("[sqlite_database]\ndefault = 'a.db'\n").contains("sqlite_database"));
        assert!(refused("[llm_compute]\ntype='spin'\n").contains("llm_compute"));
    }
}
