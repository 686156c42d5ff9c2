//! The colour of an operator.

use ramanujan_core::{Code, Color, Problem};
use ramanujan_shell::{Request, Response, ok};
use serde::Serialize;

use super::missing;
use crate::operator;
use crate::seed::{GAY_SEED, Seed};

/// Longest operator name in bytes, and most names in one request.
const MAX_NAME_BYTES: usize = 128;
const MAX_NAMES: usize = 64;

/// The colours of several operators.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Operators<'a> {
    /// The seed that names unknown to the streams are hashed with.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Seed"))]
    seed: String,
    /// How well the colours go together: their evenness, less a half if RED meets BLUE.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = 0.0, max = 1.0)))]
    harmony: f64,
    /// The operators in the order in which they were named.
    operators: Vec<Operator<'a>>,
}

/// `GET /colors/operator`.
pub(crate) async fn operator(request: Request) -> Result<Response, Problem> {
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
            ok(&Operators {
                seed: seed.to_string(),
                harmony: operator::harmony(operators.iter().map(|o| o.color)),
                operators,
            })
        }
        (Some(_), Some(_)) => {
            Err(Problem::new(Code::InvalidParameter, "name and names exclude each other: give one of them"))
        }
        (None, None) => Err(missing("name (or names, separated by commas)", "/colors/operator?name=insert")),
    }
}

/// The colour of an operator.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Operator<'a> {
    /// The operator.
    name: &'a str,
    /// The seed that a name unknown to the streams is hashed with.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "Seed"))]
    seed: String,
    /// Its colour.
    color: Color,
    /// The direction of its colour.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "ramanujan_core::Polarity"))]
    polarity: &'static str,
    /// 1 for RED, 0 for GREEN, -1 for BLUE.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(min = -1, max = 1)))]
    trit: i8,
    /// The trit as a sign.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = Color::ALL.map(Color::sigil))))]
    sigil: &'static str,
    /// Where several could go first, the highest does.
    #[cfg_attr(not(target_family = "wasm"), schemars(extend("enum" = Color::ALL.map(operator::priority))))]
    priority: u8,
    /// Where the colour comes from.
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "operator::Rule"))]
    rule: &'static str,
    /// What the hash alone would say, also where the table decides.
    hashed_color: Color,
    /// Colours that its arguments may have.
    may_contain: Vec<Color>,
    /// All of it in a line, for people.
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
