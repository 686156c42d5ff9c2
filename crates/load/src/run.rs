//! One load from the first request to the report.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_client::Error;
use ramanujan_core::AgentId;
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

use crate::agent::{Agent, Shared};
use crate::args::Args;
use crate::cache::{self, CacheUse};
use crate::convergence::Convergence;
use crate::error::RunError;
use crate::mix::Documents;
use crate::progress::Progress;
use crate::random::Random;
use crate::replica::Replica;
use crate::reply::State;
use crate::report::Report;
use crate::schedule::Schedule;
use crate::sites::{Sites, states_of};

/// Operations per second and agent unless a rate is given: a person who types.
const RATE_PER_AGENT: f64 = 10.0;
/// Between two looks at the agents.
const TICK: Duration = Duration::from_millis(50);
/// Streams of the seed: schedules from 0, contents of operations from here.
const CONTENTS: u64 = 1 << 32;

/// Runs the load.
///
/// # Errors
/// The network does not answer at the start.
pub(crate) fn run(args: &Args) -> Result<Report, RunError> {
    let sites = Sites::of(args).map_err(RunError::Fleet)?;
    let client = sites.client(args, 0)?;
    let documents =
        Documents::new(&args.prefix, args.documents as usize, &args.mix, args.zipf.unwrap_or(0.0));
    let before = sites.before(args, &documents)?;
    let cache_before = cache::counters(&client);
    let shared = Arc::new(Shared::begin(Duration::from_secs(args.duration)));
    let recorder = sites.recorder().map_err(RunError::Record)?;
    let signals = count_interrupts(&shared).map_err(RunError::Signals)?;
    let mut agents: Vec<Agent<'_>> = Vec::new();
    for number in 0..args.agents {
        let site = sites.of_agent(number);
        let replicas = replicas(args, number, &documents, &before[site])?;
        let record = recorder.as_ref().map(|recorder| (sites.get(site).name.clone(), recorder.sender()));
        let random = Random::new(args.seed, CONTENTS + number);
        agents.push(Agent { shared: &shared, client: sites.client(args, site)?, replicas, random, record });
    }
    let rate = args.rate.unwrap_or(RATE_PER_AGENT * args.agents as f64);
    let mut progress = Progress::new(args.quiet);
    let load = Load { args, shared: &shared, documents: &documents, rate };
    load.run(&mut agents, &mut progress);
    let seconds = shared.start.elapsed().as_secs_f64();
    let cache = cache::used(cache_before, cache::counters(&client));
    // The record of the load: what settling and checking ask is no part of it.
    let record = shared.record().clone();
    progress.say("checking that all documents converged");
    let ended = Instant::now();
    let convergence = check(&shared, &mut agents, &before[0], ended + sites.within);
    let agreed = (sites.len() > 1).then(|| ended.elapsed().as_secs_f64());
    signals.close();
    drop(agents);
    if let Some(recorder) = recorder {
        recorder.close().map_err(RunError::Record)?;
    }
    let mut report = load.report(seconds, cache, convergence);
    (report.sites, report.agreed_seconds) = (sites.len(), agreed);
    report.fill(&record);
    Ok(report)
}

/// Counts SIGINT and SIGTERM until the handle is closed.
fn count_interrupts(shared: &Arc<Shared>) -> io::Result<Handle> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let handle = signals.handle();
    let shared = Arc::clone(shared);
    thread::spawn(move || {
        for _ in signals.forever() {
            shared.interrupts.fetch_add(1, Ordering::Relaxed);
        }
    });
    Ok(handle)
}

/// An agent's view of each document.
fn replicas(
    args: &Args,
    number: u64,
    documents: &Documents,
    before: &[Option<State>],
) -> Result<Vec<Replica>, RunError> {
    let id: AgentId = format!("{}-{number}", args.prefix).parse()?;
    let views = documents.iter().zip(before);
    Ok(views.map(|((name, kind), state)| Replica::new(name, kind, &id, state.as_ref())).collect())
}

struct Load<'a> {
    args: &'a Args,
    shared: &'a Shared,
    documents: &'a Documents,
    rate: f64,
}

impl Load<'_> {
    fn run(&self, agents: &mut [Agent<'_>], progress: &mut Progress) {
        let each = self.rate / self.args.agents as f64;
        thread::scope(|scope| {
            let mut running: Vec<_> = Vec::with_capacity(agents.len());
            for (number, agent) in agents.iter_mut().enumerate() {
                let random = Random::new(self.args.seed, number as u64);
                let schedule =
                    Schedule::new(self.documents, random, each, self.args.reads, self.shared.duration);
                running.push(scope.spawn(move || agent.run(schedule)));
            }
            while running.iter().any(|agent| !agent.is_finished()) {
                thread::sleep(TICK);
                progress.tick(self.shared);
            }
        });
    }

    fn report(&self, seconds: f64, cache: CacheUse, convergence: Option<Convergence>) -> Report {
        Report {
            status: "",
            url: match &self.args.fleet {
                Some(folder) => folder.display().to_string(),
                None => self.args.network.url.clone(),
            },
            sites: 1,
            agreed_seconds: None,
            agents: self.args.agents as usize,
            documents: self.documents.len(),
            mix: self.args.mix.to_string(),
            reads_percent: self.args.reads,
            zipf: self.args.zipf.unwrap_or(0.0),
            seed: self.args.seed,
            rate: self.rate,
            operations_per_second: 0.0,
            seconds,
            interrupted: self.shared.is_interrupted(),
            operations: 0,
            writes: 0,
            reads: 0,
            merges: 0,
            retries: 0,
            failed: 0,
            unsent: 0,
            behind_ms: 0.0,
            latency_ms: Vec::new(),
            service_ms: None,
            errors: Vec::new(),
            cache,
            convergence,
        }
    }
}

/// Settles what is open and lets every agent read every document; `None` if the user does not wait for it. Until the
/// deadline reads that differ are read again.
fn check(
    shared: &Shared,
    agents: &mut [Agent<'_>],
    before: &[Option<State>],
    deadline: Instant,
) -> Option<Convergence> {
    let skip = || shared.interrupts.load(Ordering::Relaxed) > 1;
    thread::scope(|scope| {
        agents.iter_mut().for_each(|agent| drop(scope.spawn(|| agent.settle())));
    });
    let mut convergence = Convergence::default();
    // One document after the other: all agents' copies of one fit into memory, those of all may not.
    for (document, before) in before.iter().enumerate() {
        if skip() {
            return None;
        }
        let mut reads = read_everywhere(agents, document);
        while (states_of(&reads) > 1 || reads.iter().any(Result::is_err))
            && Instant::now() < deadline
            && !skip()
        {
            thread::sleep(TICK);
            reads = read_everywhere(agents, document);
        }
        if reads.len() < agents.len() {
            return None;
        }
        let replicas: Vec<&Replica> =
            agents.iter().filter_map(|agent| agent.replicas.get(document)).collect();
        convergence.check(&reads, before.as_ref(), &replicas);
    }
    Some(convergence)
}

/// A document as each agent sees it now.
fn read_everywhere(agents: &[Agent<'_>], document: usize) -> Vec<Result<Option<State>, Error>> {
    thread::scope(|scope| {
        let readers: Vec<_> =
            agents.iter().map(|agent| scope.spawn(move || agent.final_state(document))).collect();
        readers.into_iter().filter_map(|reader| reader.join().ok()).collect()
    })
}
