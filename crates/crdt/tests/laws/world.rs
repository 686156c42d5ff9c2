//! Replicas that write and talk over a bad network.

use proptest::prelude::*;
use ramanujan_core::{AgentId, Dot, VectorClock};
use ramanujan_crdt::types::{ApplyError, Event, Past};
use ramanujan_crdt::{CrdtType, Op, State};

use crate::operations::{self, Focus};

pub(crate) const REPLICAS: usize = 4;

/// An operation on its way.
#[derive(Clone, Debug)]
pub(crate) struct Message {
    pub(crate) dot: Dot,
    pub(crate) past: VectorClock,
    pub(crate) op: Op,
}

impl Message {
    pub(crate) fn event(&self) -> Event<'_> {
        Event { dot: &self.dot, past: Past::Version(&self.past) }
    }

    pub(crate) fn is_in(&self, version: &VectorClock) -> bool {
        version.get(self.dot.agent.as_str()) >= self.dot.seq
    }

    pub(crate) fn has_seen(&self, other: &Message) -> bool {
        other.is_in(&self.past)
    }
}

/// What happens next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// A replica writes something.
    Write { replica: usize, choice: [u8; 5] },
    /// One of the messages arrives, for the first time or again, in order or not.
    Arrive { message: prop::sample::Index, replica: usize },
    /// A replica receives another one's state.
    Receive { from: usize, replica: usize },
    /// From now on only replicas on the same side hear each other; everything else is lost.
    Cut { side: [bool; REPLICAS] },
}

pub(crate) fn steps(length: usize) -> impl Strategy<Value = Vec<Step>> {
    let replica = 0..REPLICAS - 1;
    let step = prop_oneof![
        8 => (replica.clone(), any::<[u8; 5]>()).prop_map(|(replica, choice)| Step::Write { replica, choice }),
        6 => (any::<prop::sample::Index>(), replica.clone())
            .prop_map(|(message, replica)| Step::Arrive { message, replica }),
        3 => (replica.clone(), 0..REPLICAS).prop_map(|(from, replica)| Step::Receive { from, replica }),
        1 => any::<[bool; REPLICAS]>().prop_map(|side| Step::Cut { side }),
    ];
    prop::collection::vec(step, 1..=length)
}

/// A run: all messages in the order in which they were written, and the states that replicas ended in.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) crdt_type: CrdtType,
    pub(crate) focus: Focus,
    pub(crate) log: Vec<Message>,
    /// The last replica writes nothing.
    pub(crate) states: Vec<State>,
}

impl World {
    pub(crate) fn run(crdt_type: CrdtType, focus: Focus, steps: &[Step]) -> Self {
        let empty = State::new(crdt_type).unwrap();
        let mut world = World { crdt_type, focus, log: Vec::new(), states: vec![empty; REPLICAS] };
        let mut waiting: Vec<Vec<Message>> = vec![Vec::new(); REPLICAS];
        let mut side = [false; REPLICAS];
        for step in steps {
            match step {
                Step::Write { replica, choice } => world.write(*replica, choice),
                Step::Arrive { message, replica } if !world.log.is_empty() => {
                    let message = message.get(&world.log);
                    let from = replica_of(&message.dot.agent);
                    if side[from] == side[*replica] {
                        waiting[*replica].push(message.clone());
                    }
                }
                Step::Receive { from, replica } if side[*from] == side[*replica] => {
                    let received = world.states[*from].clone();
                    world.states[*replica].join(&received).unwrap();
                }
                Step::Cut { side: new } => side = *new,
                _ => {}
            }
            for (state, waiting) in world.states.iter_mut().zip(&mut waiting) {
                drain(state, waiting);
            }
        }
        world
    }

    fn write(&mut self, replica: usize, choice: &[u8; 5]) {
        let state = &mut self.states[replica];
        let past = state.version().clone();
        let agent = agent_of(replica);
        let dot = Dot::new(agent.clone(), past.get(agent.as_str()) + 1);
        let message = Message { op: operations::choose(state, self.focus, choice), dot, past };
        state.apply(&message.event(), &message.op).unwrap();
        self.log.push(message);
    }

    /// The state that the operations of a version make, applied in an order that `seed` chooses.
    pub(crate) fn rebuilt(&self, version: &VectorClock, mut seed: u64) -> State {
        let mut waiting: Vec<&Message> = self.log.iter().filter(|message| message.is_in(version)).collect();
        let mut state = State::new(self.crdt_type).unwrap();
        while !waiting.is_empty() {
            let ready = |message: &&Message| {
                state.version().includes(&message.past)
                    && state.version().get(message.dot.agent.as_str()) + 1 == message.dot.seq
            };
            let ready: Vec<usize> = (0..waiting.len()).filter(|at| ready(&waiting[*at])).collect();
            // Knuth, "The Art of Computer Programming" 2, 1997, §3.3.4.
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let message = waiting.swap_remove(ready[(seed >> 33) as usize % ready.len()]);
            // Of those that have seen the whole state, half without saying which version that is.
            let whole = seed >> 63 == 0 && message.past == *state.version();
            let past = Past::Whole { total: state.version().total() };
            let event = if whole { Event { dot: &message.dot, past } } else { message.event() };
            state.apply(&event, &message.op).unwrap();
        }
        state
    }
}

/// Applies what can be applied; the rest waits for what it was made after.
fn drain(state: &mut State, waiting: &mut Vec<Message>) {
    loop {
        let before = waiting.len();
        waiting.retain(|message| match state.apply(&message.event(), &message.op) {
            Ok(()) => false,
            Err(ApplyError::Gap { missing, .. }) => {
                assert!(
                    state.version().get(missing.agent.as_str()) < missing.seq,
                    "{missing} is not missing"
                );
                true
            }
            Err(error) => panic!("{error}"),
        });
        if waiting.len() == before {
            return;
        }
    }
}

pub(crate) fn agent_of(replica: usize) -> AgentId {
    ["b", "a", "c", "d"][replica].parse().unwrap()
}

fn replica_of(agent: &AgentId) -> usize {
    (0..REPLICAS).find(|replica| agent_of(*replica) == *agent).unwrap()
}
