//! No circle between the modules of a crate.
//!
//! A file depends on another if it uses something that is defined there; the name is followed through re-exports, so
//! that `use super::Text` counts for the file with `struct Text` and not for the parent that only hands it on. What a
//! parent declares (`mod child;`) or re-exports (`pub use child::Text;`) is no use by itself; it is one where the
//! parent's own code names what it re-exports. Methods are not followed: a child may implement the methods of its
//! parent's type, and the parent may call them. Code for tests alone may look anywhere.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::finding::{Finding, Rule};
use crate::modules::{Meaning, Modules, roots};
use crate::scan::Import;
use crate::tree::Crate;

/// From file to file, with the line and the path that shows it.
pub type Graph<'s> = BTreeMap<&'s str, BTreeMap<&'s str, (usize, String)>>;

/// Findings of a crate.
pub fn check(own: &Crate) -> Vec<Finding> {
    let mut findings = Vec::new();
    for root in roots(&own.folder, &own.sources) {
        let graph = graph(&Modules::new(root, &own.sources));
        for circle in circles(&graph) {
            findings.push(describe(own, &graph, &circle));
        }
    }
    findings
}

/// Which file uses what of which other file.
pub fn graph<'s>(modules: &Modules<'s>) -> Graph<'s> {
    let mut graph = Graph::new();
    for (at, module) in modules.0.iter().enumerate() {
        let own = module.source.path.as_str();
        let edges = graph.entry(own).or_default();
        let mut add = |meaning: Meaning, path: &[String], line: usize, star: bool| {
            let target = match meaning {
                Meaning::Item(target) => target,
                Meaning::Module(target) if star => target,
                _ => return,
            };
            let other = modules.0[target].source.path.as_str();
            if other != own {
                edges.entry(other).or_insert_with(|| (line, path.join("::")));
            }
        };
        let own_uses = |import: &&Import| !import.public;
        for import in module.scope.imports.iter().filter(own_uses) {
            add(modules.resolve(at, &import.path), &import.path, import.line, import.name.is_none());
        }
        for used in &module.scope.paths {
            add(modules.resolve(at, &used.path), &used.path, used.line, false);
        }
    }
    graph
}

/// Files that reach each other, in sets of two or more.
pub fn circles<'s>(graph: &Graph<'s>) -> Vec<BTreeSet<&'s str>> {
    let reached: BTreeMap<&str, BTreeSet<&'s str>> =
        graph.keys().map(|from| (*from, reachable(graph, from))).collect();
    let mut found: Vec<BTreeSet<&'s str>> = Vec::new();
    for from in graph.keys() {
        let circle: BTreeSet<&str> =
            reached[from].iter().copied().filter(|to| reached[to].contains(from)).collect();
        if circle.len() > 1 && !found.contains(&circle) {
            found.push(circle);
        }
    }
    found
}

fn reachable<'s>(graph: &Graph<'s>, from: &str) -> BTreeSet<&'s str> {
    let mut seen = BTreeSet::new();
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        for to in graph.get(at).into_iter().flat_map(BTreeMap::keys) {
            if seen.insert(*to) {
                open.push(to);
            }
        }
    }
    seen
}

/// The shortest way from a file back to itself.
fn shortest<'s>(graph: &Graph<'s>, from: &'s str) -> Vec<&'s str> {
    let mut came_from: BTreeMap<&str, &str> = BTreeMap::new();
    let mut open = VecDeque::from([from]);
    while let Some(at) = open.pop_front() {
        for to in graph.get(at).into_iter().flat_map(BTreeMap::keys) {
            if *to == from {
                let mut way = vec![at];
                while let Some(before) = came_from.get(way[way.len() - 1]) {
                    way.push(before);
                }
                way.reverse();
                return way;
            }
            if !came_from.contains_key(to) {
                came_from.insert(to, at);
                open.push_back(to);
            }
        }
    }
    Vec::new()
}

fn describe(own: &Crate, graph: &Graph<'_>, circle: &BTreeSet<&str>) -> Finding {
    let ways = circle.iter().map(|from| shortest(graph, from));
    let way = ways.min_by_key(Vec::len).unwrap_or_default();
    let step = |at: usize| {
        let (from, to) = (way[at], way[(at + 1) % way.len()]);
        let (line, path) = &graph[from][to];
        format!("{}:{line} uses {path} of {}", own.inside(from), own.inside(to))
    };
    let steps: Vec<String> = (0..way.len()).map(step).collect();
    let files: Vec<&str> = circle.iter().map(|path| own.inside(path)).collect();
    let line = match way.as_slice() {
        [first, second, ..] => graph[first][second].0,
        _ => 1,
    };
    Finding {
        rule: Rule::Circle,
        owner: own.name.clone(),
        path: way.first().copied().unwrap_or_default().to_owned(),
        line,
        what: format!(
            "{} files use each other ({}); shortest: {}",
            files.len(),
            files.join(" "),
            steps.join(", ")
        ),
        remedy: "Move what both need into a module below them",
    }
}

/// All edges inside the circles of a crate, one a line, for whoever takes them apart.
pub fn edges(own: &Crate) -> Vec<String> {
    let mut lines = Vec::new();
    for root in roots(&own.folder, &own.sources) {
        let graph = graph(&Modules::new(root, &own.sources));
        for circle in circles(&graph) {
            for from in &circle {
                for (to, (line, path)) in graph[from].iter().filter(|(to, _)| circle.contains(*to)) {
                    lines.push(format!("{}:{line} -> {} ({path})", own.inside(from), own.inside(to)));
                }
            }
        }
    }
    lines
}
