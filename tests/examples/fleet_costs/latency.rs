//! How long an acknowledgement takes at half load, how long until a reader who waits sees a write meanwhile, and how many
//! bytes an operation is on the wire: ours beside what a user would pick.

use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_tests::Network;
use ramanujan_tests::connection::Connection;
use ramanujan_tests::events::Events;
use ramanujan_tests::figures::Figure;
use ramanujan_tests::meter::Meter;
use serde_json::json;

use crate::ours::{self, Writer, wait_for_change};
use crate::peers::{self, PICK, Peer};
use crate::times::Times;

const AGENTS: u32 = 9;
/// Our rows.
const OURS: &str = "ramanujan at half load";
const OUR_EVENTS: &str = "ramanujan at half load, its event";
/// How long the load is that tells what half of it is.
const FULL: [Duration; 2] = [Duration::from_secs(5), Duration::from_secs(1)];
/// Writes that a reader waits for, and the pause after each.
const SEEN: [u32; 2] = [1000, 100];
const PAUSE: Duration = Duration::from_millis(10);
/// Operations of which the bytes are counted: a longer run less a shorter one, so that connecting does not count.
const COUNTED: [u32; 2] = [100, 1100];

/// What was measured of one contestant.
struct Found {
    acknowledged: Times,
    seen: Times,
    /// The other way to wait, where there is one.
    event: Option<Times>,
    up: f64,
    down: f64,
}

pub(crate) fn measure(quick: bool) {
    let quick = usize::from(quick);
    let ours = of_ours(quick);
    let pick = peers::all().into_iter().find(|peer| peer.name == PICK);
    let theirs = pick.as_ref().map(|peer| (peer.title.as_str(), of_peer(peer, quick)));
    let figure = |measure: &str, unit: &str, of: fn(&Found) -> f64| {
        let figure = Figure::new(OURS, measure, of(&ours), unit);
        match &theirs {
            Some((title, found)) => {
                figure.beside(title, of(found)).print();
                Figure::new(&format!("{title}, at half load"), measure, of(found), unit).print();
            }
            None => figure.print(),
        }
    };
    figure("acknowledged, p50", "ns", |found| found.acknowledged.median());
    figure("acknowledged, p99", "ns", |found| found.acknowledged.at(0.99));
    figure("seen, p50", "ns", |found| found.seen.median());
    figure("seen, p99", "ns", |found| found.seen.at(0.99));
    figure("up, per operation", "B", |found| found.up);
    figure("down, per operation", "B", |found| found.down);
    if let Some(event) = &ours.event {
        Figure::new(OUR_EVENTS, "seen, p50", event.median(), "ns").print();
        Figure::new(OUR_EVENTS, "seen, p99", event.at(0.99), "ns").print();
    }
}

/// Half the load, for as long as something else is measured.
fn beside<T: Send>(load: impl FnOnce() -> Times + Send, measure: impl FnOnce() -> T) -> (Times, T) {
    thread::scope(|scope| {
        let load = scope.spawn(load);
        let measured = measure();
        (load.join().expect("the load ends"), measured)
    })
}

fn of_ours(quick: usize) -> Found {
    let network = Network::start();
    let url = network.url();
    let full = ours::load(&url, "full", AGENTS, FULL[quick], None).rate();
    eprintln!("  ramanujan: {full:.0} writes/s with {AGENTS} agents");
    let half = |prefix: &str| ours::load(&url, prefix, AGENTS, span(quick), Some(full / 2.0)).times;
    let (acknowledged, seen) = beside(|| half("half"), || seen_as_delta(&url, SEEN[quick]));
    let (_, event) = beside(|| half("again"), || seen_as_event(&url, SEEN[quick]));
    let meter = Meter::before(url.trim_start_matches("http://"));
    let metered = format!("http://{}", meter.address());
    let (up, down) = per_operation(&meter, |document, operations| {
        let mut writer = Writer::new(&metered, document);
        (0..operations).for_each(|_| writer.write());
    });
    Found { acknowledged, seen, event: Some(event), up, down }
}

fn of_peer(peer: &Peer, quick: usize) -> Found {
    let server = peer.serve();
    let full = server.load("full", AGENTS, FULL[quick], None).rate();
    eprintln!("  {}: {full:.0} writes/s with {AGENTS} agents", peer.title);
    let half = || server.load("half", AGENTS, span(quick), Some(full / 2.0)).times;
    let (acknowledged, seen) = beside(half, || server.seen("seen", SEEN[quick], PAUSE));
    let meter = Meter::before(&format!("127.0.0.1:{}", server.port));
    let port = meter.address().port();
    let (up, down) = per_operation(&meter, |document, operations| server.write(port, document, operations));
    Found { acknowledged, seen, event: None, up, down }
}

/// About as long as the writes that are waited for.
fn span(quick: usize) -> Duration {
    (PAUSE + Duration::from_millis(5)) * SEEN[quick]
}

/// Bytes to and from the server.
fn per_operation(meter: &Meter, run: impl Fn(&str, u32)) -> (f64, f64) {
    let [short, long] = COUNTED.map(|operations| {
        let before = meter.counted();
        run(&format!("bytes-{operations:04}"), operations);
        let after = meter.counted();
        (after.0 - before.0, after.1 - before.1)
    });
    let each = |long: u64, short: u64| (long - short) as f64 / f64::from(COUNTED[1] - COUNTED[0]);
    (each(long.0, short.0), each(long.1, short.1))
}

/// From sending a write until `wait`, which hears of the writes one after the other, has heard of it.
fn seen(url: &str, document: &str, writes: u32, mut wait: impl FnMut() + Send) -> Times {
    let mut writer = Writer::new(url, document);
    writer.write();
    let (heard, hears) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for _ in 0..writes {
                wait();
                let _ = heard.send(Instant::now());
            }
        });
        let write = |_| {
            // The reader waits again before the next one is written.
            thread::sleep(PAUSE);
            let sent = Instant::now();
            writer.write();
            hears.recv().expect("the reader hears of it").saturating_duration_since(sent)
        };
        (0..writes).map(write).collect()
    })
}

/// A reader who asks for what it lacks and waits, so that it then has the text.
fn seen_as_delta(url: &str, writes: u32) -> Times {
    let (mut reader, mut heads) = (Connection::open(url), json!(["seen:1"]));
    seen(url, "seen", writes, || heads = wait_for_change(&mut reader, "seen", &heads))
}

/// A reader of the document's events.
fn seen_as_event(url: &str, writes: u32) -> Times {
    let document = "seen-as-event";
    let path = format!("/timeline/stream?document={document}");
    // From the beginning on, so that nothing is left out, and first of all comes the write before those that count.
    let (mut last, mut is_first) = ("0".to_owned(), true);
    let mut events = None;
    seen(url, document, writes, || {
        loop {
            let open = || Events::open(url, &path, Some(&last)).expect("a stream");
            match events.get_or_insert_with(open).next_block().expect("the stream goes on") {
                // It ends by itself after a while.
                None => events = None,
                Some(block) => {
                    last = block.id.unwrap_or(last.clone());
                    if block.data.is_some() && !std::mem::take(&mut is_first) {
                        return;
                    }
                }
            }
        }
    })
}
