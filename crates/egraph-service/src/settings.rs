//! The variables of egraph-service.

use std::fmt;
use std::str::FromStr;

use ramanujan_core::Color;
use ramanujan_egraph::term::DEFAULT_MAX_DEPTH;
use ramanujan_shell::setting;

ramanujan_shell::settings! {
    /// Which service the component is.
    SERVICE: String = "egraph".to_owned();
    /// The phase of start-up that the component belongs to.
    PHASE: String = "2".to_owned();
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

/// The variables that say who the component is.
pub const IDENTITY: [ramanujan_shell::setting::Fixed; 2] = [SERVICE.only("egraph"), PHASE.only("2")];

/// The variables that decide whether and how a request is answered, as they are set: replies under other settings are
/// other replies.
pub(crate) fn deciding() -> String {
    let names = [GADGETS_ENABLED.name, MAX_NODES.name, MAX_TERM_DEPTH.name, SATURATION_TIMEOUT_MS.name];
    names.map(|name| setting::text(name).unwrap_or_default()).join("\n")
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
