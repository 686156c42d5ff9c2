//! `runtime-config.toml`: which place a store label stands for.
//!
//! Only `type = "spin"` (an SQLite file) is served; other back ends are refused by name. The label `default` needs no
//! entry. Relative paths start at the folder of the configuration file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

/// File of the SQLite database `default` in the state directory.
const SQLITE_FILE: &str = "sqlite_db.db";
/// File of the key-value store `default` in the state directory.
const KEY_VALUE_FILE: &str = "sqlite_key_value.db";

/// Files behind the labels.
#[derive(Debug, Default)]
pub(crate) struct Stores {
    pub(crate) sqlite: BTreeMap<String, PathBuf>,
    pub(crate) key_value: BTreeMap<String, PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RuntimeConfig {
    #[serde(default)]
    sqlite_database: BTreeMap<String, StoreConfig>,
    #[serde(default)]
    key_value_store: BTreeMap<String, StoreConfig>,
}

#[derive(Deserialize)]
struct StoreConfig {
    #[serde(rename = "type")]
    kind: String,
    path: Option<PathBuf>,
    #[serde(flatten)]
    other: toml::Table,
}

/// Reads `file`, where given, and adds the `default` labels.
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
    stores.sqlite.entry("default".into()).or_insert_with(|| state_dir.join(SQLITE_FILE));
    stores.key_value.entry("default".into()).or_insert_with(|| state_dir.join(KEY_VALUE_FILE));
    Ok(stores)
}

fn parse(text: &str, base: &Path) -> Result<Stores> {
    let config: RuntimeConfig = toml::from_str(text)?;
    let files = |table: &str, entries: BTreeMap<String, StoreConfig>| {
        entries
            .into_iter()
            .map(|(label, entry)| {
                let path = entry.file().with_context(|| format!("[{table}.{label}]"))?;
                Ok((label, base.join(path)))
            })
            .collect::<Result<BTreeMap<_, _>>>()
    };
    Ok(Stores {
        sqlite: files("sqlite_database", config.sqlite_database)?,
        key_value: files("key_value_store", config.key_value_store)?,
    })
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
        assert_eq!(stores.sqlite["extra"], PathBuf::from("/conf/x.db"));
        assert_eq!(stores.key_value["k"], PathBuf::from("/k.db"));
    }

    #[test]
    fn other_back_ends_and_keys_are_refused_by_name() {
        let refused = |text: &str| format!("{:#}", parse(text, Path::new("/")).unwrap_err());
        let error = refused("[sqlite_database.default]\ntype='libsql'\nurl='u'\ntoken='t'\n");
        assert!(error.contains("sqlite_database.default") && error.contains("libsql"), "{error}");
        let error = refused("[key_value_store.default]\ntype='redis'\nurl='u'\n");
        assert!(error.contains("key_value_store.default") && error.contains("redis"), "{error}");
        assert!(refused("[key_value_store.default]\ntype='spin'\npath='p'\nsize=1\n").contains("size"));
        assert!(refused("[llm_compute]\ntype='spin'\n").contains("llm_compute"));
    }
}
