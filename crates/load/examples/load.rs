//! `ramanujan load` alone, without the host: for a network or a fleet that a host built elsewhere serves.

use clap::Parser as _;

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    args: ramanujan_load::Args,
}

fn main() -> std::process::ExitCode {
    ramanujan_load::run(&Cli::parse().args)
}
