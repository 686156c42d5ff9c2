//! The arguments of the program; each has its variable.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use async_nats::jetstream::stream::StorageType;

use crate::log::{Format, Level};
use crate::stream::Wanted;

/// Keep agents as streams of events on NATS JetStream: take commands, append events, answer queries.
///
/// The stream is made if it is not there, and compared if it is. Commands are taken by a durable consumer that all
/// instances share: each has its effect once, over repeats, kills and several instances. On standard output: a line for
/// what happens. SIGTERM and Ctrl-C end it after the work at hand.
///
/// Exit code 0: ended by a signal, or healthy with --healthcheck; 1: NATS or the stream is not what is needed, or not
/// healthy; 2: wrong arguments.
#[derive(Clone, Debug, clap::Parser)]
#[command(name = "agent-service", version)]
pub struct Args {
    /// Servers, separated by commas: nats://host:port, tls://host:port or host
    #[arg(long, env = "NATS_URL", value_name = "URL,…", default_value = "nats://localhost:4222", value_delimiter = ',', value_parser = server)]
    pub nats_url: Vec<async_nats::ServerAddr>,
    /// User, with --nats-password
    #[arg(long, env = "NATS_USER", requires = "nats_password")]
    pub nats_user: Option<String>,
    /// Password of --nats-user
    #[arg(long, env = "NATS_PASSWORD", requires = "nats_user", hide_env_values = true)]
    pub nats_password: Option<String>,
    /// File with a JWT and its key
    #[arg(long, env = "NATS_CREDS", value_name = "FILE", conflicts_with = "nats_user")]
    pub nats_creds: Option<PathBuf>,
    /// File with the certificates that a server's must follow from
    #[arg(long, env = "NATS_CA", value_name = "FILE")]
    pub nats_ca: Option<PathBuf>,
    /// Name of the stream of commands and events
    #[arg(long, env = "STREAM_NAME", value_name = "NAME", default_value = "AGENT_EVENTS", value_parser = stream_name)]
    pub stream_name: String,
    /// Copies of the stream in a cluster
    #[arg(long, env = "STREAM_REPLICAS", value_name = "N", default_value = "1", value_parser = clap::value_parser!(u8).range(1..=5))]
    pub stream_replicas: u8,
    /// Where the server keeps the stream: file or memory
    #[arg(long, env = "STREAM_STORAGE", default_value = "file")]
    pub stream_storage: Storage,
    /// How long commands are kept, 0 for ever; events are kept for ever by servers from 2.11 on
    #[arg(long, env = "STREAM_MAX_AGE", value_name = "TIME", default_value = "365d", value_parser = time)]
    pub stream_max_age: Duration,
    /// How long the server knows a message id again
    #[arg(long, env = "DUPLICATE_WINDOW", value_name = "TIME", default_value = "2m", value_parser = positive)]
    pub duplicate_window: Duration,
    /// How commands are taken: durable (acknowledged after their effect) or core (a plain queue group; what is under way
    /// when an instance is killed is lost)
    #[arg(long, env = "COMMAND_MODE", default_value = "durable")]
    pub command_mode: CommandMode,
    /// Commands under way at once in this instance
    #[arg(long, env = "MAX_OUTSTANDING", value_name = "N", default_value = "32", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub max_outstanding: u16,
    /// How long a command may be silent before another instance gets it
    #[arg(long, env = "ACK_WAIT", value_name = "TIME", default_value = "30s", value_parser = positive)]
    pub ack_wait: Duration,
    /// Deliveries of a command before it becomes a dead letter
    #[arg(long, env = "MAX_DELIVERIES", value_name = "N", default_value = "5", value_parser = clap::value_parser!(u16).range(1..=100))]
    pub max_deliveries: u16,
    /// Events of an agent from one snapshot to the next
    #[arg(long, env = "SNAPSHOT_FREQUENCY", value_name = "N", default_value = "100", value_parser = clap::value_parser!(u64).range(1..))]
    pub snapshot_frequency: u64,
    /// Name of the bucket of snapshots
    #[arg(long, env = "SNAPSHOT_BUCKET", value_name = "NAME", default_value = "AGENT_SNAPSHOTS", value_parser = stream_name)]
    pub snapshot_bucket: String,
    /// Agents whose states are held in memory
    #[arg(long, env = "CACHE_AGENTS", value_name = "N", default_value = "4096", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub cache_agents: u32,
    /// Where health, metrics and queries are served; :8080 is 0.0.0.0:8080
    #[arg(long, env = "HTTP_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:8080", value_parser = address)]
    pub http_listen: SocketAddr,
    /// Least level of what is logged: trace, debug, info, warn or error; also per target, e.g. info,async_nats=debug. The
    /// variable RUST_LOG wins
    #[arg(long, env = "LOG_LEVEL", value_name = "LEVEL", default_value = "info")]
    pub log_level: Level,
    /// Lines of the log: text or json
    #[arg(long, env = "LOG_FORMAT", default_value = "text")]
    pub log_format: Format,
    /// Ask a running service at --http-listen how it is, and end with 0 if it is well
    #[arg(long, value_name = "WHAT", num_args = 0..=1, default_missing_value = "health")]
    pub healthcheck: Option<Check>,
}

/// How commands are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum CommandMode {
    /// From a durable consumer.
    Durable,
    /// From a queue group.
    Core,
}

/// Where a stream is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)]
pub enum Storage {
    File,
    Memory,
}

/// What a check of health asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Check {
    /// That the process answers.
    Health,
    /// That it takes commands.
    Ready,
}

impl Args {
    /// The stream, as it is asked for.
    pub fn wanted(&self) -> Wanted {
        Wanted {
            name: self.stream_name.clone(),
            storage: match self.stream_storage {
                Storage::File => StorageType::File,
                Storage::Memory => StorageType::Memory,
            },
            replicas: usize::from(self.stream_replicas),
            max_age: self.stream_max_age,
            duplicate_window: self.duplicate_window,
        }
    }
}

fn server(text: &str) -> Result<async_nats::ServerAddr, String> {
    let text = text.trim();
    let help = "write nats://host:port, tls://host:port or host, several separated by commas";
    match text.parse::<async_nats::ServerAddr>() {
        Ok(_) if text.is_empty() => Err(format!("an address is empty: {help}")),
        Ok(address) => Ok(address),
        Err(error) => Err(format!("{error}: {help}")),
    }
}

fn stream_name(text: &str) -> Result<String, String> {
    // The name is a token of subjects of JetStream's own.
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    if (1..=64).contains(&text.len()) && text.bytes().all(legal) {
        Ok(text.to_owned())
    } else {
        Err("a stream's name has 1 to 64 letters, digits, `_` and `-`".into())
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.starts_with(':') { format!("0.0.0.0{text}") } else { text.to_owned() };
    full.parse().map_err(|_| "write an address and a port, e.g. 127.0.0.1:8080 or :8080".into())
}

/// A time such as 500ms, 30s, 2m, 1h, 365d; 0 is none.
fn time(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let millis = match unit {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60_000),
        "h" => Some(3_600_000),
        "d" => Some(86_400_000),
        "" if number == "0" => Some(0),
        _ => None,
    };
    // The server counts in nanoseconds of a signed 64-bit number.
    const MOST: u64 = i64::MAX as u64 / 1_000_000;
    let total =
        number.parse::<u64>().ok().zip(millis).and_then(|(number, millis)| number.checked_mul(millis));
    match total.filter(|total| *total <= MOST) {
        Some(total) => Ok(Duration::from_millis(total)),
        None => Err(format!("{text:?} is not a time such as 500ms, 30s, 2m, 1h, 365d")),
    }
}

fn positive(text: &str) -> Result<Duration, String> {
    time(text).and_then(|time| if time.is_zero() { Err("must be more than 0".into()) } else { Ok(time) })
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    fn parse(args: &[&str]) -> Result<Args, String> {
        Args::try_parse_from(["agent-service"].iter().chain(args)).map_err(|error| error.to_string())
    }

    #[test]
    fn a_list_of_servers_is_split() {
        let args = parse(&["--nats-url", "nats://n1:4222, nats://n2:4222,n3"]).unwrap();
        let hosts: Vec<&str> = args.nats_url.iter().map(|address| address.host()).collect();
        assert_eq!(hosts, ["n1", "n2", "n3"]);
    }

    #[test]
    fn the_defaults_are_the_promised_ones() {
        let wanted = parse(&[]).unwrap().wanted();
        assert_eq!((wanted.name.as_str(), wanted.replicas), ("AGENT_EVENTS", 1));
        assert_eq!(wanted.max_age, Duration::from_secs(31_536_000));
    }

    #[test]
    fn wrong_arguments_say_what_to_write() {
        for (args, says) in [
            (["--nats-url", "nats://n1:port"], "separated by commas"),
            (["--nats-url", "n1,,n2"], "separated by commas"),
            (["--stream-name", "a.b"], "letters, digits"),
            (["--stream-replicas", "0"], "1..=5"),
            (["--stream-max-age", "1y"], "365d"),
            (["--snapshot-frequency", "0"], "1.."),
            (["--snapshot-frequency", "often"], "invalid digit"),
            (["--ack-wait", "0"], "more than 0"),
            (["--http-listen", "8080"], ":8080"),
            (["--command-mode", "fast"], "durable"),
            (["--nats-user", "ann"], "--nats-password"),
        ] {
            let error = parse(&args).unwrap_err();
            assert!(error.contains(says), "{args:?}: {error}");
        }
    }

    #[test]
    fn a_time_is_bounded() {
        assert_eq!(time("0"), Ok(Duration::ZERO));
        assert_eq!(time("365d"), Ok(Duration::from_secs(31_536_000)));
        for wrong in ["", "7", "-1s", "1.5s", "200000d", "99999999999999999999s"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_argument_has_a_variable() {
        use clap::CommandFactory as _;
        for argument in Args::command().get_arguments().filter(|argument| argument.get_id() != "healthcheck")
        {
            assert!(argument.get_env().is_some(), "{}", argument.get_id());
        }
    }
}
