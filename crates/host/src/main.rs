//! `ramanujan`: runs the network's components on machines without Spin.
//!
//! It reads the same `spin.toml`, gives the components the same interfaces and shows the same behaviour outside, so
//! that what runs here runs there. Each folder uses those after it in this list and none before: `cli` and `up` start
//! the application, `http` serves it, `engine` composes and compiles components, `manifest` reads their description,
//! `interfaces` is what they import, `instance` runs them, `storage` keeps their data.

#![deny(clippy::print_stdout, clippy::print_stderr, reason = "they panic when nobody reads; see `output`")]

mod cli;
mod engine;
mod http;
mod instance;
mod interfaces;
mod logs;
mod manifest;
mod output;
mod storage;
mod up;

use std::process::ExitCode;

use clap::Parser as _;

/// Requests are made of many small allocations that other threads free.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match cli::Cli::parse().command {
        cli::Command::Up(args) => match up::run(&args) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                output::event(format_args!("error: {error:#}"));
                ExitCode::FAILURE
            }
        },
        cli::Command::Fleet(args) => ramanujan_fleet::run(args),
        cli::Command::Load(args) => ramanujan_load::run(&args),
        cli::Command::Replay(args) => ramanujan_replay::run(args),
        cli::Command::Tend(args) => ramanujan_tend::run(&args),
        cli::Command::Timeline(args) => ramanujan_timeline_tool::run(&args),
    }
}
