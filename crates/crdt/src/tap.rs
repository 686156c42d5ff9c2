//! The three phases of a TAP document: history is filled in, then checked, then changes are taken as they come.

use std::fmt;
use std::str::FromStr;

use ramanujan_core::Color;
use serde::{Deserialize, Serialize};

/// Phase of a TAP document; [`TapPhase::Live`] at first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TapPhase {
    /// −1: history is being filled in.
    Backfill,
    /// 0: what was filled in is being checked.
    Verify,
    /// +1: changes are taken as they come.
    #[default]
    Live,
}

impl TapPhase {
    /// All phases, in the order of their numbers.
    pub const ALL: [TapPhase; 3] = [TapPhase::Backfill, TapPhase::Verify, TapPhase::Live];

    /// The names of the transitions to each phase, with their colours.
    pub(crate) const NAMES: [(&'static str, Color); 3] = [
        ("transition to BACKFILL", Color::Blue),
        ("transition to VERIFY", Color::Green),
        ("transition to LIVE", Color::Red),
    ];

    /// Upper-case name, as on the API.
    pub fn as_str(self) -> &'static str {
        match self {
            TapPhase::Backfill => "BACKFILL",
            TapPhase::Verify => "VERIFY",
            TapPhase::Live => "LIVE",
        }
    }

    /// Colour of a transition into this phase.
    pub fn color(self) -> Color {
        match self {
            TapPhase::Backfill => Color::Blue,
            TapPhase::Verify => Color::Green,
            TapPhase::Live => Color::Red,
        }
    }
}

impl fmt::Display for TapPhase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no phase; holds the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:.40?} is not a phase (BACKFILL, VERIFY, LIVE)")]
pub struct UnknownPhase(pub String);

impl FromStr for TapPhase {
    type Err = UnknownPhase;

    /// Upper or lower case.
    fn from_str(text: &str) -> Result<Self, UnknownPhase> {
        let found = TapPhase::ALL.into_iter().find(|phase| phase.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| UnknownPhase(text.to_owned()))
    }
}
