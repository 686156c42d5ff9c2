//! The three phases of a TAP document (network.md §2.1, §2.5).

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
    pub const ALL: [TapPhase; 3] = [TapPhase::Backfill, TapPhase::Verify, TapPhase::Live];

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

impl FromStr for TapPhase {
    type Err = String;

    /// Upper or lower case.
    fn from_str(text: &str) -> Result<Self, String> {
        let found = TapPhase::ALL.into_iter().find(|phase| phase.as_str().eq_ignore_ascii_case(text));
        found.ok_or_else(|| format!("{text:.40?} is not a phase (BACKFILL, VERIFY, LIVE)"))
    }
}
