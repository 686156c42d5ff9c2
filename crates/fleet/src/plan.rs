//! Which sites there are, and who begins exchanges with whom: pure.
//!
//! A round over a link costs least when one end begins it and both pulls and pushes. It asks what is new at the other end
//! (one round trip where nothing is), and what is new here it knows without asking. If both ends pulled, each would ask,
//! so that an idle link cost two round trips for one; if both did both, what one end had just pushed would be asked for
//! by the other. So each link is begun from one end, and the ends are chosen so that every site begins about half of its
//! links: then none is burdened with its neighbours' rounds, and with a regular graph of even degree all do the same.
//! The other end lists its neighbour as one that it only answers, because a site answers nobody whom it does not know.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use ramanujan_agents::topology::{Graph, Kind};

/// How the sites are joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// A graph that agents are joined by; it has the sizes that it has.
    Agents(Kind),
    /// Each with the next, the last with the first.
    Ring,
    /// Each with all others.
    Complete,
}

/// Most sites of a fleet on one machine: each takes about 100 MB.
pub(crate) const MAX_SITES: usize = 48;

impl Shape {
    /// The graph with `n` sites.
    ///
    /// # Errors
    /// There is none of that size; says which there are.
    pub(crate) fn graph(self, n: usize) -> Result<Graph, String> {
        if !(2..=MAX_SITES).contains(&n) {
            return Err(format!("a fleet has 2 to {MAX_SITES} sites"));
        }
        match self {
            Shape::Agents(kind) => kind.graph(n).map_err(|error| error.to_string()),
            // Two sites have one link, not two.
            Shape::Ring => Ok(Graph::from_edges(n, (0..n).map(|at| (at, (at + 1) % n)))),
            Shape::Complete => Ok(Graph::from_edges(n, (0..n).flat_map(|a| (a + 1..n).map(move |b| (a, b))))),
        }
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Shape::Agents(kind) => kind.fmt(f),
            Shape::Ring => f.write_str("ring"),
            Shape::Complete => f.write_str("complete"),
        }
    }
}

impl FromStr for Shape {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "ring" => Ok(Shape::Ring),
            "complete" => Ok(Shape::Complete),
            _ => text
                .parse()
                .map(Shape::Agents)
                .map_err(|error: ramanujan_agents::topology::UnknownKind| format!("{error}, ring, complete")),
        }
    }
}

/// A site before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Planned {
    pub(crate) name: String,
    pub(crate) agent: String,
    pub(crate) region: String,
    pub(crate) port: u16,
}

impl Planned {
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

/// The site `from` knows the site `to`; indices into [`Plan::sites`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Way {
    pub(crate) from: usize,
    pub(crate) to: usize,
    /// Whether it begins exchanges of its own accord.
    pub(crate) begins: bool,
}

/// A fleet before it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) sites: Vec<Planned>,
    /// Two for each link, of which one begins.
    pub(crate) ways: Vec<Way>,
}

impl Plan {
    /// `n` sites from `base_port` on; regions are shared out in order.
    ///
    /// # Errors
    /// There is no such graph, or there are not enough ports.
    pub(crate) fn new(n: usize, shape: Shape, base_port: u16, regions: &[String]) -> Result<Self, String> {
        let graph = shape.graph(n)?;
        let too_high = || format!("no {n} ports from {base_port} on; choose a lower --base-port");
        let site = |at: usize| {
            let port =
                u16::try_from(at).ok().and_then(|at| base_port.checked_add(at)).ok_or_else(too_high)?;
            let region = regions.get(at * regions.len() / n).cloned().unwrap_or_default();
            Ok(Planned { name: format!("site-{at}"), agent: at.to_string(), region, port })
        };
        let sites = (0..n).map(site).collect::<Result<_, String>>()?;
        let both = |(from, to)| [Way { from, to, begins: true }, Way { from: to, to: from, begins: false }];
        let mut ways: Vec<Way> = balanced(&graph).into_iter().flat_map(both).collect();
        ways.sort();
        Ok(Plan { sites, ways })
    }

    /// The site that a user means: its name, or its number.
    ///
    /// # Errors
    /// There is none; says which there are.
    pub(crate) fn find(&self, text: &str) -> Result<usize, String> {
        let is_meant = |site: &Planned| site.name == text || site.agent == text;
        self.sites.iter().position(is_meant).ok_or_else(|| {
            let last = self.sites.len() - 1;
            format!("{text:?} is no site of this fleet; it has site-0 to site-{last}, or 0 to {last}")
        })
    }

    /// The variables of one site, `urls` being the addresses of [`Plan::ways`].
    pub(crate) fn variables(&self, site: usize, urls: &[String]) -> BTreeMap<&'static str, String> {
        let peer = |(way, url): (&Way, &String)| {
            format!("{}={url};{}", self.sites[way.to].name, if way.begins { "both" } else { "none" })
        };
        let own = self.ways.iter().zip(urls).filter(|(way, _)| way.from == site);
        let peers: Vec<String> = own.map(peer).collect();
        let Planned { name, agent, region, .. } = &self.sites[site];
        BTreeMap::from([
            ("site_id", name.clone()),
            ("agent_id", agent.clone()),
            ("region", region.clone()),
            ("local_endpoint", self.sites[site].url()),
            ("sync_peers", peers.join(",")),
            ("sync_hosts", "http://127.0.0.1:*".to_owned()),
        ])
    }
}

/// Variables without which sites cannot be joined.
pub(crate) const REQUIRED: [&str; 4] = ["site_id", "sync_peers", "sync_hosts", "local_endpoint"];

/// The edges of a graph, each from one end, so that at every vertex the numbers of those that leave and of those that
/// arrive differ by one at most: walks that use every edge once pass through a vertex as often as they come to it, and
/// those that begin at odd vertices end at odd ones.
fn balanced(graph: &Graph) -> Vec<(usize, usize)> {
    let mut open: Vec<BTreeSet<usize>> =
        graph.adjacency().iter().map(|neighbours| neighbours.iter().copied().collect()).collect();
    let mut ways = Vec::with_capacity(graph.edges());
    loop {
        let odd = (0..open.len()).find(|vertex| open[*vertex].len() % 2 == 1);
        let Some(mut at) = odd.or_else(|| (0..open.len()).find(|vertex| !open[*vertex].is_empty())) else {
            break;
        };
        while let Some(next) = open[at].pop_first() {
            open[next].remove(&at);
            ways.push((at, next));
            at = next;
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nine() -> Plan {
        Plan::new(9, "ramanujan-3d".parse().unwrap(), 8080, &["us".into(), "eu".into(), "asia".into()])
            .unwrap()
    }

    #[test]
    fn nine_sites_are_a_torus_on_the_ports_of_the_guide() {
        let plan = nine();
        assert_eq!(plan.sites[8].url(), "http://127.0.0.1:8088");
        assert_eq!((plan.sites[8].name.as_str(), plan.sites[8].agent.as_str()), ("site-8", "8"));
        assert_eq!([0, 2, 3, 8].map(|at| plan.sites[at].region.as_str()), ["us", "us", "eu", "asia"]);
        assert_eq!(plan.ways.len(), 36);
        for site in 0..9 {
            let own = plan.ways.iter().filter(|way| way.from == site);
            let begins: Vec<bool> = own.map(|way| way.begins).collect();
            assert_eq!((begins.len(), begins.iter().filter(|begins| **begins).count()), (4, 2));
        }
    }

    #[test]
    fn a_site_s_variables_name_whom_it_asks() {
        let plan = Plan::new(3, Shape::Ring, 9000, &["here".into()]).unwrap();
        let urls: Vec<String> = (0..6).map(|at| format!("http://127.0.0.1:700{at}")).collect();
        let variables = plan.variables(1, &urls);
        let begun: Vec<_> = plan.ways.iter().filter(|way| way.begins).map(|way| (way.from, way.to)).collect();
        assert_eq!(begun, [(0, 1), (1, 2), (2, 0)]);
        assert_eq!(
            variables["sync_peers"],
            "site-0=http://127.0.0.1:7002;none,site-2=http://127.0.0.1:7003;both"
        );
        assert_eq!(variables["local_endpoint"], "http://127.0.0.1:9001");
        assert!(REQUIRED.iter().all(|name| variables.contains_key(name)));
    }

    #[test]
    fn other_sizes_are_refused_with_those_there_are() {
        for (n, shape, part) in [
            (10, "ramanujan-3d", "it has n = 9, 48"),
            (1, "ring", "2 to 48"),
            (49, "ring", "2 to 48"),
            (48, "grid-3x3", "n = 9"),
        ] {
            let refusal = Plan::new(n, shape.parse().unwrap(), 8080, &[]).unwrap_err();
            assert!(refusal.contains(part), "{refusal}");
        }
        assert!("cube".parse::<Shape>().unwrap_err().contains("ramanujan-3d"));
        assert!(Plan::new(9, Shape::Ring, 65530, &[]).unwrap_err().contains("--base-port"));
        for shape in ["ring", "complete", "gl23"] {
            assert_eq!(shape.parse::<Shape>().unwrap().to_string(), shape);
        }
    }

    #[test]
    fn sites_are_found_by_name_and_number() {
        let plan = nine();
        assert_eq!((plan.find("site-4"), plan.find("4")), (Ok(4), Ok(4)));
        assert!(plan.find("9").unwrap_err().contains("0 to 8"));
    }

    proptest! {
        #[test]
        fn every_link_is_begun_once_and_every_site_begins_half_of_its_own(
            n in 2usize..20,
            edges in prop::collection::vec((0usize..20, 0usize..20), 0..60),
        ) {
            let edges = edges.into_iter().map(|(a, b)| (a % n, b % n)).filter(|(a, b)| a != b);
            let graph = Graph::from_edges(n, edges);
            let ways = balanced(&graph);
            prop_assert_eq!(ways.len(), graph.edges());
            for (vertex, neighbours) in graph.adjacency().iter().enumerate() {
                let mut met: Vec<usize> = ways
                    .iter()
                    .filter_map(|(from, to)| match (*from == vertex, *to == vertex) {
                        (true, _) => Some(*to),
                        (_, true) => Some(*from),
                        _ => None,
                    })
                    .collect();
                met.sort_unstable();
                prop_assert_eq!(&met, neighbours);
                let begun = ways.iter().filter(|(from, _)| *from == vertex).count();
                prop_assert!(begun.abs_diff(neighbours.len() - begun) <= 1);
            }
        }
    }
}
