//! What leaves the application: it is held back until what it may tell of is on disk.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use wasmtime_wasi_http::{Error, WasiBody};

use super::request::RequestCell;
use crate::storage::{Durability, Mark, NotDurable};

/// A response for a client, once everything that it may tell of is on disk; its body follows in the same way.
///
/// # Errors
/// When the disk has failed.
pub(crate) async fn response(
    response: Response<WasiBody>,
    durability: &Arc<Durability>,
    call: &Arc<RequestCell>,
) -> Result<Response<WasiBody>, NotDurable> {
    // Asked first: what comes after the end of the call is another's.
    let is_over = call.is_over();
    durability.wait(&call.mark()).await?;
    if is_over {
        return Ok(response);
    }
    Ok(response.map(|body| hold(body, durability, Some(call))))
}

/// A request to another host, likewise.
///
/// # Errors
/// When the disk has failed.
pub(crate) async fn request(
    request: Request<WasiBody>,
    durability: &Arc<Durability>,
) -> Result<Request<WasiBody>, NotDurable> {
    durability.wait(&durability.mark()).await?;
    Ok(request.map(|body| hold(body, durability, None)))
}

fn hold(body: WasiBody, durability: &Arc<Durability>, call: Option<&Arc<RequestCell>>) -> WasiBody {
    let (durability, call) = (durability.clone(), call.cloned());
    Held { durability, call, body, frame: None, waiting: None }.boxed_unsync()
}

/// A body of which each part waits for the disk.
struct Held {
    durability: Arc<Durability>,
    /// The call that makes the body; what comes from it after its end does not wait again.
    call: Option<Arc<RequestCell>>,
    body: WasiBody,
    frame: Option<Frame<Bytes>>,
    waiting: Option<BoxFuture<'static, Result<(), NotDurable>>>,
}

impl Held {
    fn mark(&self) -> Mark {
        self.call.as_ref().map_or_else(|| self.durability.mark(), |call| call.mark())
    }
}

impl Body for Held {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                let durable = ready!(waiting.as_mut().poll(cx));
                self.waiting = None;
                if durable.is_err() {
                    self.frame = None;
                    return Poll::Ready(Some(Err(Error::ConnectionTerminated)));
                }
            }
            if let Some(frame) = self.frame.take() {
                return Poll::Ready(Some(Ok(frame)));
            }
            let frame = match ready!(Pin::new(&mut self.body).poll_frame(cx)) {
                Some(Ok(frame)) => frame,
                other => return Poll::Ready(other),
            };
            let mark = self.mark();
            if self.durability.has(&mark) == Ok(true) {
                return Poll::Ready(Some(Ok(frame)));
            }
            let durability = self.durability.clone();
            self.waiting = Some(Box::pin(async move { durability.wait(&mark).await }));
            self.frame = Some(frame);
        }
    }

    fn is_end_stream(&self) -> bool {
        self.frame.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.frame.is_some() { SizeHint::default() } else { self.body.size_hint() }
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;
    use futures::channel::mpsc;
    use http::{Method, Uri};
    use http_body_util::{Full, StreamBody};

    use super::*;
    use crate::instance::request::CallOverOnDrop;
    use crate::storage::Commits;

    fn call(durability: &Arc<Durability>) -> Arc<RequestCell> {
        RequestCell::new("test".into(), Method::GET, Uri::default(), durability.clone())
    }

    fn whole(text: &'static str) -> WasiBody {
        Full::new(Bytes::from_static(text.as_bytes())).map_err(|never| match never {}).boxed_unsync()
    }

    #[tokio::test]
    async fn a_response_waits_for_what_its_component_has_stored_and_for_nothing_later() {
        let durability: Arc<Durability> = Arc::default();
        let commits = Commits::of(&durability);
        let call = call(&durability);
        commits.commit();
        let _ = CallOverOnDrop(call.clone());
        let mut waiting = std::pin::pin!(response(Response::new(whole("stored")), &durability, &call));
        assert!(waiting.as_mut().now_or_never().is_none());
        commits.sync();
        // Another request's.
        commits.commit();
        let told = waiting.await.unwrap();
        assert_eq!(told.into_body().collect().await.unwrap().to_bytes(), "stored");
    }

    #[tokio::test]
    async fn each_part_of_a_stream_waits_for_what_was_stored_before_it() {
        let durability: Arc<Durability> = Arc::default();
        let commits = Commits::of(&durability);
        let call = call(&durability);
        let (parts, stream) = mpsc::unbounded();
        let part = |text: &'static str| Ok::<_, Error>(Frame::data(Bytes::from_static(text.as_bytes())));
        let body = StreamBody::new(stream).boxed_unsync();
        let mut body = response(Response::new(body), &durability, &call).await.unwrap().into_body();
        parts.unbounded_send(part("first")).unwrap();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "first");
        commits.commit();
        parts.unbounded_send(part("second")).unwrap();
        assert!(body.frame().now_or_never().is_none());
        assert!(!body.is_end_stream());
        commits.sync();
        assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "second");
        commits.commit();
        let _ = CallOverOnDrop(call);
        parts.unbounded_send(part("third")).unwrap();
        assert!(body.frame().now_or_never().is_none());
        commits.fail();
        assert!(body.frame().await.unwrap().is_err());
    }

    #[tokio::test]
    async fn a_request_to_another_host_waits_too() {
        let durability: Arc<Durability> = Arc::default();
        let commits = Commits::of(&durability);
        commits.commit();
        let mut waiting = std::pin::pin!(request(Request::new(whole("told")), &durability));
        assert!(waiting.as_mut().now_or_never().is_none());
        commits.sync();
        let sent = waiting.await.unwrap().into_body().collect().await.unwrap().to_bytes();
        assert_eq!(sent, "told");
        commits.commit();
        commits.fail();
        assert!(request(Request::new(whole("untold")), &durability).await.is_err());
    }
}
