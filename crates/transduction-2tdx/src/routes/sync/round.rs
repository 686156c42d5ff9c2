//! A round with a peer: the engine's questions go to crdt-service and to the peer, what happens is written down.

use std::collections::{BTreeSet, VecDeque};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::time::{Duration, Instant};

use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::now_millis;
use ramanujan_sync::engine::{Direction, Trouble};
use ramanujan_sync::limits::MAX_EVIDENCE;
use ramanujan_sync::message::{Outcome, Refusal};
use ramanujan_sync::store::{Answer, Question};
use ramanujan_sync::{Engine, Frame, Input, Message, Now, Output, Settings};
use serde::Serialize;

use super::happenings::Happenings;
use super::link::{self, Unanswered};
use super::neighbours;
use crate::sites::ledger::{Budget, Ledger, State, millis, sample};
use crate::sites::peer::Peer;
use crate::store::evidence;
use crate::store::memory::{Kept, Lease};

/// A round's lease lasts for so many answers of a peer that come at the last moment.
const LEASE_ANSWERS: u64 = 3;

/// Exchanges that move nothing, after which a round fails: a comparison of a million documents, and a search for where two
/// histories part, take far fewer; who makes answers up could go on for ever.
const MAX_FRUITLESS: u32 = 512;

/// When to ask again about a peer with which somebody else makes a round, in milliseconds.
const RUNNING_MS: u64 = 200;

/// A random number.
pub(super) fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

pub(super) fn now() -> Now {
    Now { millis: now_millis(), random: random() }
}

/// What came of a round.
#[derive(Debug, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema), schemars(rename = "RoundReport"))]
pub(crate) struct Report {
    /// The peer.
    pub(super) peer: String,
    /// How the round stands.
    pub(super) state: State,
    /// What was exchanged.
    #[serde(flatten)]
    pub(super) ledger: Ledger,
    /// Why it failed, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) trouble: Option<String>,
    /// Why it failed, for people.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) detail: Option<String>,
    /// Milliseconds until the next round; null if none is made of its own accord.
    pub(super) next_ms: Option<u64>,
    #[serde(skip)]
    pub(super) code: Code,
}

impl Report {
    /// Of a peer with which nothing was done.
    pub(super) fn idle(peer: &Peer, state: State, next_ms: Option<u64>) -> Self {
        Report {
            peer: peer.name.to_string(),
            state,
            ledger: Ledger::default(),
            trouble: None,
            detail: None,
            next_ms,
            code: Code::PeerUnreachable,
        }
    }

    /// The problem that a failed round is.
    pub(super) fn problem(&self) -> Problem {
        let detail = self.detail.clone().unwrap_or_else(|| format!("the round with {} failed", self.peer));
        Problem::new(self.code, detail)
            .with("peer", self.peer.as_str())
            .with("trouble", self.trouble.clone())
            .with("next_ms", self.next_ms)
    }
}

/// A trouble as a word.
pub(super) fn word(trouble: Trouble) -> String {
    let word = |value: Option<serde_json::Value>| {
        value.and_then(|value| value.as_str().map(str::to_owned)).unwrap_or_default()
    };
    match trouble {
        Trouble::Refused(refusal) => format!("refused-{}", word(serde_json::to_value(refusal).ok())),
        other => word(serde_json::to_value(other).ok()),
    }
}

/// A round that is being made.
struct Round<'a> {
    peer: &'a Peer,
    settings: &'a Settings,
    budget: &'a Budget,
    lease: &'a Lease,
    made: Instant,
    renewed: Instant,
    engine: Engine,
    kept: Kept,
    ledger: Ledger,
    happenings: Happenings<'a>,
    /// Deltas of the store's last answer: what is given next.
    read: u64,
    /// Something was done that the next call need not do again.
    progressed: bool,
    /// Exchanges since something was moved last.
    fruitless: u32,
    /// Why an exchange failed.
    failure: Option<Unanswered>,
    /// Another request holds the lease.
    lost: bool,
}

/// Makes a round with a peer in a direction, or goes on with the one that was cut off. It lasts at least until something was
/// moved, and then until the budget is used up.
///
/// # Errors
/// The own store's.
pub(super) async fn make(
    site: &super::Site,
    peer: &Peer,
    direction: Direction,
    budget: &Budget,
) -> Result<Report, Problem> {
    let settings = &site.settings;
    let lasts = (settings.timeout_ms * LEASE_ANSWERS).max(budget.most_ms() * 2);
    let lease = Lease { site: peer.name.clone(), holder: format!("{:016x}", random()), lasts };
    let Some(kept) = lease.take()? else {
        return Ok(Report::idle(peer, State::Running, Some(RUNNING_MS)));
    };
    let mut engine = Engine::new(settings.clone(), random());
    let mut memory = kept.memory(&peer.exchanges(), 0);
    let barred = evidence::quarantines(Some(&peer.name))?.into_iter().map(|barred| barred.quarantine);
    memory.quarantines = barred.map(|one| (one.document, one.agent, one.from)).collect();
    memory.accusations = evidence::accusations(&peer.name, MAX_EVIDENCE as u64)?;
    let accused: BTreeSet<Digest> =
        memory.accusations.iter().map(evidence::digest_of).collect::<Result<_, _>>()?;
    let (told, own) =
        evidence::all(2 * MAX_EVIDENCE as u64)?.into_iter().partition(|found| found.told_by.is_some());
    let of = |all: Vec<evidence::Found>| all.into_iter().map(|found| found.evidence).collect();
    engine.recall_evidence(of(own), of(told));
    let full =
        |problem: ramanujan_sync::engine::TooManyPeers| Problem::new(Code::TooManyPeers, problem.to_string());
    engine.recall(peer.settings(Some(direction)), memory).map_err(full)?;
    let mut round = Round {
        peer,
        settings,
        budget,
        lease: &lease,
        made: Instant::now(),
        renewed: Instant::now(),
        engine,
        kept,
        ledger: Ledger::default(),
        happenings: Happenings::of(site),
        read: 0,
        progressed: false,
        fruitless: 0,
        failure: None,
        lost: false,
    };
    let state = round.run().await?;
    round.end(state, peer.way.direction() == Some(direction), accused).await
}

impl Round<'_> {
    async fn run(&mut self) -> Result<State, Problem> {
        let mut outputs: VecDeque<Output> = self.engine.handle(now(), Input::Tick).into();
        let mut state = None;
        while let Some(output) = outputs.pop_front() {
            let input = match output {
                Output::Event(event) => {
                    state = state.or(self.event(event)?);
                    continue;
                }
                _ if state.is_some() || self.lost => continue,
                Output::Ask { ticket, question } => match self.ask(question).await {
                    Some(answer) => Input::Answer { ticket, answer },
                    None => {
                        state = Some(State::Partial);
                        continue;
                    }
                },
                Output::Send { .. } if self.progressed && self.budget.is_over() => {
                    state = Some(State::Partial);
                    continue;
                }
                Output::Send { frame, .. } => self.exchange(frame).await?,
            };
            outputs.extend(self.engine.handle(now(), input));
        }
        Ok(if self.lost { State::Running } else { state.unwrap_or(State::Partial) })
    }

    /// Something was done that need not be done again.
    fn moved(&mut self) {
        self.progressed = true;
        self.fruitless = 0;
    }

    /// Writes down what happened; says how the round ended, if it did.
    fn event(&mut self, event: ramanujan_sync::Event) -> Result<Option<State>, Problem> {
        use ramanujan_sync::Event;
        match event {
            Event::Round { .. } => return Ok(Some(State::Done)),
            Event::Failed { .. } => return Ok(Some(State::Failed)),
            Event::Cursors { cursors, .. } => {
                self.moved();
                self.renewed = Instant::now();
                self.lost = !self.lease.renew(&cursors, &self.peer.exchanges())?;
            }
            Event::Stored { ref dots, .. } => {
                self.ledger.documents += 1;
                self.ledger.deltas_received += dots.len() as u64;
                if !dots.is_empty() {
                    self.moved();
                }
                self.happenings.take(&event)?;
            }
            event => {
                if matches!(event, Event::Quarantined(_) | Event::Evidence { .. }) {
                    self.moved();
                }
                self.happenings.take(&event)?;
            }
        }
        Ok(None)
    }

    /// What the store answers; `None` if it was not done with that when the time was up.
    async fn ask(&mut self, question: Question) -> Option<Answer> {
        if matches!(question, Question::Append(_)) {
            return Some(neighbours::append(&question).await);
        }
        let answer = loop {
            match neighbours::try_ask(&question).await {
                Some(answer) => break answer,
                None if self.budget.is_over() => return None,
                None => {}
            }
        };
        if let Answer::Read(read) = &answer {
            let ranges = read.iter().flatten().flat_map(|stored| &stored.ranges);
            self.read = ranges.map(|range| range.count()).sum();
        }
        Some(answer)
    }

    async fn exchange(&mut self, frame: Frame) -> Result<Input, Problem> {
        if millis(self.renewed.elapsed()) > self.lease.lasts / LEASE_ANSWERS {
            let memory = self.engine.memory(&self.peer.name).unwrap_or_default();
            self.lost = !self.lease.renew(&memory.cursors, &self.peer.exchanges())?;
            self.renewed = Instant::now();
        }
        let began = Instant::now();
        let given = match &frame.message {
            Message::Give { packs } => packs.len() as u64,
            _ => 0,
        };
        self.fruitless += 1;
        if self.fruitless > MAX_FRUITLESS {
            let detail = format!("{MAX_FRUITLESS} answers of {} moved nothing", self.peer.name);
            self.failure =
                Some(Unanswered { code: Code::PeerRefused, detail, strange: false, wait_ms: None });
            return Ok(Input::Failed { to: self.peer.name.clone(), exchange: frame.exchange, wait_ms: None });
        }
        match link::say(self.peer, &frame, self.settings.timeout_ms).await {
            Ok(answered) => {
                sample(&mut self.kept.exchange_times, began.elapsed());
                self.ledger.exchanges += 1;
                self.ledger.bytes_sent += answered.sent;
                self.ledger.bytes_received += answered.received;
                if let Message::Taken { outcomes } = &answered.frame.message
                    && outcomes.contains(&Outcome::Taken)
                {
                    self.moved();
                    if given > 0 {
                        self.ledger.documents += given;
                        self.ledger.deltas_sent += self.read;
                    }
                }
                Ok(Input::Frame(answered.frame))
            }
            Err(unanswered) => {
                let (wait_ms, strange) = (unanswered.wait_ms, unanswered.strange);
                self.failure = Some(unanswered);
                if strange {
                    // What it would say in a version that both knew.
                    let message = Message::Refused { reason: Refusal::Version };
                    return Ok(Input::Frame(Frame { from: self.peer.name.clone(), message, ..frame }));
                }
                Ok(Input::Failed { to: self.peer.name.clone(), exchange: frame.exchange, wait_ms })
            }
        }
    }

    /// Keeps what is remembered, and reports.
    async fn end(
        mut self,
        state: State,
        usual: bool,
        mut accused: BTreeSet<Digest>,
    ) -> Result<Report, Problem> {
        let memory = self.engine.memory(&self.peer.name).unwrap_or_default();
        let ended = now_millis();
        let next_ms = if state == State::Partial { 0 } else { memory.wait_ms };
        let began = self.kept.began.unwrap_or_else(|| ended.saturating_sub(millis(self.made.elapsed())));
        if state == State::Done {
            // One over several calls took the time between them, too.
            let took = match self.kept.began {
                Some(began) => Duration::from_millis(ended.saturating_sub(began)),
                None => self.made.elapsed(),
            };
            sample(&mut self.kept.round_times, took);
            self.kept.succeeded = Some(ended);
        }
        let failed_before = self.kept.failures > 0;
        let detail = self.failure.as_ref().map(|failure| failure.detail.clone());
        let detail = detail.or_else(|| memory.trouble.map(|trouble| in_words(self.peer, trouble)));
        // A round in one direction compares only what that needs.
        let settled = if usual && !memory.suspicious { self.kept.suspicious } else { 0 };
        let kept = Kept {
            exchanges: self.peer.exchanges(),
            greeted: memory.greeted,
            cursors: memory.cursors,
            rounds: memory.rounds,
            failures: memory.failures.into(),
            trouble: memory.trouble,
            detail: detail.clone().filter(|_| memory.trouble.is_some()),
            due: ended + next_ms,
            stuck: memory.stuck,
            began: (state == State::Partial).then_some(began),
            ..self.kept
        };
        let lost = self.lost || !self.lease.save(&kept, settled)?;
        accused.extend(self.happenings.accusations().iter().copied());
        let left: BTreeSet<Digest> =
            memory.accusations.iter().map(evidence::digest_of).collect::<Result<_, _>>()?;
        evidence::told(&self.peer.name, &accused.difference(&left).copied().collect())?;
        let trouble = memory.trouble.filter(|_| state == State::Failed).map(word);
        self.happenings.round(
            self.peer,
            state,
            &self.ledger,
            failed_before,
            trouble.as_deref(),
            detail.as_deref(),
        );
        self.happenings.end().await?;
        Ok(Report {
            peer: self.peer.name.to_string(),
            state: if lost { State::Running } else { state },
            ledger: self.ledger,
            code: self.failure.map_or(Code::PeerRefused, |failure| failure.code),
            detail: detail.filter(|_| trouble.is_some()),
            trouble,
            next_ms: self.peer.way.direction().map(|_| next_ms),
        })
    }
}

fn in_words(peer: &Peer, trouble: Trouble) -> String {
    let name = &peer.name;
    match trouble {
        Trouble::Silent => format!("{name} did not answer"),
        Trouble::Busy => format!("{name} is busy"),
        Trouble::Refused(refusal) => match refusal {
            Refusal::Version => format!("{name} and this site have no version of the messages in common"),
            Refusal::NotAPeer => format!("{name} does not list this site, or not for this direction"),
            Refusal::Malformed => format!("{name} finds that this site's message makes no sense"),
            Refusal::Failed => format!("the store of {name} failed"),
        },
        Trouble::Malformed => format!("what {name} says makes no sense"),
        Trouble::Store => "crdt-service did not answer; the log says why".to_owned(),
        Trouble::TooMuch => "the round grew too long; the next one goes on".to_owned(),
    }
}
