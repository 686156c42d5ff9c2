//! Writes two constants: the checkpoints of the published split chain (2^20 steps are too many for the compiler's own
//! evaluator, and for an instance that lives for one request), and the published vectors of `data/vectors.json`.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, error, fs};

use ramanujan_core::splitmix::{GOLDEN, step};
use serde_json::Value;

/// As in `seed.rs`: ASCII "gay_colo".
const LEGACY_SEED: u64 = 0x6761_795f_636f_6c6f;

/// As in `algorithm/split_chain.rs`, whose array type checks the number and whose tests check the values.
const STRIDE: usize = 1024;
const CHECKPOINTS: usize = 1024;

type Result<T> = std::result::Result<T, Box<dyn error::Error>>;

fn main() -> Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=data/vectors.json");
    let folder = env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?;
    fs::write(Path::new(&folder).join("split_chain_checkpoints.rs"), checkpoints()?)?;
    let vectors = serde_json::from_str(&fs::read_to_string("data/vectors.json")?)?;
    let constant = format!(
        "/// The vectors of `data/vectors.json`.\npub const PUBLISHED: Vectors = {};",
        record("Vectors", &vectors)?
    );
    fs::write(Path::new(&folder).join("vectors.rs"), constant)?;
    Ok(())
}

fn checkpoints() -> Result<String> {
    let mut table = String::from("[");
    let mut state = LEGACY_SEED;
    for index in 0..STRIDE * CHECKPOINTS {
        state = step(state) ^ GOLDEN;
        if index % STRIDE == 0 {
            write!(table, "{state:#x},")?;
        }
    }
    table.push(']');
    Ok(table)
}

/// A JSON object as a struct literal: each member is a field of the same name.
fn record(name: &str, object: &Value) -> Result<String> {
    let mut literal = format!("{name} {{");
    for (key, value) in object.as_object().ok_or_else(|| format!("{name} is no object"))? {
        if key == "about" {
            continue;
        }
        write!(literal, "{key}: {},", field(key, value)?)?;
    }
    literal.push('}');
    Ok(literal)
}

fn field(key: &str, value: &Value) -> Result<String> {
    Ok(match (key, value) {
        ("seed" | "state" | "value" | "xor", Value::String(hex)) => format!("0x{hex}"),
        ("splitmix64_stream", rows) => list("StreamVector", rows)?,
        ("split_chain", chain) => record("ChainVectors", chain)?,
        ("rows", rows) => list("ChainRow", rows)?,
        ("color_at", rows) => list("RunVector", rows)?,
        ("color_at_fingerprints", rows) => list("FingerprintVector", rows)?,
        ("golden_spiral" | "genesis_1069", run) => record("ListVector", run)?,
        ("sigils", rows) => list("SigilVector", rows)?,
        ("tolerance" | "l" | "c" | "h", number) => format!("{number}_f64"),
        (_, Value::String(text)) => format!("{text:?}"),
        // A list of texts is spelt the same in JSON and in Rust.
        (_, texts @ Value::Array(_)) => format!("&{texts}"),
        (_, other) => other.to_string(),
    })
}

fn list(name: &str, rows: &Value) -> Result<String> {
    let rows = rows.as_array().ok_or_else(|| format!("{name} is no list"))?;
    let rows: Result<Vec<String>> = rows.iter().map(|row| record(name, row)).collect();
    Ok(format!("&[{}]", rows?.join(",")))
}
