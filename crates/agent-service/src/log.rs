//! The log: one line for what happened, with its time, level and target, as text or JSON.

use std::str::FromStr;

use ramanujan_core::time::format_rfc3339;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{Layer as _, Registry, fmt};

use crate::clock;

/// Target of what the service itself says.
pub const TARGET: &str = "agent-service";

/// Target of what the NATS client says.
const CLIENT: &str = "async_nats";

/// Which lines are written.
#[derive(Clone, Debug)]
pub struct Level(Targets);

impl FromStr for Level {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!("{text:?} is not trace, debug, info, warn or error, nor target=level separated by commas")
        };
        let targets: Targets = text.parse().map_err(|_| wrong())?;
        // A bare word that is no level would be taken for a target.
        let bare = text.split(',').map(str::trim).filter(|part| !part.contains('='));
        let levels = ["trace", "debug", "info", "warn", "error", "off"];
        if bare.into_iter().all(|word| levels.iter().any(|level| word.eq_ignore_ascii_case(level))) {
            // What the client says of itself at `info` the service says too.
            let is_asked_for = text.contains(CLIENT);
            Ok(Level(if is_asked_for { targets } else { targets.with_target(CLIENT, LevelFilter::WARN) }))
        } else {
            Err(wrong())
        }
    }
}

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
#[allow(missing_docs)]
pub enum Format {
    Text,
    Json,
}

struct Millis;

impl FormatTime for Millis {
    fn format_time(&self, writer: &mut Writer<'_>) -> std::fmt::Result {
        writer.write_str(&format_rfc3339(clock::now_millis()))
    }
}

/// Begins to write to standard output. `RUST_LOG` wins over `level`.
///
/// # Errors
/// `RUST_LOG` is not a level; says so.
pub fn init(level: &Level, format: Format) -> Result<(), String> {
    let level = match std::env::var("RUST_LOG") {
        Ok(text) if !text.is_empty() => {
            text.parse::<Level>().map_err(|error| format!("RUST_LOG: {error}"))?
        }
        _ => level.clone(),
    };
    let layer = fmt::layer().with_timer(Millis).with_ansi(false);
    let layer = match format {
        Format::Text => layer.with_filter(level.0).boxed(),
        Format::Json => layer.json().flatten_event(true).with_filter(level.0).boxed(),
    };
    Registry::default().with(layer).try_init().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_what_is_none() {
        for level in ["info", "WARN", "info,async_nats=debug", "agent-service=trace"] {
            assert!(level.parse::<Level>().is_ok(), "{level}");
        }
        for wrong in ["loud", "", "info,loud", "x=loud"] {
            assert!(wrong.parse::<Level>().is_err(), "{wrong}");
        }
    }
}
