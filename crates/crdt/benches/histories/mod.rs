//! Histories in both forms: as our graph and as a diamond-types log. Recordings where `RAMANUJAN_DATA` names a folder with them,
//! and generated ones, always the same.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;

use diamond_types::list::OpLog;
use ramanujan_core::Dot;
use ramanujan_core::splitmix::SplitMix64;
use ramanujan_crdt::{Op, TextGraph};
use serde_json::Value;

pub(crate) struct History {
    pub(crate) graph: TextGraph,
    pub(crate) log: OpLog,
    /// What the recording says that it ends with.
    pub(crate) end: Option<String>,
}

/// What an agent has seen.
#[derive(Clone)]
struct Replica {
    heads: Vec<usize>,
    /// Newest seq of each agent.
    clock: Vec<u64>,
    length: usize,
}

struct Writer {
    history: History,
    /// The dot of the delta that ends with an event of the log.
    dots: HashMap<usize, (usize, u64)>,
    seqs: Vec<u64>,
    numbers: SplitMix64,
    /// Where each agent's cursor is.
    cursors: Vec<usize>,
}

impl Writer {
    fn new(agents: usize) -> Self {
        let mut log = OpLog::new();
        for agent in 0..agents {
            log.get_or_create_agent_id(&name(agent));
        }
        Self {
            history: History { graph: TextGraph::new(), log, end: None },
            dots: HashMap::new(),
            seqs: vec![0; agents],
            numbers: SplitMix64::new(1),
            cursors: vec![0; agents],
        }
    }

    fn push(&mut self, agent: usize, parents: &[usize], op: &Op) -> usize {
        let log = &mut self.history.log;
        let end = match op {
            Op::Insert { position, text } => {
                log.add_insert_at(agent as u32, parents, *position as usize, text)
            }
            Op::Delete { position, length } => {
                let start = *position as usize;
                log.add_delete_at(agent as u32, parents, start..start + *length as usize)
            }
            _ => unreachable!("text only"),
        };
        self.seqs[agent] += 1;
        let (dot, parents) = (dot((agent, self.seqs[agent])), self.version(parents));
        self.history.graph.push(&dot, &parents, op).unwrap();
        self.dots.insert(end, (agent, self.seqs[agent]));
        end
    }

    fn version(&self, ends: &[usize]) -> Vec<Dot> {
        ends.iter().map(|end| dot(self.dots[end])).collect()
    }

    fn replica(&self) -> Replica {
        Replica { heads: Vec::new(), clock: vec![0; self.seqs.len()], length: 0 }
    }

    /// `to` sees what `from` has seen.
    fn sync(&self, from: &Replica, to: &mut Replica) {
        let new = |head: &usize, clock: &[u64]| self.dots[head].1 > clock[self.dots[head].0];
        let arriving: Vec<usize> = from.heads.iter().copied().filter(|head| new(head, &to.clock)).collect();
        to.heads.retain(|head| new(head, &from.clock) || from.heads.contains(head));
        to.heads.extend(arriving);
        to.heads.sort_unstable();
        for (seen, other) in to.clock.iter_mut().zip(&from.clock) {
            *seen = (*seen).max(*other);
        }
        to.length = self.history.graph.length_at_dots(&self.version(&to.heads)).unwrap() as usize;
    }

    /// A burst of typing or of backspaces, now and then elsewhere, of about `edits` edits of one character.
    fn burst(&mut self, agent: usize, replica: &mut Replica, edits: usize) {
        let mut left = edits;
        while left > 0 {
            if self.numbers.below(4) == 0 {
                self.cursors[agent] = self.numbers.below((replica.length + 1) as u64) as usize;
            }
            let cursor = self.cursors[agent].min(replica.length);
            let count = (1 + self.numbers.below(12) as usize).min(left);
            let delete = self.numbers.below(4) == 0;
            let mut at = cursor;
            for letter in 0..count {
                let op = if delete {
                    if at == 0 {
                        break;
                    }
                    at -= 1;
                    Op::Delete { position: at as u64, length: 1 }
                } else {
                    at += 1;
                    let letter = char::from(b'a' + ((agent + letter) % 26) as u8);
                    Op::Insert { position: at as u64 - 1, text: letter.to_string() }
                };
                replica.length = if delete { replica.length - 1 } else { replica.length + 1 };
                replica.heads = vec![self.push(agent, &replica.heads, &op)];
                replica.clock[agent] = self.seqs[agent];
            }
            self.cursors[agent] = at;
            left -= count;
        }
    }
}

fn dot((agent, seq): (usize, u64)) -> Dot {
    Dot::new(name(agent).parse().unwrap(), seq)
}

fn name(agent: usize) -> String {
    format!("agent-{agent}")
}

/// All agents begin at one version, write alone, and merge; so many times.
pub(crate) fn branches(agents: usize, edits: usize, times: usize) -> History {
    let mut writer = Writer::new(agents);
    let mut common = writer.replica();
    writer.burst(0, &mut common, 1_000);
    for _ in 0..times {
        let mut replicas = vec![common.clone(); agents];
        for (agent, replica) in replicas.iter_mut().enumerate() {
            writer.burst(agent, replica, edits);
        }
        for replica in &replicas {
            writer.sync(replica, &mut common);
        }
    }
    writer.history
}

/// Agents write a little and now and then take over what one other has.
pub(crate) fn mesh(agents: usize, edits: usize) -> History {
    let mut writer = Writer::new(agents);
    let mut replicas = vec![writer.replica(); agents];
    for _ in 0..edits / 8 {
        let agent = writer.numbers.below(agents as u64) as usize;
        writer.burst(agent, &mut replicas[agent], 8);
        let (from, to) =
            (writer.numbers.below(agents as u64) as usize, writer.numbers.below(agents as u64) as usize);
        let from = replicas[from].clone();
        writer.sync(&from, &mut replicas[to]);
    }
    writer.history
}

/// All type at the start of an empty document, correcting a letter at times, without seeing each other.
pub(crate) fn one_place(agents: usize, words: usize) -> History {
    let mut writer = Writer::new(agents);
    for agent in 0..agents {
        let mut version: Vec<usize> = Vec::new();
        let mut at = 0;
        for word in 0..words {
            let op = if word % 4 == 3 {
                at -= 1;
                Op::Delete { position: at, length: 1 }
            } else {
                at += 5;
                Op::Insert { position: at - 5, text: "word ".into() }
            };
            version = vec![writer.push(agent, &version, &op)];
        }
    }
    writer.history
}

/// Each agent goes on at the end of the document, with corrections elsewhere between, without seeing the others.
pub(crate) fn appending(agents: usize, words: usize) -> History {
    let mut writer = Writer::new(agents);
    let mut common = writer.replica();
    writer.burst(0, &mut common, 1_000);
    for agent in 0..agents {
        let mut version = common.heads.clone();
        let mut length = common.length as u64;
        for _ in 0..words {
            version =
                vec![writer.push(agent, &version, &Op::Insert { position: length, text: "word ".into() })];
            let position = writer.numbers.below(common.length as u64);
            version = vec![writer.push(agent, &version, &Op::Delete { position, length: 1 })];
            version = vec![writer.push(agent, &version, &Op::Insert { position, text: "x".into() })];
            length += 5;
        }
    }
    writer.history
}

/// A recorded session, if the folder that `RAMANUJAN_DATA` names has it.
pub(crate) fn recording(file: &str) -> Option<History> {
    let folder = std::env::var_os("RAMANUJAN_DATA")?;
    let bytes = std::fs::read(Path::new(&folder).join(format!("{file}.json.gz"))).ok()?;
    let mut json = String::new();
    flate2::read::GzDecoder::new(bytes.as_slice()).read_to_string(&mut json).unwrap();
    Some(of_session(&serde_json::from_str(&json).unwrap()))
}

/// A session in the format of the recordings.
pub(crate) fn of_session(json: &Value) -> History {
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let mut writer = Writer::new(json["numAgents"].as_u64().unwrap_or(1) as usize);
    let mut ends: Vec<Vec<usize>> = Vec::new();
    for transaction in json["txns"].as_array().unwrap() {
        let agent = transaction["agent"].as_u64().unwrap_or(0) as usize;
        let mut version: Vec<usize> = match transaction["parents"].as_array() {
            Some(parents) => parents.iter().flat_map(|parent| ends[number(parent)].clone()).collect(),
            None => ends.last().cloned().unwrap_or_default(),
        };
        version.sort_unstable();
        version.dedup();
        for patch in transaction["patches"].as_array().unwrap() {
            let (position, length) = (number(&patch[0]) as u64, number(&patch[1]) as u64);
            if length > 0 {
                version = vec![writer.push(agent, &version, &Op::Delete { position, length })];
            }
            let text = patch[2].as_str().unwrap().to_owned();
            if !text.is_empty() {
                version = vec![writer.push(agent, &version, &Op::Insert { position, text })];
            }
        }
        ends.push(version);
    }
    writer.history.end = json["endContent"].as_str().map(str::to_owned);
    writer.history
}
