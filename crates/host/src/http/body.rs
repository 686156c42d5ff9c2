//! Bodies: whole ones, and streams that tell the instance behind them when their reader is gone.

use std::future::{Future as _, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::{BodyExt as _, Empty, Full};
use wasmtime_wasi_http::{Error, WasiBody};

use crate::instance::request::{CancelOnDrop, Ended};
use crate::output;

/// What comes next of a body; `None` at its end.
type Next = Option<Result<Frame<Bytes>, Error>>;

/// A body known as a whole.
pub(crate) fn full(bytes: Bytes) -> WasiBody {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// No body.
pub(crate) fn empty() -> WasiBody {
    Empty::new().map_err(|never| match never {}).boxed_unsync()
}

/// A component's response body. Dropped before its end, it cancels the request that produces it.
pub(crate) struct Guarded {
    /// What the component sends.
    pub(crate) body: WasiBody,
    /// Cancels the request; `None` once the body has come to its end.
    pub(crate) guard: Option<CancelOnDrop>,
}

impl Body for Guarded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        let this = &mut *self;
        let frame = match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => frame,
            Poll::Pending => match this.guard.as_ref().and_then(CancelOnDrop::request) {
                Some(request) if request.poll_call_over(cx.waker()) => {
                    // Everything there will ever be is there now: what is missing is missing for good. Unconstrained,
                    // so that pending cannot mean that this task has had its turn.
                    let body = Pin::new(&mut this.body);
                    match pin!(tokio::task::unconstrained(next_frame(body))).poll(cx) {
                        Poll::Ready(frame) => frame,
                        Poll::Pending => Some(Err(Error::ConnectionTerminated)),
                    }
                }
                _ => return Poll::Pending,
            },
        };
        // The client sees the connection break off; only this line says why.
        if let Some(Err(error)) = &frame
            && let Some(guard) = self.guard.take()
        {
            if let Some(request) = guard.request()
                && request.ended() == Ended::No
            {
                output::event(format_args!("{}: the response broke off: {error}", request.label()));
            }
        } else if frame.is_none() || self.body.is_end_stream() {
            self.finish();
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

async fn next_frame(mut body: Pin<&mut WasiBody>) -> Next {
    poll_fn(|cx| body.as_mut().poll_frame(cx)).await
}

impl Guarded {
    fn finish(&mut self) {
        if let Some(guard) = self.guard.take() {
            guard.disarm();
        }
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // A body without content is never polled: its end is not an abort.
        if self.body.is_end_stream() {
            self.finish();
        }
    }
}

/// A request body that can be handed out again as long as nobody has begun to read it.
#[derive(Clone)]
pub(crate) struct Rewindable(Arc<Mutex<Option<WasiBody>>>);

impl Rewindable {
    /// Nobody has read `body` yet.
    pub(crate) fn new(body: WasiBody) -> Self {
        Rewindable(Arc::new(Mutex::new(Some(body))))
    }

    /// A body that takes the content at its first poll.
    pub(crate) fn body(&self) -> WasiBody {
        Lazy { source: self.clone(), body: None }.boxed_unsync()
    }

    /// Whether nobody has begun to read.
    pub(crate) fn is_unread(&self) -> bool {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).is_some()
    }

    fn take(&self) -> Option<WasiBody> {
        self.0.lock().unwrap_or_else(|poisoned| poisoned.into_inner()).take()
    }
}

struct Lazy {
    source: Rewindable,
    body: Option<WasiBody>,
}

impl Body for Lazy {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Next> {
        if self.body.is_none() {
            self.body = self.source.take();
        }
        match &mut self.body {
            Some(body) => Pin::new(body).poll_frame(cx),
            None => Poll::Ready(None),
        }
    }
}
