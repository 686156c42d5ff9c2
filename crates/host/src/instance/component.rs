//! A component ready to serve: everything its instances share.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use wasmtime::Store;
use wasmtime::component::ResourceTable;
use wasmtime_wasi::sockets::SocketAddrUse;
use wasmtime_wasi::{FsPerms, WasiCtx, WasiCtxBuilder};
use wasmtime_wasi_http::WasiHttpCtx;
use wasmtime_wasi_http::handler::{ProxyHandler, ProxyPre};

use super::limits::Limits;
use super::state::State;
use super::worker::Handler;
use crate::files::Mounts;
use crate::http::dispatch::AppRef;
use crate::interfaces::Grants;
use crate::interfaces::outbound::Outbound;
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
    pub(crate) id: String,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) mounts: Mounts,
    pub(crate) logs: ComponentLogs,
    pub(crate) grants: Arc<Grants>,
    pub(crate) limitations: Limitations,
    pub(crate) app: AppRef,
}

impl Template {
    /// A store for a new instance.
    pub(super) fn store(&self, engine: &wasmtime::Engine) -> Result<Store<State>> {
        let state = State {
            table: ResourceTable::new(),
            wasi: self.wasi()?,
            http: WasiHttpCtx::new(),
            outbound: Outbound::new(self.app.clone(), self.grants.clone()),
            limits: Limits::new(self.limitations.max_instance_memory),
            open_handles: 0,
            grants: self.grants.clone(),
        };
        let mut store = Store::new(engine, state);
        store.limiter(|state| &mut state.limits);
        // At every tick a busy guest yields, so that other tasks and its own time limit get their turn.
        store.set_epoch_deadline(1);
        store.epoch_deadline_async_yield_and_update(1);
        Ok(store)
    }

    fn wasi(&self) -> Result<WasiCtx> {
        let mut wasi = WasiCtxBuilder::new();
        // Mounted files are local and small; a thread hop per read would cost more than the read.
        wasi.allow_blocking_current_thread(true);
        wasi.envs(&self.environment);
        wasi.stdout(self.logs.stdout.clone()).stderr(self.logs.stderr.clone());
        for (host, guest) in self.mounts.iter() {
            wasi.preopened_dir(host, guest, FsPerms::ReadOnly)
                .map_err(anyhow::Error::from)
                .with_context(|| format!("cannot open the mounted folder {}", host.display()))?;
        }
        if self.grants.allowed_hosts.allows_sockets() {
            wasi.allow_tcp(true).allow_udp(true);
            let grants = self.grants.clone();
            wasi.socket_addr_check(move |address, usage| {
                let reachable = |scheme| {
                    grants.allowed_hosts.allows(scheme, &address.ip().to_string(), Some(address.port()))
                };
                let allowed = match usage {
                    // Connecting binds to any free local port first; other binds would be listeners.
                    SocketAddrUse::TcpBind | SocketAddrUse::UdpBind => {
                        address.ip().is_unspecified() && address.port() == 0
                    }
                    SocketAddrUse::TcpConnect => reachable("tcp"),
                    SocketAddrUse::UdpSend | SocketAddrUse::UdpReceive => reachable("udp"),
                    _ => false,
                };
                Box::pin(async move { allowed })
            });
        } else {
            wasi.allow_tcp(false).allow_udp(false);
        }
        Ok(wasi.build())
    }
}

/// A component with its pool of workers.
#[derive(Clone)]
pub(crate) struct Component {
    pub(crate) template: Arc<Template>,
    pub(crate) handler: ProxyHandler<Handler>,
}

impl Component {
    pub(crate) fn new(template: Template, pre: ProxyPre<State>, engine: wasmtime::Engine) -> Self {
        let template = Arc::new(template);
        let handler = ProxyHandler::new(Handler { template: template.clone(), pre, engine });
        Component { template, handler }
    }
}
