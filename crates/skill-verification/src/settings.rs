//! What the operator sets.
//!
//! The verdict rule counts groups of six, five and six. With other numbers of verifiers it would mean something else,
//! so a component set up with others refuses every request rather than answer by a rule nobody chose.

use std::fmt::Display;
use std::str::FromStr;

use ramanujan_core::{AgentId, Polarity, Problem};
use ramanujan_shell::setting::{self, Setting};
use ramanujan_verification::{NUM_VERIFIERS, ROSTER};

ramanujan_shell::settings! {
    /// Which service the component is.
    SERVICE: String = "skill-verification".to_owned();
    /// The phase of start-up that the component belongs to.
    PHASE: String = "3".to_owned();
    /// How many verifiers vote; the verdict rule is made for this number and takes no other.
    NUM_AGENTS: usize = NUM_VERIFIERS;
    /// How many of them are negative; fixed as their number is.
    NEG_AGENTS: usize = group(Polarity::Negative);
    /// How many of them are neutral; fixed as their number is.
    NEUTRAL_AGENTS: usize = group(Polarity::Neutral);
    /// How many of them are positive; fixed as their number is.
    POS_AGENTS: usize = group(Polarity::Positive);
    /// Most items of a batch.
    BATCH_SIZE: usize = 100, 1..=10_000, "items";
    /// Most collections.
    MAX_COLLECTIONS: u64 = 64, 0..=65_536, "collections";
    /// Most vectors of a collection.
    MAX_COLLECTION_VECTORS: u64 = 1 << 18, 0..=1 << 32, "vectors";
    /// Most bytes of a collection's vectors; a query looks at all of them. Two and a half times what `docs/figures.md`
    /// has a search of.
    MAX_COLLECTION_BYTES: u64 = 1 << 29, 0..=1 << 40, "bytes";
    /// Most vectors that come with a request to compare with.
    MAX_REFERENCE_VECTORS: usize = 1000, 0..=100_000, "vectors";
    /// Most votes on one subject: the roster times the largest network of 48 agents, and once again for those that
    /// equivocate.
    MAX_VOTES: u64 = 1632, 0..=1_000_000, "votes";
    /// Most votes in one request.
    MAX_BATCH: usize = 1000, 1..=100_000, "votes";
    /// How many analyses are remembered, to recognise one that is asked for again.
    MAX_ANALYSES: u64 = 100_000, 0..=1 << 32, "analyses";
    /// The agent that runs the verifiers where a request names none.
    AGENT_ID: String = "skill-verification".to_owned();
}

/// The variables that say who the component is.
pub(crate) const IDENTITY: [ramanujan_shell::setting::Fixed; 2] =
    [SERVICE.only("skill-verification"), PHASE.only("3")];

/// A variable of the component's environment.
pub(crate) fn environment(name: &str) -> Option<String> {
    setting::text(name)
}

/// How many verifiers of the roster have this polarity.
pub(crate) fn group(polarity: Polarity) -> usize {
    ROSTER.iter().filter(|verifier| verifier.polarity == polarity).count()
}

/// The variables as they are read for a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) batch_size: usize,
    pub(crate) max_collections: u64,
    pub(crate) max_vectors: u64,
    pub(crate) max_bytes: u64,
    pub(crate) max_reference: usize,
    pub(crate) max_votes: u64,
    pub(crate) max_vote_batch: usize,
    pub(crate) max_analyses: u64,
    pub(crate) agent: AgentId,
}

impl Settings {
    /// Reads the variables; unset ones take their defaults.
    ///
    /// # Errors
    /// 500 `invalid-setting` naming the variable.
    pub(crate) fn read(variables: &dyn Fn(&str) -> Option<String>) -> Result<Self, Problem> {
        let only = |number: Setting<usize>| fixed(variables(number.name), &number);
        only(NUM_AGENTS)?;
        only(NEG_AGENTS)?;
        only(NEUTRAL_AGENTS)?;
        only(POS_AGENTS)?;
        let agent = AGENT_ID.parse(variables(AGENT_ID.name))?;
        Ok(Settings {
            batch_size: of(variables, &BATCH_SIZE)?,
            max_collections: of(variables, &MAX_COLLECTIONS)?,
            max_vectors: of(variables, &MAX_COLLECTION_VECTORS)?,
            max_bytes: of(variables, &MAX_COLLECTION_BYTES)?,
            max_reference: of(variables, &MAX_REFERENCE_VECTORS)?,
            max_votes: of(variables, &MAX_VOTES)?,
            max_vote_batch: of(variables, &MAX_BATCH)?,
            max_analyses: of(variables, &MAX_ANALYSES)?,
            agent: agent.trim().parse().map_err(|error| setting::invalid(AGENT_ID.name, &agent, error))?,
        })
    }
}

fn of<T: FromStr<Err: Display + 'static>>(
    variables: &dyn Fn(&str) -> Option<String>,
    setting: &Setting<T>,
) -> Result<T, Problem> {
    setting.parse(variables(setting.name))
}

fn fixed(given: Option<String>, number: &Setting<usize>) -> Result<(), Problem> {
    let only = number.parse(None)?;
    match given {
        Some(text) if text.trim().parse() != Ok(only) => Err(setting::invalid(
            number.name,
            &text,
            format!(
                "the verdict rule is made for {NUM_VERIFIERS} verifiers (6 negative, 5 neutral, 6 positive); set it \
                 to {only} or leave it out"
            ),
        )),
        _ => Ok(()),
    }
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
                assert!(
                    problem.code == ramanujan_core::Code::InvalidSetting && problem.detail.contains(name),
                    "{problem}"
                );
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
