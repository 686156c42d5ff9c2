//! `ramanujan fleet` alone, without the host: with `--program` it runs sites of a host that is built elsewhere.

use clap::Parser as _;

#[derive(clap::Parser)]
struct Cli {
    #[command(flatten)]
    args: ramanujan_fleet::Args,
}

fn main() -> std::process::ExitCode {
    ramanujan_fleet::run(Cli::parse().args)
}
