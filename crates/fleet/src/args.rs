//! The arguments of the commands.

use std::path::PathBuf;
use std::time::Duration;

use ramanujan_client::{Access, parse_time};

use crate::plan::Shape;

/// Run many sites on this machine, joined along a graph; cut, kill and compare them.
///
/// `fleet up` starts the sites and stays; the other commands speak to it from another terminal. Each site is
/// `ramanujan up` with a store, logs, an address and a name of its own, and exchanges deltas with its neighbours in the
/// graph. Links go through relays that the fleet can cut, so that the sites are as they always are. `ramanujan load
/// --fleet FOLDER` writes at all sites; `fleet check` says whether they hold the same.
///
/// Exit code 0: done; 1: `check` found a difference; 2: could not be done.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Folder of the fleet: the stores and logs of its sites, the list of them (fleet.json)
    #[arg(long, global = true, value_name = "FOLDER", default_value = ".ramanujan-fleet")]
    pub state_dir: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What can be done with a fleet.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Command {
    Up(Up),
    /// Show a line per site
    Status {
        /// As JSON, one object a line
        #[arg(long)]
        json: bool,
    },
    /// Cut the link between two sites, in both directions, or all links of one
    Cut {
        /// A site, by name (site-3) or number (3)
        site: String,
        /// A neighbour of it; without it, all neighbours
        other: Option<String>,
    },
    /// Let links pass again: between two sites, all of one, or all
    Heal {
        /// A site, by name or number; without it, all links
        site: Option<String>,
        /// A neighbour of it
        other: Option<String>,
    },
    /// Kill a site as `kill -9` does; its store stays
    Kill {
        /// The site, by name or number
        site: String,
    },
    /// Start a site that was killed or has ended
    Start {
        /// The site, by name or number
        site: String,
    },
    Check(Check),
    /// End the fleet
    Down,
}

/// Start a fleet, and show how its sites stand until Ctrl-C, SIGTERM or `fleet down`
#[derive(Clone, Debug, clap::Args)]
pub struct Up {
    /// Number of sites; the topology must have a graph of that size
    #[arg(long, value_name = "N", default_value_t = 9)]
    pub sites: usize,
    /// How they are joined: ramanujan-3d (9 or 48 sites), torus-3x3, grid-3x3 (9), gl23, gl23-bipartite (48); ring, complete (any number)
    #[arg(long, value_name = "NAME", default_value = "ramanujan-3d")]
    pub topology: Shape,
    /// Port of the first site; the others have those after it
    #[arg(long, value_name = "PORT", default_value_t = 8080, value_parser = clap::value_parser!(u16).range(1..))]
    pub base_port: u16,
    /// Regions, shared out among the sites in order
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', default_value = "us-west,us-east,eu-west")]
    pub regions: Vec<String>,
    /// Manifest of every site, or the folder that has it as spin.toml
    #[arg(short = 'f', long, value_name = "FILE", default_value = "spin.toml")]
    pub manifest: PathBuf,
    /// Further variable of every site; may be given several times
    #[arg(long = "variable", value_name = "NAME=VALUE", value_parser = variable)]
    pub variables: Vec<(String, String)>,
    /// Program that serves each site, e.g. of another version [default: this one]
    #[arg(long, value_name = "FILE")]
    pub program: Option<PathBuf>,
    /// Show neither progress nor the sites
    #[arg(short, long)]
    pub quiet: bool,
}

/// Compare every document on every site: digest, value, version vector
#[derive(Clone, Debug, clap::Args)]
pub struct Check {
    /// Record of `ramanujan load --fleet`: each operation in it must be on every site, once
    #[arg(long, value_name = "FILE")]
    pub acknowledged: Option<PathBuf>,
    /// How long to wait until the sites agree, e.g. 30s
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = parse_time)]
    pub within: Duration,
    /// Print the report as JSON
    #[arg(long)]
    pub json: bool,
    /// The credential.
    #[command(flatten)]
    pub access: Access,
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("not of the form NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(Debug, clap::Parser)]
    struct Cli {
        #[command(flatten)]
        args: Args,
    }

    #[test]
    fn commands_are_read() {
        let args = Cli::parse_from(["fleet", "up", "--state-dir", "x", "--variable", "a=b=c"]).args;
        assert_eq!(args.state_dir, PathBuf::from("x"));
        let Command::Up(up) = args.command else { panic!("not up") };
        assert_eq!((up.sites, up.base_port, up.topology.to_string().as_str()), (9, 8080, "ramanujan-3d"));
        assert_eq!(up.variables, [("a".to_owned(), "b=c".to_owned())]);
        for fine in [
            &["cut", "3", "site-4"][..],
            &["cut", "3"],
            &["heal"],
            &["kill", "1"],
            &["check", "--within", "1m"],
        ] {
            assert!(Cli::try_parse_from([&["fleet"], fine].concat()).is_ok(), "{fine:?}");
        }
        for wrong in [&["up", "--topology", "cube"][..], &["cut"], &["check", "--within", "soon"], &["dance"]]
        {
            assert!(Cli::try_parse_from([&["fleet"], wrong].concat()).is_err(), "{wrong:?}");
        }
    }
}
