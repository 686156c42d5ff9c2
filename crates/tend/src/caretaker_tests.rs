//! The caretaker beside a network on a real socket.

use std::sync::mpsc::{Receiver, channel};

use super::*;
use crate::test_server::{Server, ok, refuse};

const SYNC: &str = "/sync";
const LIMIT: Duration = Duration::from_secs(20);
const EVERY: Duration = Duration::from_millis(20);

fn spawn(server: &Server, job: Job, every: Duration) -> (Caretaker, Receiver<Event>) {
    let (sender, receiver) = channel();
    let options = Options::new(&server.url()).only(|other| other == job).every(job, every);
    let tell = move |event: &Event| {
        let _ = sender.send(event.clone());
    };
    (Caretaker::spawn(&options, tell).unwrap(), receiver)
}

fn wait_for(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + LIMIT;
    while !is_so() {
        assert!(Instant::now() < deadline, "{what}: not within {LIMIT:?}");
        thread::sleep(Duration::from_millis(2));
    }
}

fn states(events: &Receiver<Event>) -> Vec<State> {
    events.try_iter().map(|event| event.state).collect()
}

#[test]
fn each_job_is_called_as_its_route_wants_and_told_of_once() {
    let server = Server::start([
        (SYNC, vec![ok(r#"{"status":"ok","next_ms":15,"degraded":false}"#)]),
        ("/timeline/index", vec![ok(r#"{"complete":true,"indexed_until":3,"last_seq":3,"unsettled":0}"#)]),
        ("/crdt/cache/drain", vec![ok(r#"{"processed":0,"failed":0,"remaining":0,"elapsed_ms":0}"#)]),
    ]);
    let (sender, events) = channel();
    let options =
        Job::ALL.into_iter().fold(Options::new(&server.url()), |options, job| options.every(job, EVERY));
    let tell = move |event: &Event| sender.send((event.job, event.state)).unwrap();
    let caretaker = Caretaker::spawn(&options, tell).unwrap();
    for job in Job::ALL {
        wait_for(job.path(), || server.calls(job.path()) >= 5);
        assert!(server.bodies(job.path()).iter().all(|body| body.as_bytes() == job.body()));
    }
    let board = caretaker.board();
    caretaker.join();
    assert!(board.iter().all(|event| event.state == State::Works && event.calls >= 4 && event.failures == 0));
    let mut told: Vec<_> = events.try_iter().collect();
    told.sort_by_key(|(job, _)| job.name());
    let works = [Job::Drain, Job::Index, Job::Sync].map(|job| (job, State::Works));
    assert_eq!(told, works, "one change each, however many calls");
}

#[test]
fn no_call_begins_while_the_last_one_runs() {
    let server = Server::start([(SYNC, vec![ok("{}").after(Duration::from_millis(60))])]);
    let (caretaker, _events) = spawn(&server, Job::Sync, Duration::from_millis(1));
    wait_for("calls", || server.calls(SYNC) >= 6);
    caretaker.join();
    assert_eq!(server.most_running(SYNC), 1);
    assert!(server.gaps(SYNC).iter().all(|gap| *gap >= Duration::from_millis(60)));
}

#[test]
fn more_to_do_is_done_at_once() {
    let more =
        |until| ok(&format!(r#"{{"complete":false,"indexed_until":{until},"last_seq":9,"unsettled":0}}"#));
    let done = ok(r#"{"complete":true,"indexed_until":9,"last_seq":9,"unsettled":0}"#);
    let server = Server::start([("/timeline/index", vec![more(1), more(2), more(3), done])]);
    let (caretaker, _events) = spawn(&server, Job::Index, Duration::from_secs(3600));
    wait_for("the rest", || server.calls("/timeline/index") >= 4);
    thread::sleep(Duration::from_millis(100));
    assert_eq!(server.calls("/timeline/index"), 4, "and then not for an hour");
    caretaker.join();
}

#[test]
fn failures_are_told_once_and_repeated_after_growing_pauses() {
    let replies = vec![ok("{}"), refuse(503), refuse(503), refuse(503), refuse(503), ok("{}")];
    let server = Server::start([(SYNC, replies)]);
    let (caretaker, events) = spawn(&server, Job::Sync, EVERY);
    wait_for("recovery", || server.calls(SYNC) >= 7);
    let board = caretaker.board();
    caretaker.join();
    assert_eq!(states(&events), [State::Works, State::Failing, State::Works]);
    assert_eq!((board[0].failures, board[0].state), (4, State::Works));
    // Each pause is at least half of its ceiling: 20, 40, 80, 160 ms.
    for (gap, ceiling) in server.gaps(SYNC).iter().skip(1).zip([20, 40, 80, 160]) {
        assert!(*gap >= Duration::from_millis(ceiling / 2), "{:?}", server.gaps(SYNC));
    }
}

#[test]
fn retry_after_is_heeded() {
    let server = Server::start([(SYNC, vec![refuse(429).header("retry-after: 1"), ok("{}")])]);
    let (caretaker, _events) = spawn(&server, Job::Sync, EVERY);
    wait_for("recovery", || server.calls(SYNC) >= 2);
    caretaker.join();
    assert!(server.gaps(SYNC)[0] >= Duration::from_secs(1));
}

#[test]
fn what_is_not_built_or_not_there_is_left_alone_for_a_minute() {
    let server = Server::start([(SYNC, vec![refuse(501)])]);
    for (job, state) in [(Job::Sync, State::NotBuilt), (Job::Drain, State::Absent)] {
        let (caretaker, events) = spawn(&server, job, EVERY);
        let event = events.recv_timeout(LIMIT).unwrap();
        assert_eq!((event.state, event.state.is_trouble()), (state, false));
        thread::sleep(Duration::from_millis(200));
        assert_eq!(caretaker.board()[0].calls, 1);
        caretaker.join();
    }
}

#[test]
fn a_degraded_round_is_told_and_goes_on_when_the_reply_says() {
    let server = Server::start([(SYNC, vec![ok(r#"{"degraded":true,"next_ms":10}"#)])]);
    let (caretaker, events) = spawn(&server, Job::Sync, Duration::from_secs(3600));
    wait_for("rounds", || server.calls(SYNC) >= 4);
    caretaker.join();
    let told: Vec<String> = events.try_iter().map(|event| event.to_string()).collect();
    assert_eq!(told, ["tend: sync degraded: the time was up; the next calls go on"]);
}

#[test]
fn a_stopped_caretaker_calls_and_tells_no_more() {
    let server = Server::start([(SYNC, vec![ok("{}").after(Duration::from_millis(80))])]);
    let (caretaker, events) = spawn(&server, Job::Sync, EVERY);
    wait_for("a call", || server.calls(SYNC) == 1);
    caretaker.stop();
    thread::sleep(Duration::from_millis(200));
    assert_eq!((server.calls(SYNC), states(&events)), (1, vec![]), "not even of the call that ran");
}

#[test]
fn nobody_listening_is_a_failure_that_is_told() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let options = Options::new(&loopback(listener.local_addr().unwrap())).only(|job| job == Job::Drain);
    drop(listener);
    let (sender, events) = channel();
    let caretaker = Caretaker::spawn(&options, move |event| sender.send(event.clone()).unwrap()).unwrap();
    let event = events.recv_timeout(LIMIT).unwrap();
    assert_eq!(event.state, State::Failing);
    assert!(event.detail.starts_with("connection-refused"), "{}", event.detail);
    caretaker.join();
}
