//! Problem documents where hyper answers by itself.
//!
//! A head that is no HTTP, whose target is no URI, or that is too long, never becomes a request: hyper replies 400, 414
//! or 431 without a body, ends the connection, and afterwards says why. That reply is the last thing it writes. So a
//! connection holds back what looks like it for one turn of its task. If the connection goes on, it was no such reply
//! and goes out after all; if hyper ends with the error that belongs to it, the problem document goes out in its place.

use std::future::{Future, poll_fn};
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use ramanujan_core::problem::PROBLEM_JSON;
use ramanujan_core::{Code, Problem};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;

/// More than hyper's own reply has.
const MAX_REPLY: usize = 192;
/// How a client begins that speaks HTTP/2, which has no such replies (RFC 9113 §3.4).
const HTTP2_PREFACE: &[u8] = b"PRI";
/// hyper's word for a target that is no URI; its errors tell it in no other way.
const NO_URI: &str = "invalid URI";

/// The statuses of hyper's own replies.
const BAD_REQUEST: &str = " 400 Bad Request";
const TARGET_TOO_LONG: &str = " 414 URI Too Long";
const HEAD_TOO_LARGE: &str = " 431 Request Header Fields Too Large";

/// How hyper ends.
type Ended = Result<(), Box<dyn std::error::Error + Send + Sync>>;

/// What a connection and the task that serves it have in common.
#[derive(Clone, Default)]
pub(super) struct Exchange(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Something is held back.
    holds: AtomicBool,
    /// It is to go out.
    let_go: AtomicBool,
    /// The stream and what was held back to the end.
    left: Mutex<Option<(TcpStream, Vec<u8>)>>,
}

impl Exchange {
    /// The connection on `stream`, for hyper.
    pub(super) fn connection(&self, stream: TcpStream) -> Connection {
        Connection { stream: Some(stream), held: Vec::new(), plain: None, shared: self.0.clone() }
    }

    /// Runs `hyper` to its end and sends what was held back, or what is to be said in its place.
    pub(super) async fn serve(self, hyper: impl Future<Output = Ended>) {
        let Exchange(shared) = self;
        let ended = Self::run(&shared, hyper).await;
        let left = shared.left.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some((mut stream, held)) = left else { return };
        let reply = match ended.as_ref().err().and_then(|error| error.downcast_ref::<hyper::Error>()) {
            Some(error) if error.is_parse() => with_document(&held, &explain(error, &held)),
            _ => held,
        };
        // A client that has gone away is its own affair.
        if stream.write_all(&reply).await.is_ok() {
            let _ = stream.shutdown().await;
        }
    }

    async fn run(shared: &Shared, hyper: impl Future<Output = Ended>) -> Ended {
        let mut hyper = pin!(hyper);
        poll_fn(|cx| {
            let polled = hyper.as_mut().poll(cx);
            if polled.is_pending() && shared.holds.load(Relaxed) && !shared.let_go.swap(true, Relaxed) {
                // hyper flushes in every turn.
                cx.waker().wake_by_ref();
            }
            polled
        })
        .await
    }
}

/// What is to be said in the place of `reply`.
fn explain(error: &hyper::Error, reply: &[u8]) -> Problem {
    let reason = error.to_string();
    let has = |status: &str| status_of(reply) == Some(status);
    if has(TARGET_TOO_LONG) {
        let detail = "the path and the query are longer than 65534 bytes: what is long belongs into the body of a POST; \
            a version of a document is named in that of POST /crdt/{document}/recover, which shows it";
        Problem::new(Code::TargetTooLong, detail)
    } else if has(HEAD_TOO_LARGE) {
        let detail = "the request's head, its target and its fields, is longer than the server reads";
        Problem::new(Code::HeadTooLarge, detail)
    } else if reason == NO_URI {
        let detail = "the request target is not a URI: quotes, spaces, brackets and the like in it must be encoded as %XX";
        Problem::new(Code::BadTarget, detail)
    } else {
        Problem::new(Code::BadRequest, format!("the request's head is no HTTP: {reason}"))
    }
}

/// hyper's reply with `problem` as its body.
fn with_document(reply: &[u8], problem: &Problem) -> Vec<u8> {
    let body = problem.to_json().to_string();
    let fields = format!("content-type: {PROBLEM_JSON}\r\ncontent-length: {}", body.len());
    let head = String::from_utf8_lossy(reply).replace("content-length: 0", &fields);
    (head + body.as_str()).into_bytes()
}

/// Where in `written` hyper's own reply begins, if it ends with something that looks like it.
fn own_reply(written: &[u8]) -> Option<usize> {
    let written_before = written.len().saturating_sub(MAX_REPLY);
    let tail = written.get(written_before..)?.strip_suffix(b"\r\n\r\n")?;
    let start = tail.windows(7).rposition(|window| window == b"HTTP/1.")?;
    let mut lines = std::str::from_utf8(tail.get(start..)?).ok()?.split("\r\n");
    let is_refusal = [BAD_REQUEST, TARGET_TOO_LONG, HEAD_TOO_LARGE].contains(&lines.next()?.get(8..)?);
    let fields = ["content-length: 0", "connection: close"];
    let is_plain = lines.all(|line| fields.contains(&line) || line.starts_with("date: "));
    (is_refusal && is_plain).then_some(written_before + start)
}

/// Status and phrase of a reply, with the blank before them.
fn status_of(reply: &[u8]) -> Option<&str> {
    std::str::from_utf8(reply).ok()?.split("\r\n").next()?.get(8..)
}

/// A client's connection.
pub(super) struct Connection {
    /// `None` only while it is dropped.
    stream: Option<TcpStream>,
    /// What looks like hyper's own reply.
    held: Vec<u8>,
    /// Whether the client speaks HTTP/1, once it has spoken.
    plain: Option<bool>,
    shared: Arc<Shared>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        if let Some(stream) = self.stream.take()
            && !self.held.is_empty()
        {
            let held = std::mem::take(&mut self.held);
            *self.shared.left.lock().unwrap_or_else(PoisonError::into_inner) = Some((stream, held));
        }
    }
}

impl Connection {
    fn stream(&mut self) -> io::Result<Pin<&mut TcpStream>> {
        self.stream.as_mut().map(Pin::new).ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Where in `written` that begins which is to be held back.
    fn to_hold(&self, written: &[u8]) -> Option<usize> {
        if self.plain == Some(false) { None } else { own_reply(written) }
    }

    /// Sends what was held back: it was no reply of hyper's own.
    fn poll_release(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.held.is_empty() {
            return Poll::Ready(Ok(()));
        }
        while !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            let sent = self.stream().map(|stream| stream.poll_write(cx, &held));
            self.held = held;
            let sent = ready!(sent?)?;
            if sent == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.held.drain(..sent);
        }
        self.shared.holds.store(false, Relaxed);
        self.shared.let_go.store(false, Relaxed);
        Poll::Ready(Ok(()))
    }
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(self.stream()?.poll_read(cx, buffer))?;
        if self.plain.is_none() {
            let read = buffer.filled().get(before..).unwrap_or_default();
            self.plain = Some(!read.starts_with(HTTP2_PREFACE));
        }
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_release(cx))?;
        match self.to_hold(bytes) {
            None => self.stream()?.poll_write(cx, bytes),
            Some(0) => {
                self.held = bytes.to_owned();
                self.shared.holds.store(true, Relaxed);
                Poll::Ready(Ok(bytes.len()))
            }
            Some(start) => self.stream()?.poll_write(cx, &bytes[..start]),
        }
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        // A head is in one slice, and hyper's own reply has nothing after it.
        let Some(last) = slices.iter().rposition(|slice| !slice.is_empty()) else {
            return Poll::Ready(Ok(0));
        };
        if self.to_hold(&slices[last]).is_none() {
            ready!(self.poll_release(cx))?;
            return self.stream()?.poll_write_vectored(cx, slices);
        }
        match slices.iter().position(|slice| !slice.is_empty()) {
            Some(first) if first < last => {
                ready!(self.poll_release(cx))?;
                self.stream()?.poll_write_vectored(cx, &slices[..last])
            }
            _ => self.poll_write(cx, &slices[last]),
        }
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.as_ref().is_some_and(AsyncWrite::is_write_vectored)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.shared.let_go.load(Relaxed) {
            ready!(self.poll_release(cx))?;
        }
        self.stream()?.poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.held.is_empty() { self.stream()?.poll_shutdown(cx) } else { Poll::Ready(Ok(())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyper_s_reply_is_told_from_others() {
        let reply = "HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\ndate: Mon, 30 Nov 2026 00:00:00 GMT\r\n\r\n";
        assert_eq!(own_reply(reply.as_bytes()), Some(0));
        for status in [TARGET_TOO_LONG, HEAD_TOO_LARGE] {
            let reply = reply.replace(BAD_REQUEST, status);
            assert_eq!((own_reply(reply.as_bytes()), status_of(reply.as_bytes())), (Some(0), Some(status)));
        }
        let after = format!("HTTP/1.1 200 OK\r\ncontent-length: 300\r\n\r\n{}{reply}", "x".repeat(300));
        assert_eq!(own_reply(after.as_bytes()), Some(after.len() - reply.len()));
        for other in [
            "",
            "\r\n\r\n",
            "HTTP/1.\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\nx: y\r\ncontent-length: 0\r\n\r\n",
            &reply.replace("0\r\n", "5\r\n"),
            reply.trim_end(),
        ] {
            assert_eq!(own_reply(other.as_bytes()), None, "{other:?}");
        }
        let document = with_document(reply.as_bytes(), &Problem::new(Code::BadTarget, "x"));
        let document = String::from_utf8(document).unwrap();
        let (head, body) = document.split_once("\r\n\r\n").unwrap();
        assert!(head.contains(&format!("\r\ncontent-length: {}\r\n", body.len())), "{head}");
    }
}
