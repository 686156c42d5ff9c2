//! What the parts that handle one request tell each other: when it began, that it is no longer wanted, and why it
//! failed.

use std::fmt;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicBool, AtomicU8};
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;
use http::{Method, Uri};

use crate::storage::{Durability, Mark};

/// Why the host ended a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// Not by the host.
    No = 0,
    /// The time limit was reached.
    TimeLimit = 1,
    /// Nobody waits for the answer any more.
    Abandoned = 2,
}

/// What a log line says first. Formatted when there is one.
struct Label {
    component: Arc<str>,
    method: Method,
    uri: Uri,
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.component, self.method, self.uri.path())
    }
}

/// State of one request, shared by the connection that waits and the instance that works.
pub(crate) struct RequestCell {
    label: Label,
    started: Instant,
    abandoned: AtomicBool,
    entered: AtomicBool,
    answered: AtomicBool,
    memory_refused: AtomicBool,
    call_over: AtomicBool,
    ended: AtomicU8,
    durability: Arc<Durability>,
    mark: OnceLock<Mark>,
    instance: AtomicWaker,
    reader: AtomicWaker,
}

impl RequestCell {
    /// A request to `component` that has just arrived; `durability` is of the databases that it can have to do with.
    pub(crate) fn new(
        component: Arc<str>,
        method: Method,
        uri: Uri,
        durability: Arc<Durability>,
    ) -> Arc<Self> {
        Arc::new(RequestCell {
            label: Label { component, method, uri },
            started: Instant::now(),
            abandoned: AtomicBool::new(false),
            entered: AtomicBool::new(false),
            answered: AtomicBool::new(false),
            memory_refused: AtomicBool::new(false),
            call_over: AtomicBool::new(false),
            ended: AtomicU8::new(Ended::No as u8),
            durability,
            mark: OnceLock::new(),
            instance: AtomicWaker::new(),
            reader: AtomicWaker::new(),
        })
    }

    /// Component, method and path, for log lines.
    pub(crate) fn label(&self) -> &impl fmt::Display {
        &self.label
    }

    /// Time since the request arrived.
    pub(crate) fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// The moment at which `limit` is over.
    pub(crate) fn deadline(&self, limit: Duration) -> Option<Instant> {
        self.started.checked_add(limit)
    }

    /// An instance has begun with it.
    pub(crate) fn set_entered(&self) {
        self.entered.store(true, Relaxed);
    }

    /// Whether an instance has begun with it.
    pub(crate) fn has_entered(&self) -> bool {
        self.entered.load(Relaxed)
    }

    /// The head of the response is on its way.
    pub(crate) fn set_answered(&self) {
        self.answered.store(true, Relaxed);
    }

    /// Whether the client has seen a response begin.
    pub(crate) fn is_answered(&self) -> bool {
        self.answered.load(Relaxed)
    }

    /// The instance asked for more memory than it may have.
    pub(crate) fn set_memory_refused(&self) {
        self.memory_refused.store(true, Relaxed);
    }

    /// Whether the instance was refused memory meanwhile.
    pub(crate) fn was_memory_refused(&self) -> bool {
        self.memory_refused.load(Relaxed)
    }

    /// The host ends it, and this is why.
    pub(crate) fn end(&self, why: Ended) {
        self.ended.store(why as u8, Relaxed);
    }

    /// Why the host ended it, if it did.
    pub(crate) fn ended(&self) -> Ended {
        match self.ended.load(Relaxed) {
            1 => Ended::TimeLimit,
            2 => Ended::Abandoned,
            _ => Ended::No,
        }
    }

    /// Whether nobody waits any more; if somebody does, `waker` is woken when that changes.
    pub(crate) fn poll_abandoned(&self, waker: &Waker) -> bool {
        self.instance.register(waker);
        self.abandoned.load(Relaxed)
    }

    /// Whether the component's function has come to its end.
    pub(super) fn is_over(&self) -> bool {
        self.call_over.load(Acquire)
    }

    /// Whether the component's function has come to its end; if not, `waker` is woken when it does.
    pub(crate) fn poll_call_over(&self, waker: &Waker) -> bool {
        self.reader.register(waker);
        self.call_over.load(Acquire)
    }

    /// Everything that the component can have read or written by now; where its function has come to its end, by then.
    pub(super) fn mark(&self) -> Mark {
        self.mark.get().cloned().unwrap_or_else(|| self.durability.mark())
    }

    fn abandon(&self) {
        self.abandoned.store(true, Relaxed);
        self.instance.wake();
    }
}

/// Says, when dropped, that the component's function has returned or trapped.
pub(crate) struct CallOverOnDrop(pub(crate) Arc<RequestCell>);

impl Drop for CallOverOnDrop {
    fn drop(&mut self) {
        let _ = self.0.mark.set(self.0.durability.mark());
        self.0.call_over.store(true, Release);
        self.0.reader.wake();
    }
}

/// Marks its request as abandoned when dropped, unless disarmed first.
pub(crate) struct CancelOnDrop(Option<Arc<RequestCell>>);

impl CancelOnDrop {
    /// Guards `cell`.
    pub(crate) fn new(cell: Arc<RequestCell>) -> Self {
        CancelOnDrop(Some(cell))
    }

    /// The request has come to its end in good order.
    pub(crate) fn disarm(mut self) {
        self.0 = None;
    }

    /// The request that is guarded.
    pub(crate) fn request(&self) -> Option<&RequestCell> {
        self.0.as_deref()
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        if let Some(cell) = self.0.take() {
            cell.abandon();
        }
    }
}
