//! Plays a trace through a contestant as it happened: each replica edits locally and hears of the others exactly when
//! the trace says that it did.

use std::collections::HashMap;

use ramanujan_replay::operation::{Edit, Mark, Operation};

use crate::contestants::{Contestant, Failure};
use crate::trace::Trace;

/// Operations of one replica in a row, during which nobody hears of it nor it of anybody.
struct Chunk {
    replica: usize,
    /// Indexes into the trace.
    operations: Vec<usize>,
    /// Chunks of others that the replica takes in first, parents first.
    imports: Vec<usize>,
}

/// Who edits when, and who hears of what when.
pub(crate) struct Plan {
    chunks: Vec<Chunk>,
    /// Per replica, the chunks it lacks at the end, parents first.
    rest: Vec<Vec<usize>>,
}

impl Plan {
    pub(crate) fn of(trace: &Trace) -> Self {
        let is_own = |operation: &Operation| {
            let own = Mark { replica: operation.mark.replica, seq: operation.mark.seq - 1 };
            matches!(operation.parents.as_slice(), [one] if *one == own)
        };
        // Where others begin from, a chunk ends.
        let mut ends: HashMap<Mark, usize> = HashMap::new();
        for operation in &trace.operations {
            let foreign = |parent: &&Mark| parent.replica != operation.mark.replica;
            ends.extend(operation.parents.iter().filter(foreign).map(|parent| (*parent, usize::MAX)));
        }
        let mut chunks: Vec<Chunk> = Vec::new();
        let mut open: Vec<Option<usize>> = vec![None; trace.replicas];
        // Per chunk and replica, how many of the replica's chunks are in its past, itself included.
        let mut pasts: Vec<Vec<usize>> = Vec::new();
        let mut of_replica: Vec<Vec<usize>> = vec![Vec::new(); trace.replicas];
        for (index, operation) in trace.operations.iter().enumerate() {
            let replica = operation.mark.replica as usize;
            let chunk = match open[replica] {
                Some(chunk) if is_own(operation) => chunk,
                _ => {
                    let own = of_replica[replica].last().map(|chunk: &usize| pasts[*chunk].clone());
                    let before = own.unwrap_or_else(|| vec![0; trace.replicas]);
                    let mut past = before.clone();
                    for parent in operation.parents.iter().filter(|parent| parent.replica as usize != replica)
                    {
                        let theirs = &pasts[ends[parent]];
                        past.iter_mut().zip(theirs).for_each(|(mine, theirs)| *mine = (*mine).max(*theirs));
                    }
                    let imports = missing(&before, &past, replica, &of_replica);
                    past[replica] += 1;
                    chunks.push(Chunk { replica, operations: Vec::new(), imports });
                    pasts.push(past);
                    of_replica[replica].push(chunks.len() - 1);
                    chunks.len() - 1
                }
            };
            chunks[chunk].operations.push(index);
            open[replica] = Some(chunk);
            if let Some(end) = ends.get_mut(&operation.mark) {
                *end = chunk;
                open[replica] = None;
            }
        }
        let everything: Vec<usize> = of_replica.iter().map(Vec::len).collect();
        let rest = (0..trace.replicas)
            .map(|replica| {
                let last = of_replica[replica].last().map(|chunk| pasts[*chunk].clone());
                let has = last.unwrap_or_else(|| vec![0; trace.replicas]);
                missing(&has, &everything, replica, &of_replica)
            })
            .collect();
        Plan { chunks, rest }
    }
}

fn missing(has: &[usize], wants: &[usize], replica: usize, of_replica: &[Vec<usize>]) -> Vec<usize> {
    let others = (0..has.len()).filter(|other| *other != replica);
    let mut chunks: Vec<usize> =
        others.flat_map(|other| of_replica[other][has[other]..wants[other]].iter().copied()).collect();
    // A chunk is numbered when it begins, which is after everything in its past.
    chunks.sort_unstable();
    chunks
}

/// Applies one operation as a local edit.
pub(crate) fn edit<C: Contestant>(document: &mut C, edit: &Edit) -> Result<(), Failure> {
    match edit {
        Edit::Insert { position, text } => document.insert(*position as usize, text),
        Edit::Delete { position, length } => document.delete(*position as usize, *length as usize),
    }
}

/// A sequential trace, typed into one replica.
pub(crate) fn type_in<C: Contestant>(trace: &Trace) -> Result<C, Failure> {
    let mut document = C::new(0)?;
    for operation in &trace.operations {
        edit(&mut document, &operation.edit)?;
    }
    document.commit();
    Ok(document)
}

/// All replicas of a session as they were after their own last operation, and what the chunks are on the wire.
pub(crate) struct Played<C> {
    pub(crate) replicas: Vec<C>,
    bytes: Vec<Vec<u8>>,
}

impl<C: Contestant> Played<C> {
    pub(crate) fn new(trace: &Trace, plan: &Plan) -> Result<Self, Failure> {
        let mut replicas: Vec<C> = (0..trace.replicas).map(C::new).collect::<Result<_, _>>()?;
        let mut bytes: Vec<Vec<u8>> = Vec::with_capacity(plan.chunks.len());
        for chunk in &plan.chunks {
            let document = &mut replicas[chunk.replica];
            for import in &chunk.imports {
                document.apply(&bytes[*import])?;
            }
            let before = document.version();
            for index in &chunk.operations {
                edit(document, &trace.operations[*index].edit)?;
            }
            document.commit();
            bytes.push(document.diff(&before)?);
        }
        Ok(Played { replicas, bytes })
    }

    /// Lets the first replica hear of everything.
    pub(crate) fn finish(mut self, plan: &Plan) -> Result<C, Failure> {
        let mut document = self.replicas.swap_remove(0);
        for chunk in &plan.rest[0] {
            document.apply(&self.bytes[*chunk])?;
        }
        Ok(document)
    }
}
