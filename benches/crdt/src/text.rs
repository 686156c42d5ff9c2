//! Everything that is measured on a trace.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use crate::alloc;
use crate::contestants::{Automerge, Contestant, Diamond, Failure, Loro, Ours, Yrs};
use crate::measure::{Limits, Sample, medians, once};
use crate::session::{Plan, Played, type_in};
use crate::table::{Cell, Goal, Row, Unit};
use crate::trace::Trace;

/// How to run.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    pub(crate) limits: Limits,
    /// Contestants that stay out.
    pub(crate) skip: Vec<String>,
    /// Leave out what takes minutes.
    pub(crate) quick: bool,
}

/// Operations beyond which a contestant with linear position look-up needs minutes.
const LONG: usize = 60_000;

const APPLY: &str = "apply locally, read text";
const EXCHANGE: &str = "edit and exchange as it happened, read text";
const PUSH: &str = "add operations with known parents, read text";
const HISTORY: &str = "history";
const SNAPSHOT: &str = "snapshot (history and text)";
const ENCODE: &str = "encode history";
const LOAD: &str = "load history";
const OPEN: &str = "load";
const LOAD_TEXT: &str = "load, read text";
const MERGE: &str = "merge two diverged replicas, read text";
const LIVE: &str = "memory after applying";
const PEAK: &str = "memory at most while applying";

/// The rows of one trace while they are filled.
struct Board<'a> {
    rows: Vec<Row>,
    tasks: Vec<(&'static str, &'static str, Sample<'a>)>,
}

impl<'a> Board<'a> {
    fn new(trace: &Trace) -> Self {
        let goal = Some(Goal { at_most: 1.0 });
        let apply = if trace.is_sequential() { APPLY } else { EXCHANGE };
        let mut rows = vec![(apply, Unit::Time, goal)];
        if !trace.is_sequential() {
            rows.push((PUSH, Unit::Time, goal));
        }
        rows.extend([
            (HISTORY, Unit::Bytes, goal),
            (SNAPSHOT, Unit::Bytes, goal),
            (ENCODE, Unit::Time, goal),
            (LOAD, Unit::Time, goal),
            (OPEN, Unit::Time, goal),
            (LOAD_TEXT, Unit::Time, goal),
        ]);
        if trace.diverged.is_some() {
            rows.push((MERGE, Unit::Time, goal));
        }
        rows.push((LIVE, Unit::Bytes, goal));
        if trace.is_sequential() {
            rows.push((PEAK, Unit::Bytes, None));
        }
        let row = |(what, unit, goal): (&str, _, _)| Row {
            subject: trace.name.clone(),
            what: what.to_owned(),
            unit,
            goal,
            cells: BTreeMap::new(),
        };
        Board { rows: rows.into_iter().map(row).collect(), tasks: Vec::new() }
    }

    fn set(&mut self, what: &str, contestant: &str, cell: Cell) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.what == what) {
            row.cells.insert(contestant.to_owned(), cell);
        }
    }

    fn task(
        &mut self,
        what: &'static str,
        contestant: &'static str,
        sample: impl FnMut() -> Result<f64, Failure> + 'a,
    ) {
        self.tasks.push((what, contestant, Box::new(sample)));
    }

    /// Row by row, so that those who are compared run at the same time.
    fn finish(mut self, limits: Limits) -> Vec<Row> {
        for index in 0..self.rows.len() {
            let what = self.rows[index].what.clone();
            let (now, later): (Vec<_>, Vec<_>) = self.tasks.into_iter().partition(|task| task.0 == what);
            self.tasks = later;
            let names: Vec<&str> = now.iter().map(|task| task.1).collect();
            let results = medians(now.into_iter().map(|task| task.2).collect(), limits);
            for (name, result) in names.into_iter().zip(results) {
                let cell = result.map_or_else(Cell::Missing, Cell::Value);
                self.rows[index].cells.insert(name.to_owned(), cell);
            }
        }
        self.rows
    }
}

/// Measures all contestants on a trace.
pub(crate) fn rows(trace: &Trace, settings: &Settings) -> Vec<Row> {
    let plan = Plan::of(trace);
    let mut board = Board::new(trace);
    enter::<Ours>(&mut board, trace, &plan, settings);
    enter::<Diamond>(&mut board, trace, &plan, settings);
    enter::<Loro>(&mut board, trace, &plan, settings);
    enter::<Automerge>(&mut board, trace, &plan, settings);
    enter::<Yrs>(&mut board, trace, &plan, settings);
    board.finish(settings.limits)
}

fn enter<'a, C: Contestant + 'a>(
    board: &mut Board<'a>,
    trace: &'a Trace,
    plan: &'a Plan,
    settings: &Settings,
) {
    let long = settings.quick && C::IS_SLOW && trace.operations.len() > LONG;
    let obstacle = if settings.skip.iter().any(|name| name == C::NAME) {
        Some("left out with --skip")
    } else if long {
        Some("takes minutes, left out with --quick")
    } else {
        C::obstacle(trace)
    };
    eprintln!("    {}{}", C::NAME, if obstacle.is_some() { ": left out" } else { "" });
    let outcome = match obstacle {
        Some(reason) => Err(reason.into()),
        None => prepare::<C>(board, trace, plan, settings),
    };
    if let Err(reason) = outcome {
        let reason = reason.to_string();
        for what in board.rows.iter().map(|row| row.what.clone()).collect::<Vec<_>>() {
            board.set(&what, C::NAME, Cell::Missing(reason.clone()));
        }
        board.tasks.retain(|task| task.1 != C::NAME);
    }
}

/// The whole session, ending in one replica that has everything.
fn play<C: Contestant>(trace: &Trace, plan: &Plan) -> Result<(C, String), Failure> {
    let mut document: C =
        if trace.is_sequential() { type_in(trace)? } else { Played::new(trace, plan)?.finish(plan)? };
    let text = document.text()?;
    Ok((document, text))
}

fn prepare<'a, C: Contestant + 'a>(
    board: &mut Board<'a>,
    trace: &'a Trace,
    plan: &'a Plan,
    settings: &Settings,
) -> Result<(), Failure> {
    let (played, live, peak) = alloc::measured(|| {
        once(|| {
            let (document, text) = play::<C>(trace, plan)?;
            // The text itself is dropped here: it is no part of the document's memory.
            Ok((document, trace.end_content.as_ref().is_none_or(|end| *end == text)))
        })
    });
    let ((mut document, matches), first) = played?;
    if !matches {
        return Err("it ends with another text than the recording".into());
    }
    board.set(LIVE, C::NAME, Cell::Value(live as f64));
    board.set(PEAK, C::NAME, Cell::Value(peak as f64));
    let apply = if trace.is_sequential() { APPLY } else { EXCHANGE };
    if first > settings.limits.budget.as_nanos() as f64 {
        // Once is enough of what takes so long.
        board.set(apply, C::NAME, Cell::Value(first));
    } else {
        board.task(apply, C::NAME, move || Ok(once(|| play::<C>(trace, plan))?.1));
    }

    let text = document.text()?;
    if let Some(mut pushed) = C::push_all(trace)?.filter(|_| !trace.is_sequential()) {
        if pushed.text()? != text {
            return Err("operations with known parents end in another text".into());
        }
        board.task(PUSH, C::NAME, move || {
            let work = || {
                let mut document = C::push_all(trace)?.ok_or("there is no such interface")?;
                Ok((document.text()?, document))
            };
            Ok(once(work)?.1)
        });
    }

    let history = document.history()?;
    board.set(HISTORY, C::NAME, Cell::Value(history.len() as f64));
    let snapshot = document.snapshot()?;
    if let Some(snapshot) = &snapshot {
        board.set(SNAPSHOT, C::NAME, Cell::Value(snapshot.len() as f64));
    }
    let readable = snapshot.unwrap_or_else(|| history.clone());
    if C::load(&history)?.text()? != text || C::load(&readable)?.text()? != text {
        return Err("what was saved is not what is loaded".into());
    }
    board.task(LOAD, C::NAME, move || Ok(once(|| C::load(&history))?.1));
    let opened = readable.clone();
    board.task(OPEN, C::NAME, move || Ok(once(|| C::load(&opened))?.1));
    board.task(LOAD_TEXT, C::NAME, move || {
        let work = || C::load(&readable).and_then(|mut document| Ok((document.text()?, document)));
        Ok(once(work)?.1)
    });
    let mut encoder = document;
    board.task(ENCODE, C::NAME, move || Ok(once(|| encoder.history())?.1));
    if let Some(pair) = trace.diverged {
        prepare_merge::<C>(board, trace, plan, pair)?;
    }
    Ok(())
}

/// Two replicas as they were after their own last operations, one of which takes in the other.
fn prepare_merge<'a, C: Contestant + 'a>(
    board: &mut Board<'a>,
    trace: &'a Trace,
    plan: &'a Plan,
    (left, right): (usize, usize),
) -> Result<(), Failure> {
    let mut replicas = Played::<C>::new(trace, plan)?.replicas;
    let mut b = replicas[right].copy()?;
    let mut a = replicas.swap_remove(left);
    drop(replicas);
    let merged = |one: &mut C, other: &mut C| -> Result<String, Failure> {
        let mut copy = one.copy()?;
        let known = other.known_by(&mut copy)?;
        copy.merge(other, &known)?;
        copy.text()
    };
    if merged(&mut a, &mut b)? != merged(&mut b, &mut a)? {
        return Err("two replicas that merged each other differ".into());
    }
    let known = b.known_by(&mut a)?;
    let pair = Rc::new(RefCell::new((a, b)));
    board.task(MERGE, C::NAME, move || {
        let (a, b) = &mut *pair.borrow_mut();
        let mut copy = a.copy()?;
        let work = || {
            copy.merge(b, &known)?;
            copy.text()
        };
        Ok(once(work)?.1)
    });
    Ok(())
}
