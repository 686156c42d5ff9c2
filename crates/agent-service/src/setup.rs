//! Connects, and makes or checks what the service needs on the server.

use std::time::Duration;

use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull};
use async_nats::jetstream::stream::Stream;
use async_nats::jetstream::{self, context::GetStreamErrorKind, kv};
use async_nats::{Client, ConnectErrorKind, ConnectOptions};
use tracing::{info, warn};

use crate::args::Args;
use crate::journal::{Journal, TIMEOUT};
use crate::log::TARGET;
use crate::snapshots::Snapshots;
use crate::stream::{compare, dead_letters};
use crate::subjects;
use crate::tier::Tier;

/// Name of the consumer and of the queue group that instances share.
pub const WORKERS: &str = "agent-workers";
/// Commands under way at once, of all instances: eight with the default of 32 each.
const MAX_ACK_PENDING: i64 = 256;
/// Snapshots of an agent that the bucket keeps.
const SNAPSHOTS_KEPT: i64 = 3;
/// Pause between two tries to connect.
const PAUSE: Duration = Duration::from_secs(2);

/// Why the service cannot begin. What it says is for the operator.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// A file cannot be read.
    #[error("{what} {path}: {error}")]
    File {
        /// Its argument.
        what: &'static str,
        /// Its name.
        path: String,
        /// What is wrong.
        error: std::io::Error,
    },
    /// The server refuses the user.
    #[error("NATS at {0} refuses this user: check NATS_USER and NATS_PASSWORD, or NATS_CREDS ({1})")]
    Refused(String, String),
    /// TLS does not come about.
    #[error("no TLS with NATS at {0}: check NATS_CA and the server's certificate ({1})")]
    Tls(String, String),
    /// The stream is there and is another.
    #[error("the stream {name} is not the one that is needed: {}; change it with `nats stream edit {name}`, or choose another STREAM_NAME", differences.join("; "))]
    Stream {
        /// Its name.
        name: String,
        /// What differs.
        differences: Vec<String>,
    },
    /// The stream cannot be made.
    #[error("the stream {name} cannot be made: {why}; {}", hint(.why))]
    Create {
        /// Its name.
        name: String,
        /// What the server says.
        why: String,
    },
    /// The consumer is there and is another.
    #[error(
        "the consumer {WORKERS} of {stream} is not the one that is needed: {difference}; delete it with `nats consumer rm {stream} {WORKERS}`"
    )]
    Consumer {
        /// Its stream.
        stream: String,
        /// What differs.
        difference: String,
    },
    /// The consumer cannot be made or read.
    #[error("the consumer {WORKERS} of {stream} cannot be made: {why}")]
    CreateConsumer {
        /// Its stream.
        stream: String,
        /// What the server says.
        why: String,
    },
}

fn hint(why: &str) -> &'static str {
    if why.contains("overlap") {
        "another stream has these subjects: give its name as STREAM_NAME, or delete it"
    } else if why.contains("replicas") {
        "STREAM_REPLICAS is more than the cluster has servers"
    } else {
        "start nats-server with -js, and allow this user $JS.API.>"
    }
}

/// Connects; tries again while no server is to be reached, because it may start later than the service.
///
/// # Errors
/// [`SetupError`], where another try would fail too.
pub async fn connect(args: &Args) -> Result<Client, SetupError> {
    let at = args
        .nats_url
        .iter()
        .map(|url| format!("{}:{}", url.host(), url.port()))
        .collect::<Vec<_>>()
        .join(", ");
    loop {
        let error = match options(args).await?.connect(args.nats_url.clone()).await {
            Ok(client) => {
                let server = client.server_info();
                info!(target: TARGET, server = %server.server_name, version = %server.version, "Connected to NATS");
                return Ok(client);
            }
            Err(error) => error,
        };
        match error.kind() {
            ConnectErrorKind::AuthorizationViolation | ConnectErrorKind::Authentication => {
                return Err(SetupError::Refused(at, error.to_string()));
            }
            ConnectErrorKind::Tls => return Err(SetupError::Tls(at, error.to_string())),
            _ => warn!(target: TARGET, "No NATS at {at} ({error}); trying again in {} s", PAUSE.as_secs()),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn options(args: &Args) -> Result<ConnectOptions, SetupError> {
    let mut options = ConnectOptions::new()
        .name("agent-service")
        .request_timeout(Some(TIMEOUT))
        .event_callback(|event| async move {
            match event {
                async_nats::Event::Connected => info!(target: TARGET, "NATS is connected"),
                event => warn!(target: TARGET, "NATS: {event}"),
            }
        });
    if let Some((user, password)) = args.nats_user.clone().zip(args.nats_password.clone()) {
        options = options.user_and_password(user, password);
    }
    if let Some(path) = &args.nats_creds {
        let file = |error| SetupError::File { what: "NATS_CREDS", path: path.display().to_string(), error };
        options = options.credentials_file(path).await.map_err(file)?;
    }
    if let Some(path) = &args.nats_ca {
        // The client would say only that TLS failed.
        let file = |error| SetupError::File { what: "NATS_CA", path: path.display().to_string(), error };
        std::fs::metadata(path).map_err(file)?;
        options = options.add_root_certificates(path.clone());
    }
    Ok(options)
}

/// The streams, made or compared.
///
/// # Errors
/// [`SetupError`].
pub async fn journal(client: &Client, args: &Args) -> Result<Journal, SetupError> {
    let mut context = jetstream::new(client.clone());
    context.set_timeout(TIMEOUT);
    let wanted = args.wanted();
    let stream = ensure(&context, wanted.events()).await?;
    ensure(&context, wanted.dead_letters()).await?;
    let journal = Journal::new(client.clone(), context, stream);
    let how = match journal.tier() {
        Tier::Atomic => "all events of a command at once",
        Tier::Checked => "one event at a time, each behind the last one",
        Tier::Deduplicated => "one event at a time, by message ids: use a server from 2.11 on",
    };
    info!(target: TARGET, stream = journal.stream_name(), dead_letters = %dead_letters(&wanted.name), "Events are appended: {how}");
    Ok(journal)
}

async fn ensure(
    context: &jetstream::Context,
    wanted: jetstream::stream::Config,
) -> Result<Stream, SetupError> {
    let name = wanted.name.clone();
    let create = |why: String| SetupError::Create { name: name.clone(), why };
    let found = match context.get_stream(&name).await {
        Ok(stream) => stream,
        Err(error) if is_missing(&error.kind()) => {
            // Two instances may do this at once: the same configuration twice is no error.
            let stream = context.create_stream(wanted).await.map_err(|error| create(error.to_string()))?;
            info!(target: TARGET, "Stream {name} made");
            return Ok(stream);
        }
        Err(error) => return Err(create(error.to_string())),
    };
    let difference = compare(&found.cached_info().config, &wanted);
    for minor in &difference.minor {
        warn!(target: TARGET, "Stream {name}: {minor}");
    }
    if !difference.fatal.is_empty() {
        return Err(SetupError::Stream { name, differences: difference.fatal });
    }
    Ok(found)
}

fn is_missing(kind: &GetStreamErrorKind) -> bool {
    matches!(kind, GetStreamErrorKind::JetStream(error)
        if error.error_code() == jetstream::ErrorCode::STREAM_NOT_FOUND)
}

/// The bucket of snapshots, made if it is not there.
///
/// # Errors
/// [`SetupError`].
pub async fn snapshots(journal: &Journal, args: &Args) -> Result<Snapshots, SetupError> {
    let context = journal.context();
    let bucket = &args.snapshot_bucket;
    let store = match context.get_key_value(bucket).await {
        Ok(store) => store,
        // Two instances may do this at once: the same configuration twice is no error.
        Err(_) => {
            let wanted = args.wanted();
            let config = kv::Config {
                bucket: bucket.clone(),
                description: "Snapshots of agents".into(),
                history: SNAPSHOTS_KEPT,
                storage: wanted.storage,
                num_replicas: wanted.replicas,
                ..kv::Config::default()
            };
            let made = context.create_key_value(config).await;
            made.map_err(|error| SetupError::Create { name: format!("KV_{bucket}"), why: error.to_string() })?
        }
    };
    Ok(Snapshots::new(store, journal, args.snapshot_frequency))
}

/// The consumer that instances share, made or compared. It begins with the first command after it was made: a stream may
/// hold a year of old ones.
///
/// # Errors
/// [`SetupError`].
pub async fn consumer(journal: &Journal, ack_wait: Duration) -> Result<PullConsumer, SetupError> {
    let name = journal.stream_name().to_owned();
    let create = |why: String| SetupError::CreateConsumer { stream: name.clone(), why };
    let wanted = pull::Config {
        durable_name: Some(WORKERS.into()),
        filter_subject: subjects::COMMANDS.into(),
        deliver_policy: DeliverPolicy::New,
        ack_policy: AckPolicy::Explicit,
        ack_wait,
        // Counted by the service, which keeps what was delivered too often.
        max_deliver: -1,
        max_ack_pending: MAX_ACK_PENDING,
        ..pull::Config::default()
    };
    let stream = journal.stream();
    let info = match stream.consumer_info(WORKERS).await {
        Ok(info) => info,
        Err(error) if is_absent(&error.kind()) => {
            return stream.create_consumer(wanted).await.map_err(|error| create(error.to_string()));
        }
        Err(error) => return Err(create(error.to_string())),
    };
    let found = &info.config;
    let difference = if found.filter_subject != wanted.filter_subject {
        Some(format!("it filters {:?}, not {:?}", found.filter_subject, wanted.filter_subject))
    } else if found.ack_policy != wanted.ack_policy {
        Some(format!("its acknowledgement is {:?}, not {:?}", found.ack_policy, wanted.ack_policy))
    } else {
        found.deliver_subject.as_ref().map(|_| "it pushes to a subject".to_owned())
    };
    if let Some(difference) = difference {
        return Err(SetupError::Consumer { stream: name, difference });
    }
    let same = found.ack_wait == wanted.ack_wait
        && found.max_deliver == wanted.max_deliver
        && found.max_ack_pending == wanted.max_ack_pending;
    if !same {
        let changed = pull::Config { deliver_policy: found.deliver_policy, ..wanted };
        return stream.update_consumer(changed).await.map_err(|error| create(error.to_string()));
    }
    stream.get_consumer(WORKERS).await.map_err(|error| create(error.to_string()))
}

fn is_absent(kind: &jetstream::context::ConsumerInfoErrorKind) -> bool {
    matches!(kind, jetstream::context::ConsumerInfoErrorKind::NotFound)
}
