//! Computes the checkpoints of the published split chain: 2^20 steps are too many for the compiler's own evaluator,
//! and too many for an instance that lives for one request.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

#[allow(dead_code, unreachable_pub)]
#[path = "src/splitmix.rs"]
mod splitmix;

use splitmix::{GOLDEN, LEGACY_SEED, sm};

/// As in `algorithm/split_chain.rs`, which checks at compile time that the table has the length that it expects.
const STRIDE: usize = 1024;
const CHECKPOINTS: usize = 1024;

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=src/splitmix.rs");
    let mut table = String::from("[");
    let mut state = LEGACY_SEED;
    for index in 0..STRIDE * CHECKPOINTS {
        state = sm(state) ^ GOLDEN;
        if index % STRIDE == 0 {
            write!(table, "{state:#x},").map_err(io::Error::other)?;
        }
    }
    table.push(']');
    let folder = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("cargo sets OUT_DIR"))?;
    fs::write(Path::new(&folder).join("split_chain_checkpoints.rs"), table)
}
