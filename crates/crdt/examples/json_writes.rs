//! What a write to a JSON document costs that names its place by index, position or key, as the document grows: each
//! is resolved, then applied. Prints the time of every tenth of a long mixed history, and a batch of 200 that is written
//! to a document that was just read from its bytes.
//!
//! `cargo run --release -p ramanujan-crdt --example json_writes -- [OPERATIONS]`

use std::error::Error;
use std::time::{Duration, Instant};

use ramanujan_core::{AgentId, Dot};
use ramanujan_crdt::request::{Change, EditRequest, PathStep};
use ramanujan_crdt::types::{Crdt, Event, JsonDocument, Past};
use ramanujan_crdt::{Json, Op, State};

type Outcome<T> = Result<T, Box<dyn Error>>;

const AGENTS: [&str; 4] = ["ann", "ben", "cem", "dee"];
const BATCH: u64 = 200;

/// Knuth, "The Art of Computer Programming" 2, 1997, §3.3.4.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound.max(1)
    }
}

/// A document and what is known of it without asking: asking for its value would be what takes the time.
struct Session {
    agents: Vec<AgentId>,
    document: JsonDocument,
    written: usize,
    elements: u64,
    characters: u64,
}

fn key(key: &str) -> PathStep {
    PathStep::Key(key.to_owned())
}

impl Session {
    fn new() -> Outcome<Self> {
        let agents = AGENTS.iter().map(|agent| agent.parse()).collect::<Result<_, _>>()?;
        Ok(Session { agents, document: JsonDocument::default(), written: 0, elements: 0, characters: 0 })
    }

    fn write(&mut self, path: Vec<PathStep>, change: Change) -> Outcome<()> {
        let edit = self.document.resolve(&EditRequest { path, change })?;
        let agent = &self.agents[self.written % self.agents.len()];
        let past = self.document.version().clone();
        let dot = Dot::new(agent.clone(), past.counter(agent) + 1);
        self.document.apply(&Event { dot: &dot, past: Past::Version(&past) }, &Op::Edit(edit))?;
        self.written += 1;
        Ok(())
    }

    fn append(&mut self) -> Outcome<()> {
        self.elements += 1;
        self.write(vec![key("list")], Change::InsertItem { position: None, value: Json::Int(0) })
    }

    /// Of ten writes three insert an element, one deletes one, one sets one, two insert text, one deletes some, one
    /// sets a member and one counts, half of the time at an element.
    fn mixed(&mut self, random: &mut Random) -> Outcome<()> {
        let element = |index| vec![key("list"), PathStep::Index(index)];
        match random.below(10) {
            3 if self.elements > 0 => {
                let index = random.below(self.elements);
                self.elements -= 1;
                self.write(element(index), Change::Delete)
            }
            4 if self.elements > 0 => {
                let value = Json::Text(format!("value {}", self.written));
                self.write(element(random.below(self.elements)), Change::Set(value))
            }
            5 | 6 => {
                let position = Some(random.below(self.characters + 1));
                let text = "words"[..1 + random.below(5) as usize].to_owned();
                self.characters += text.len() as u64;
                self.write(vec![key("text")], Change::InsertText { position, text })
            }
            7 if self.characters > 0 => {
                let length = 1 + random.below(self.characters.min(3));
                let position = random.below(self.characters + 1 - length);
                self.characters -= length;
                self.write(vec![key("text")], Change::DeleteText { position, length })
            }
            8 => {
                let member = format!("member-{}", random.below(1000));
                self.write(vec![key("map"), key(&member)], Change::Set(Json::Int(1)))
            }
            9 if self.elements > 0 && random.below(2) == 0 => {
                self.write(element(random.below(self.elements)), Change::Increment(1))
            }
            9 => self.write(vec![key("count")], Change::Increment(1)),
            _ => {
                let position = Some(random.below(self.elements + 1));
                self.elements += 1;
                self.write(vec![key("list")], Change::InsertItem { position, value: Json::Int(0) })
            }
        }
    }

    /// The same document as a process finds it that has just started.
    fn read_again(&self) -> Outcome<Self> {
        let State::Json(document) = State::decode(&State::Json(self.document.clone()).encode())? else {
            return Err("a JSON document is one after it is read again".into());
        };
        Ok(Session { agents: self.agents.clone(), document, ..*self })
    }
}

fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

fn main() -> Outcome<()> {
    let operations: usize = std::env::args().nth(1).map_or(Ok(100_000), |operations| operations.parse())?;
    let (mut session, mut random) = (Session::new()?, Random(1));
    let mut tenths = Vec::new();
    println!("| {operations} mixed operations | time |\n|---|---:|");
    for tenth in 1..=10 {
        let started = Instant::now();
        while session.written < operations * tenth / 10 {
            session.mixed(&mut random)?;
        }
        let time = milliseconds(started.elapsed());
        println!("| tenth {tenth} | {time:.1} ms |");
        tenths.push(time);
    }
    println!("| all | {:.1} ms |", tenths.iter().sum::<f64>());
    println!("| last tenth / first tenth | {:.2} |", tenths[9] / tenths[0]);

    println!("\n| elements | the first append after reading | {BATCH} appends with it |\n|---:|---:|---:|");
    for elements in [100, 10_000, 50_000] {
        let mut session = Session::new()?;
        session.write(vec![key("list")], Change::Set(Json::List(Vec::new())))?;
        // Set, then inserted one by one: what is measured is a list of as many operations.
        while session.elements < elements.min(operations as u64 / 2) {
            session.append()?;
        }
        let mut session = session.read_again()?;
        let started = Instant::now();
        session.append()?;
        let first = milliseconds(started.elapsed());
        for _ in 1..BATCH {
            session.append()?;
        }
        println!(
            "| {} | {first:.2} ms | {:.1} ms |",
            session.elements - BATCH,
            milliseconds(started.elapsed())
        );
    }
    Ok(())
}
