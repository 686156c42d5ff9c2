//! The server loop: accepts connections until a signal comes, then lets running requests finish.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use http::HeaderValue;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use wasmtime_wasi_http::Error;

use super::dispatch::App;
use super::refusal::Exchange;
use crate::output;

/// How long running requests may take after the first signal.
const GRACE: Duration = Duration::from_secs(10);
/// Connections that may wait to be accepted.
const BACKLOG: u32 = 1024;
/// Pause after a failed accept (out of file descriptors), so that the loop does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Opens the listening socket.
///
/// # Errors
/// When the address is taken or not this machine's.
pub(crate) fn listen(address: SocketAddr) -> Result<TcpListener> {
    let open = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        socket.listen(BACKLOG)
    };
    open().with_context(|| format!("cannot listen on {address}; choose another with --listen"))
}

/// SIGINT, SIGTERM and perhaps the end of standard input, which end the application in good order.
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    input: Option<oneshot::Receiver<()>>,
}

impl Signals {
    /// From now on these signals do not end the process by themselves. Standard input counts `with_input`.
    ///
    /// # Errors
    /// When the process may not listen for signals.
    pub(crate) fn listen(with_input: bool) -> Result<Self> {
        let interrupt = signal(SignalKind::interrupt())?;
        let terminate = signal(SignalKind::terminate())?;
        Ok(Signals { interrupt, terminate, input: with_input.then(end_of_input) })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            () = ended(&mut self.input) => {}
        }
    }
}

/// Tells when standard input has ended.
fn end_of_input() -> oneshot::Receiver<()> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        // An input that cannot be read has ended, too.
        let _ = std::io::copy(&mut std::io::stdin().lock(), &mut std::io::sink());
        let _ = sender.send(());
    });
    receiver
}

/// Waits for the end of input, which comes once.
async fn ended(input: &mut Option<oneshot::Receiver<()>>) {
    match input {
        Some(receiver) => {
            let _ = receiver.await;
            *input = None;
        }
        None => std::future::pending().await,
    }
}

/// Serves until a signal comes, then calls `ending` and waits for running requests; a second signal ends at once.
pub(crate) async fn serve(app: Arc<App>, listener: TcpListener, mut signals: Signals, ending: impl FnOnce()) {
    let graceful = GracefulShutdown::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, client)) => connection(&app, stream, client, &graceful),
                Err(error) => {
                    output::event(format_args!("cannot accept a connection: {error}"));
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
            () = signals.next() => break,
        }
    }
    ending();
    drop(listener);
    tokio::select! {
        () = graceful.shutdown() => {}
        () = tokio::time::sleep(GRACE) => {
            output::event(format_args!("requests still running after {} s were ended", GRACE.as_secs()));
        }
        () = signals.next() => {}
    }
}

fn connection(app: &Arc<App>, stream: TcpStream, client: SocketAddr, graceful: &GracefulShutdown) {
    // Small chunks of a streamed response must not wait for the client's acknowledgement of the last one.
    let _ = stream.set_nodelay(true);
    let app = app.clone();
    // An address is digits and punctuation, so that the fallback is never taken.
    let client = HeaderValue::try_from(client.to_string()).unwrap_or(HeaderValue::from_static(""));
    let exchange = Exchange::default();
    let stream = exchange.connection(stream);
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (app, client) = (app.clone(), client.clone());
        async move {
            let request = request.map(|body| body.map_err(Error::from).boxed_unsync());
            Ok::<_, Infallible>(app.handle(request, &client).await)
        }
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
    // A client that goes away mid-request is its own affair; one that sends no HTTP is told.
    tokio::spawn(exchange.serve(graceful.watch(connection)));
}
