//! A thread for each job, which calls it when its turn is and says when it stands otherwise than before.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ramanujan_client::{Client, Error, Token};

use crate::event::{Event, State};
use crate::job::{Job, Reply, Wish};
use crate::pace::{Called, Pace};

/// A job that was degraded works again when it has not been for so long: a peer that is away is tried now and then, and
/// the rounds between these tries are none that people need to hear of.
const CALM: Duration = Duration::from_secs(10);

/// What a caretaker is made of.
#[derive(Clone, Debug)]
pub struct Options {
    url: String,
    token: Option<Token>,
    jobs: Vec<(Job, Duration)>,
}

impl Options {
    /// All jobs at their own intervals, for the network at `url`.
    pub fn new(url: &str) -> Self {
        let jobs = Job::ALL.map(|job| (job, job.every())).to_vec();
        Options { url: url.to_owned(), token: None, jobs }
    }

    /// The credential that goes with every call. Default: none.
    #[must_use]
    pub fn token(mut self, token: Option<Token>) -> Self {
        self.token = token;
        self
    }

    /// Only those jobs that `wanted` says.
    #[must_use]
    pub fn only(mut self, wanted: impl Fn(Job) -> bool) -> Self {
        self.jobs.retain(|(job, _)| wanted(*job));
        self
    }

    /// The time between two calls of a job where nothing is left to do.
    #[must_use]
    pub fn every(mut self, job: Job, interval: Duration) -> Self {
        for (_, every) in self.jobs.iter_mut().filter(|(other, _)| *other == job) {
            *every = interval;
        }
        self
    }

    /// The jobs that are to be done.
    pub fn jobs(&self) -> impl Iterator<Item = Job> {
        self.jobs.iter().map(|(job, _)| *job)
    }

    pub(crate) fn client(&self) -> Result<Client, Error> {
        // A connection for each job: each of them calls one thing at a time.
        let options = ramanujan_client::Options::new(&self.url).connections(self.jobs.len());
        Client::new(options.token(self.token.clone()))
    }
}

/// The address under which this machine reaches a server that listens at `address`.
pub fn loopback(address: SocketAddr) -> String {
    let ip = match address.ip() {
        ip if !ip.is_unspecified() => ip,
        IpAddr::V4(_) => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(_) => IpAddr::V6(Ipv6Addr::LOCALHOST),
    };
    format!("http://{}", SocketAddr::new(ip, address.port()))
}

/// A running caretaker; dropping it lets it end.
#[derive(Debug)]
pub struct Caretaker {
    shared: Arc<Shared>,
    threads: Vec<thread::JoinHandle<()>>,
}

/// Who hears of a change.
type Tell = Box<dyn Fn(&Event) + Send + Sync>;

struct Shared {
    client: Client,
    tell: Tell,
    board: Mutex<Board>,
    stopped: Condvar,
}

#[derive(Debug)]
struct Board {
    stop: bool,
    jobs: Vec<Standing>,
}

/// How a job stands, and what of it was told.
#[derive(Debug)]
struct Standing {
    event: Event,
    told: State,
    degraded: Option<Instant>,
}

impl Standing {
    /// Enters a call; the event to tell, if there is one.
    fn note(&mut self, outcome: &Outcome, took: Duration, now: Instant) -> Option<Event> {
        outcome.note(&mut self.event, took);
        let state = self.event.state;
        if state == State::Degraded {
            self.degraded = Some(now);
        }
        let flutters = self.told == State::Degraded
            && state == State::Works
            && self.degraded.is_some_and(|last| now.saturating_duration_since(last) < CALM);
        if state == self.told || flutters {
            return None;
        }
        let before = std::mem::replace(&mut self.told, state);
        Some(Event { before, ..self.event.clone() })
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("client", &self.client).finish_non_exhaustive()
    }
}

impl Caretaker {
    /// Begins to look after a network. `tell` hears when a job stands otherwise than before: not of every call.
    ///
    /// # Errors
    /// The address or the token cannot be used.
    pub fn spawn(options: &Options, tell: impl Fn(&Event) + Send + Sync + 'static) -> Result<Self, Error> {
        let standing = |job| Standing { event: standing(job), told: State::Waiting, degraded: None };
        let jobs = options.jobs().map(standing).collect();
        let shared = Arc::new(Shared {
            client: options.client()?,
            tell: Box::new(tell),
            board: Mutex::new(Board { stop: false, jobs }),
            stopped: Condvar::new(),
        });
        let start = |(at, (job, every)): (usize, &(Job, Duration))| {
            let (shared, job) = (Arc::clone(&shared), *job);
            let pace = Pace::new(*every, RandomState::new().hash_one(at));
            thread::spawn(move || shared.look_after(at, job, pace))
        };
        let threads = options.jobs.iter().enumerate().map(start).collect();
        Ok(Caretaker { shared, threads })
    }

    /// How each job stands now.
    pub fn board(&self) -> Vec<Event> {
        self.shared.board().jobs.iter().map(|standing| standing.event.clone()).collect()
    }

    /// Begins no further call and tells no further change. Calls that run are not waited for.
    pub fn stop(&self) {
        self.shared.board().stop = true;
        self.shared.stopped.notify_all();
    }

    /// Stops, and waits for the calls that run.
    pub fn join(mut self) {
        self.stop();
        for thread in self.threads.drain(..) {
            // A panic has been printed where it happened, and ends its own job only.
            let _ = thread.join();
        }
    }
}

impl Drop for Caretaker {
    fn drop(&mut self) {
        self.stop();
    }
}

/// How a job stands before its first call.
pub(crate) fn standing(job: Job) -> Event {
    Event {
        time: now_millis(),
        job,
        state: State::Waiting,
        before: State::Waiting,
        detail: String::new(),
        calls: 0,
        failures: 0,
        last_ms: 0.0,
    }
}

fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

impl Shared {
    /// Nothing is left half changed by a panic elsewhere.
    fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a job when its turn is, until the end.
    fn look_after(&self, at: usize, job: Job, mut pace: Pace) {
        let mut pause = pace.first();
        let mut reached = None;
        while self.wait(pause) {
            let began = Instant::now();
            let outcome = call(&self.client, job, &mut reached);
            let took = began.elapsed();
            pause = pace.after(outcome.called);
            if !self.note(at, &outcome, took) {
                return;
            }
        }
    }

    /// Waits; false if it is to end.
    fn wait(&self, pause: Duration) -> bool {
        let board = self.board();
        let waited = self.stopped.wait_timeout_while(board, pause, |board| !board.stop);
        !waited.unwrap_or_else(PoisonError::into_inner).0.stop
    }

    /// Notes a call, and tells if the job stands otherwise than before. False if it is to end.
    fn note(&self, at: usize, outcome: &Outcome, took: Duration) -> bool {
        let changed = {
            let mut board = self.board();
            if board.stop {
                return false;
            }
            let Some(standing) = board.jobs.get_mut(at) else { return false };
            standing.note(outcome, took, Instant::now())
        };
        if let Some(event) = changed {
            (self.tell)(&event);
        }
        true
    }
}

/// What became of a call.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    pub(crate) called: Called,
    detail: String,
}

impl Outcome {
    /// Enters it.
    pub(crate) fn note(&self, event: &mut Event, took: Duration) {
        let state = self.called.state;
        event.time = now_millis();
        event.before = event.state;
        event.state = state;
        event.detail.clone_from(&self.detail);
        event.calls += 1;
        event.failures += u64::from(matches!(state, State::Failing | State::Refused));
        event.last_ms = took.as_secs_f64() * 1000.0;
    }
}

/// One call of a job, not repeated: when the next one is due is the pace's matter. `reached` is how far the last call
/// left the work.
pub(crate) fn call(client: &Client, job: Job, reached: &mut Option<(u64, u64)>) -> Outcome {
    // A POST is sent once unless it is called idempotent, which these are.
    let reply = client
        .post(job.path(), job.body())
        .json()
        .and_then(|body| job.read(body).map_err(|error| Error::unreadable(job.path(), error)));
    judge(reply, reached)
}

fn judge(reply: Result<Reply, Error>, reached: &mut Option<(u64, u64)>) -> Outcome {
    let error = match reply {
        Ok(Reply { degraded, mut wish, reached: now }) => {
            if wish == Wish::AtOnce && now.is_some() && now == *reached {
                wish = Wish::Interval;
            }
            *reached = now;
            let state = if degraded.is_some() { State::Degraded } else { State::Works };
            let detail = degraded.unwrap_or_default();
            return Outcome { called: Called { state, wish, retry_after: None }, detail };
        }
        Err(error) => error,
    };
    let state = match error.status() {
        501 => State::NotBuilt,
        404 | 405 => State::Absent,
        // What is unreadable may be a proxy's page.
        0 | 200..=299 => State::Failing,
        _ if error.is_passing() => State::Failing,
        _ => State::Refused,
    };
    let called = Called { state, wish: Wish::Interval, retry_after: error.retry_after() };
    Outcome { called, detail: error.summary().to_string() }
}

#[cfg(test)]
#[path = "caretaker_tests.rs"]
mod over_http;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_s_status_says_how_the_job_stands() {
        let state = |status| judge(Err(Error::refused("/x", status, b"")), &mut None).called.state;
        for (status, expected) in [
            (501, State::NotBuilt),
            (404, State::Absent),
            (405, State::Absent),
            (401, State::Refused),
            (422, State::Refused),
            (429, State::Failing),
            (500, State::Failing),
            (503, State::Failing),
        ] {
            assert_eq!(state(status), expected, "{status}");
        }
        let lost = judge(Err(Error::lost("/x", "reset")), &mut None);
        assert_eq!((lost.called.state, lost.detail.as_str()), (State::Failing, "connection-lost: reset"));
    }

    #[test]
    fn a_call_that_brought_nothing_on_is_no_reason_for_another_at_once() {
        let reply = |reached| Ok(Reply { degraded: None, wish: Wish::AtOnce, reached: Some(reached) });
        let mut reached = None;
        let mut wish = |at| judge(reply(at), &mut reached).called.wish;
        assert_eq!([wish((5, 1)), wish((6, 1)), wish((6, 1))], [Wish::AtOnce, Wish::AtOnce, Wish::Interval]);
        assert_eq!(wish((6, 0)), Wish::AtOnce, "putting events in order is progress, too");
    }

    #[test]
    fn a_job_that_is_degraded_now_and_then_is_told_of_once() {
        let reply = |degraded: bool| {
            Ok(Reply { degraded: degraded.then(String::new), wish: Wish::Interval, reached: None })
        };
        let mut standing = Standing { event: standing(Job::Sync), told: State::Waiting, degraded: None };
        let start = Instant::now();
        let mut after = |seconds, degraded| {
            let outcome = judge(reply(degraded), &mut None);
            let told = standing.note(&outcome, Duration::ZERO, start + Duration::from_secs(seconds));
            told.map(|event| (event.before, event.state))
        };
        assert_eq!(after(0, false), Some((State::Waiting, State::Works)));
        assert_eq!(after(1, true), Some((State::Works, State::Degraded)), "trouble is told at once");
        assert_eq!([after(2, false), after(8, true), after(9, false), after(17, false)], [None; 4]);
        assert_eq!(after(18, false), Some((State::Degraded, State::Works)));
        assert_eq!(after(19, false), None);
    }

    #[test]
    fn servers_on_all_addresses_are_reached_on_this_machine() {
        for (listen, url) in [
            ("0.0.0.0:80", "http://127.0.0.1:80"),
            ("[::]:80", "http://[::1]:80"),
            ("127.0.0.2:3000", "http://127.0.0.2:3000"),
        ] {
            assert_eq!(loopback(listen.parse().unwrap()), url);
        }
    }
}
