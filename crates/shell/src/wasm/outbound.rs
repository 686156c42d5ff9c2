//! Outgoing HTTP, on the SDK's resources rather than its request and response types: their conversions bring a
//! second URI parser, a second header table and backtraces into every component, about a fifth of a small one.

use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::{SinkExt, StreamExt, future};
use http::Method;
use spin_sdk::http::{
    ErrorCode, Fields, IncomingResponse, Method as SdkMethod, OutgoingRequest, Scheme, SendError,
    send as handle,
};
use wasi::clocks::monotonic_clock::subscribe_duration;

use crate::elsewhere::{Limits, Unreached};

pub(crate) async fn send(request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
    exchange(request, usize::MAX).await.map_err(|unreached| unreached.to_string())
}

pub(crate) async fn send_within(
    request: http::Request<Vec<u8>>,
    limits: Limits,
) -> Result<http::Response<Vec<u8>>, Unreached> {
    let reply = std::pin::pin!(exchange(request, limits.most));
    let time = Timer::after(limits.timeout_ms);
    match future::select(reply, time).await {
        future::Either::Left((reply, _)) => reply,
        future::Either::Right(_) => Err(Unreached::TimedOut),
    }
}

/// Ends after a time. The executor of the SDK waits for it together with everything else.
struct Timer {
    ends: u64,
    registered: Option<spin_executor::CancelOnDropToken>,
}

impl Timer {
    fn after(millis: u64) -> Self {
        let ends = wasi::clocks::monotonic_clock::now().saturating_add(millis.saturating_mul(1_000_000));
        Timer { ends, registered: None }
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let left = self.ends.saturating_sub(wasi::clocks::monotonic_clock::now());
        if left == 0 {
            return Poll::Ready(());
        }
        let waker = context.waker().clone();
        let token = spin_executor::push_waker_and_get_token(subscribe_duration(left), waker);
        self.registered = Some(token.into());
        Poll::Pending
    }
}

async fn exchange(
    request: http::Request<Vec<u8>>,
    most: usize,
) -> Result<http::Response<Vec<u8>>, Unreached> {
    let (parts, body) = request.into_parts();
    let outgoing = head(&parts).map_err(Unreached::Failed)?;
    let sink = outgoing.take_body();
    // Both at once: a body longer than the host's buffer is taken only while the request is under way. Whether
    // all of it was taken is the other side's matter, which may answer before it has read to the end.
    let writing = async move {
        let mut sink = std::pin::pin!(sink);
        if !body.is_empty() {
            let _ = sink.send(body).await;
        }
        // The body ends when the sink is dropped, which is here.
    };
    let (reply, ()) = future::join(handle::<_, IncomingResponse>(outgoing), writing).await;
    let reply = reply.map_err(|error| match error {
        SendError::Http(ErrorCode::HttpRequestDenied) => Unreached::NotAllowed,
        error => Unreached::Failed(error.to_string()),
    })?;
    read(reply, most).await
}

fn head(parts: &http::request::Parts) -> Result<OutgoingRequest, String> {
    let headers: Vec<(String, Vec<u8>)> =
        parts.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let fields = Fields::from_list(&headers).map_err(|_| "a header cannot be sent")?;
    let outgoing = OutgoingRequest::new(fields);
    let method = match &parts.method {
        &Method::GET => SdkMethod::Get,
        &Method::POST => SdkMethod::Post,
        &Method::PUT => SdkMethod::Put,
        &Method::DELETE => SdkMethod::Delete,
        &Method::PATCH => SdkMethod::Patch,
        other => SdkMethod::Other(other.to_string()),
    };
    let scheme = if parts.uri.scheme_str() == Some("https") { Scheme::Https } else { Scheme::Http };
    let target = parts.uri.path_and_query().map(http::uri::PathAndQuery::as_str);
    let authority = parts.uri.authority().map(http::uri::Authority::as_str);
    outgoing
        .set_method(&method)
        .and_then(|()| outgoing.set_scheme(Some(&scheme)))
        .and_then(|()| outgoing.set_authority(authority))
        .and_then(|()| outgoing.set_path_with_query(target))
        .map_err(|()| "the request's method or address cannot be sent")?;
    Ok(outgoing)
}

async fn read(incoming: IncomingResponse, most: usize) -> Result<http::Response<Vec<u8>>, Unreached> {
    let mut builder = http::Response::builder().status(incoming.status());
    for (name, value) in incoming.headers().entries() {
        builder = builder.header(name, value);
    }
    let mut body = Vec::new();
    let mut chunks = std::pin::pin!(incoming.take_body_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Unreached::Failed(error.to_debug_string()))?;
        if body.len() + chunk.len() > most {
            return Err(Unreached::TooLong);
        }
        body.extend(chunk);
    }
    builder.body(body).map_err(|error| Unreached::Failed(error.to_string()))
}
