//! The events of agents on JetStream: read in order, appended by whoever has seen the last one.

mod append;
mod failure;
mod load;

use std::time::Duration;

use async_nats::Client;
use async_nats::jetstream::stream::{Info, Stream};
use async_nats::jetstream::{self};
use ramanujan_agents::life::{Agent, FoldError};

use crate::tier::{Tier, tier, version};

pub use append::{Append, classify};
pub use failure::Failure;
pub use load::Page;

/// Longest wait for an answer of the server.
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// The log of all agents.
#[derive(Clone, Debug)]
pub struct Journal {
    client: Client,
    context: jetstream::Context,
    stream: Stream,
    name: String,
    tier: Tier,
    /// Whether many events are read by one request.
    in_batches: bool,
    /// Whether an event can be kept beyond the stream's age.
    forever: bool,
}

/// A state with its place in the stream.
#[derive(Clone, Debug, Default)]
pub struct Folded {
    /// The fold of the events; `None` where there are none.
    pub agent: Option<Agent>,
    /// Sequence in the stream of the last event; 0 where there are none.
    pub last: u64,
}

/// Why a log could not be read.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The server did not answer; a later try may do.
    #[error(transparent)]
    Unavailable(#[from] Failure),
    /// An event cannot be read.
    #[error("event at {sequence} of the stream: {error}")]
    Malformed {
        /// Its place.
        sequence: u64,
        /// What is wrong.
        error: serde_json::Error,
    },
    /// An event does not follow from those before it, or the first ones are gone.
    #[error("event at {sequence} of the stream: {error}")]
    Corrupt {
        /// Its place.
        sequence: u64,
        /// What is wrong.
        error: FoldError,
    },
}

impl Journal {
    /// A log on a stream; how it is read and appended to is decided by the server's version and the stream's
    /// configuration as the server gives it back.
    pub fn new(client: Client, context: jetstream::Context, stream: Stream) -> Self {
        let Info { config, .. } = stream.cached_info();
        let server = client.server_info().version;
        Self {
            tier: tier(&server, config),
            in_batches: config.allow_direct && version(&server) >= (2, 11),
            forever: config.allow_message_ttl && version(&server) >= (2, 11),
            name: config.name.clone(),
            client,
            context,
            stream,
        }
    }

    /// The same log with less of what the server can do, as on an older one.
    #[must_use]
    pub fn at_most(mut self, tier: Tier) -> Self {
        self.tier = self.tier.min(tier);
        self.in_batches &= tier > Tier::Deduplicated;
        self
    }

    /// How events are appended.
    pub fn tier(&self) -> Tier {
        self.tier
    }

    /// Name of the stream.
    pub fn stream_name(&self) -> &str {
        &self.name
    }

    /// The connection.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// JetStream.
    pub fn context(&self) -> &jetstream::Context {
        &self.context
    }

    /// The stream.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }
}
