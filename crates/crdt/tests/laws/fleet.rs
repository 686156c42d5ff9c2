//! The laws again, of states that ten thousand agents wrote to.
//!
//! Three sites begin with what one of them wrote and part. To each a third of the agents writes, one operation each: some
//! saw all that the site has by then, the others only what all began with, so a part of what is there is concurrent. Costs
//! that grow with the square of the agents would keep this from ending.

use ramanujan_core::{AgentId, Dot, VectorClock};
use ramanujan_crdt::types::{Event, Past};
use ramanujan_crdt::{CrdtType, Op, State};

use crate::laws::joined;
use crate::operations::{self, Focus};

const AGENTS: u64 = 10_000;
const SITES: u64 = 3;
/// One operation in so many saw all of its site: what is concurrent is kept side by side, by thousands.
const SEES_ALL: u64 = 4;

/// An operation and what it was made after: all of its site, or the beginning.
struct Written {
    dot: Dot,
    op: Op,
    saw_all: bool,
}

struct Site {
    state: State,
    log: Vec<Written>,
}

/// Splitmix64, so that a run is the same everywhere.
fn mix(seed: u64) -> u64 {
    let z = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn choice(n: u64) -> [u8; 5] {
    let bytes = mix(n.wrapping_mul(0x9e37_79b9_7f4a_7c15)).to_le_bytes();
    // The last says that it is nothing forged.
    [bytes[0], bytes[1], bytes[2], bytes[3], 255]
}

fn apply(state: &mut State, written: &Written, began: &VectorClock) {
    let total = state.version().total();
    let past = if written.saw_all { Past::Whole { total } } else { Past::Version(began) };
    state.apply(&Event { dot: &written.dot, past }, &written.op).unwrap();
}

fn began(crdt_type: CrdtType, focus: Focus) -> State {
    let agent: AgentId = "first".parse().unwrap();
    let mut state = State::new(crdt_type).unwrap();
    for seq in 1..=8 {
        let op = operations::choose(&state, focus, &choice(seq));
        apply(
            &mut state,
            &Written { dot: Dot::new(agent.clone(), seq), op, saw_all: true },
            &VectorClock::new(),
        );
    }
    state
}

fn site(start: &State, focus: Focus, number: u64) -> Site {
    let mut site = Site { state: start.clone(), log: Vec::new() };
    for n in (0..AGENTS).filter(|n| n % SITES == number) {
        let saw_all = mix(n).is_multiple_of(SEES_ALL);
        // What is asked for depends on what the writer saw.
        let op = operations::choose(if saw_all { &site.state } else { start }, focus, &choice(100 + n));
        let written = Written { dot: Dot::new(format!("agent-{n}").parse().unwrap(), 1), op, saw_all };
        apply(&mut site.state, &written, start.version());
        site.log.push(written);
    }
    site
}

pub(crate) fn check(crdt_type: CrdtType, focus: Focus) {
    let start = began(crdt_type, focus);
    let sites: Vec<Site> = (0..SITES).map(|number| site(&start, focus, number)).collect();
    let [a, b, c] = &sites[..] else { panic!("three sites") };
    let ab = joined(&a.state, &b.state);
    assert_eq!(ab, joined(&b.state, &a.state), "commutative");
    let all = joined(&ab, &c.state);
    assert_eq!(all, joined(&a.state, &joined(&b.state, &c.state)), "associative");
    assert_eq!(joined(&all, &a.state), all, "idempotent");
    assert_eq!(all.version().len() as u64, AGENTS + 1);
    assert_eq!(all.version().total(), AGENTS + 8);

    let bytes = all.encode();
    assert_eq!(State::decode(&bytes).unwrap(), all, "bytes say it all");
    assert_eq!(State::decode(&bytes).unwrap().digest(), all.digest());
    let mut reached = a.state.clone();
    reached.join_diff(&all.diff(a.state.version())).unwrap();
    assert_eq!(reached, all, "a diff reaches the other side");
    assert_eq!(reached.value(), all.value());

    // What saw only the beginning may come in any order, and once more.
    let mut other = a.state.clone();
    let unaware = || b.log.iter().filter(|written| !written.saw_all);
    unaware().rev().chain(unaware()).for_each(|written| apply(&mut other, written, start.version()));
    assert_eq!(joined(&other, &b.state), ab, "operations and states make the same");
}
