//! What all instances of one component share, and the making of an instance's state from it.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use wasmtime::{Engine, Store};

use super::grants::{Grants, Preparation};
use super::limits::Limits;
use super::state::State;
use crate::logs::ComponentLogs;

/// Bounds on instances and requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limitations {
    /// Requests one instance serves, one after the other, before it is dropped.
    pub(crate) max_instance_reuse: usize,
    /// Time from a request's arrival to the end of its response.
    pub(crate) request_timeout: Duration,
    /// Bytes of linear memory of one instance.
    pub(crate) max_instance_memory: usize,
}

/// What the instances of one component are made of.
pub(crate) struct Template {
    /// Id of the component in the manifest.
    pub(crate) id: Arc<str>,
    /// Where its output goes.
    pub(crate) logs: ComponentLogs,
    /// What it may use.
    pub(crate) grants: Arc<Grants>,
    /// What it may take.
    pub(crate) limitations: Limitations,
}

impl Template {
    /// A store for a new instance.
    ///
    /// # Errors
    /// When a grant can no longer be given, for instance because a mounted folder is gone.
    pub(super) fn store(&self, engine: &Engine) -> Result<Store<State>> {
        let mut prepared = Preparation::new();
        prepared.wasi.stdout(self.logs.stdout.clone()).stderr(self.logs.stderr.clone());
        self.grants.prepare(&mut prepared)?;
        let limits = Limits::new(self.limitations.max_instance_memory);
        let mut store = Store::new(engine, State::new(prepared, limits, self.grants.clone()));
        store.limiter(|state| &mut state.limits);
        // At every tick a busy guest yields, so that other tasks and its own time limit get their turn.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        Ok(store)
    }
}
