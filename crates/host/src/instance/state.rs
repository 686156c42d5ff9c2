//! The state of one instance, which the interfaces work on.
//!
//! It knows no interface: what a component may use is in its grants, what it holds open is in the engine's table.

use std::sync::Arc;

use wasmtime::component::{Resource, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpHooks, WasiHttpView};

use super::grants::{Grant, Grants, Preparation};
use super::limits::Limits;

/// Most handles of this host's interfaces (stores, connections) an instance may hold open at once.
const MAX_OPEN_HANDLES: usize = 256;

/// Data of an engine's store, one for each instance.
pub(crate) struct State {
    table: ResourceTable,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Box<dyn WasiHttpHooks>,
    pub(super) limits: Limits,
    open_handles: usize,
    grants: Arc<Grants>,
}

/// The instance holds as many handles as it may.
pub(crate) struct TooManyHandles;

impl State {
    /// The state of an instance that `prepared` describes and whose interfaces look into `grants`.
    pub(super) fn new(mut prepared: Preparation, limits: Limits, grants: Arc<Grants>) -> Self {
        State {
            table: ResourceTable::new(),
            wasi: prepared.wasi.build(),
            http: WasiHttpCtx::new(),
            hooks: prepared.hooks,
            limits,
            open_handles: 0,
            grants,
        }
    }

    /// What the component may use of one interface. `None` means nothing.
    pub(crate) fn grant<T: Grant>(&self) -> Option<&T> {
        self.grants.get()
    }

    /// Keeps `handle` for the component.
    ///
    /// # Errors
    /// When the instance holds 256 handles already.
    pub(crate) fn hold<T: Send + 'static>(&mut self, handle: T) -> Result<Resource<T>, TooManyHandles> {
        if self.open_handles >= MAX_OPEN_HANDLES {
            return Err(TooManyHandles);
        }
        let resource = self.table.push(handle).map_err(|_| TooManyHandles)?;
        self.open_handles += 1;
        Ok(resource)
    }

    /// What the component holds as `resource`.
    ///
    /// # Errors
    /// When it holds no such thing, which ends the instance.
    pub(crate) fn held<T: 'static>(&self, resource: &Resource<T>) -> wasmtime::Result<&T> {
        Ok(self.table.get(resource)?)
    }

    /// Drops what the component held as `resource`.
    ///
    /// # Errors
    /// When it held no such thing, which ends the instance.
    pub(crate) fn release<T: 'static>(&mut self, resource: Resource<T>) -> wasmtime::Result<()> {
        self.table.delete(resource)?;
        self.open_handles -= 1;
        Ok(())
    }

    /// Everything the component holds, also of the engine's own interfaces.
    pub(super) fn table(&mut self) -> &mut ResourceTable {
        &mut self.table
    }
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

impl WasiHttpView for State {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView { ctx: &mut self.http, table: &mut self.table, hooks: &mut *self.hooks }
    }
}
