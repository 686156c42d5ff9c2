//! Votes, how a group agrees, and the verdict.
//!
//! Everything here is a function of who voted what: the order in which votes are given or counted changes nothing.

use ramanujan_core::Polarity;
use serde::{Deserialize, Serialize};

use crate::roster::{NUM_VERIFIERS, ROSTER};

/// What a verifier says of one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Vote {
    /// The score is at least one half.
    Yes,
    /// The score is below one half.
    No,
    /// The verifier lacks what its test needs, the test does not fit the item, or it defers to an objection.
    Abstain,
}

/// Nobody on the roster has this number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no verifier has the number {0}: they are 1 to {NUM_VERIFIERS}")]
pub struct UnknownVerifier(pub u8);

/// The votes of all verifiers; whoever has not voted abstains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ballot([Vote; NUM_VERIFIERS]);

impl Default for Ballot {
    fn default() -> Self {
        Ballot([Vote::Abstain; NUM_VERIFIERS])
    }
}

impl Ballot {
    /// Enters the vote of the verifier `agent_id` (from 1), in place of an earlier one.
    ///
    /// # Errors
    /// [`UnknownVerifier`] for a number that is not on the roster.
    pub fn set(&mut self, agent_id: u8, vote: Vote) -> Result<(), UnknownVerifier> {
        let slot = usize::from(agent_id).checked_sub(1).and_then(|index| self.0.get_mut(index));
        *slot.ok_or(UnknownVerifier(agent_id))? = vote;
        Ok(())
    }

    /// The vote of the verifier `agent_id`, `Abstain` for a number that is not on the roster.
    pub fn get(&self, agent_id: u8) -> Vote {
        let index = usize::from(agent_id).checked_sub(1);
        index.and_then(|index| self.0.get(index)).copied().unwrap_or(Vote::Abstain)
    }

    /// All votes, in roster order.
    pub fn votes(&self) -> &[Vote; NUM_VERIFIERS] {
        &self.0
    }

    /// The votes counted by polarity.
    pub fn groups(&self) -> Groups {
        let mut groups = Groups::default();
        for (verifier, vote) in ROSTER.iter().zip(self.0) {
            let tally = match verifier.polarity {
                Polarity::Negative => &mut groups.negative,
                Polarity::Neutral => &mut groups.neutral,
                Polarity::Positive => &mut groups.positive,
            };
            match vote {
                Vote::Yes => tally.yes += 1,
                Vote::No => tally.no += 1,
                Vote::Abstain => tally.abstain += 1,
            }
        }
        groups
    }

    /// The verdict of these votes.
    pub fn verdict(&self) -> Verdict {
        self.groups().verdict()
    }
}

/// How one group voted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(into = "TallyReply")]
pub struct Tally {
    /// Votes that the item is sound.
    pub yes: u8,
    /// Votes that it is defective.
    pub no: u8,
    /// Verifiers of the group that said neither.
    pub abstain: u8,
}

impl Tally {
    /// Whether yes-votes exceed half of those that did not abstain; so neither 3–3 nor a group that only abstains
    /// agrees.
    pub fn agrees(self) -> bool {
        self.yes > self.no
    }
}

/// How one group voted.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
struct TallyReply {
    /// Votes that the item is sound.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = 6)))]
    yes: u8,
    /// Votes that it is defective.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = 6)))]
    no: u8,
    /// Verifiers of the group that said neither.
    #[cfg_attr(not(target_family = "wasm"), schemars(range(max = 6)))]
    abstain: u8,
    /// Whether yes-votes outnumber no-votes.
    agrees: bool,
}

impl From<Tally> for TallyReply {
    fn from(tally: Tally) -> Self {
        TallyReply { yes: tally.yes, no: tally.no, abstain: tally.abstain, agrees: tally.agrees() }
    }
}

/// The three groups' votes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Groups {
    /// The six that look for what is wrong with the item.
    pub negative: Tally,
    /// The five that look at whether the item has the usual form.
    pub neutral: Tally,
    /// The six that look for what speaks for the item.
    pub positive: Tally,
}

impl Groups {
    /// All three groups agree: ACCEPTED; two: TENTATIVE; fewer: REJECTED.
    pub fn verdict(self) -> Verdict {
        match [self.negative, self.neutral, self.positive].into_iter().filter(|tally| tally.agrees()).count()
        {
            3 => Verdict::Accepted,
            2 => Verdict::Tentative,
            _ => Verdict::Rejected,
        }
    }
}

/// What the three groups decide together, from the worst to the best.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Verdict {
    /// At most one group agrees.
    Rejected,
    /// Two groups agree.
    Tentative,
    /// All three groups agree.
    Accepted,
}

impl Verdict {
    /// Upper-case name, the form on output.
    pub fn as_str(self) -> &'static str {
        match self {
            Verdict::Rejected => "REJECTED",
            Verdict::Tentative => "TENTATIVE",
            Verdict::Accepted => "ACCEPTED",
        }
    }
}
