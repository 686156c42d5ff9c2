//! Stores that a manifest names by labels, and the files behind the labels.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};

use crate::storage::{Database, Durability};

/// The label that needs no entry in the runtime configuration.
const DEFAULT_LABEL: &str = "default";

/// An interface's table of the runtime configuration: `[<name>.<label>]`.
#[derive(Clone, Copy)]
pub(crate) struct StoreTable {
    /// Name of the table.
    pub(crate) name: &'static str,
    /// File of the label `default` in the state directory.
    pub(crate) default_file: &'static str,
    /// Statements that make a file fit for use; they run whenever it is opened.
    pub(crate) setup: &'static str,
}

/// The files behind the labels, and the databases that were opened so far: labels may share a file.
#[derive(Default)]
pub(crate) struct Stores {
    files: BTreeMap<(&'static str, String), PathBuf>,
    /// Labels that the runtime configuration has.
    configured: BTreeSet<(&'static str, String)>,
    /// Labels that components have asked for.
    used: BTreeSet<(&'static str, String)>,
    opened: BTreeMap<(&'static str, PathBuf), Arc<Database>>,
    durability: Arc<Durability>,
}

impl Stores {
    /// From now on `label` of `table` stands for `file`, because the runtime configuration has it so.
    pub(crate) fn insert(&mut self, table: &StoreTable, label: String, file: PathBuf) {
        self.configured.insert((table.name, label.clone()));
        self.files.insert((table.name, label), file);
    }

    /// Gives the label `default` of `table` its file, unless it has one.
    pub(crate) fn insert_default(&mut self, table: &StoreTable, state_dir: &Path) {
        self.files
            .entry((table.name, DEFAULT_LABEL.to_owned()))
            .or_insert_with(|| state_dir.join(table.default_file));
    }

    /// What is on disk of the databases.
    pub(crate) fn durability(&self) -> &Arc<Durability> {
        &self.durability
    }

    /// The file behind `label` of `table`.
    #[cfg(test)]
    pub(crate) fn file(&self, table: &str, label: &str) -> Option<&Path> {
        let found = self.files.iter().find(|((own, name), _)| *own == table && name == label);
        found.map(|(_, file)| file.as_path())
    }

    /// What to tell the operator about labels of the runtime configuration that no component has asked for: they may be
    /// misspelt.
    pub(crate) fn unused(&self) -> impl Iterator<Item = String> {
        self.configured.difference(&self.used).map(|(table, label)| {
            let used = self.used.iter().filter(|(own, _)| own == table);
            let used: Vec<&str> = used.map(|(_, label)| label.as_str()).collect();
            let used = if used.is_empty() { "none".to_owned() } else { used.join(", ") };
            format!(
                "[{table}.{label}] of the runtime configuration is not used; the components' labels in that table: {used}"
            )
        })
    }

    /// The database behind each of `labels`.
    ///
    /// # Errors
    /// When a label stands for nothing, or its file cannot be opened.
    pub(super) fn open(
        &mut self,
        table: &StoreTable,
        labels: &[String],
    ) -> Result<BTreeMap<String, Arc<Database>>> {
        labels.iter().map(|label| Ok((label.clone(), self.open_one(table, label)?))).collect()
    }

    fn open_one(&mut self, table: &StoreTable, label: &str) -> Result<Arc<Database>> {
        let name = table.name;
        let file = self.files.get(&(name, label.to_owned())).with_context(|| {
            format!(
                "the label {label:?} stands for nothing; give it a [{name}.{label}] in the runtime configuration"
            )
        })?;
        self.used.insert((name, label.to_owned()));
        let key = (name, file.clone());
        if let Some(database) = self.opened.get(&key) {
            return Ok(database.clone());
        }
        let database = Database::open(file, table.setup, &self.durability)?;
        self.opened.insert(key, database.clone());
        Ok(database)
    }
}
