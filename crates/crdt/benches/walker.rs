//! Replay of whole histories to their text, with diamond-types beside it on the same operations.
//!
//! `cargo bench -p ramanujan-crdt --bench walker`. First a table of medians and ratios, then divan's.

mod histories;

use std::hint::black_box;
use std::time::{Duration, Instant};

use histories::{History, appending, branches, mesh, one_place, recording};

type Make = fn() -> Option<History>;

fn all() -> Vec<(&'static str, Make)> {
    vec![
        ("friendsforever", || recording("friendsforever")),
        ("automerge-paper", || recording("automerge-paper")),
        ("2 branches of 100,000 edits", || Some(branches(2, 100_000, 1))),
        ("2 branches of 5,000 edits, 20 times", || Some(branches(2, 5_000, 20))),
        ("48 branches of 2,000 edits", || Some(branches(48, 2_000, 1))),
        ("2 branches of 4 edits, 1,000 times", || Some(branches(2, 4, 1_000))),
        ("48 branches of 4 edits, 20 times", || Some(branches(48, 4, 20))),
        ("8 agents, 4,000 edits, synced at random", || Some(mesh(8, 4_000))),
        ("8 agents typing at one place", || Some(one_place(8, 2_000))),
        ("2 agents going on at the end", || Some(appending(2, 10_000))),
        ("2 agents typing much at one place", || Some(one_place(2, 40_000))),
    ]
}

fn by_name(name: &str) -> Option<History> {
    all().into_iter().find(|(other, _)| *other == name).and_then(|(_, make)| make())
}

fn main() {
    if std::env::args().all(|argument| argument == "--bench" || !argument.starts_with('-')) {
        println!("history | events | deltas | ours | diamond-types | ours / diamond-types");
        for (name, make) in all() {
            let Some(history) = make() else { continue };
            let ours = median(|| drop(black_box(history.graph.text())));
            let peer = median(|| drop(black_box(history.log.checkout_tip().content().to_string())));
            let ratio = ours.as_secs_f64() / peer.as_secs_f64();
            let (events, deltas) = (history.log.len(), history.graph.len());
            println!("{name} | {events} | {deltas} | {ours:.2?} | {peer:.2?} | {ratio:.2}");
        }
    }
    divan::main();
}

fn median(mut run: impl FnMut()) -> Duration {
    let began = Instant::now();
    let mut times = Vec::new();
    while times.is_empty() || (began.elapsed() < Duration::from_secs(1) && times.len() < 201) {
        let start = Instant::now();
        run();
        times.push(start.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn names() -> Vec<&'static str> {
    all().into_iter().map(|(name, _)| name).collect()
}

#[divan::bench(args = names(), sample_count = 20)]
fn ours(bencher: divan::Bencher<'_, '_>, name: &str) {
    let Some(History { graph, .. }) = by_name(name) else { return };
    bencher.bench_local(|| graph.text());
}

#[divan::bench(args = names(), sample_count = 20)]
fn diamond_types(bencher: divan::Bencher<'_, '_>, name: &str) {
    let Some(History { log, .. }) = by_name(name) else { return };
    bencher.bench_local(|| log.checkout_tip().content().to_string());
}
