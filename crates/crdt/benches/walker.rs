//! Replay of whole histories to their text, with diamond-types beside it on the same operations.
//!
//! `cargo bench -p ramanujan-crdt --bench walker`. First a table of medians and ratios, then divan's.

mod histories;

use std::hint::black_box;
use std::time::{Duration, Instant};

use histories::{History, all, by_name};

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
