//! `/colors/…`: reads the query, asks the pure files, writes JSON.
//!
//! Replies are typed and written straight to bytes: building them as JSON values first costs the component 40 kB.

pub(crate) mod color;
pub(crate) mod look;
pub(crate) mod operator;
pub(crate) mod palette;
pub(crate) mod root;
pub(crate) mod seed;
pub(crate) mod vectors;

use std::fmt::Display;

use ramanujan_core::{Code, Problem};
use ramanujan_shell::Query;

use crate::algorithm::Algorithm;
use crate::seed::Seed;
use crate::settings::ALGORITHM;

/// Where the colours of an algorithm come from.
const SOURCES: [&str; 2] = ["computed", "data"];

fn source(algorithm: Algorithm) -> &'static str {
    SOURCES[usize::from(algorithm.is_data())]
}

fn refused(error: impl Display) -> Problem {
    Problem::new(Code::NoSuchColor, error.to_string())
}

fn missing(parameter: &str, example: &str) -> Problem {
    Problem::new(Code::MissingParameter, format!("{parameter} is needed, e.g. {example}"))
}

fn algorithm_and_seed(query: &Query<'_>) -> Result<(Algorithm, Option<Seed>), Problem> {
    let algorithm = match query.parse("algorithm")? {
        Some(algorithm) => algorithm,
        None => ALGORITHM.read()?,
    };
    let seed = query.parse::<Seed>("seed")?.or(algorithm.default_seed());
    Ok((algorithm, seed))
}
