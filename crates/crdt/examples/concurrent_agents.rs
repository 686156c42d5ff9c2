//! What a document costs to which many agents wrote at the same time, none of them having seen another: how the time
//! grows with their number. Prints a table per kind of document, in milliseconds; a cost that is in proportion to the
//! number of agents doubles from one line to the next.
//!
//! `cargo run --release -p ramanujan-crdt --example concurrent_agents -- [LARGEST [NAME]]`, where LARGEST is the greatest
//! number of agents (16000) and NAME a part of the names of the tables to print.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use ramanujan_core::{Dot, VectorClock};
use ramanujan_crdt::batch::{Batch, encode_deltas};
use ramanujan_crdt::edit::{Action, Anchor, Edit, Side, Step};
use ramanujan_crdt::pasts::Pasts;
use ramanujan_crdt::state::HashDag;
use ramanujan_crdt::types::{Event, Past};
use ramanujan_crdt::value::Number;
use ramanujan_crdt::{CrdtType, Delta, Json, Op, State, TapPhase, TextDocument, TextGraph};

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What every agent does, concurrently to the others.
struct Shape {
    name: &'static str,
    crdt_type: CrdtType,
    /// What one agent did before all others.
    base: &'static [fn() -> Op],
    /// What the agent of a number does, one after the other.
    each: fn(u64) -> Vec<Op>,
    /// Whether agents take turns, or each does all at once.
    in_turns: bool,
}

fn insert(position: u64, text: &str) -> Op {
    Op::Insert { position, text: text.to_owned() }
}

fn edit(path: &[&str], action: Action) -> Op {
    let key = |key: &&str| Step::Key((*key).to_owned());
    Op::Edit(Edit { path: path.iter().map(key).collect(), action })
}

fn at_the_root() -> Anchor {
    Anchor { parent: None, side: Side::Right }
}

fn typed(_: u64) -> Vec<Op> {
    (0..10).map(|position| insert(position, "x")).collect()
}

fn replaced(_: u64) -> Vec<Op> {
    vec![Op::Delete { position: 50, length: 2 }, insert(50, "ab")]
}

const fn shape(name: &'static str, crdt_type: CrdtType, each: fn(u64) -> Vec<Op>) -> Shape {
    Shape { name, crdt_type, base: &[], each, in_turns: false }
}

fn set(path: &[&str], agent: u64) -> Vec<Op> {
    vec![edit(path, Action::Set { value: number(agent) })]
}

fn number(agent: u64) -> Json {
    Json::Int(agent as i64)
}

fn raised(agent: u64) -> Vec<Op> {
    Number::of(&number(agent)).map(|value| Op::Raise { value }).into_iter().collect()
}

fn inserted_item(_: u64) -> Vec<Op> {
    vec![edit(&["list"], Action::InsertItem { anchor: at_the_root(), value: Json::Null })]
}

fn inserted_text(_: u64) -> Vec<Op> {
    vec![edit(&["text"], Action::InsertText { anchor: at_the_root(), text: "ab".to_owned() })]
}

const SHAPES: &[Shape] = &[
    shape("text, an insertion each", CrdtType::Text, |_| vec![insert(0, "ab")]),
    shape("text, 10 insertions each", CrdtType::Text, typed),
    Shape { in_turns: true, ..shape("text, 10 insertions each in turns", CrdtType::Text, typed) },
    shape("text, 10 insertions each backward", CrdtType::Text, |_| vec![insert(0, "x"); 10]),
    Shape {
        base: &[|| insert(0, &"0123456789".repeat(10))],
        ..shape("text, a replacement each", CrdtType::Text, replaced)
    },
    shape("json, one member", CrdtType::Json, |agent| set(&["a"], agent)),
    shape("json, a member each", CrdtType::Json, |agent| set(&["map", &agent.to_string()], agent)),
    shape("json, a number", CrdtType::Json, |_| vec![edit(&["count"], Action::Increment { amount: 1 })]),
    shape("json, a list", CrdtType::Json, inserted_item),
    shape("json, a text", CrdtType::Json, inserted_text),
    Shape {
        base: &[|| set(&["a"], 0).swap_remove(0)],
        ..shape("json, one member replaced", CrdtType::Json, |agent| set(&["a"], agent))
    },
    shape("pn-counter", CrdtType::PnCounter, |_| vec![Op::Increment { amount: 1 }]),
    shape("g-counter", CrdtType::GCounter, |_| vec![Op::Grow { amount: 1 }]),
    shape("or-set, an element each", CrdtType::OrSet, |agent| vec![Op::Add { element: number(agent) }]),
    shape("or-set, one element", CrdtType::OrSet, |_| vec![Op::Add { element: Json::Null }]),
    shape("lww-register", CrdtType::LwwRegister, |agent| vec![Op::SetLast { value: number(agent) }]),
    shape("mv-register", CrdtType::MvRegister, |agent| vec![Op::SetEach { value: number(agent) }]),
    shape("tap-state", CrdtType::TapState, |_| vec![Op::Transition { to: TapPhase::Verify }]),
    shape("max-register", CrdtType::MaxRegister, raised),
    shape("ew-flag", CrdtType::EwFlag, |_| vec![Op::Enable {}]),
];

/// Names whose order is not that in which they come.
fn agent(number: u64) -> String {
    format!("{:08x}", (number as u32).wrapping_mul(0x9e37_79b9))
}

struct History {
    deltas: Vec<Delta>,
    heads: Vec<Dot>,
}

impl Shape {
    fn history(&self, agents: u64) -> Outcome<History> {
        let mut deltas: Vec<Delta> = Vec::new();
        for (place, op) in self.base.iter().enumerate() {
            let dot = Dot::new("base".parse()?, place as u64 + 1);
            let parents = deltas.last().map(|last| last.dot.clone()).into_iter().collect();
            deltas.push(Delta { dot, parents, op: op() });
        }
        let base: Vec<Dot> = deltas.last().map(|last| last.dot.clone()).into_iter().collect();
        let mut heads = Vec::new();
        let mut ordered = Vec::new();
        for number in 0..agents {
            let name = agent(number);
            let mut parents = base.clone();
            for (place, op) in (self.each)(number).into_iter().enumerate() {
                let dot = Dot::new(name.parse()?, place as u64 + 1);
                let after = std::mem::replace(&mut parents, vec![dot.clone()]);
                ordered.push((place, Delta { dot, parents: after, op }));
            }
            heads.extend(parents);
        }
        if self.in_turns {
            ordered.sort_by_key(|(place, _)| *place);
        }
        deltas.extend(ordered.into_iter().map(|(_, delta)| delta));
        heads.sort_unstable();
        Ok(History { deltas, heads })
    }

    /// Two operations that come afterwards: one that has seen nothing, and one that has seen all others.
    fn later(&self, history: &History) -> Outcome<[Delta; 2]> {
        let op = |number| (self.each)(number).swap_remove(0);
        let base = history.deltas.iter().take(self.base.len());
        let parents = base.map(|delta| delta.dot.clone()).collect();
        let late = Delta { dot: Dot::new("late".parse()?, 1), parents, op: op(1 << 20) };
        let mut heads = history.heads.clone();
        heads.push(late.dot.clone());
        heads.sort_unstable();
        let merge = Delta { dot: Dot::new("merge".parse()?, 1), parents: heads, op: op(1 << 21) };
        Ok([late, merge])
    }
}

/// Times of steps, under their names.
#[derive(Default)]
struct Times {
    names: Vec<&'static str>,
    millis: Vec<f64>,
}

impl Times {
    fn of<T>(&mut self, name: &'static str, step: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
        let start = Instant::now();
        let done = step();
        self.millis.push(start.elapsed().as_secs_f64() * 1e3);
        self.names.push(name);
        done
    }
}

fn digests(times: &mut Times, crdt_type: CrdtType, history: &History, later: &[Delta]) -> Outcome<()> {
    times.of("hashes", || {
        let mut dag = HashDag::new(crdt_type);
        for delta in history.deltas.iter().chain(later) {
            dag.push(&delta.dot, &delta.parents, &delta.digest())?;
        }
        Ok(black_box(dag.state().digest()))
    })?;
    times.of("batch", || {
        let bytes = encode_deltas(crdt_type, &history.deltas);
        Ok(black_box(Batch::open(&bytes)?.deltas().count()))
    })?;
    Ok(())
}

fn text(times: &mut Times, history: &History, later: &[Delta]) -> Outcome<()> {
    let graph = times.of("graph: read", || {
        let mut graph = TextGraph::new();
        for delta in &history.deltas {
            graph.push(&delta.dot, &delta.parents, &delta.op)?;
        }
        Ok((graph.text()?, graph))
    })?;
    let (read, mut graph) = graph;
    times.of("one more", || {
        let [late, merge] = later else { return Ok(()) };
        graph.push(&late.dot, &late.parents, &late.op)?;
        let text = graph.advance(&read, &history.heads, &merge.parents)?;
        graph.push(&merge.dot, &merge.parents, &merge.op)?;
        graph.advance(&text, &merge.parents, std::slice::from_ref(&merge.dot))?;
        Ok(())
    })?;
    let mut document = times.of("document: push", || {
        let mut document = TextDocument::new();
        for delta in &history.deltas {
            document.push(&delta.dot, &delta.parents, &delta.op)?;
        }
        Ok(document)
    })?;
    let merged = times.of("text", || Ok(document.text()?))?;
    assert_eq!(merged, read);
    let bytes = times.of("encode", || Ok(document.encode()))?;
    let mut loaded = times.of("load", || {
        let mut loaded = TextDocument::load(&bytes)?;
        assert_eq!(loaded.text()?, read);
        Ok(loaded)
    })?;
    times.of("diff", || Ok(document.diff(&document.version())?))?;
    times.of("deltas", || Ok(document.deltas()?.count()))?;
    for (delta, name) in later.iter().zip(["one more", "merge event"]) {
        times.of(name, || {
            loaded.push(&delta.dot, &delta.parents, &delta.op)?;
            Ok(loaded.text()?)
        })?;
    }
    times.of("join", || Ok(document.merge(&loaded)?))?;
    let bytes = loaded.encode();
    times.of("load merged", || Ok(TextDocument::load(&bytes)?.text()?))?;
    Ok(())
}

fn apply(state: &mut State, deltas: &[Delta]) -> Outcome<()> {
    let mut pasts = Pasts::from_the_first();
    let mut heads: std::collections::BTreeSet<Dot> = std::collections::BTreeSet::new();
    let held = state.version().total();
    let mut applying = state.applying();
    for (delta, total) in deltas.iter().zip(held..) {
        let past = pasts.of(heads.iter(), applying.version(), &delta.parents)?;
        let made_after = past.as_ref().map_or(Past::Whole { total }, Past::Version);
        applying.apply(&Event { dot: &delta.dot, past: made_after }, &delta.op)?;
        for parent in &delta.parents {
            heads.remove(parent);
        }
        heads.insert(delta.dot.clone());
        pasts.took(&delta.dot, &delta.parents, past);
    }
    Ok(())
}

fn state(times: &mut Times, crdt_type: CrdtType, history: &History, later: &[Delta]) -> Outcome<()> {
    let new = || State::new(crdt_type).ok_or("a text has no state");
    let mut all = times.of("read", || {
        let mut all = new()?;
        apply(&mut all, &history.deltas)?;
        black_box(all.value());
        Ok(all)
    })?;
    let bytes = times.of("encode", || Ok(all.encode()))?;
    let decoded = times.of("decode", || Ok(State::decode(&bytes)?))?;
    assert_eq!(decoded, all);
    let mut most = new()?;
    apply(&mut most, &history.deltas[..history.deltas.len() - 1])?;
    let diff = times.of("diff", || Ok(all.diff(most.version())))?;
    times.of("join diff", || Ok(most.join_diff(&diff)?))?;
    assert_eq!(most.value(), all.value());
    let mut half = new()?;
    apply(&mut half, &history.deltas[history.deltas.len() / 2..])?;
    times.of("join", || Ok(half.join(&all)?))?;
    times.of("one more", || {
        let [late, _] = later else { return Ok(()) };
        let past: VectorClock =
            late.parents.iter().map(|parent| (parent.agent.to_string(), parent.seq)).collect();
        all.apply(&Event { dot: &late.dot, past: Past::Version(&past) }, &late.op)?;
        black_box(all.value());
        Ok(())
    })?;
    times.of("merge event", || {
        let [_, merge] = later else { return Ok(()) };
        let past = all.version().clone();
        all.apply(&Event { dot: &merge.dot, past: Past::Version(&past) }, &merge.op)?;
        black_box(all.value());
        Ok(())
    })?;
    let again = times.of("read merged", || {
        let mut again = new()?;
        let deltas: Vec<Delta> = history.deltas.iter().chain(later).cloned().collect();
        apply(&mut again, &deltas)?;
        Ok(again)
    })?;
    assert_eq!(again, all);
    Ok(())
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let largest = arguments.first().map_or(Ok(16_000), |number| number.parse::<u64>())?;
    let wanted = arguments.get(1).map_or("", String::as_str);
    for shape in SHAPES.iter().filter(|shape| shape.name.contains(wanted)) {
        println!("{}", shape.name);
        let mut agents = 1000;
        while agents <= largest {
            let history = shape.history(agents)?;
            let later = shape.later(&history)?;
            let mut times = Times::default();
            digests(&mut times, shape.crdt_type, &history, &later)?;
            match shape.crdt_type {
                CrdtType::Text => text(&mut times, &history, &later)?,
                other => state(&mut times, other, &history, &later)?,
            }
            if agents == 1000 {
                println!(
                    "{:>8} {}",
                    "agents",
                    times.names.iter().map(|name| format!("{name:>15}")).collect::<String>()
                );
            }
            println!(
                "{agents:>8} {}",
                times.millis.iter().map(|millis| format!("{millis:>15.1}")).collect::<String>()
            );
            agents *= 2;
        }
        println!();
    }
    Ok(())
}
