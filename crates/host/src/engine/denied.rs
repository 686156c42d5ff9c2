//! Interfaces that refuse: what an isolated dependency gets in place of its parent's capabilities.
//!
//! A function that can report an error reports that it is not permitted, one that lists things lists none; anything
//! else traps. Made from the component's own types, so that every interface can be denied.

use std::collections::BTreeMap;

use anyhow::{Result, bail};
use wasmtime::Engine;
use wasmtime::component::types::{ComponentItem, Type};
use wasmtime::component::{Component, Linker, ResourceType, Val};

use crate::instance::state::State;

/// A resource nobody can get hold of.
struct Nothing;

/// Satisfies each of the imports `denied` (name → interface) of `component`.
pub(super) fn add_to_linker(
    linker: &mut Linker<State>,
    engine: &Engine,
    component: &Component,
    denied: &BTreeMap<String, String>,
) -> Result<()> {
    let component_type = component.component_type();
    let lent = lent_resources(engine, component, denied);
    for (name, interface) in denied {
        let item = component_type.get_import(engine, name).map(|item| item.ty);
        let Some(ComponentItem::ComponentInstance(instance)) = item else {
            bail!("the import {interface} of a dependency was lost; it would not be isolated");
        };
        let mut target = linker.instance(name)?;
        for (export, item) in instance.exports(engine) {
            match item.ty {
                ComponentItem::ComponentFunc(function) => {
                    let answers: Vec<Option<Val>> =
                        function.results().map(|result| refusal(&result, interface)).collect();
                    let refused = format!("{interface} {export} is not permitted to a dependency");
                    target.func_new(export, move |_, _, _, results| {
                        for (slot, answer) in results.iter_mut().zip(&answers) {
                            match answer {
                                Some(answer) => *slot = answer.clone(),
                                None => return Err(wasmtime::format_err!("{refused}")),
                            }
                        }
                        Ok(())
                    })?;
                }
                ComponentItem::Resource(resource) if !lent.contains(&resource) => {
                    target.resource(export, ResourceType::host::<Nothing>(), |_, _| Ok(()))?;
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Resources that belong to other imports: a denied interface only mentions them.
fn lent_resources(
    engine: &Engine,
    component: &Component,
    denied: &BTreeMap<String, String>,
) -> Vec<ResourceType> {
    let mut resources = Vec::new();
    for (name, item) in component.component_type().imports(engine) {
        if let ComponentItem::ComponentInstance(instance) = item.ty
            && !denied.contains_key(name)
        {
            for (_, item) in instance.exports(engine) {
                if let ComponentItem::Resource(resource) = item.ty {
                    resources.push(resource);
                }
            }
        }
    }
    resources
}

/// A value of type `ty` that says no. `None` if there is none.
fn refusal(ty: &Type, interface: &str) -> Option<Val> {
    match ty {
        Type::Result(result) => {
            let error = match result.err() {
                None => None,
                Some(error) => Some(Box::new(error_value(&error, interface)?)),
            };
            Some(Val::Result(Err(error)))
        }
        Type::List(_) => Some(Val::List(Vec::new())),
        Type::Option(_) => Some(Val::Option(None)),
        _ => None,
    }
}

/// The error that fits best: `access-denied` where there is one, else one that carries a text.
fn error_value(ty: &Type, interface: &str) -> Option<Val> {
    let text = format!("{interface:?} is not permitted");
    match ty {
        Type::String => Some(Val::String(text)),
        Type::Enum(cases) => {
            let names: Vec<&str> = cases.names().collect();
            let name = ["access-denied", "other", "unknown"].iter().find(|name| names.contains(name));
            Some(Val::Enum(name.copied().or(names.first().copied())?.to_owned()))
        }
        Type::Variant(variant) => {
            let cases: Vec<_> = variant.cases().collect();
            let plain = cases.iter().find(|case| case.name == "access-denied" && case.ty.is_none());
            if let Some(case) = plain {
                return Some(Val::Variant(case.name.to_owned(), None));
            }
            ["other", "internal-error", "io", "undefined", "upstream"].iter().find_map(|wanted| {
                let case = cases.iter().find(|case| case.name == *wanted)?;
                let payload = match case.ty.as_ref()? {
                    Type::String => Val::String(text.clone()),
                    Type::Option(option) if matches!(option.ty(), Type::String) => {
                        Val::Option(Some(Box::new(Val::String(text.clone()))))
                    }
                    _ => return None,
                };
                Some(Val::Variant(case.name.to_owned(), Some(Box::new(payload))))
            })
        }
        _ => None,
    }
}
