//! Ten thousand documents: what it costs to find out that nothing, or one operation, is new.

use negentropy::{Id, Negentropy, NegentropyStorageVector};
use ramanujan_core::{AgentId, Digest, DocumentId};
use ramanujan_crdt::Op;
use ramanujan_sync::Direction;

use crate::contestants::Failure;
use crate::pair::{Cost, Pair};
use crate::shelf::Shelf;
use crate::table::{Goal, Row, Unit};

const DOCUMENTS: usize = 10_000;
const NEGENTROPY: &str = "negentropy";
/// What ids are made at: documents are written one after the other, a second apart.
const EPOCH: u64 = 1_700_000_000;

fn id(nth: usize) -> Result<DocumentId, Failure> {
    Ok(format!("document-{nth}").parse()?)
}

fn equal(direction: Direction) -> Result<Pair, Failure> {
    let agent: AgentId = "ann".parse()?;
    let mut full = Shelf::new(1);
    for nth in 0..DOCUMENTS {
        full.write(&id(nth)?, &agent, Op::Increment { amount: 1 });
    }
    let mut pair = Pair::new(direction, [Shelf::new(2), full])?;
    // The feed is taken in parts, so that one round has all.
    pair.round()?;
    if pair.are_equal() { Ok(pair) } else { Err("the documents are not copied".into()) }
}

/// The same items under negentropy: the hash of each document as the id. Trips and bytes both ways.
fn negentropy(pair: &Pair) -> Result<(u64, u64), Failure> {
    let side = |shelf: &Shelf| -> Result<NegentropyStorageVector, Failure> {
        let mut items = NegentropyStorageVector::with_capacity(DOCUMENTS);
        for (nth, Digest(leaf)) in shelf.leaves().enumerate() {
            items.insert(EPOCH + nth as u64, Id::from_byte_array(leaf))?;
        }
        items.seal()?;
        Ok(items)
    };
    let mut asks = Negentropy::owned(side(&pair.stores[0])?, 0)?;
    let mut answers = Negentropy::owned(side(&pair.stores[1])?, 0)?;
    let (mut trips, mut bytes) = (0, 0);
    let (mut have, mut need) = (Vec::new(), Vec::new());
    let mut message = Some(asks.initiate()?);
    while let Some(question) = message {
        let answer = answers.reconcile(&question)?;
        trips += 1;
        bytes += (question.len() + answer.len()) as u64;
        message = asks.reconcile_with_ids(&answer, &mut have, &mut need)?;
    }
    let expected = usize::from(!pair.are_equal());
    if (have.len(), need.len()) != (expected, expected) {
        return Err("negentropy found other differences".into());
    }
    Ok((trips, bytes))
}

fn rows(rows: &mut Vec<Row>, what: &str, cost: &Cost, peer: Option<(u64, u64)>, (trips, bytes): (f64, f64)) {
    eprintln!("    {what}: {}", cost.by_kind());
    let row = |measure: &str, unit, value: u64, theirs: Option<u64>, goal| {
        let mut row = Row::new(what, measure, unit, value as f64, Goal::AtMost(goal));
        row.peers.extend(theirs.map(|theirs| (NEGENTROPY.to_owned(), Ok(theirs as f64))));
        row
    };
    rows.push(row("round trips", Unit::Count, cost.trips, peer.map(|(trips, _)| trips), trips));
    rows.push(row("bytes, both ways", Unit::Bytes, cost.bytes, peer.map(|(_, bytes)| bytes), bytes));
}

pub(crate) fn measure() -> Result<Vec<Row>, Failure> {
    let ann: AgentId = "ann".parse()?;
    let mut all = Vec::new();
    for (direction, name) in [(Direction::Pull, "pull"), (Direction::Both, "pull and push")] {
        let mut pair = equal(direction)?;
        pair.round()?;
        pair.forget()?;
        let peer = negentropy(&pair)?;
        let cost = pair.round()?;
        let what = format!("10,000 equal documents, cursors lost ({name})");
        rows(&mut all, &what, &cost, Some(peer), (3.0, 1024.0));
        let write = |pair: &mut Pair, nth: usize| -> Result<(), Failure> {
            pair.stores[1].write(&id(nth)?, &ann, Op::Increment { amount: 5 });
            Ok(())
        };
        write(&mut pair, 77)?;
        let cost = pair.round()?;
        let what = format!("10,000 documents, one operation new, cursors kept ({name})");
        rows(&mut all, &what, &cost, None, (2.0, 1024.0));
        // What was fetched is offered back once, because whoever has it may have it from elsewhere.
        pair.round()?;
        write(&mut pair, 78)?;
        pair.forget()?;
        let peer = negentropy(&pair)?;
        let cost = pair.round()?;
        if !pair.are_equal() {
            return Err("the new operation was not copied".into());
        }
        let what = format!("10,000 documents, one operation new, cursors lost ({name})");
        rows(&mut all, &what, &cost, Some(peer), (6.0, 4096.0));
    }
    Ok(all)
}
