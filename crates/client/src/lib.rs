//! The HTTP client of the native programs, and what else they have in common: how they say where the network is, how
//! they wait for it, how they show progress and how they print.
//!
//! # What a request comes to
//!
//! A program talks to a network that may be starting, overloaded, or gone for a moment. So a request ends in one of
//! three ways: with the reply; with an [`Error`] that says what the program or its user has to change; or, after some
//! repetitions, with an [`Error`] that says that the network was not to be had. [`ErrorKind`] tells them apart for the
//! program, the error's sentence for the user. Where the network answered with a problem document (RFC 9457), its
//! status, code, detail and further members are in the error.
//!
//! # What is repeated
//!
//! A request may have taken effect although no reply came. Repeating it is harmless only if twice comes to the same as
//! once. That is so for GET, PUT and DELETE (RFC 9110 §9.2.2), and for a POST of which the caller says so:
//! [`Request::idempotent`] for operations that carry their own sequence number or content address,
//! [`Request::idempotency_key`] for those that the network tells apart by a key. Any other POST is sent once.
//!
//! Repeated are lost connections and the replies 429, 500, 502, 503 and 504, which say nothing about the next attempt.
//! The pauses double from [`Retry::first`] to [`Retry::longest`], each shortened by a random part of up to a half, so
//! that programs that failed together do not come back together ("equal jitter"). A `Retry-After`, in seconds or as a
//! date, is a lower bound of the pause. When the next pause would end after [`Retry::give_up_after`], the last error
//! is final.
//!
//! # Credentials
//!
//! A [`Token`] goes into the `Authorization` header of every request, and nowhere else: not into errors, not into what
//! `Debug` shows, not along with a redirection.
//!
//! # Example
//!
//! ```
//! use ramanujan_client::{Client, ErrorKind, Options};
//! # use std::io::{BufRead, BufReader, Write};
//! # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
//! # let url = format!("http://{}", listener.local_addr()?);
//! # std::thread::spawn(move || -> std::io::Result<()> {
//! #     let (stream, _) = listener.accept()?;
//! #     let mut lines = BufReader::new(stream.try_clone()?);
//! #     for (status, body) in [(503, r#"{"code":"busy"}"#), (200, r#"{"value":3}"#), (404, r#"{"code":"no-document"}"#)] {
//! #         while { let mut line = String::new(); lines.read_line(&mut line)? > 2 } {}
//! #         let length = body.len();
//! #         write!(&stream, "HTTP/1.1 {status} x\r\nretry-after: 0\r\ncontent-length: {length}\r\n\r\n{body}")?;
//! #     }
//! #     Ok(())
//! # });
//! let client = Client::new(Options::new(&url))?;
//!
//! // The network is busy at first; the client comes back a moment later.
//! let document: serde_json::Value = client.get("/crdt/visits").json()?;
//! assert_eq!(document["value"], 3);
//!
//! let error = client.get("/crdt/nothing").json::<serde_json::Value>().unwrap_err();
//! assert_eq!((error.kind(), error.status(), error.code()), (ErrorKind::Refused, 404, "no-document"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod address;
mod args;
mod client;
mod clock;
mod error;
pub mod fleet;
pub mod progress;
mod request;
mod retry;
pub mod terminal;
#[cfg(test)]
mod test_server;
mod time;
mod token;

pub use address::{Address, DEFAULT_URL};
pub use args::{Access, Network, Patience};
pub use client::{Client, Options};
pub use clock::{Clock, SystemClock};
pub use error::{Error, ErrorKind};
pub use progress::Progress;
pub use request::{Request, Stream};
pub use retry::{Backoff, Retry, retry_after};
pub use time::parse_time;
pub use token::Token;
