//! One request: how it is sent, whether it is repeated, what is made of the reply.

use std::fmt;
use std::io::{BufRead, BufReader, Read};

use serde::de::DeserializeOwned;
use ureq::http::header::{AUTHORIZATION, HeaderName, RETRY_AFTER};
use ureq::http::{HeaderValue, Response};
use ureq::{Body, BodyReader, RequestBuilder};

use crate::client::Client;
use crate::retry::retry_after;
use crate::{Error, ErrorKind};

/// Bytes of a stream read at once.
const STREAM_BUFFER: usize = 1 << 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Method {
    Get,
    Post,
    Put,
    Delete,
}

/// A request about to be sent. It is sent by what it is to give: [`json`](Request::json),
/// [`optional`](Request::optional), [`done`](Request::done), [`stream`](Request::stream).
#[derive(Debug)]
#[must_use = "a request is sent by json, optional, done or stream"]
pub struct Request<'a> {
    client: &'a Client,
    method: Method,
    path: &'a str,
    json: Option<&'a [u8]>,
    key: Option<&'a str>,
    repeated: bool,
    expecting_a_network: bool,
}

impl Client {
    /// A GET of `path` (with its query), e.g. `/crdt/notes`.
    pub fn get<'a>(&'a self, path: &'a str) -> Request<'a> {
        Request::new(self, Method::Get, path, None)
    }

    /// A POST of JSON. Sent once, unless the caller says that it is [idempotent](Request::idempotent).
    pub fn post<'a>(&'a self, path: &'a str, json: &'a [u8]) -> Request<'a> {
        Request::new(self, Method::Post, path, Some(json))
    }

    /// A PUT of JSON.
    pub fn put<'a>(&'a self, path: &'a str, json: &'a [u8]) -> Request<'a> {
        Request::new(self, Method::Put, path, Some(json))
    }

    /// A DELETE.
    pub fn delete<'a>(&'a self, path: &'a str) -> Request<'a> {
        Request::new(self, Method::Delete, path, None)
    }
}

impl<'a> Request<'a> {
    fn new(client: &'a Client, method: Method, path: &'a str, json: Option<&'a [u8]>) -> Self {
        let repeated = method != Method::Post;
        Request { client, method, path, json, key: None, repeated, expecting_a_network: false }
    }

    /// Twice comes to the same as once, because the operations carry their sequence numbers, their content addresses
    /// or the like: the request may be repeated.
    pub fn idempotent(mut self) -> Self {
        self.repeated = true;
        self
    }

    /// Sends `key` as `Idempotency-Key`, by which the network knows a repetition: the request may be repeated. A key
    /// stands for one request only, and has 1 to 255 visible ASCII characters.
    pub fn idempotency_key(mut self, key: &'a str) -> Self {
        self.key = Some(key);
        self.repeated = true;
        self
    }

    /// Not repeated in any case.
    pub fn once(mut self) -> Self {
        self.repeated = false;
        self
    }

    /// A program's first request: not repeated while nobody listens, so that a forgotten start of the network shows at
    /// once.
    pub fn first(self) -> Self {
        self.first_if(true)
    }

    /// As [`Request::first`], if it is the program's first request: for those that are sent in a loop.
    pub fn first_if(mut self, is_first: bool) -> Self {
        self.expecting_a_network = is_first;
        self
    }

    /// The reply, read as a `T`.
    ///
    /// # Errors
    /// There is no reply, it is a refusal, or not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Error> {
        let body = self.send(|response| self.whole(response))?;
        serde_json::from_slice(&body)
            .map_err(|error| Error::unreadable(self.path, error).of(self.client.address.as_str(), self.path))
    }

    /// As [`Request::json`]; `None` if the network has no such thing (404).
    ///
    /// # Errors
    /// As [`Request::json`].
    pub fn optional<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        match self.json() {
            Ok(reply) => Ok(Some(reply)),
            Err(error) if error.kind() == ErrorKind::Refused && error.status() == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// That the network took it, whatever it replies.
    ///
    /// # Errors
    /// There is no reply, or it is a refusal.
    pub fn done(&self) -> Result<(), Error> {
        // Read to its end, or the connection could not be kept.
        self.send(|response| self.whole(response)).map(drop)
    }

    /// The body of the reply as it comes, e.g. lines of JSON. Repeated until a reply begins; what becomes of it after
    /// that is the caller's matter.
    ///
    /// # Errors
    /// There is no reply, or it is a refusal.
    pub fn stream(&self) -> Result<Stream, Error> {
        self.send(|response| {
            Ok(Stream(BufReader::with_capacity(STREAM_BUFFER, response.into_body().into_reader())))
        })
    }

    /// Sends the request, again and again if it may be and has to be.
    fn send<T>(&self, read: impl Fn(Response<Body>) -> Result<T, Error>) -> Result<T, Error> {
        let Client { address, clock, retry, .. } = self.client;
        let key = self.key.map(key_header).transpose()?;
        let url = format!("{address}{}", self.path);
        if !self.repeated {
            return self.attempt(&url, key.as_ref()).and_then(read);
        }
        let started = clock.now();
        let mut backoff = None;
        let mut attempts = 0;
        loop {
            attempts += 1;
            let error = match self.attempt(&url, key.as_ref()).and_then(&read) {
                Ok(reply) => return Ok(reply),
                Err(error) => error,
            };
            let forgotten = self.expecting_a_network && error.kind() == ErrorKind::Unreachable;
            if forgotten || !error.is_passing() {
                return Err(error);
            }
            let pause = backoff.get_or_insert_with(|| self.client.backoff()).pause(error.retry_after());
            let passed = clock.now().saturating_sub(started);
            if passed.saturating_add(pause) > retry.give_up_after {
                return Err(error.given_up(attempts, passed));
            }
            if attempts == 1 {
                self.client.tell_of_repeating(self.path, &error);
            }
            clock.sleep(pause);
        }
    }

    /// One attempt: a 2xx reply whose body is still to be read, or why there is none.
    fn attempt(&self, url: &str, key: Option<&HeaderValue>) -> Result<Response<Body>, Error> {
        let agent = &self.client.agent;
        let json = self.json.unwrap_or_default();
        let sent = match self.method {
            Method::Get => self.headers(agent.get(url), key).call(),
            Method::Delete => self.headers(agent.delete(url), key).call(),
            Method::Post => self.headers(agent.post(url), key).content_type("application/json").send(json),
            Method::Put => self.headers(agent.put(url), key).content_type("application/json").send(json),
        };
        let response = sent.map_err(|error| self.failed(error))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let pause = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let pause = pause.and_then(|value| retry_after(value, self.client.clock.date()));
        let body = self.whole(response)?;
        Err(Error::refused(self.path, status.as_u16(), &body)
            .asking_for(pause)
            .of(self.client.address.as_str(), self.path))
    }

    fn headers<B>(&self, mut request: RequestBuilder<B>, key: Option<&HeaderValue>) -> RequestBuilder<B> {
        if let Some(value) = &self.client.authorization {
            request = request.header(AUTHORIZATION, value);
        }
        if let Some(value) = key {
            request = request.header(HeaderName::from_static("idempotency-key"), value);
        }
        request
    }

    fn whole(&self, mut response: Response<Body>) -> Result<Vec<u8>, Error> {
        let body = response.body_mut().with_config().limit(self.client.max_reply_bytes).read_to_vec();
        body.map_err(|error| self.failed(error))
    }

    fn failed(&self, error: ureq::Error) -> Error {
        Error::from(error).of(self.client.address.as_str(), self.path)
    }
}

fn key_header(key: &str) -> Result<HeaderValue, Error> {
    let visible = (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic());
    let value = HeaderValue::from_str(key).ok().filter(|_| visible);
    value.ok_or_else(|| {
        let detail = format!("the idempotency key {key:?} is not of 1 to 255 visible ASCII characters");
        Error::new(ErrorKind::Address, "invalid-idempotency-key", detail)
    })
}

/// The body of a reply that is read as it comes. An error while reading is the connection's.
pub struct Stream(BufReader<BodyReader<'static>>);

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stream(…)")
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(buffer)
    }
}

impl BufRead for Stream {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        self.0.fill_buf()
    }

    fn consume(&mut self, amount: usize) {
        self.0.consume(amount);
    }
}
