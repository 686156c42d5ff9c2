//! The modules of a crate and what their names mean: a name is followed through imports and re-exports to the file
//! that defines it, or to another crate.

use std::collections::BTreeMap;

use crate::scan::{Child, Scope, scan};
use crate::tree::Source;

/// A module: a file, or a block `mod name { … }` within one.
#[derive(Debug)]
pub struct Module<'s> {
    pub source: &'s Source,
    pub scope: Scope,
    parent: Option<usize>,
    children: BTreeMap<String, usize>,
}

/// What a path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// A module of this crate.
    Module(usize),
    /// Something defined in a module of this crate.
    Item(usize),
    /// Something of another crate, or a name of the language or of a function: the path as it is known there.
    Outside(Vec<String>),
}

/// Re-exports are followed so far; a longer chain is one that leads back to itself.
const LONGEST_CHAIN: usize = 12;

/// The modules of one library or program, from its root.
#[derive(Debug, Default)]
pub struct Modules<'s>(pub Vec<Module<'s>>);

impl<'s> Modules<'s> {
    /// The modules below the root file `root`, e.g. `crates/crdt/src/lib.rs`. Files that are not declared are left out.
    pub fn new(root: &str, sources: &'s [Source]) -> Self {
        let mut modules = Modules::default();
        if let Some(source) = sources.iter().find(|source| source.path == root) {
            let folder = root.rsplit_once('/').map_or("", |(folder, _)| folder);
            modules.add(source, scan(&source.ast.items), None, folder, sources);
        }
        modules
    }

    /// Adds a module whose children lie in `folder`.
    fn add(
        &mut self,
        source: &'s Source,
        mut scope: Scope,
        parent: Option<usize>,
        folder: &str,
        sources: &'s [Source],
    ) -> usize {
        let declared = std::mem::take(&mut scope.modules);
        let own = self.0.len();
        self.0.push(Module { source, scope, parent, children: BTreeMap::new() });
        for Child { name, path, content } in declared {
            let below = format!("{folder}/{name}");
            let child = match content {
                Some(content) => Some(self.add(source, content, Some(own), &below, sources)),
                None => {
                    let here = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    let candidates = match path {
                        Some(path) => vec![format!("{here}/{path}")],
                        None => vec![format!("{below}.rs"), format!("{below}/mod.rs")],
                    };
                    let found = sources.iter().find(|source| candidates.contains(&source.path));
                    found.map(|source| self.add(source, scan(&source.ast.items), Some(own), &below, sources))
                }
            };
            if let Some(child) = child {
                self.0[own].children.insert(name, child);
            }
        }
        own
    }

    /// What a path means in a module.
    pub fn resolve(&self, module: usize, path: &[String]) -> Meaning {
        self.follow(module, path, false, 0)
    }

    /// The same; `wants_module` where a module and a function may have one name and the module is meant.
    fn follow(&self, module: usize, path: &[String], wants_module: bool, depth: usize) -> Meaning {
        let outside = || Meaning::Outside(path.to_vec());
        let mut at = module;
        let mut rest = path;
        let mut begun = false;
        while let Some((first, others)) = rest.split_first() {
            let next = match first.as_str() {
                "crate" if !begun => Meaning::Module(0),
                "self" if !begun => Meaning::Module(at),
                "super" => match self.0[at].parent {
                    Some(parent) => Meaning::Module(parent),
                    None => return outside(),
                },
                name => {
                    let last = others.is_empty() && !wants_module;
                    match self.lookup(at, name, !last, depth) {
                        Some(meaning) => meaning,
                        None if begun => return Meaning::Item(at),
                        None => return outside(),
                    }
                }
            };
            begun = true;
            match next {
                Meaning::Module(next) => at = next,
                Meaning::Item(_) => return next,
                Meaning::Outside(mut known) => {
                    known.extend(others.iter().cloned());
                    return Meaning::Outside(known);
                }
            }
            rest = others;
        }
        Meaning::Module(at)
    }

    fn lookup(&self, module: usize, name: &str, wants_module: bool, depth: usize) -> Option<Meaning> {
        if depth > LONGEST_CHAIN {
            return None;
        }
        let Module { scope, children, .. } = &self.0[module];
        let child = children.get(name).map(|child| Meaning::Module(*child));
        let item = scope.items.contains(name).then_some(Meaning::Item(module));
        let mut imports = scope.imports.iter();
        let imported = || {
            let import = imports.find(|import| import.name.as_deref() == Some(name))?;
            Some(self.follow(module, &import.path, wants_module, depth + 1))
        };
        let known =
            if wants_module { child.or_else(imported).or(item) } else { item.or_else(imported).or(child) };
        known.or_else(|| self.through_stars(module, name, wants_module, depth))
    }

    /// A name that came in by `use path::*`.
    fn through_stars(&self, module: usize, name: &str, wants_module: bool, depth: usize) -> Option<Meaning> {
        let stars = self.0[module].scope.imports.iter().filter(|import| import.name.is_none());
        stars.into_iter().find_map(|import| match self.follow(module, &import.path, true, depth + 1) {
            Meaning::Module(from) if from != module => self.lookup(from, name, wants_module, depth + 1),
            _ => None,
        })
    }
}

/// Root files of a crate: its library and its programs.
pub fn roots<'s>(folder: &str, sources: &'s [Source]) -> Vec<&'s str> {
    let is_root = |path: &str| {
        let inside = path.strip_prefix(folder).unwrap_or(path);
        matches!(inside, "/src/lib.rs" | "/src/main.rs")
            || inside.strip_prefix("/src/bin/").is_some_and(|name| !name.contains('/'))
    };
    sources.iter().map(|source| source.path.as_str()).filter(|path| is_root(path)).collect()
}
