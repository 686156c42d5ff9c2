//! From Wasm files to a component that can be instantiated.

use std::fs;

use anyhow::{Context as _, Result, bail, ensure};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::handler::ProxyPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre as HttpPre;

use super::{compose, denied};
use crate::instance::state::State;
use crate::interfaces;
use crate::manifest;

/// A component with all its imports found.
pub(crate) type Compiled = ProxyPre<State>;

/// Bytes of a page of linear memory.
const PAGE: u64 = 64 << 10;

/// Reads, composes, compiles (or takes from the cache) and links one component of the manifest, whose instances may have
/// `max_memory` bytes.
pub(crate) fn compile(
    engine: &Engine,
    id: &str,
    component: &manifest::Component,
    max_memory: usize,
) -> Result<Compiled> {
    let wasm = fs::read(&component.source).with_context(|| {
        format!("component {id}: cannot read {}; has it been built?", component.source.display())
    })?;
    let composed = compose::compose(&wasm, &component.dependencies)
        .with_context(|| format!("component {id}: its dependencies do not fit"))?;
    let compiled = Component::new(engine, &composed.wasm)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("component {id}: {} is no valid component", component.source.display()))?;
    let pages = compiled.resources_required().and_then(|required| required.max_initial_memory_size);
    let initial = pages.unwrap_or(0).saturating_mul(PAGE);
    ensure!(
        initial <= max_memory as u64,
        "component {id} needs {} KiB of memory at its start, more than --max-instance-memory allows ({max_memory} B)",
        initial >> 10
    );
    let mut linker = Linker::new(engine);
    interfaces::add_to_linker(&mut linker)?;
    denied::add_to_linker(&mut linker, engine, &compiled, &composed.denied)?;
    let pre = match linker.instantiate_pre(&compiled) {
        Ok(pre) => pre,
        Err(error) => bail!("component {id} needs an interface that this host does not offer: {error:#}"),
    };
    let pre = HttpPre::new(pre)
        .map_err(anyhow::Error::from)
        .with_context(|| format!("component {id} does not export wasi:http/incoming-handler 0.2"))?;
    Ok(ProxyPre::P2(pre))
}
