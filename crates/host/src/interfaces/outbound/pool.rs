//! Connections to other hosts, kept for the next request: a request over a new one waits for a round trip more, and the
//! lost packet of a handshake costs a second.
//!
//! As the engine's own way to send, but for that (`default_send_request`), and for plain HTTP only: https goes that way. A
//! connection takes one request at a time, and waits for the next one no longer than most servers do.

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::{Interval, interval, sleep, timeout};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

/// How long a connection waits for the next request. Node closes after five seconds, others later.
const IDLE: Duration = Duration::from_secs(4);
/// Connections to one address that wait; more are closed when they are done.
const MAX_IDLE: usize = 8;
/// The limit where the component names none: the engine's.
const LONG: Duration = Duration::from_secs(600);

/// A connection that waits.
struct Idle {
    sender: SendRequest<WasiBody>,
    since: Instant,
}

/// The connections that wait, by address. The newest is taken first, so that those that are too many go.
#[derive(Default)]
pub(super) struct Pool(Mutex<HashMap<String, Vec<Idle>>>);

impl Pool {
    /// Sends a request to a host over plain HTTP.
    ///
    /// # Errors
    /// As `default_send_request`.
    pub(super) async fn send(
        self: Arc<Self>,
        mut request: Request<WasiBody>,
        options: Option<RequestOptions>,
    ) -> Result<Response<WasiBody>, Error> {
        let limit =
            |of: fn(&RequestOptions) -> Option<Duration>| options.as_ref().and_then(of).unwrap_or(LONG);
        let first_byte = limit(|options| options.first_byte_timeout);
        let between_bytes = limit(|options| options.between_bytes_timeout);
        let authority = request.uri().authority().ok_or(Error::HttpRequestUriInvalid)?;
        let address = match authority.port() {
            Some(_) => authority.to_string(),
            None => format!("{authority}:80"),
        };
        let target = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from(target.unwrap_or_else(|| PathAndQuery::from_static("/")));
        loop {
            let kept = self.take(&address);
            let is_kept = kept.is_some();
            let mut sender = match kept {
                Some(sender) => sender,
                None => connect(&address, limit(|options| options.connect_timeout)).await?,
            };
            let sent = timeout(first_byte, sender.try_send_request(request)).await;
            match sent.map_err(|_| Error::ConnectionReadTimeout)? {
                Ok(response) => {
                    self.put_back(address, sender);
                    return Ok(response.map(|body| Timed::new(body, between_bytes).boxed_unsync()));
                }
                Err(mut error) => match error.take_message() {
                    // It was closed while it waited, and nothing of the request was sent.
                    Some(unsent) if is_kept => request = unsent,
                    _ => return Err(error.into_error().into()),
                },
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Vec<Idle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, address: &str) -> Option<SendRequest<WasiBody>> {
        let mut all = self.lock();
        let waiting = all.get_mut(address)?;
        while let Some(Idle { sender, since }) = waiting.pop() {
            if sender.is_ready() && since.elapsed() < IDLE {
                return Some(sender);
            }
        }
        None
    }

    /// Keeps a connection once the response has been read; one of which the rest is not wanted is closed.
    fn put_back(self: Arc<Self>, address: String, mut sender: SendRequest<WasiBody>) {
        tokio::spawn(async move {
            if sender.ready().await.is_err() {
                return;
            }
            {
                let mut all = self.lock();
                let waiting = all.entry(address).or_default();
                if waiting.len() < MAX_IDLE {
                    waiting.push(Idle { sender, since: Instant::now() });
                }
            }
            sleep(IDLE).await;
            self.lock().retain(|_, waiting| {
                waiting.retain(|idle| !idle.sender.is_closed() && idle.since.elapsed() < IDLE);
                !waiting.is_empty()
            });
        });
    }
}

async fn connect(address: &str, limit: Duration) -> Result<SendRequest<WasiBody>, Error> {
    let stream = timeout(limit, TcpStream::connect(address)).await.map_err(|_| Error::ConnectionTimeout)?;
    let stream = stream.map_err(Error::Connect)?;
    // A request is written in one piece as a rule, and its end is not to wait for an acknowledgement.
    stream.set_nodelay(true).map_err(Error::Connect)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // What goes wrong is told to whoever waits for a response or reads one.
    tokio::spawn(connection);
    Ok(sender)
}

/// A response's body of which no part may be long in coming.
struct Timed {
    body: Incoming,
    limit: Interval,
}

impl Timed {
    fn new(body: Incoming, limit: Duration) -> Self {
        // An interval of nothing is none.
        let mut limit = interval(limit.max(Duration::from_nanos(1)));
        limit.reset();
        Timed { body, limit }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match Pin::new(&mut self.body).poll_frame(context) {
            Poll::Ready(frame) => {
                self.limit.reset();
                Poll::Ready(frame.map(|frame| frame.map_err(Error::from)))
            }
            Poll::Pending => {
                ready!(self.limit.poll_tick(context));
                Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::Full;
    use std::convert::Infallible;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;
    use tokio::sync::mpsc::{Receiver, channel};

    use super::*;

    /// What a server does with a connection that brings a request: the bytes of its answer, and whether it hangs up then.
    type Answer = (&'static [u8], bool);

    const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

    /// A server that gives these answers in turn; for each request, the number of the connection that it came over.
    async fn server(answers: Vec<Answer>) -> (String, Receiver<usize>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let (seen, asked) = channel(100);
        let answers = Arc::new(Mutex::new(answers.into_iter()));
        tokio::spawn(async move {
            for number in 0.. {
                let (mut stream, _) = listener.accept().await.unwrap();
                let (seen, answers) = (seen.clone(), answers.clone());
                tokio::spawn(async move {
                    let mut bytes = Vec::new();
                    while stream.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
                        if !bytes.ends_with(b"\r\n\r\nhello") {
                            continue;
                        }
                        bytes.clear();
                        let Some((answer, ends)) = answers.lock().unwrap().next() else { continue };
                        stream.write_all(answer).await.unwrap();
                        seen.send(number).await.unwrap();
                        if ends {
                            return;
                        }
                    }
                });
            }
        });
        (address, asked)
    }

    async fn ask(pool: &Arc<Pool>, address: &str, limit: Duration) -> Result<String, Error> {
        let body = Full::new(Bytes::from("hello")).map_err(|never: Infallible| match never {});
        let request = Request::post(format!("http://{address}/x?y")).header("host", address);
        let options = RequestOptions {
            connect_timeout: None,
            first_byte_timeout: Some(limit),
            between_bytes_timeout: Some(limit),
        };
        let response = pool.clone().send(request.body(body.boxed_unsync()).unwrap(), Some(options)).await?;
        let bytes = response.into_body().collect().await?.to_bytes();
        // The connection is back a moment after its end is read.
        sleep(Duration::from_millis(20)).await;
        Ok(String::from_utf8(bytes.into()).unwrap())
    }

    const LIMIT: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn a_connection_is_used_again_and_one_that_was_closed_is_replaced() {
        let (address, mut asked) = server(vec![(OK, false), (OK, false), (OK, true), (OK, false)]).await;
        let pool = Arc::new(Pool::default());
        for connection in [0, 0, 0, 1] {
            assert_eq!(ask(&pool, &address, LIMIT).await.unwrap(), "ok");
            assert_eq!(asked.recv().await, Some(connection));
        }
    }

    #[tokio::test]
    async fn two_requests_at_once_take_a_connection_each() {
        let (address, mut asked) = server(vec![(OK, false), (OK, false), (OK, false)]).await;
        let pool = Arc::new(Pool::default());
        let (one, other) = tokio::join!(ask(&pool, &address, LIMIT), ask(&pool, &address, LIMIT));
        assert_eq!((one.unwrap().as_str(), other.unwrap().as_str()), ("ok", "ok"));
        let mut connections = [asked.recv().await, asked.recv().await];
        connections.sort_unstable();
        assert_eq!(connections, [Some(0), Some(1)]);
        ask(&pool, &address, LIMIT).await.unwrap();
        assert!(asked.recv().await < Some(2), "one of both is used again");
    }

    #[tokio::test]
    async fn what_comes_too_late_or_in_parts_is_an_error_and_its_connection_is_not_kept() {
        let part: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nok";
        let (address, mut asked) = server(vec![(b"", false), (part, false), (part, true), (OK, false)]).await;
        let pool = Arc::new(Pool::default());
        let brief = Duration::from_millis(50);
        for _ in 0..2 {
            let late = ask(&pool, &address, brief).await;
            assert!(matches!(late, Err(Error::ConnectionReadTimeout)), "{late:?}");
        }
        assert!(matches!(ask(&pool, &address, LIMIT).await, Err(Error::Hyper(_))), "it ends too soon");
        assert_eq!(ask(&pool, &address, LIMIT).await.unwrap(), "ok");
        for connection in 0..4 {
            assert_eq!(asked.recv().await, Some(connection), "a connection each");
        }
    }

    #[tokio::test]
    async fn where_nobody_listens_there_is_no_connection() {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
        let refused = ask(&Arc::new(Pool::default()), &gone, LIMIT).await;
        assert!(matches!(refused, Err(Error::Connect(_))), "{refused:?}");
    }

    #[tokio::test]
    async fn a_connection_waits_only_so_long() {
        let (address, mut asked) = server(vec![(OK, false), (OK, false)]).await;
        let pool = Arc::new(Pool::default());
        ask(&pool, &address, LIMIT).await.unwrap();
        let back = Instant::now().checked_sub(IDLE).unwrap();
        pool.lock().get_mut(&address).unwrap()[0].since = back;
        ask(&pool, &address, LIMIT).await.unwrap();
        assert_eq!((asked.recv().await, asked.recv().await), (Some(0), Some(1)));
    }
}
