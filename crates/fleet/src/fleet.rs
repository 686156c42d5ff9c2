//! A fleet that runs: its sites, the relays between them, and what can be done to either.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_client::fleet::{Link, Roster, Site};

use crate::control::{Reply, Request};
use crate::error::FleetError;
use crate::look::{Line, Looker, State};
use crate::plan::{Plan, Shape};
use crate::proxy::Proxy;
use crate::site::{Running, Setup};

/// Between two looks at a site.
const LOOK_EVERY: Duration = Duration::from_secs(3);

/// Sites and relays; dropping it kills the sites.
#[derive(Debug)]
pub(crate) struct Fleet {
    plan: Plan,
    shape: Shape,
    folder: PathBuf,
    setups: Vec<Setup>,
    running: Vec<Option<Running>>,
    proxies: Vec<Proxy>,
    board: Board,
}

/// The lines of the sites, which those who look at them enter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Board(Arc<Mutex<Vec<Line>>>);

impl Board {
    /// Nothing is left half changed by a panic elsewhere.
    fn lines(&self) -> MutexGuard<'_, Vec<Line>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn copy(&self) -> Vec<Line> {
        self.lines().clone()
    }

    fn set(&self, site: usize, state: State) {
        if let Some(line) = self.lines().get_mut(site) {
            line.state = state;
        }
    }

    /// Enters what was seen, unless the process has ended meanwhile.
    fn enter(&self, site: usize, seen: Line) {
        if let Some(line) = self.lines().get_mut(site)
            && matches!(line.state, State::Up | State::Silent)
        {
            *line = Line { cut_from: line.cut_from.clone(), ..seen };
        }
    }
}

impl Fleet {
    /// Relays and folders, and nothing running yet. `setup` makes a site's from its name, listening address and
    /// variables.
    ///
    /// # Errors
    /// There is no free port for a relay.
    pub(crate) fn new(
        plan: Plan,
        shape: Shape,
        folder: &Path,
        setup: impl Fn(usize, &Plan, &[String]) -> Setup,
    ) -> Result<Self, FleetError> {
        let open = |way: &crate::plan::Way| {
            Proxy::open(SocketAddr::from((Ipv4Addr::LOCALHOST, plan.sites[way.to].port)))
        };
        let proxies = plan.ways.iter().map(open).collect::<Result<Vec<_>, _>>();
        let proxies = proxies.map_err(FleetError::io("no port for a link"))?;
        let urls: Vec<String> = proxies.iter().map(Proxy::url).collect();
        let line = |site: &crate::plan::Planned| Line {
            name: site.name.clone(),
            url: site.url(),
            ..Line::default()
        };
        Ok(Fleet {
            setups: (0..plan.sites.len()).map(|site| setup(site, &plan, &urls)).collect(),
            running: plan.sites.iter().map(|_| None).collect(),
            board: Board(Arc::new(Mutex::new(plan.sites.iter().map(line).collect()))),
            folder: folder.to_owned(),
            proxies,
            plan,
            shape,
        })
    }

    pub(crate) fn board(&self) -> &Board {
        &self.board
    }

    /// Starts all sites: the first by itself, because on a new machine it compiles what the others then find; the rest
    /// several at a time. `tell` hears of each.
    ///
    /// # Errors
    /// One does not start; the others are killed when the fleet is dropped.
    pub(crate) fn start_all(&mut self, tell: impl Fn(&Line, Duration) + Sync) -> Result<(), FleetError> {
        let next = AtomicUsize::new(1);
        let (setups, board) = (&self.setups, &self.board);
        let start = |site: usize| {
            let began = Instant::now();
            let running = setups[site].start()?;
            board.set(site, State::Up);
            if let Some(line) = board.lines().get(site) {
                tell(line, began.elapsed());
            }
            Ok((site, running))
        };
        let mut started: Vec<Result<(usize, Running), FleetError>> = vec![start(0)];
        if started.iter().all(Result::is_ok) {
            let threads = thread::available_parallelism().map_or(1, |count| count.get());
            started.extend(thread::scope(|scope| {
                let work = || {
                    let mut own = Vec::new();
                    while let site = next.fetch_add(1, Ordering::Relaxed)
                        && site < setups.len()
                    {
                        own.push(start(site));
                    }
                    own
                };
                let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
                workers.into_iter().flat_map(|worker| worker.join().unwrap_or_default()).collect::<Vec<_>>()
            }));
        }
        for result in started {
            let (site, running) = result?;
            self.running[site] = Some(running);
        }
        self.write_roster()
    }

    /// Looks at the sites for as long as the program runs.
    ///
    /// # Errors
    /// An address cannot be used, which no planned one is.
    pub(crate) fn watch(&self) -> Result<(), FleetError> {
        for (site, planned) in self.plan.sites.iter().enumerate() {
            let mut looker = Looker::new(&planned.url())?;
            let board = self.board.clone();
            let fresh = Line { name: planned.name.clone(), url: planned.url(), ..Line::default() };
            thread::spawn(move || {
                let mut seen = fresh;
                loop {
                    looker.look(&mut seen);
                    board.enter(site, seen.clone());
                    thread::sleep(LOOK_EVERY);
                }
            });
        }
        Ok(())
    }

    /// Notices sites that have ended by themselves.
    ///
    /// # Errors
    /// The list of sites cannot be written.
    pub(crate) fn tick(&mut self) -> Result<(), FleetError> {
        let mut changed = false;
        for (site, running) in self.running.iter_mut().enumerate() {
            if running.as_mut().is_some_and(|running| running.ended().is_some()) {
                *running = None;
                self.board.set(site, State::Ended);
                changed = true;
            }
        }
        if changed { self.write_roster() } else { Ok(()) }
    }

    /// Does what is asked; what it cannot do is in the reply.
    pub(crate) fn handle(&mut self, request: &Request) -> Reply {
        let done = match request {
            Request::Status => Ok(String::new()),
            Request::Cut { site, other } => self.pass(Some(site), other.as_deref(), false),
            Request::Heal { site, other } => self.pass(site.as_deref(), other.as_deref(), true),
            Request::Kill { site } => self.kill(site),
            Request::Start { site } => self.start(site),
            Request::Down => Ok("the fleet ends".into()),
        };
        let done = done.and_then(|detail| match self.write_roster() {
            Ok(()) => Ok(detail),
            Err(error) => Err(error.to_string()),
        });
        let sites = if *request == Request::Status { self.board.copy() } else { Vec::new() };
        match done {
            Ok(detail) => Reply { ok: true, detail, sites },
            Err(detail) => Reply { ok: false, detail, sites },
        }
    }

    /// Cuts or heals links.
    fn pass(&self, site: Option<&str>, other: Option<&str>, passes: bool) -> Result<String, String> {
        let ends = [site, other].into_iter().flatten().map(|text| self.plan.find(text));
        let ends = ends.collect::<Result<Vec<usize>, String>>()?;
        if ends.len() == 2 && ends[0] == ends[1] {
            return Err(self.no_link(&ends));
        }
        let mut changed = Vec::new();
        for (way, proxy) in self.plan.ways.iter().zip(&self.proxies) {
            if !ends.iter().all(|end| [way.from, way.to].contains(end)) {
                continue;
            }
            if passes {
                proxy.heal();
            } else {
                proxy.cut();
            }
            // Both ways of a link are one to people.
            if way.begins {
                changed
                    .push(format!("{} – {}", self.plan.sites[way.from].name, self.plan.sites[way.to].name));
            }
        }
        if changed.is_empty() {
            return Err(self.no_link(&ends));
        }
        for (at, line) in self.board.lines().iter_mut().enumerate() {
            line.cut_from = self.cut_from(at);
        }
        Ok(format!("{}: {}", if passes { "healed" } else { "cut" }, changed.join(", ")))
    }

    fn no_link(&self, ends: &[usize]) -> String {
        let name = |site: usize| self.plan.sites[site].name.as_str();
        let Some(first) = ends.first() else { return "the fleet has no links".into() };
        let neighbours: Vec<&str> = self.neighbours(*first).map(|(_, other)| name(other)).collect();
        let other = ends.get(1).map_or("", |other| name(*other));
        format!("no link joins {} and {other}; its neighbours are {}", name(*first), neighbours.join(", "))
    }

    /// Each way from a site, with the site at its other end.
    fn neighbours(&self, site: usize) -> impl Iterator<Item = (&Proxy, usize)> {
        let ways = self.plan.ways.iter().zip(&self.proxies);
        ways.filter(move |(way, _)| way.from == site).map(|(way, proxy)| (proxy, way.to))
    }

    fn cut_from(&self, site: usize) -> Vec<String> {
        let cut = self.neighbours(site).filter(|(proxy, _)| proxy.is_cut());
        cut.map(|(_, other)| self.plan.sites[other].name.clone()).collect()
    }

    fn kill(&mut self, text: &str) -> Result<String, String> {
        let site = self.plan.find(text)?;
        let name = &self.plan.sites[site].name;
        let running = self.running[site].take().ok_or_else(|| format!("{name} does not run"))?;
        self.board.set(site, State::Killed);
        running.kill();
        Ok(format!("{name} killed"))
    }

    fn start(&mut self, text: &str) -> Result<String, String> {
        let site = self.plan.find(text)?;
        let name = self.plan.sites[site].name.clone();
        if self.running[site].is_some() {
            return Err(format!("{name} runs"));
        }
        let began = Instant::now();
        self.running[site] = Some(self.setups[site].start().map_err(|error| error.to_string())?);
        self.board.set(site, State::Up);
        Ok(format!("{name} serves {} after {} ms", self.plan.sites[site].url(), began.elapsed().as_millis()))
    }

    /// Asks all sites to end, and waits for it.
    pub(crate) fn end(mut self) {
        let mut all: Vec<Running> = self.running.iter_mut().filter_map(Option::take).collect();
        all.iter_mut().for_each(Running::ask_to_end);
        all.into_iter().for_each(Running::wait_for_end);
        // Who reads the list afterwards must not take other processes for the sites.
        let _ = self.write_roster();
    }

    /// # Errors
    /// The folder cannot be written.
    fn write_roster(&self) -> Result<(), FleetError> {
        let name = |site: usize| self.plan.sites[site].name.clone();
        let link = |(way, proxy): (&crate::plan::Way, &Proxy)| Link {
            from: name(way.from),
            to: name(way.to),
            begins: way.begins,
            url: proxy.url(),
            cut: proxy.is_cut(),
        };
        let site = |at: usize| Site {
            name: name(at),
            url: self.plan.sites[at].url(),
            pid: self.running[at].as_ref().map(Running::pid),
            folder: self.setups[at].folder.clone(),
        };
        let roster = Roster {
            topology: self.shape.to_string(),
            sites: (0..self.plan.sites.len()).map(site).collect(),
            links: self.plan.ways.iter().zip(&self.proxies).map(link).collect(),
        };
        roster
            .write(&self.folder)
            .map_err(FleetError::io(format!("cannot write into {}", self.folder.display())))
    }
}
