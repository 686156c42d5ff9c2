//! The first copy of a recording: from one replica that has all of it to one that has nothing, until that one can show the
//! text.

use automerge::{AutoCommit, ReadDoc, TextEncoding};
use loro::{ExportMode, LoroDoc};
use ramanujan_core::DocumentId;
use ramanujan_crdt::TextDocument;
use ramanujan_sync::Direction;

use crate::alloc;
use crate::automerging;
use crate::contestants::{Automerge, Contestant, Failure, Loro, Ours};
use crate::measure::{Limits, Sample, medians, once};
use crate::pair::{Cost, Pair};
use crate::session::{Plan, Played, type_in};
use crate::shelf::Shelf;
use crate::table::{Goal, Row, Unit};
use crate::trace::Trace;

const OF_HISTORY: f64 = 1.1;
/// A peer with a change for each operation, as ours has a delta for each.
const FINE: &str = "automerge, a change per operation";

/// The document of a recording.
pub(crate) fn document() -> Result<DocumentId, Failure> {
    Ok("recording".parse()?)
}

/// A replica that has everything.
fn whole<C: Contestant>(trace: &Trace, plan: &Plan) -> Result<C, Failure> {
    if trace.is_sequential() { type_in(trace) } else { Played::new(trace, plan)?.finish(plan) }
}

/// A store with all deltas of a document, in their order.
pub(crate) fn shelf_of(document: &TextDocument, name: u64) -> Result<Shelf, Failure> {
    let mut shelf = Shelf::new(name);
    for delta in document.deltas()? {
        if !shelf.push(&self::document()?, delta, None) {
            return Err("a delta comes before its parent".into());
        }
    }
    Ok(shelf)
}

/// Ours: rounds of the engine with its checks, then the text.
fn ours(full: &mut Option<Shelf>) -> Result<(Cost, String), Failure> {
    let source = full.take().ok_or("the source is gone")?;
    let mut pair = Pair::new(Direction::Pull, [Shelf::new(2), source])?;
    let cost = pair.round()?;
    if !pair.are_equal() {
        return Err("not all was copied".into());
    }
    let [copy, source] = pair.stores;
    *full = Some(source);
    Ok((cost, copy.text(&document()?)?))
}

fn theirs(source: &mut AutoCommit, text: &automerge::ObjId) -> Result<(u64, String), Failure> {
    let mut copy = AutoCommit::new_with_encoding(TextEncoding::UnicodeCodePoint);
    let bytes = automerging::exchange(&mut copy, source, &[])?;
    Ok((bytes, copy.text(text)?))
}

fn loro(source: &mut Loro) -> Result<(u64, String), Failure> {
    let copy = LoroDoc::new();
    let version = copy.oplog_vv().encode();
    let updates = source.document.export(ExportMode::updates(&loro::VersionVector::decode(&version)?))?;
    copy.import(&updates)?;
    Ok(((version.len() + updates.len()) as u64, copy.get_text("text").to_string()))
}

/// A sequential recording with a commit after each operation.
fn fine(trace: &Trace) -> Result<Automerge, Failure> {
    let mut document = Automerge::new(0)?;
    for operation in &trace.operations {
        crate::session::edit(&mut document, &operation.edit)?;
        document.commit();
    }
    Ok(document)
}

pub(crate) fn measure(trace: &Trace, limits: Limits) -> Result<Vec<Row>, Failure> {
    let plan = Plan::of(trace);
    let (history, mut full, text) = {
        let mut own: Ours = whole(trace, &plan)?;
        let text = own.text()?;
        (own.history()?.len() as f64, Some(shelf_of(&own.document, 1)?), text)
    };
    let mut loro_source: Loro = whole(trace, &plan)?;
    loro_source.commit();
    let mut sources: Vec<(&str, Automerge)> = vec![("automerge", whole(trace, &plan)?)];
    if trace.is_sequential() {
        sources.push((FINE, fine(trace)?));
    }
    for (_, source) in &mut sources {
        source.document.commit();
    }

    let (first, _, peak) = alloc::measured(|| ours(&mut full));
    let (cost, shown) = first?;
    let (loro_first, _, loro_peak) = alloc::measured(|| loro(&mut loro_source));
    let (loro_bytes, loro_shown) = loro_first?;
    let mut bytes = vec![("loro", loro_bytes)];
    let mut peaks = vec![("loro", loro_peak)];
    let mut all_shown = vec![shown, loro_shown];
    for (name, source) in &mut sources {
        let (first, _, peak) = alloc::measured(|| theirs(&mut source.document, &source.text));
        let (theirs, shown) = first?;
        bytes.push((*name, theirs));
        peaks.push((*name, peak));
        all_shown.push(shown);
    }
    if all_shown.iter().any(|shown| *shown != text) {
        return Err("a copy shows another text".into());
    }
    eprintln!("    {}: {}; deltas {}", trace.name, cost.by_kind(), cost.deltas);

    let mut tasks: Vec<Sample<'_>> = vec![
        Box::new(|| Ok(once(|| ours(&mut full))?.1)),
        Box::new(|| Ok(once(|| loro(&mut loro_source))?.1)),
    ];
    let mut names = vec!["loro"];
    for (name, source) in &mut sources {
        names.push(name);
        tasks.push(Box::new(move || Ok(once(|| theirs(&mut source.document, &source.text))?.1)));
    }
    let mut times = medians(tasks, limits).into_iter();
    let own = times.next().ok_or("nothing was timed")??;
    let times: Vec<(&str, Result<f64, String>)> = names.into_iter().zip(times).collect();

    let work = format!("first copy of {}", trace.name);
    let mut rows = vec![
        Row::new(&work, "bytes, both ways", Unit::Bytes, cost.bytes as f64, Goal::OfBest(OF_HISTORY))
            .beside("its encoded history", Ok(history)),
        Row::new(&work, "bytes beside others", Unit::Bytes, cost.bytes as f64, Goal::None),
        Row::new(&work, "round trips", Unit::Count, cost.trips as f64, Goal::None),
        Row::new(&work, "time until the text is shown", Unit::Time, own, Goal::OfBest(1.0)),
        Row::new(&work, "peak memory", Unit::Bytes, peak as f64, Goal::None),
    ];
    for (name, bytes) in bytes {
        rows[1].peers.push((name.into(), Ok(bytes as f64)));
    }
    for (name, time) in times {
        rows[3].peers.push((name.into(), time));
    }
    for (name, peak) in peaks {
        rows[4].peers.push((name.into(), Ok(peak as f64)));
    }
    Ok(rows)
}
