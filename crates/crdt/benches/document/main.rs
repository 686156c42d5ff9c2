//! The text document beside diamond-types: applying a trace, encoding, loading, merging.
//!
//! `cargo bench -p ramanujan-crdt --bench document`. First a table of medians and ratios, then divan's.

#[path = "../../tests/peers/diamond.rs"]
mod diamond;
mod traces;

use std::cell::RefCell;
use std::hint::black_box;
use std::time::{Duration, Instant};

use diamond::log_of;
use diamond_types::list::encoding::ENCODE_FULL;
use diamond_types::list::{Branch, ListCRDT, OpLog};
use ramanujan_crdt::TextDocument;
use ramanujan_crdt::text::Effort;
use traces::{Edit, Fork, concurrent, document_of, long_fork, sequential, type_ours, type_theirs, typing};

fn main() {
    if std::env::args().all(|argument| argument == "--bench" || !argument.starts_with('-')) {
        println!("trace | what | ours | diamond-types | ours / diamond-types");
        for name in SEQUENTIAL {
            match edits(name) {
                Some(edits) => sequential_rows(name, &edits),
                None => println!("{name}: no recording here"),
            }
        }
        for name in FORKS {
            match fork(name) {
                Some(fork) => fork_rows(name, &fork),
                None => println!("{name}: no recording here"),
            }
        }
    }
    divan::main();
}

const SEQUENTIAL: [&str; 3] = ["automerge-paper", "sveltecomponent", "typing, 250,000 edits"];
const FORKS: [&str; 2] = ["friendsforever", "fork of 20,000 edits after 50,000"];

fn edits(name: &str) -> Option<Vec<Edit>> {
    if name.starts_with("typing") { Some(typing(250_000, &mut 0, 1)) } else { sequential(name) }
}

fn fork(name: &str) -> Option<Fork> {
    if name.starts_with("fork") { Some(long_fork(50_000, 20_000)) } else { concurrent(name) }
}

/// Medians of two contestants that take turns; each gets what `prepare` makes, which is not timed.
fn duel<A, B>(
    name: &str,
    what: &str,
    mut ours: (impl FnMut() -> A, impl FnMut(A)),
    mut theirs: (impl FnMut() -> B, impl FnMut(B)),
) {
    let began = Instant::now();
    let mut times: [Vec<Duration>; 2] = [Vec::new(), Vec::new()];
    while times[0].len() < 5 || (began.elapsed() < Duration::from_secs(2) && times[0].len() < 301) {
        let input = ours.0();
        let start = Instant::now();
        ours.1(input);
        times[0].push(start.elapsed());
        let input = theirs.0();
        let start = Instant::now();
        theirs.1(input);
        times[1].push(start.elapsed());
    }
    let [ours, theirs] = times.map(|mut times| {
        times.sort_unstable();
        times[times.len() / 2]
    });
    let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
    println!("{name} | {what} | {ours:.3?} | {theirs:.3?} | {ratio:.2}");
}

fn sizes(name: &str, what: &str, ours: usize, theirs: usize) {
    println!("{name} | {what} | {ours} B | {theirs} B | {:.2}", ours as f64 / theirs as f64);
}

fn nothing() {}

fn sequential_rows(name: &str, edits: &[Edit]) {
    duel(
        name,
        "apply and read text",
        (nothing, |()| drop(black_box(type_ours(edits).text()))),
        (nothing, |()| drop(black_box(type_theirs(edits).branch.content().to_string()))),
    );
    let (ours, theirs) = (type_ours(edits), type_theirs(edits));
    encoding_rows(name, ours, &theirs.oplog);
}

fn encoding_rows(name: &str, ours: TextDocument, theirs: &OpLog) {
    let peer = theirs.encode(ENCODE_FULL);
    let encode_peer = || drop(black_box(theirs.encode(ENCODE_FULL)));
    let load_peer = || drop(black_box(OpLog::load_from(&peer)));
    let read_peer = || drop(black_box(ListCRDT::load_from(&peer).unwrap().branch.content().to_string()));
    for (what, effort) in [("small", Effort::Small), ("fast", Effort::Fast)] {
        let bytes = ours.encode_with(effort);
        sizes(name, &format!("history, {what}"), bytes.len(), peer.len());
        duel(
            name,
            &format!("encode, {what}"),
            (nothing, |()| drop(black_box(ours.encode_with(effort)))),
            (nothing, |()| encode_peer()),
        );
        duel(
            name,
            &format!("load history, {what}"),
            (nothing, |()| drop(black_box(TextDocument::load(&bytes)))),
            (nothing, |()| load_peer()),
        );
        duel(
            name,
            &format!("load history and read text, {what}"),
            (nothing, |()| drop(black_box(TextDocument::load(&bytes).unwrap().text()))),
            (nothing, |()| read_peer()),
        );
    }
    let snapshot = ours.clone().snapshot().unwrap();
    sizes(name, "snapshot", snapshot.len(), peer.len());
    duel(
        name,
        "load snapshot and read text",
        (nothing, |()| drop(black_box(TextDocument::load(&snapshot).unwrap().text()))),
        (nothing, |()| read_peer()),
    );
    duel(
        name,
        "load snapshot, open history",
        (nothing, |()| drop(black_box(TextDocument::load(&snapshot).unwrap().open()))),
        (nothing, |()| load_peer()),
    );
}

fn fork_rows(name: &str, fork: &Fork) {
    let (mut left, mut right) = (document_of(&fork.left), document_of(&fork.right));
    drop((left.text(), right.text()));
    let (left_log, right_log) = (log_of(&fork.left), log_of(&fork.right));
    let left_branch = left_log.checkout_tip();
    let their_start = || (left_log.clone(), left_branch.clone());
    let their_merge = |(mut log, mut branch): (OpLog, Branch)| {
        log.decode_and_add(&right_log.encode(ENCODE_FULL)).unwrap();
        branch.merge(&log, log.local_version_ref());
        drop(black_box(branch.content().to_string()));
    };
    duel(
        name,
        "merge and read text",
        (
            || left.clone(),
            |mut left: TextDocument| {
                left.merge(&right).unwrap();
                drop(black_box(left.text()));
            },
        ),
        (their_start, their_merge),
    );
    duel(
        name,
        "merge by encoded difference and read text",
        (
            || left.clone(),
            |mut left: TextDocument| {
                let bytes = right.diff(&left.version()).unwrap();
                left.apply_encoded(&bytes).unwrap();
                drop(black_box(left.text()));
            },
        ),
        (their_start, their_merge),
    );
    left.merge(&right).unwrap();
    let deltas: Vec<_> = left.deltas().unwrap().collect();
    encoding_rows(name, left, &log_of(&deltas));
}

thread_local! {
    /// Traces are read once.
    static TRACE: RefCell<Option<(String, Vec<Edit>)>> = const { RefCell::new(None) };
}

fn with_edits(name: &str, run: impl FnOnce(&[Edit])) {
    TRACE.with_borrow_mut(|trace| {
        if trace.as_ref().is_none_or(|(kept, _)| kept != name) {
            *trace = edits(name).map(|edits| (name.to_owned(), edits));
        }
        if let Some((_, edits)) = trace {
            run(edits);
        }
    });
}

#[divan::bench(args = SEQUENTIAL, sample_count = 20)]
fn apply(bencher: divan::Bencher<'_, '_>, name: &str) {
    with_edits(name, |edits| bencher.bench_local(|| type_ours(edits).text()));
}

#[divan::bench(args = SEQUENTIAL, sample_count = 20)]
fn apply_diamond_types(bencher: divan::Bencher<'_, '_>, name: &str) {
    with_edits(name, |edits| bencher.bench_local(|| type_theirs(edits).branch.content().to_string()));
}

#[divan::bench(args = SEQUENTIAL, sample_count = 20)]
fn encode(bencher: divan::Bencher<'_, '_>, name: &str) {
    with_edits(name, |edits| {
        let document = type_ours(edits);
        bencher.bench_local(|| document.encode());
    });
}

#[divan::bench(args = SEQUENTIAL, sample_count = 20)]
fn load_snapshot_and_read(bencher: divan::Bencher<'_, '_>, name: &str) {
    with_edits(name, |edits| {
        let bytes = type_ours(edits).snapshot().unwrap();
        bencher.bench_local(|| TextDocument::load(&bytes).unwrap().text());
    });
}
