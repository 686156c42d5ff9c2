//! Two sites and nothing between them but encoded frames, which are counted.

use std::collections::{BTreeMap, VecDeque};

use ramanujan_sync::codec::{decode, encode};
use ramanujan_sync::engine::Cursors;
use ramanujan_sync::interest::Interest;
use ramanujan_sync::store::Store;
use ramanujan_sync::{Direction, Engine, Event, Input, Message, Now, Output, PeerSettings, Settings, SiteId};

use crate::contestants::Failure;
use crate::shelf::Shelf;

const NAMES: [&str; 2] = ["porto", "vienna"];
/// As long as a random number is, so that numbers of exchanges take the bytes that they take.
const NONCE: u64 = 0x9e37_79b9_7f4a_7c15;
/// Longer than any interval, so that each round is due.
const BETWEEN_MS: u64 = 120_000;

/// What a round cost.
#[derive(Clone, Debug, Default)]
pub(crate) struct Cost {
    /// Questions with their answers.
    pub(crate) trips: u64,
    /// Bytes of all frames, both ways.
    pub(crate) bytes: u64,
    /// Of these the encoded deltas themselves.
    pub(crate) deltas: u64,
    /// Bytes by kind of message.
    pub(crate) kinds: BTreeMap<String, u64>,
}

pub(crate) struct Pair {
    engines: [Engine; 2],
    pub(crate) stores: [Shelf; 2],
    direction: Direction,
    now: u64,
}

fn engine(nth: usize, direction: Option<Direction>) -> Result<Engine, Failure> {
    let site = |nth: usize| -> Result<SiteId, Failure> { Ok(NAMES[nth].parse()?) };
    let settings = Settings { repair_every: u64::MAX, ..Settings::of(site(nth)?) };
    let mut engine = Engine::new(settings, NONCE);
    let peer =
        PeerSettings { site: site(1 - nth)?, direction, grants: Direction::Both, interest: Interest::all() };
    engine.add(peer, Cursors::default())?;
    Ok(engine)
}

impl Pair {
    /// The first does something with the second, which only answers.
    pub(crate) fn new(direction: Direction, stores: [Shelf; 2]) -> Result<Self, Failure> {
        let engines = [engine(0, Some(direction))?, engine(1, None)?];
        Ok(Pair { engines, stores, direction, now: 0 })
    }

    /// Starts the first anew, as if it had lost all that it kept of its peer.
    pub(crate) fn forget(&mut self) -> Result<(), Failure> {
        self.engines[0] = engine(0, Some(self.direction))?;
        Ok(())
    }

    /// One round of the first, with all that follows at the second.
    pub(crate) fn round(&mut self) -> Result<Cost, Failure> {
        self.now += BETWEEN_MS;
        let mut cost = Cost::default();
        let mut waiting: VecDeque<(usize, Input)> = (0..2).map(|nth| (nth, Input::Tick)).collect();
        while let Some((nth, input)) = waiting.pop_front() {
            for output in self.engines[nth].handle(Now { millis: self.now, random: 0 }, input) {
                match output {
                    Output::Send { frame, .. } => {
                        let bytes = encode(&frame);
                        cost.count(&frame.message, bytes.len() as u64);
                        waiting.push_back((1 - nth, Input::Frame(decode(&bytes)?)));
                    }
                    Output::Ask { ticket, question } => {
                        let answer = self.stores[nth].answer(question);
                        waiting.push_back((nth, Input::Answer { ticket, answer }));
                    }
                    Output::Event(Event::Failed { trouble, .. }) => {
                        return Err(format!("the round failed: {trouble:?}").into());
                    }
                    Output::Event(_) => {}
                }
            }
        }
        Ok(cost)
    }

    pub(crate) fn are_equal(&self) -> bool {
        self.stores[0].heads() == self.stores[1].heads()
    }
}

impl Cost {
    fn count(&mut self, message: &Message, bytes: u64) {
        self.trips += u64::from(!message.is_answer());
        self.bytes += bytes;
        if let Message::Deltas { packs } | Message::Give { packs } = message {
            self.deltas += packs.iter().map(|pack| pack.deltas.0.len() as u64).sum::<u64>();
        }
        let name = format!("{message:?}");
        let name = name.split([' ', '{']).next().unwrap_or_default().to_lowercase();
        *self.kinds.entry(name).or_default() += bytes;
    }

    /// Bytes by kind of message, in words.
    pub(crate) fn by_kind(&self) -> String {
        let kinds: Vec<String> = self.kinds.iter().map(|(kind, bytes)| format!("{kind} {bytes}")).collect();
        kinds.join(", ")
    }
}
