//! How the engine's `ProxyHandler` makes, feeds and ends instances.
//!
//! An instance handles one request at a time and ends after its share of requests, after an idle time, at a request's
//! time limit, or when the client has gone away.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut, ToWasmtimeResult as _};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p2::body::{HostOutgoingBody, StreamContext};

use super::request::{CallOverOnDrop, Ended, RequestCell};
use super::state::State;
use super::template::Template;
use crate::output;

/// How long an idle instance is kept for the next request.
const IDLE: Duration = Duration::from_secs(5);

/// Makes instances of one component.
pub(crate) struct Handler {
    pub(super) template: Arc<Template>,
    pub(super) pre: ProxyPre<State>,
    pub(super) engine: Engine,
}

impl HandlerState for Handler {
    type StoreData = State;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<State, Expiration, Worker>> {
        let mut store = self.template.store(&self.engine).to_wasmtime_result()?;
        let limit = self.template.limitations.request_timeout;
        // A component's start code runs here, before there is a request whose limit could end it.
        let proxy =
            tokio::time::timeout(limit, self.pre.instantiate_async(&mut store)).await.map_err(|_| {
                wasmtime::format_err!("the instance did not start within {} s", limit.as_secs())
            })??;
        let current = Arc::new(Mutex::new(None));
        Ok(Instance {
            store,
            proxy,
            view: State::http,
            expiration: Expiration { current: current.clone(), limit, sleep: None },
            state: Worker { template: self.template.clone(), current },
        })
    }
}

/// The request an instance is handling, or has handled last.
type Current = Arc<Mutex<Option<Arc<RequestCell>>>>;

fn get(current: &Current) -> Option<Arc<RequestCell>> {
    current.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

/// When an instance must end.
pub(crate) struct Expiration {
    current: Current,
    limit: Duration,
    /// Made at the first pending poll: most requests never come to it.
    sleep: Option<Pin<Box<tokio::time::Sleep>>>,
}

impl Expiration {
    fn poll_until(&mut self, deadline: Option<Instant>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = deadline.map(tokio::time::Instant::from_std) else { return Poll::Pending };
        let sleep = self.sleep.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if sleep.deadline() != deadline {
            sleep.as_mut().reset(deadline);
        }
        sleep.as_mut().poll(cx)
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let current = match status {
            WorkerStatus::Idle => None,
            WorkerStatus::Requests | WorkerStatus::PostReturn => get(&self.current),
        };
        let Some(request) = current else { return self.poll_until(start.checked_add(IDLE), cx) };
        if request.poll_abandoned(cx.waker()) {
            request.end(Ended::Abandoned);
            return Poll::Ready(());
        }
        let deadline = request.deadline(self.limit);
        let expired = self.poll_until(deadline, cx);
        if expired.is_ready() {
            request.end(Ended::TimeLimit);
        }
        expired
    }
}

/// How many requests an instance takes, and what is noted about each.
pub(crate) struct Worker {
    template: Arc<Template>,
    current: Current,
}

impl WorkerState for Worker {
    type StoreData = State;
    type RequestData = Arc<RequestCell>;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.template.limitations.max_instance_reuse {
            ShouldAccept::Never
        } else if concurrent > 0 {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, State>,
        request: Arc<RequestCell>,
        _task: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        request.set_entered();
        store.data_mut().limits.request = Some(request.clone());
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(request.clone());
        // Never ready: `Expiration` ends overdue requests, it is polled even while the guest is busy. But the future
        // lives exactly as long as the call.
        let call = CallOverOnDrop(request);
        Box::pin(async move {
            let _call = call;
            std::future::pending().await
        })
    }

    fn drop(&self, mut store: Store<State>, result: Result<(), wasmtime::Error>) {
        // Before the response's head the connection reports why a request was ended; after it, only this line can.
        if result.is_err()
            && let Some(request) = get(&self.current)
            && request.is_answered()
            && request.ended() == Ended::TimeLimit
        {
            let limit = self.template.limitations.request_timeout.as_secs_f64();
            output::event(format_args!(
                "{}: ended at the time limit of {limit} s, response cut short",
                request.label()
            ));
        }
        // A body that the component has not finished is not complete, and its reader must not take it for that.
        for entry in store.data_mut().table().iter_mut() {
            if let Some(body) = entry.downcast_mut::<HostOutgoingBody>() {
                let (finished, _) = HostOutgoingBody::new(StreamContext::Response, None, 1, 1);
                std::mem::replace(body, finished).abort();
            }
        }
        drop(store);
    }
}
