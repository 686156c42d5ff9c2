//! The variables of egraph-service.

use std::fmt;
use std::str::FromStr;

use ramanujan_core::Color;
use ramanujan_egraph::term::DEFAULT_MAX_DEPTH;

ramanujan_shell::settings! {
    /// The gadgets whose rules requests may use, by colour, with commas between them.
    GADGETS_ENABLED: Gadgets = Gadgets::default();
    /// Longest and default time of a saturation.
    SATURATION_TIMEOUT_MS: u64 = 5_000, 1.., "ms";
    /// Most nodes of a graph that a request may ask for: 100,000 take about 60 MB.
    MAX_NODES: usize = 100_000, 1.., "nodes";
    /// Deepest term that is read.
    MAX_TERM_DEPTH: u64 = DEFAULT_MAX_DEPTH, 1.., "levels";
    /// Most replies that are remembered; 0 switches the memo off.
    MEMO_MAX_ENTRIES: u64 = 1_000, 0.., "replies";
    /// Most facts of a stored graph.
    MAX_GRAPH_FACTS: u64 = 5_000, 0.., "facts";
    /// Most stored graphs.
    MAX_GRAPHS: u64 = 1_000, 0.., "graphs";
}

/// The gadgets that are enabled; all of them where nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gadgets(pub Vec<Color>);

impl Default for Gadgets {
    fn default() -> Gadgets {
        Gadgets(Color::ALL.to_vec())
    }
}

impl FromStr for Gadgets {
    type Err = <Color as FromStr>::Err;

    fn from_str(text: &str) -> Result<Gadgets, Self::Err> {
        text.split(',').map(|word| word.trim().parse()).collect::<Result<_, _>>().map(Gadgets)
    }
}

impl fmt::Display for Gadgets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<String> = self.0.iter().map(|gadget| gadget.as_str().to_ascii_lowercase()).collect();
        f.write_str(&names.join(","))
    }
}
