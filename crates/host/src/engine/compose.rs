//! Composing a component with its WIT dependencies into one component.
//!
//! A dependency is isolated: of the capabilities of its parent it gets what `inherit_configuration` names. Each other
//! import that would give it a capability is renamed, and the renamed import is later satisfied with functions that
//! refuse (`denied`). Clocks, random numbers and standard output give no capability and stay.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use wac_graph::types::{Interface, ItemKind, Package, SubtypeChecker, WorldId};
use wac_graph::{CompositionGraph, EncodeOptions, NodeId};

use crate::interfaces;
use crate::manifest::{Dependency, Inherit};

/// A composed component.
pub(super) struct Composed {
    pub(super) wasm: Vec<u8>,
    /// Imports to satisfy with refusals: name in the composed component → interface it stands for.
    pub(super) denied: BTreeMap<String, String>,
}

/// Composes `wasm` with `dependencies`. Only the exports of `wasm` itself remain exports.
pub(super) fn compose(wasm: &[u8], dependencies: &[Dependency]) -> Result<Composed> {
    if dependencies.is_empty() {
        return Ok(Composed { wasm: wasm.to_vec(), denied: BTreeMap::new() });
    }
    let mut composer = Composer { graph: CompositionGraph::new(), denied: BTreeMap::new() };
    let (world, parent) = composer.add("root:component", wasm).context("the component itself")?;
    let imports: Vec<String> = composer.graph.types()[world].imports.keys().cloned().collect();
    let mut satisfied: BTreeMap<&str, &Dependency> = BTreeMap::new();
    for (index, dependency) in dependencies.iter().enumerate() {
        let name = &dependency.name;
        let matched: Vec<&String> = imports.iter().filter(|import| name.matches(import)).collect();
        ensure!(
            !matched.is_empty(),
            "dependency {name} matches no import; the imports are {}",
            imports.join(", ")
        );
        for import in &matched {
            if let Some(other) = satisfied.insert(import, dependency) {
                bail!("import {import} is matched by two dependencies, {} and {name}", other.name);
            }
        }
        let wasm = std::fs::read(&dependency.path)
            .with_context(|| format!("dependency {name}: cannot read {}", dependency.path.display()))?;
        let context = || format!("dependency {name} from {}", dependency.path.display());
        let provider = composer.add(&format!("dependency:d{index}"), &wasm).with_context(context)?;
        composer.isolate(index, provider, &dependency.inherit).with_context(context)?;
        for import in matched {
            let export = dependency.export.as_deref().unwrap_or(import);
            composer.connect(provider, export, (world, parent), import).with_context(context)?;
        }
    }
    composer.finish(world, parent)
}

struct Composer {
    graph: CompositionGraph,
    denied: BTreeMap<String, String>,
}

impl Composer {
    fn add(&mut self, name: &str, wasm: &[u8]) -> Result<(WorldId, NodeId)> {
        let package = Package::from_bytes(name, None, wasm, self.graph.types_mut())?;
        let world = package.ty();
        let package = self.graph.register_package(package)?;
        Ok((world, self.graph.instantiate(package)))
    }

    /// Renames the imports of a dependency that it may not use.
    fn isolate(
        &mut self,
        index: usize,
        (world, instance): (WorldId, NodeId),
        inherit: &Inherit,
    ) -> Result<()> {
        let imports: Vec<(String, ItemKind)> =
            self.graph.types()[world].imports.iter().map(|(name, kind)| (name.clone(), *kind)).collect();
        for (number, (import, kind)) in imports.into_iter().enumerate() {
            if is_allowed(&import, inherit) {
                continue;
            }
            let ItemKind::Instance(interface) = kind else { bail!("the import {import} is no interface") };
            let name = format!("denied:d{index}/i{number}");
            // Under its own id the interface would be taken for the parent's import of the same id, and be satisfied
            // with what the parent may use.
            let types = self.graph.types_mut();
            let renamed = Interface { id: Some(name.clone()), ..types[interface].clone() };
            let renamed = types.add_interface(renamed);
            let node = self.graph.import(&name, ItemKind::Instance(renamed))?;
            self.graph.set_instantiation_argument(instance, &import, node)?;
            self.denied.insert(name, import);
        }
        Ok(())
    }

    fn connect(
        &mut self,
        (provider_world, provider): (WorldId, NodeId),
        export: &str,
        (world, parent): (WorldId, NodeId),
        import: &str,
    ) -> Result<()> {
        let types = self.graph.types();
        let Some(offered) = types[provider_world].exports.get(export) else {
            bail!("it does not export {export}, which the import {import} needs");
        };
        let wanted = types[world].imports.get(import).context("the import is gone")?;
        SubtypeChecker::new(&mut Default::default())
            .is_subtype(*offered, types, *wanted, types)
            .with_context(|| format!("its export {export} does not fit the import {import}"))?;
        let node = self.graph.alias_instance_export(provider, export)?;
        self.graph.set_instantiation_argument(parent, import, node)?;
        Ok(())
    }

    fn finish(mut self, world: WorldId, parent: NodeId) -> Result<Composed> {
        let exports: Vec<String> = self.graph.types()[world].exports.keys().cloned().collect();
        for export in exports {
            let node = self.graph.alias_instance_export(parent, &export)?;
            self.graph.export(node, &export)?;
        }
        Ok(Composed { wasm: self.graph.encode(EncodeOptions::default())?, denied: self.denied })
    }
}

fn is_allowed(import: &str, inherit: &Inherit) -> bool {
    let Some(capability) = interfaces::behind(import) else { return true };
    match inherit {
        Inherit::All(all) => *all,
        Inherit::Some(kinds) => kinds.iter().any(|kind| kind == capability.key),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn capabilities_are_denied_unless_inherited() {
        let none = Inherit::All(false);
        assert!(!is_allowed("wasi:cli/environment@0.2.6", &none));
        assert!(!is_allowed("fermyon:spin/sqlite@2.0.0", &none));
        assert!(is_allowed("wasi:random/random@0.2.0", &none));
        assert!(is_allowed("wasi:http/types@0.2.0", &none));
        assert!(is_allowed("fermyon:spin/sqlite@2.0.0", &Inherit::All(true)));
        let variables = Inherit::Some(vec!["variables".into()]);
        assert!(is_allowed("fermyon:spin/variables@2.0.0", &variables));
        assert!(!is_allowed("fermyon:spin/sqlite@2.0.0", &variables));
    }
}
