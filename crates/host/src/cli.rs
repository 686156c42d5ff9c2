//! The command line.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};

/// Runs the Ramanujan CRDT network without Spin.
#[derive(Parser)]
#[command(name = "ramanujan", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Serve the application of a manifest.
    Up(UpArgs),
    Fleet(ramanujan_fleet::Args),
    Load(ramanujan_load::Args),
    Replay(ramanujan_replay::Args),
    Tend(ramanujan_tend::Args),
    Timeline(ramanujan_timeline_tool::Args),
}

/// Serve the application of a manifest until SIGINT or SIGTERM.
///
/// Prints `Serving http://…` and the routes when it answers. Compiled code is cached in $RAMANUJAN_CACHE (default:
/// ~/.cache/ramanujan).
#[derive(Args)]
pub(crate) struct UpArgs {
    /// Manifest (version 2), or the folder that has it as spin.toml.
    #[arg(short = 'f', long, value_name = "FILE", default_value = "spin.toml")]
    pub(crate) manifest: PathBuf,

    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "IP:PORT", default_value = "127.0.0.1:3000")]
    pub(crate) listen: SocketAddr,

    /// Folder for databases and logs, relative to the current folder.
    #[arg(long, value_name = "FOLDER", default_value = ".ramanujan")]
    pub(crate) state_dir: PathBuf,

    /// Runtime configuration (TOML): which file each store label stands for.
    #[arg(long, value_name = "FILE")]
    pub(crate) runtime_config_file: Option<PathBuf>,

    /// Requests one instance of a component serves, one after the other, before a fresh one takes over.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = parse_reuse)]
    pub(crate) max_instance_reuse: usize,

    /// Value of an application variable; may be given several times. Beats SPIN_VARIABLE_<NAME> of the environment.
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = parse_variable)]
    pub(crate) variables: Vec<(String, String)>,

    /// Show the components' output here too; it is always kept in <state-dir>/logs.
    #[arg(long)]
    pub(crate) follow: bool,

    /// Do not show progress while starting.
    #[arg(short, long)]
    pub(crate) quiet: bool,

    /// Do not run the caretaker, which calls what must happen now and then (see `ramanujan tend`); it shows $RAMANUJAN_TOKEN.
    #[arg(long)]
    pub(crate) no_tend: bool,

    /// End when standard input does, as if by SIGTERM: for programs that start a host and must not leave it behind.
    #[arg(long, env = "RAMANUJAN_END_WITH_STDIN")]
    pub(crate) end_with_stdin: bool,

    /// Time a request may take until the end of its response, e.g. 30s, 500ms, 2m.
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = parse_time)]
    pub(crate) request_timeout: Duration,

    /// Memory an instance may use, e.g. 256MiB, 1GiB.
    #[arg(long, value_name = "SIZE", default_value = "256MiB", value_parser = parse_size)]
    pub(crate) max_instance_memory: usize,
}

fn parse_reuse(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(0) => Err("an instance serves at least 1 request".into()),
        Ok(count) => Ok(count),
        Err(_) => Err("not a whole number".into()),
    }
}

fn parse_variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// A whole number followed by one of `units`; a bare number counts in the unit `""`.
fn parse_with_unit(text: &str, units: &[(&str, u64)]) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().map_err(|_| format!("{text:?} does not begin with a whole number"))?;
    let known =
        || units.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect::<Vec<_>>().join(", ");
    let (_, factor) = units
        .iter()
        .find(|(name, _)| *name == unit.trim())
        .ok_or_else(|| format!("{:?} is not one of the units {}", unit.trim(), known()))?;
    match number.checked_mul(*factor) {
        None => Err("too large".into()),
        Some(0) => Err("must be more than 0".into()),
        Some(product) => Ok(product),
    }
}

fn parse_time(text: &str) -> Result<Duration, String> {
    let milliseconds =
        parse_with_unit(text, &[("", 1000), ("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000)])?;
    Ok(Duration::from_millis(milliseconds))
}

/// Most memory of an instance: what 32-bit addresses reach.
const MAX_MEMORY: u64 = 4 << 30;

fn parse_size(text: &str) -> Result<usize, String> {
    let units = [("", 1), ("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];
    match parse_with_unit(text, &units)? {
        size if size > MAX_MEMORY => Err("more than 4GiB, which 32-bit WebAssembly cannot address".into()),
        size => usize::try_from(size).map_err(|_| "too large for this machine".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_of_the_command_line_is_sound() {
        use clap::CommandFactory as _;
        Cli::command().debug_assert();
    }

    #[test]
    fn times_and_sizes() {
        assert_eq!(parse_time("30s").unwrap(), Duration::from_secs(30));
        assert_eq!(parse_time("500ms").unwrap(), Duration::from_millis(500));
        assert_eq!(parse_time("7").unwrap(), Duration::from_secs(7));
        assert_eq!(parse_size("256MiB").unwrap(), 256 << 20);
        for wrong in ["", "x", "0", "5 parsecs", "99999999999999999999"] {
            assert!(parse_time(wrong).is_err() && parse_size(wrong).is_err(), "{wrong}");
        }
        assert!(parse_size("5GiB").is_err());
    }
}
