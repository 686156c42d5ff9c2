//! The WebAssembly engine: its settings, composing a component with its dependencies, and compiling it.

mod compile;
mod compose;
mod denied;

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result};
use wasmtime::{Cache, CacheConfig, Config, Engine, InstanceAllocationStrategy, PoolingAllocationConfig};

pub(crate) use compile::{Compiled, compile};

/// Components running at once, chained calls included; beyond it requests get 503.
const MAX_INSTANCES: u32 = 1000;
/// Core modules of a component: a Rust component has three, each dependency that is composed in as many again.
const CORE_INSTANCES_PER_COMPONENT: u32 = 8;
/// Time a busy guest runs before other tasks get their turn; also how exact time limits are.
const TICK: Duration = Duration::from_millis(10);

/// An engine that keeps compiled code in `cache`. How much memory an instance may have is up to its limiter.
pub(crate) fn new(cache: &Path) -> Result<Engine> {
    let mut pool = PoolingAllocationConfig::default();
    pool.total_component_instances(MAX_INSTANCES)
        .total_core_instances(MAX_INSTANCES * CORE_INSTANCES_PER_COMPONENT)
        .total_memories(MAX_INSTANCES * 2)
        .total_tables(MAX_INSTANCES * CORE_INSTANCES_PER_COMPONENT)
        .total_stacks(MAX_INSTANCES * 2)
        .max_component_instance_size(4 << 20)
        .max_core_instance_size(4 << 20);
    let mut config = Config::new();
    config.wasm_component_model(true).epoch_interruption(true);
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
    let mut cache_config = CacheConfig::new();
    cache_config.with_directory(cache);
    let cache = Cache::new(cache_config)
        .map_err(anyhow::Error::from)
        .context("cannot use the cache of compiled code; set RAMANUJAN_CACHE")?;
    config.cache(Some(cache));
    let engine =
        Engine::new(&config).map_err(anyhow::Error::from).context("cannot start the WebAssembly engine")?;
    let ticking = engine.weak();
    std::thread::Builder::new().name("epoch".into()).spawn(move || {
        while let Some(engine) = ticking.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    })?;
    Ok(engine)
}
