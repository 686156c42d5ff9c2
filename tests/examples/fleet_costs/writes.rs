//! Text writes, one after the other, each acknowledged: ours beside the peers. Each agent has a connection and a document
//! of its own. Contestants take turns, with a fresh server for each turn, which is then killed and counted.

use std::collections::BTreeMap;
use std::time::Duration;

use ramanujan_tests::Network;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::network::resident;

use crate::ours;
use crate::peers::{self, Peer};
use crate::times::middle;

const AGENTS: [u32; 4] = [1, 9, 48, 200];
const ROUNDS: [usize; 2] = [3, 1];
const LIMIT: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(1)];
/// Our row.
const OURS: &str = "ramanujan";

/// What one turn found: operations/s and resident bytes at its end.
type Turn = (f64, f64);

pub(crate) fn measure(quick: bool) {
    let quick = usize::from(quick);
    let peers = peers::all();
    let mut turns: BTreeMap<(&str, u32), Vec<Turn>> = BTreeMap::new();
    for round in 0..ROUNDS[quick] {
        for agents in AGENTS {
            eprintln!("  round {} of {}, {agents} agents", round + 1, ROUNDS[quick]);
            turns.entry((OURS, agents)).or_default().push(of_ours(agents, LIMIT[quick]));
            for peer in &peers {
                turns.entry((&peer.name, agents)).or_default().push(of_peer(peer, agents, LIMIT[quick]));
            }
        }
    }
    let middle_of = |name: &str, agents: u32, of: fn(&Turn) -> f64| {
        middle(turns.get(&(name, agents)).into_iter().flatten().map(of).collect())
    };
    for agents in AGENTS {
        let best = peers.iter().filter(|peer| peer.stored);
        let best = best
            .map(|peer| (peer.title.as_str(), middle_of(&peer.name, agents, |turn| turn.0)))
            .max_by(|a, b| a.1.total_cmp(&b.1));
        let measure = format!("writes/s, {agents} agents");
        let figure = Figure::new(OURS, &measure, middle_of(OURS, agents, |turn| turn.0), "");
        match best {
            Some((peer, theirs)) => figure.beside(peer, theirs).print(),
            None => figure.print(),
        }
        for peer in &peers {
            Figure::new(&peer.title, &measure, middle_of(&peer.name, agents, |turn| turn.0), "").print();
        }
    }
    let most = AGENTS[AGENTS.len() - 1];
    let titles = peers.iter().map(|peer| (peer.name.as_str(), peer.title.as_str()));
    for (name, title) in std::iter::once((OURS, OURS)).chain(titles) {
        let memory = middle_of(name, most, |turn| turn.1);
        Figure::new(title, &format!("memory, {most} agents"), memory, "B").print();
    }
    notes(&peers);
}

/// What the figures are of, for whoever reads the table in a terminal.
fn notes(peers: &[Peer]) {
    println!("{OURS}: acknowledged when the operation and its event are committed and synced");
    for Peer { title, acknowledged, versions, .. } in peers {
        println!("{title}: {acknowledged} ({versions})");
    }
    if peers.is_empty() {
        println!("no peers: they need node and npm");
    }
}

fn of_ours(agents: u32, limit: Duration) -> Turn {
    let network = Network::start();
    let done = ours::load(&network.url(), "writes", agents, limit, None);
    let memory = resident(network.id()) as f64;
    let network = network.kill_and_restart();
    let held = ours::held(&network, "writes", agents);
    assert_eq!(held, done.times.count() as u64, "acknowledged operations are there after kill -9, once");
    (done.rate(), memory)
}

fn of_peer(peer: &Peer, agents: u32, limit: Duration) -> Turn {
    let server = peer.serve();
    let done = server.load("writes", agents, limit, None);
    let memory = resident(server.id()) as f64;
    let (held, acknowledged) = (server.held_after_kill(), done.times.count() as u64);
    if peer.stored {
        assert!(held >= acknowledged, "{}: {held} of {acknowledged} acknowledged are stored", peer.title);
    } else if held < acknowledged {
        eprintln!("    {}: kill -9 lost {} of {acknowledged} acknowledged", peer.title, acknowledged - held);
    }
    (done.rate(), memory)
}
