//! `/colors/…`: reads the query, asks the library, writes JSON.

use std::fmt::Display;

use ramanujan_core::{Code, Color, MAX_SAFE_INTEGER, Problem};
use ramanujan_shell::{Info, Query, Request, Response, Service, ok, setting};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::algorithm::{Algorithm, Sample, split_chain};
use crate::hue::sigil;
use crate::operator::{self, Fork};
use crate::seed::{GAY_SEED, Seed};
use crate::srgb::Rgb;
use crate::swatches::{self, MAX_COLORS};
use crate::vectors;

/// Colours in a palette where `n` is not given: the length of the published lists.
const DEFAULT_COLORS: usize = 12;
/// Longest operator name in bytes, and most names in one request.
const MAX_NAME_BYTES: usize = 128;
const MAX_NAMES: usize = 64;
/// Colours that a fingerprint may cover in `/colors/verify`, and how many it covers where none is said.
const MAX_FINGERPRINT: u64 = 1_000_000;
const DEFAULT_FINGERPRINT: u64 = 10_000;
/// Colours that show what a forked seed looks like.
const FORK_PREVIEW: usize = 5;

/// The component's routes.
pub fn service() -> Service {
    Service::new(Info {
        component: "duck-colors",
        message: "Duck color service",
        base: "/colors",
        version: env!("CARGO_PKG_VERSION"),
        constants,
    })
    .get("/colors/hex", async |request| hex(&request))
    .get("/colors/palette", async |request| palette(&request))
    .get("/colors/sigil", async |request| sigil_of(&request))
    .get("/colors/operator", async |request| operator_color(&request))
    .get("/colors/fork", async |request| fork(&request))
    .get("/colors/verify", async |request| verify(&request))
}

// Replies are typed and written straight to bytes: building them as JSON values first costs the component 40 kB.

fn constants() -> Map<String, Value> {
    let algorithm = default_algorithm().unwrap_or(Algorithm::GoldenSpiral);
    let algorithms = Algorithm::ALL.into_iter().map(|a| {
        let mut members = Map::new();
        members.insert("name".into(), a.as_str().into());
        members.insert("source".into(), source(a).into());
        members.insert("default_seed".into(), a.default_seed().map(|seed| seed.to_string()).into());
        members.insert("first_index".into(), a.first_index().into());
        members.insert("last_index".into(), a.last_index().into());
        Value::Object(members)
    });
    let mut members = Map::new();
    members.insert("service".into(), "Duck Color Generation".into());
    members.insert("algorithm".into(), format!("gay-jl-{algorithm}").into());
    members.insert("seed_management".into(), "splitmix64".into());
    members.insert("algorithms".into(), algorithms.collect::<Vec<_>>().into());
    members.insert("max_palette".into(), MAX_COLORS.into());
    members.insert("split_chain_checkpoint_stride".into(), split_chain::CHECKPOINT_STRIDE.into());
    members
}

/// The algorithm where a request names none: `ALGORITHM` of the manifest.
fn default_algorithm() -> Result<Algorithm, Problem> {
    setting::number("ALGORITHM", Algorithm::GoldenSpiral)
}

fn source(algorithm: Algorithm) -> &'static str {
    if algorithm.is_data() { "data" } else { "computed" }
}

fn refused(error: impl Display) -> Problem {
    Problem::new(Code::NoSuchColor, error.to_string())
}

/// What a colour looks like and which of black and white is readable on it, with its index where it has one.
#[derive(Serialize)]
struct Look {
    #[serde(skip_serializing_if = "Option::is_none")]
    index: Option<u64>,
    hex: String,
    rgb: [u8; 3],
    sigil: &'static str,
    name: &'static str,
    hue: Option<f64>,
    hue_space: &'static str,
    trit: i8,
    polarity: &'static str,
    polarity_sigil: &'static str,
    contrast: Contrast,
    /// The better readable of `#000000` and `#FFFFFF` on it.
    text: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    algorithm: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<&'static str>,
    /// Absent where no algorithm is; null where the algorithm has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<Option<String>>,
}

/// WCAG contrast ratios, cut (not rounded up) to two decimals, so that 4.5 means passed.
#[derive(Serialize)]
struct Contrast {
    black: f64,
    white: f64,
}

impl From<Sample> for Look {
    fn from(Sample { rgb, hue }: Sample) -> Self {
        let (black, white) = (rgb.contrast(Rgb::BLACK), rgb.contrast(Rgb::WHITE));
        let cut = |ratio: f64| (ratio * 100.0 + 1e-9).floor() / 100.0;
        let (emoji, stream) = (sigil(rgb), hue.stream_color());
        Look {
            index: None,
            hex: rgb.to_string(),
            rgb: rgb.channels(),
            sigil: emoji.emoji,
            name: emoji.name,
            hue: hue.degrees.map(|degrees| (degrees * 1e6).round() / 1e6),
            hue_space: hue.space.as_str(),
            trit: hue.trit(),
            polarity: stream.polarity().as_str(),
            polarity_sigil: stream.sigil(),
            contrast: Contrast { black: cut(black), white: cut(white) },
            text: if black >= white { "#000000" } else { "#FFFFFF" },
            algorithm: None,
            source: None,
            seed: None,
        }
    }
}

fn algorithm_and_seed(query: &Query<'_>) -> Result<(Algorithm, Option<Seed>), Problem> {
    let algorithm = match query.parse("algorithm")? {
        Some(algorithm) => algorithm,
        None => default_algorithm()?,
    };
    let seed = query.parse::<Seed>("seed")?.or(algorithm.default_seed());
    Ok((algorithm, seed))
}

fn hex(request: &Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["seed", "index", "algorithm"])?;
    let (algorithm, seed) = algorithm_and_seed(&query)?;
    let index = query.parse("index")?.unwrap_or(algorithm.first_index());
    let look = Look::from(algorithm.sample(seed, index).map_err(refused)?);
    ok(&Look {
        index: Some(index),
        algorithm: Some(algorithm.as_str()),
        source: Some(source(algorithm)),
        seed: Some(seed.map(|seed| seed.to_string())),
        ..look
    })
}

fn palette(request: &Request) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Reply {
        algorithm: &'static str,
        source: &'static str,
        seed: Option<String>,
        n: usize,
        start: u64,
        /// Where to go on for more; null at the end.
        next_index: Option<u64>,
        min_delta_e: f64,
        /// The smallest ΔE2000 between any two of the colours.
        delta_e: Option<f64>,
        trit_sum: i64,
        colors: Vec<Look>,
    }
    let query = request.query();
    query.only(&["n", "seed", "algorithm", "start", "min_delta_e"])?;
    let (algorithm, seed) = algorithm_and_seed(&query)?;
    let n = query.parse("n")?.unwrap_or(DEFAULT_COLORS);
    if !(1..=MAX_COLORS).contains(&n) {
        return Err(Problem::new(Code::InvalidParameter, format!("n must be 1 to {MAX_COLORS}")));
    }
    let min = query.parse::<Distance>("min_delta_e")?.map_or(0.0, |Distance(min)| min);
    let start = query.parse("start")?.unwrap_or(algorithm.first_index());
    let palette = swatches::palette(algorithm, seed, start, n, min)
        .map_err(|error| Problem::new(Code::NoSuchPalette, error.to_string()))?;
    let colors: Vec<Look> = palette
        .swatches
        .iter()
        .map(|swatch| Look { index: Some(swatch.index), ..Look::from(swatch.sample) })
        .collect();
    ok(&Reply {
        algorithm: algorithm.as_str(),
        source: source(algorithm),
        seed: seed.map(|seed| seed.to_string()),
        n,
        start,
        next_index: palette.next,
        min_delta_e: min,
        delta_e: palette.delta_e,
        trit_sum: colors.iter().map(|color| i64::from(color.trit)).sum(),
        colors,
    })
}

fn sigil_of(request: &Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["color"])?;
    let color: Rgb =
        query.parse("color")?.ok_or_else(|| missing("color", "/colors/sigil?color=%23A855F7"))?;
    ok(&Look::from(Sample::from(color)))
}

/// A ΔE2000 as a query gives it: a decimal from 0 to 100.
struct Distance(f64);

impl std::str::FromStr for Distance {
    type Err = &'static str;

    /// Reads plain decimals; the standard library's reader would be a tenth of the component.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |part: &str| (1..=6).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        if digits(whole)
            && digits(fraction)
            && let (Ok(whole), Ok(millionths)) =
                (whole.parse::<u32>(), format!("{fraction:0<6}").parse::<u32>())
            && (whole, millionths) <= (100, 0)
        {
            return Ok(Distance(f64::from(whole) + f64::from(millionths) / 1e6));
        }
        Err("must be a decimal from 0 to 100 (ΔE2000) with at most six places, e.g. 12.5")
    }
}

fn missing(parameter: &str, example: &str) -> Problem {
    Problem::new(Code::MissingParameter, format!("{parameter} is needed, e.g. {example}"))
}

fn operator_color(request: &Request) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Reply<'a> {
        seed: String,
        harmony: f64,
        operators: Vec<Operator<'a>>,
    }
    let query = request.query();
    query.only(&["name", "names", "seed"])?;
    let seed = query.parse("seed")?.unwrap_or(Seed(GAY_SEED));
    match (query.get("name"), query.get("names")) {
        (Some(name), None) => ok(&describe_operator(name, seed)?),
        (None, Some(names)) => {
            let names: Vec<&str> = names.split(',').collect();
            if names.len() > MAX_NAMES {
                let detail = format!("names may hold at most {MAX_NAMES} names");
                return Err(Problem::new(Code::InvalidParameter, detail));
            }
            let operators =
                names.iter().map(|name| describe_operator(name, seed)).collect::<Result<Vec<_>, _>>()?;
            ok(&Reply {
                seed: seed.to_string(),
                harmony: operator::harmony(operators.iter().map(|o| o.color)),
                operators,
            })
        }
        _ => Err(missing("name (or names, separated by commas)", "/colors/operator?name=insert")),
    }
}

#[derive(Serialize)]
struct Operator<'a> {
    name: &'a str,
    seed: String,
    color: Color,
    polarity: &'static str,
    trit: i8,
    sigil: &'static str,
    priority: u8,
    rule: &'static str,
    /// What the hash alone would say, also where the table decides.
    hashed_color: Color,
    may_contain: Vec<Color>,
    explanation: String,
}

fn describe_operator(name: &str, seed: Seed) -> Result<Operator<'_>, Problem> {
    if name.is_empty() || name.len() > MAX_NAME_BYTES || name.chars().any(char::is_control) {
        let detail = format!("an operator name has 1 to {MAX_NAME_BYTES} bytes and no control characters");
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    let (color, rule) = operator::assign(name, seed.0);
    Ok(Operator {
        name,
        seed: seed.to_string(),
        color,
        polarity: color.polarity().as_str(),
        trit: color.trit(),
        sigil: color.sigil(),
        priority: operator::priority(color),
        rule: rule.as_str(),
        hashed_color: operator::hashed(name, seed.0),
        may_contain: Color::ALL.into_iter().filter(|child| color.may_contain(*child)).collect(),
        explanation: operator::explain(name, color),
    })
}

fn fork(request: &Request) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Reply {
        seed: String,
        offset: u64,
        method: &'static str,
        forked_seed: String,
        algorithm: &'static str,
        preview: Vec<String>,
    }
    let query = request.query();
    query.only(&["seed", "offset", "method"])?;
    let seed = query.parse("seed")?.unwrap_or(Seed(GAY_SEED));
    let offset = query.parse("offset")?.unwrap_or(1);
    if offset > MAX_SAFE_INTEGER {
        return Err(Problem::new(Code::InvalidParameter, format!("offset must be 0 to {MAX_SAFE_INTEGER}")));
    }
    let method = query.parse("method")?.unwrap_or(Fork::Linear);
    let child = Seed(method.child(seed.0, offset));
    let preview: Vec<String> = Algorithm::ColorAt
        .samples(Some(child), Algorithm::ColorAt.first_index())
        .map_err(refused)?
        .take(FORK_PREVIEW)
        .map(|(_, sample)| sample.rgb.to_string())
        .collect();
    ok(&Reply {
        seed: seed.to_string(),
        offset,
        method: method.as_str(),
        forked_seed: child.to_string(),
        algorithm: Algorithm::ColorAt.as_str(),
        preview,
    })
}

fn verify(request: &Request) -> Result<Response, Problem> {
    #[derive(Serialize)]
    struct Reply {
        verified: bool,
        checked: usize,
        failed: usize,
        skipped: usize,
        fingerprint_limit: u64,
        groups: Vec<vectors::Group>,
    }
    let query = request.query();
    query.only(&["limit"])?;
    let limit = query.limit(DEFAULT_FINGERPRINT, MAX_FINGERPRINT)?;
    let groups = vectors::verify(&vectors::PUBLISHED, limit);
    let sum = |count: fn(&vectors::Group) -> usize| groups.iter().map(count).sum::<usize>();
    ok(&Reply {
        verified: groups.iter().all(|group| group.failed == 0 && group.checked > 0),
        checked: sum(|group| group.checked),
        failed: sum(|group| group.failed),
        skipped: sum(|group| group.skipped),
        fingerprint_limit: limit,
        groups,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn distances_read_as_the_standard_library_reads_them(text in "[0-9]{1,3}(\\.[0-9]{1,6})?") {
            let value: f64 = text.parse().unwrap();
            match text.parse::<Distance>() {
                Ok(Distance(read)) => prop_assert!((read - value).abs() < 1e-9 && value <= 100.0),
                Err(_) => prop_assert!(value > 100.0),
            }
        }

        #[test]
        fn anything_else_is_refused(text in "\\PC{0,6}") {
            if !text.starts_with(|c: char| c.is_ascii_digit()) {
                prop_assert!(text.parse::<Distance>().is_err());
            }
        }
    }
}
