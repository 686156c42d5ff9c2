//! `ramanujan`: runs the network's components on machines without Spin.
//!
//! It reads the same `spin.toml`, gives the components the same interfaces and shows the same behaviour outside, so
//! that what runs here runs there. From the outside in: `cli` and `up` start it, `http` serves, `instance` runs
//! components, `interfaces` is what they import, `storage` keeps their data; `manifest` and `engine` prepare all that.

mod cli;
mod engine;
mod files;
mod http;
mod instance;
mod interfaces;
mod logs;
mod manifest;
mod storage;
mod up;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Up(args) => match up::run(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error:#}");
                ExitCode::FAILURE
            }
        },
        cli::Command::Load(args) => ramanujan_load::run(&args),
        cli::Command::Replay(args) => ramanujan_replay::run(args),
        cli::Command::Timeline(args) => ramanujan_timeline_tool::run(&args),
    }
}
