//! A client: the kept connections to one network.

use std::fmt::Display;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ureq::Agent;
use ureq::http::HeaderValue;

use crate::retry::{Backoff, Retry};
use crate::{Address, Clock, Error, SystemClock, Token};

/// Longest wait for a connection and for a whole reply: the components' own limit is 30 s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
const REPLY_TIMEOUT: Duration = Duration::from_secs(60);
/// Connections kept unless an option says otherwise.
const CONNECTIONS: usize = 8;
/// Largest reply unless an option says otherwise, in bytes: a page of a thousand events of the greatest size (each
/// well below 32 KiB).
const MAX_REPLY_BYTES: u64 = 64 << 20;
/// Shortest time between two notices: a network that refuses many requests for a moment is worth one line.
const NOTICE_EVERY: Duration = Duration::from_secs(5);

/// What a client is made of.
#[derive(Clone, Debug)]
pub struct Options {
    url: String,
    token: Option<Token>,
    retry: Retry,
    connections: usize,
    max_reply_bytes: u64,
    clock: Arc<dyn Clock>,
    jitter_seed: Option<u64>,
    notice: Option<fn(&dyn Display)>,
}

impl Options {
    /// The defaults, for the network at `url`, e.g. [`DEFAULT_URL`](crate::DEFAULT_URL).
    pub fn new(url: &str) -> Self {
        Options {
            url: url.to_owned(),
            token: None,
            retry: Retry::default(),
            connections: CONNECTIONS,
            max_reply_bytes: MAX_REPLY_BYTES,
            clock: Arc::new(SystemClock),
            jitter_seed: None,
            notice: None,
        }
    }

    /// The credential that goes with every request. Default: none.
    #[must_use]
    pub fn token(mut self, token: Option<Token>) -> Self {
        self.token = token;
        self
    }

    /// How requests are repeated. Default: [`Retry::default`].
    #[must_use]
    pub fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// For how long requests are repeated; the pauses stay.
    #[must_use]
    pub fn retry_for(mut self, time: Duration) -> Self {
        self.retry.give_up_after = time;
        self
    }

    /// Most connections kept while they are idle: as many as threads that use the client. Default: 8.
    #[must_use]
    pub fn connections(mut self, number: usize) -> Self {
        self.connections = number;
        self
    }

    /// Largest reply taken as a whole, in bytes. Default: 64 MiB. Streams have no limit.
    #[must_use]
    pub fn max_reply_bytes(mut self, bytes: u64) -> Self {
        self.max_reply_bytes = bytes;
        self
    }

    /// The time that pauses and `Retry-After` are measured by. Default: the machine's.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Draws the same pauses for every request. Default: different ones each time.
    #[must_use]
    pub fn jitter_seed(mut self, seed: u64) -> Self {
        self.jitter_seed = Some(seed);
        self
    }

    /// Who is told that a request has failed and is being repeated, in a sentence for the user, so that a program that
    /// waits is not silent. Default: nobody.
    #[must_use]
    pub fn notice(mut self, notice: fn(&dyn Display)) -> Self {
        self.notice = Some(notice);
        self
    }
}

/// A client of one network. Threads may share it; each request takes an idle connection or opens one.
#[derive(Debug)]
pub struct Client {
    pub(crate) agent: Agent,
    pub(crate) address: Address,
    pub(crate) authorization: Option<HeaderValue>,
    pub(crate) retry: Retry,
    pub(crate) max_reply_bytes: u64,
    pub(crate) clock: Arc<dyn Clock>,
    jitter_seed: Option<u64>,
    notice: Option<fn(&dyn Display)>,
    /// When somebody was told of a failure last.
    noticed: Mutex<Option<Duration>>,
}

impl Client {
    /// A client with connections of its own. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ErrorKind::Address`](crate::ErrorKind::Address) or [`ErrorKind::Token`](crate::ErrorKind::Token): the options
    /// cannot be used.
    pub fn new(options: Options) -> Result<Self, Error> {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .timeout_global(Some(REPLY_TIMEOUT))
            .no_delay(true)
            .max_idle_connections_per_host(options.connections)
            .max_idle_connections(options.connections)
            .proxy(None)
            .build();
        Ok(Client {
            agent: config.into(),
            address: options.url.parse()?,
            authorization: options.token.as_ref().map(Token::header).transpose()?.flatten(),
            retry: options.retry,
            max_reply_bytes: options.max_reply_bytes,
            clock: options.clock,
            jitter_seed: options.jitter_seed,
            notice: options.notice,
            noticed: Mutex::new(None),
        })
    }

    /// The network's address.
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// How requests are repeated.
    pub fn retry(&self) -> &Retry {
        &self.retry
    }

    /// The first attempt of a request for `path` has failed; the request is going to be repeated.
    pub(crate) fn tell_of_repeating(&self, path: &str, error: &Error) {
        let Some(notice) = self.notice else { return };
        let now = self.clock.now();
        let mut noticed = self.noticed.lock().unwrap_or_else(PoisonError::into_inner);
        if noticed.is_some_and(|last| now.saturating_sub(last) < NOTICE_EVERY) {
            return;
        }
        *noticed = Some(now);
        let (address, seconds) = (&self.address, self.retry.give_up_after.as_secs_f64());
        notice(&format_args!("{address}{path}: {}; trying again for up to {seconds} s", error.summary()));
    }

    pub(crate) fn backoff(&self) -> Backoff {
        match self.jitter_seed {
            Some(seed) => Backoff::new(&self.retry, seed),
            None => Backoff::start(&self.retry),
        }
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
