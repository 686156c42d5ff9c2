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

/// `GET /colors/operator`.
pub(crate) async fn operator(request: Request) -> Result<Response, Problem> {
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
