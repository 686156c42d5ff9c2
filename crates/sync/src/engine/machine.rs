//! Where everything that comes in goes to.

use std::collections::BTreeMap;

use super::context::Context;
use super::interface::{
    Cursors, Event, Input, Memory, Now, Output, PeerSettings, PeerStatus, Quarantine, Settings, Trouble,
};
use super::peer::{Peer, Wait};
use super::task::{Heard, Next, Serving, Task};
use super::{inquiry, push, reconcile, repair, round, serve};
use crate::SiteId;
use crate::evidence::Evidence;
use crate::limits::{BUSY_MS, MAX_INQUIRIES, MAX_PEERS, MAX_STEP_MS, MAX_TASKS};
use crate::message::{Frame, Message, Refusal};
use crate::store::{Answer, Question};

/// There are too many peers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a site has at most {MAX_PEERS} peers, each once")]
pub struct TooManyPeers;

/// Whose question the store is to answer.
#[derive(Debug)]
enum Asker {
    Peer(SiteId),
    Other(Serving),
}

/// The state machine of a site. See the [crate's documentation](crate).
#[derive(Debug)]
pub struct Engine {
    context: Context,
    peers: BTreeMap<SiteId, Peer>,
    /// Questions that the store has not answered.
    asked: BTreeMap<u64, Asker>,
    serving: usize,
    next_ticket: u64,
    next_exchange: u64,
    /// Milliseconds that have passed, as far as the clock can be trusted.
    elapsed: u64,
    last: Option<u64>,
    random: u64,
}

impl Engine {
    /// An engine that has just been started. `nonce` is random, so that answers to exchanges of an earlier start are told
    /// from those to new ones.
    pub fn new(settings: Settings, nonce: u64) -> Self {
        Engine {
            context: Context::new(settings),
            peers: BTreeMap::new(),
            asked: BTreeMap::new(),
            serving: 0,
            next_ticket: 1,
            // Leaves room to count within what JSON keeps exact.
            next_exchange: nonce >> 16,
            elapsed: 0,
            last: None,
            random: nonce,
        }
    }

    /// Adds a peer, with the cursors that were kept of it.
    ///
    /// # Errors
    /// [`TooManyPeers`], also if it is one already.
    pub fn add(&mut self, settings: PeerSettings, cursors: Cursors) -> Result<(), TooManyPeers> {
        self.recall(settings, Memory { cursors, ..Memory::default() })
    }

    /// Adds a peer, with all that was remembered of it.
    ///
    /// # Errors
    /// [`TooManyPeers`], also if it is one already.
    pub fn recall(&mut self, settings: PeerSettings, memory: Memory) -> Result<(), TooManyPeers> {
        if self.peers.len() >= MAX_PEERS || self.peers.contains_key(&settings.site) {
            return Err(TooManyPeers);
        }
        let peer = Peer::recall(settings, memory, self.elapsed);
        self.peers.insert(peer.settings.site.clone(), peer);
        Ok(())
    }

    /// What is to be remembered of a peer, for [`Engine::recall`]; `None` if it is none.
    pub fn memory(&self, site: &SiteId) -> Option<Memory> {
        self.peers.get(site).map(|peer| peer.memory(self.elapsed))
    }

    /// Makes known what was found before, so that it is not found anew: evidence of this site's own, and what peers told of.
    pub fn recall_evidence(&mut self, own: Vec<Evidence>, told: Vec<Evidence>) {
        self.context.evidence = own;
        self.context.told = told;
    }

    /// Forgets a peer, with its quarantines.
    pub fn remove(&mut self, site: &SiteId) {
        self.peers.remove(site);
    }

    /// How it stands with each peer.
    pub fn status(&self) -> Vec<PeerStatus> {
        self.peers.iter().map(|(site, peer)| self.status_of(site, peer)).collect()
    }

    fn status_of(&self, site: &SiteId, peer: &Peer) -> PeerStatus {
        let quarantine = |(document, agent, from): (&_, &_, u64)| Quarantine {
            site: site.clone(),
            document: Clone::clone(document),
            agent: Clone::clone(agent),
            from,
        };
        PeerStatus {
            site: site.clone(),
            manifest: peer.greeted.as_ref().map(|(manifest, _)| manifest.clone()),
            cursors: peer.cursors.clone(),
            rounds: peer.rounds,
            failures: peer.failures,
            trouble: peer.trouble,
            next_ms: if peer.busy { 0 } else { peer.next.saturating_sub(self.elapsed) },
            tasks: peer.tasks.len(),
            quarantines: peer.quarantines().map(quarantine).collect(),
            stuck: peer.stuck(),
        }
    }

    /// The evidence that this site found.
    pub fn evidence(&self) -> &[Evidence] {
        &self.context.evidence
    }

    /// The evidence that peers told of, each checked by itself.
    pub fn told(&self) -> &[Evidence] {
        &self.context.told
    }

    /// How much evidence was not kept.
    pub fn dropped(&self) -> u64 {
        self.context.dropped
    }

    /// Milliseconds from the last input to the moment at which a tick has something to do; none while there are no peers.
    pub fn next_tick(&self) -> Option<u64> {
        let at = |peer: &Peer| match &peer.current {
            Some((_, Wait::Reply { until, .. })) => Some(*until),
            Some((_, Wait::Store { .. })) => None,
            None => peer.settings.direction.map(|_| peer.next),
        };
        self.peers.values().filter_map(at).min().map(|at| at.saturating_sub(self.elapsed))
    }

    /// Takes in what happened, and says what is to be done.
    pub fn handle(&mut self, now: Now, input: Input) -> Vec<Output> {
        // A clock that was set back has told nothing; one that was set ahead tells little.
        let passed = self.last.map_or(0, |last| now.millis.saturating_sub(last));
        self.elapsed += passed.min(MAX_STEP_MS);
        self.last = Some(now.millis);
        self.random = now.random;
        match input {
            Input::Tick => {}
            Input::Frame(frame) => self.frame(frame),
            Input::Answer { ticket, answer } => self.answer(ticket, answer),
            Input::Failed { to, exchange, wait_ms } => self.failed(&to, exchange, wait_ms),
            Input::Changed => self.changed(),
            Input::Release(quarantine) => {
                if let Some(peer) = self.peers.get_mut(&quarantine.site) {
                    peer.release(&quarantine.document, &quarantine.agent);
                }
            }
        }
        self.tick();
        self.tell();
        std::mem::take(&mut self.context.outputs)
    }

    /// Begins rounds that are due, and ends those whose answers are.
    fn tick(&mut self) {
        let sites: Vec<SiteId> = self.peers.keys().cloned().collect();
        for site in sites {
            let Some(peer) = self.peers.get_mut(&site) else { continue };
            if matches!(&peer.current, Some((_, Wait::Reply { until, .. })) if *until <= self.elapsed) {
                self.fail(&site, Trouble::Silent, 0);
            } else if !peer.busy && peer.settings.direction.is_some() && peer.next <= self.elapsed {
                peer.begin();
                // Accusations may wait already.
                for task in round::begin(peer, self.context.settings.repair_every).into_iter().rev() {
                    peer.tasks.push_front(task);
                }
                self.advance(&site);
            }
        }
    }

    /// Lets all peers know of new evidence, also the one that it speaks of: it may have been restored, and not know.
    fn tell(&mut self) {
        for evidence in std::mem::take(&mut self.context.accusations) {
            for peer in self.peers.values_mut() {
                if peer.settings.direction.is_some() && peer.tasks.len() < MAX_TASKS {
                    peer.tasks.push_back(Task::Accuse(evidence.clone()));
                }
            }
        }
    }

    fn frame(&mut self, Frame { from, exchange, message }: Frame) {
        if !message.is_answer() {
            return self.question(from, exchange, message);
        }
        let Some(peer) = self.peers.get_mut(&from) else { return };
        // Answers to what nobody waits for come late, or twice.
        let is_waited_for = matches!(&peer.current,
            Some((_, Wait::Reply { exchange: waited, .. })) if *waited == exchange);
        if !is_waited_for {
            return;
        }
        match message {
            Message::Busy { wait_ms } => self.fail(&from, Trouble::Busy, wait_ms),
            Message::Refused { reason } => self.fail(&from, Trouble::Refused(reason), 0),
            message => {
                let Some((task, _)) = peer.current.take() else { return };
                self.step(&from, task, Heard::Reply(message));
            }
        }
    }

    fn question(&mut self, from: SiteId, exchange: u64, message: Message) {
        let answer = |message| Frame { from: self.context.settings.site.clone(), exchange, message };
        let Some(peer) = self.peers.get(&from) else {
            let frame = answer(Message::Refused { reason: Refusal::NotAPeer });
            self.context.outputs.push(Output::Send { to: from, frame });
            return;
        };
        if self.serving >= self.context.settings.serving.max(1) {
            let frame = answer(Message::Busy { wait_ms: BUSY_MS });
            self.context.outputs.push(Output::Send { to: from, frame });
            return;
        }
        let next = serve::begin(&mut self.context, peer, exchange, message);
        self.go_on_serving(next);
    }

    fn go_on_serving(&mut self, next: serve::Next) {
        match next {
            serve::Next::Ask(question, serving) => {
                self.serving += 1;
                self.ask(question, Asker::Other(serving));
            }
            serve::Next::Say(to, exchange, message) => {
                let frame = Frame { from: self.context.settings.site.clone(), exchange, message };
                self.context.outputs.push(Output::Send { to, frame });
            }
        }
    }

    fn ask(&mut self, question: Question, asker: Asker) -> u64 {
        let ticket = self.next_ticket;
        self.next_ticket += 1;
        self.asked.insert(ticket, asker);
        self.context.outputs.push(Output::Ask { ticket, question });
        ticket
    }

    fn answer(&mut self, ticket: u64, answer: Answer) {
        match self.asked.remove(&ticket) {
            None => {}
            Some(Asker::Other(serving)) => {
                self.serving -= 1;
                if let Some(peer) = self.peers.get_mut(&serving.to) {
                    let next = serve::go_on(&mut self.context, peer, serving, answer);
                    self.go_on_serving(next);
                }
            }
            Some(Asker::Peer(site)) => {
                let Some(peer) = self.peers.get_mut(&site) else { return };
                let waits = matches!(&peer.current,
                    Some((_, Wait::Store { ticket: waited })) if *waited == ticket);
                if let Some((task, _)) = peer.current.take_if(|_| waits) {
                    match answer {
                        Answer::Failed => self.fail(&site, Trouble::Store, 0),
                        answer => self.step(&site, task, Heard::Answer(answer)),
                    }
                }
            }
        }
    }

    fn failed(&mut self, to: &SiteId, exchange: u64, wait_ms: Option<u64>) {
        let Some(peer) = self.peers.get(to) else { return };
        if matches!(&peer.current, Some((_, Wait::Reply { exchange: waited, .. })) if *waited == exchange) {
            let trouble = if wait_ms.is_some() { Trouble::Busy } else { Trouble::Silent };
            self.fail(to, trouble, wait_ms.unwrap_or(0));
        }
    }

    /// What is new here goes out at once, where nothing went wrong before.
    fn changed(&mut self) {
        for peer in self.peers.values_mut() {
            let pushes = peer.settings.direction.is_some_and(|direction| direction.pushes());
            if pushes && !peer.busy && peer.failures == 0 {
                peer.next = self.elapsed;
            }
        }
    }

    /// Ends a round, and has the next one wait.
    fn fail(&mut self, site: &SiteId, trouble: Trouble, at_least: u64) {
        let settings = &self.context.settings;
        let Some(peer) = self.peers.get_mut(site) else { return };
        let doubled = settings.back_off_ms.saturating_mul(1 << peer.failures.min(32));
        let longest = doubled.clamp(1, settings.longest_back_off_ms.max(1));
        // Between half of it and all, so that those who failed together do not come back together.
        let wait = longest / 2 + self.random % (longest - longest / 2 + 1);
        let wait_ms = wait.max(at_least.min(MAX_STEP_MS));
        peer.current = None;
        // Evidence is told when it can be.
        peer.tasks.retain(|task| matches!(task, Task::Accuse(_)));
        peer.busy = false;
        peer.failures = peer.failures.saturating_add(1);
        peer.trouble = Some(trouble);
        peer.next = self.elapsed + wait_ms;
        if matches!(trouble, Trouble::Refused(_) | Trouble::Malformed) {
            peer.greeted = None;
        }
        self.context.event(Event::Failed { site: site.clone(), trouble, wait_ms });
    }

    /// Does the next task of a peer, or ends the round.
    fn advance(&mut self, site: &SiteId) {
        let Some(peer) = self.peers.get_mut(site) else { return };
        if let Some(task) = peer.tasks.pop_front() {
            return self.step(site, task, Heard::Start);
        }
        peer.busy = false;
        peer.failures = 0;
        peer.trouble = None;
        peer.rounds += 1;
        let interval = self.context.settings.interval_ms;
        peer.next = self.elapsed + interval + self.random % (interval / 8 + 1);
        self.context.event(Event::Round { site: site.clone() });
    }

    fn step(&mut self, site: &SiteId, task: Task, heard: Heard) {
        let Some(peer) = self.peers.get_mut(site) else { return };
        let context = &mut self.context;
        let next = match task {
            Task::Greet => round::greet(context, peer, heard),
            Task::Pull => round::pull(context, peer, heard),
            Task::Commit { pull, push } => round::commit(context, peer, pull, push),
            Task::Mark(marks) => round::mark(marks, heard),
            Task::Freezes { document, after, more } => round::freezes(document, after, more, heard),
            Task::Repair(all) => repair::step(context, peer, all, heard),
            Task::Ask(documents) => repair::ask(peer, documents, heard),
            Task::Reconcile(all) => reconcile::step(context, peer, all, heard),
            Task::Inquire(search) => inquiry::step(context, peer, search, heard),
            Task::Offer { documents, next, more } => push::offer(context, peer, documents, next, more, heard),
            Task::Give { wants, rest } => push::give(context, peer, wants, rest, heard),
            Task::GiveFreezes { document, after, more } => push::give_freezes(document, after, more, heard),
            Task::Accuse(evidence) => push::accuse(evidence, heard),
        };
        self.go_on(site, next);
    }

    fn go_on(&mut self, site: &SiteId, next: Next) {
        match next {
            Next::Ask(question, task) => {
                let ticket = self.ask(question, Asker::Peer(site.clone()));
                if let Some(peer) = self.peers.get_mut(site) {
                    peer.current = Some((task, Wait::Store { ticket }));
                }
            }
            Next::Send(message, task) => {
                let exchange = self.next_exchange;
                self.next_exchange += 1;
                let until = self.elapsed + self.context.settings.timeout_ms;
                if let Some(peer) = self.peers.get_mut(site) {
                    peer.current = Some((task, Wait::Reply { exchange, until }));
                }
                let frame = Frame { from: self.context.settings.site.clone(), exchange, message };
                self.context.outputs.push(Output::Send { to: site.clone(), frame });
            }
            Next::Done(tasks) => {
                let Some(peer) = self.peers.get_mut(site) else { return };
                if peer.tasks.len() + tasks.len() > MAX_TASKS {
                    return self.fail(site, Trouble::TooMuch, 0);
                }
                for task in tasks.into_iter().rev() {
                    if matches!(task, Task::Inquire(_)) {
                        peer.inquiries += 1;
                        if peer.inquiries > MAX_INQUIRIES {
                            continue;
                        }
                    }
                    peer.tasks.push_front(task);
                }
                self.advance(site);
            }
            Next::Fail(trouble) => self.fail(site, trouble, 0),
        }
    }
}
