//! What the operator sets.
//!
//! The verdict rule counts groups of six, five and six. With other numbers of verifiers it would mean something else,
//! so a component set up with others refuses every request rather than answer by a rule nobody chose.

use std::fmt::Display;
use std::str::FromStr;

use ramanujan_core::{AgentId, Code, Polarity, Problem};
use ramanujan_verification::{NUM_VERIFIERS, ROSTER};

/// Limits and names from the component's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    /// `BATCH_SIZE`: most items of a batch.
    pub(crate) batch_size: usize,
    /// `MAX_COLLECTIONS`: most collections.
    pub(crate) max_collections: u64,
    /// `MAX_COLLECTION_VECTORS`: most vectors of a collection.
    pub(crate) max_vectors: u64,
    /// `MAX_COLLECTION_BYTES`: most bytes of a collection's vectors; a query looks at all of them.
    pub(crate) max_bytes: u64,
    /// `MAX_REFERENCE_VECTORS`: most vectors that come with a request to compare with.
    pub(crate) max_reference: usize,
    /// `MAX_VOTES`: most votes on one subject; `MAX_BATCH`: most in one request.
    pub(crate) max_votes: u64,
    pub(crate) max_vote_batch: usize,
    /// `MAX_ANALYSES`: how many analyses are remembered, to recognise one that is asked for again.
    pub(crate) max_analyses: u64,
    /// `PAGE_LIMIT_MAX`: most entries of a page.
    pub(crate) page_limit: u64,
    /// `AGENT_ID`: the agent that runs the verifiers where a request names none.
    pub(crate) agent: AgentId,
}

type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Settings {
    /// Reads the variables; unset ones take their defaults.
    ///
    /// # Errors
    /// 500 `invalid-setting` naming the variable.
    pub(crate) fn read(variables: Variables<'_>) -> Result<Self, Problem> {
        let group = |polarity| ROSTER.iter().filter(|verifier| verifier.polarity == polarity).count();
        fixed(variables, "NUM_AGENTS", NUM_VERIFIERS)?;
        fixed(variables, "NEG_AGENTS", group(Polarity::Negative))?;
        fixed(variables, "NEUTRAL_AGENTS", group(Polarity::Neutral))?;
        fixed(variables, "POS_AGENTS", group(Polarity::Positive))?;
        let agent = variables("AGENT_ID").unwrap_or_else(|| "skill-verification".to_owned());
        Ok(Settings {
            batch_size: number(variables, "BATCH_SIZE", 100)?,
            max_collections: number(variables, "MAX_COLLECTIONS", 64)?,
            max_vectors: number(variables, "MAX_COLLECTION_VECTORS", 1 << 18)?,
            // Two and a half times what docs/figures.md has a search of.
            max_bytes: number(variables, "MAX_COLLECTION_BYTES", 1 << 29)?,
            max_reference: number(variables, "MAX_REFERENCE_VECTORS", 1000)?,
            // The roster times the largest network of the guides, and once again for those that equivocate.
            max_votes: number(variables, "MAX_VOTES", 1632)?,
            max_vote_batch: number(variables, "MAX_BATCH", 1000)?,
            max_analyses: number(variables, "MAX_ANALYSES", 100_000)?,
            page_limit: number(variables, "PAGE_LIMIT_MAX", 1000)?,
            agent: agent.trim().parse().map_err(|error| invalid("AGENT_ID", &agent, error))?,
        })
    }
}

fn number<T: FromStr<Err: Display>>(variables: Variables<'_>, name: &str, default: T) -> Result<T, Problem> {
    match variables(name) {
        None => Ok(default),
        Some(text) => text.trim().parse().map_err(|error| invalid(name, &text, error)),
    }
}

fn fixed(variables: Variables<'_>, name: &str, only: usize) -> Result<(), Problem> {
    match variables(name) {
        Some(text) if text.trim().parse() != Ok(only) => Err(invalid(
            name,
            &text,
            format!(
                "the verdict rule is made for {NUM_VERIFIERS} verifiers (6 negative, 5 neutral, 6 positive); set it \
                 to {only} or leave it out"
            ),
        )),
        _ => Ok(()),
    }
}

fn invalid(name: &str, text: &str, error: impl Display) -> Problem {
    Problem::new(Code::InvalidSetting, format!("the setting {name}={text:?} is not usable: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(name: &'static str, value: &'static str) -> Result<Settings, Problem> {
        Settings::read(&move |asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn only_the_roster_is_accepted() {
        for (name, good) in
            [("NUM_AGENTS", " 17 "), ("NEG_AGENTS", "6"), ("NEUTRAL_AGENTS", "5"), ("POS_AGENTS", "6")]
        {
            assert!(with(name, good).is_ok(), "{name}");
            for bad in ["16", "0", "-17", "17.0", "seventeen"] {
                let problem = with(name, bad).unwrap_err();
                assert!(problem.code == Code::InvalidSetting && problem.detail.contains(name), "{problem}");
            }
        }
    }

    #[test]
    fn other_settings_are_numbers_and_names() {
        assert_eq!(with("BATCH_SIZE", "7").unwrap().batch_size, 7);
        for (name, bad) in [("BATCH_SIZE", "many"), ("MAX_COLLECTIONS", "-1"), ("AGENT_ID", "a b")] {
            assert!(with(name, bad).unwrap_err().detail.contains(name));
        }
    }
}
