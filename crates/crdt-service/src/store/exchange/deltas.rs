//! Deltas on their way: read for others, and stored as they come from them.

use std::collections::BTreeMap;

use ramanujan_core::{AgentId, Code, Digest, Dot, Problem};
use ramanujan_crdt::{CrdtType, Delta};
use ramanujan_shell::page::Page;
use ramanujan_sync::limits::MAX_PACK_DELTAS;
use ramanujan_sync::message::Want;
use ramanujan_sync::pack::Pack;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{StoreRefusal, Stored};

use super::super::database::Database;
use crate::apply::check::Accepted;
use crate::apply::operation::Operation;
use crate::record::Recorded;
use crate::settings::MAX_BATCH;
use crate::weight;

/// Rows read at a time.
const ROWS: u64 = 4096;
/// Bytes that a delta takes in a pack beside what it carries, roughly.
const DELTA_BYTES: u64 = 16;
/// Bytes that a name of a parent takes there, roughly.
const PARENT_BYTES: u64 = 4;

/// Deltas that were read.
#[derive(Default)]
pub(crate) struct Found {
    pub(crate) deltas: Vec<Recorded>,
    /// What they come to.
    bytes: u64,
    /// Whether there are others in the ranges.
    pub(crate) more: bool,
}

impl Database {
    /// The deltas that are wanted, packed; `None` of documents of which there is nothing, or nothing fits.
    pub(super) fn read_wanted(&self, wants: &[Want], budget: u32) -> Result<Vec<Option<Stored>>, Problem> {
        let mut left = u64::from(budget.max(1));
        let weigh = |recorded: &mut Recorded| {
            // It does not travel, and of many it is most of what they take.
            recorded.clock = None;
            let Delta { parents, op, .. } = &recorded.delta;
            DELTA_BYTES + PARENT_BYTES * parents.len() as u64 + weight::carried_by(op)
        };
        let mut all = Vec::with_capacity(wants.len());
        for want in wants {
            let found = match left {
                0 => Found::default(),
                _ => self.deltas_in(want.document.as_str(), &want.ranges, left, weigh)?,
            };
            left = left.saturating_sub(found.bytes);
            let deltas = &found.deltas;
            all.push(deltas.first().map(|first| packed(want, first.crdt_type(), deltas)));
        }
        Ok(all)
    }

    /// The first of the deltas in these ranges, of each agent one, by log position: one at least, until they come to so many
    /// bytes, as each is weighed.
    pub(crate) fn deltas_in(
        &self,
        document: &str,
        ranges: &[Range],
        budget: u64,
        weigh: impl Fn(&mut Recorded) -> u64,
    ) -> Result<Found, Problem> {
        self.prepare(document)?;
        let wanted: BTreeMap<&AgentId, &Range> = ranges.iter().map(|range| (&range.agent, range)).collect();
        let is_wanted = |dot: &Dot| {
            wanted.get(&dot.agent).is_some_and(|range| (range.from..=range.to).contains(&dot.seq))
        };
        let mut found = Found::default();
        let list: Vec<_> = ranges.iter().map(|range| (range.agent.as_str(), range.from, range.to)).collect();
        let list = serde_json::to_string(&list)?;
        let Some((mut after, is_most)) = self.extent(document, &list)? else { return Ok(found) };
        loop {
            let mut params = vec![document.into(), after.into()];
            let source = match is_most {
                true => "crdt_deltas d WHERE d.document_id = ?1 AND d.log > ?2",
                false => {
                    params.push(list.as_str().into());
                    "json_each(?3) r CROSS JOIN crdt_deltas d ON d.document_id = ?1 AND d.agent_id = r.value->>0
                        AND d.seq BETWEEN r.value->>1 AND r.value->>2 WHERE +d.log > ?2"
                }
            };
            let Page { items, more } = self.page_of_recorded(source, params, ROWS)?;
            after = items.last().map_or(after, |last| last.log);
            for mut recorded in items.into_iter().filter(|recorded| is_wanted(recorded.dot())) {
                if found.bytes >= budget || found.deltas.len() == MAX_PACK_DELTAS {
                    found.more = true;
                    return Ok(found);
                }
                found.bytes += weigh(&mut recorded);
                found.deltas.push(recorded);
            }
            if !more {
                return Ok(found);
            }
        }
    }

    /// The place before the first of the deltas in ranges, and whether they are most of what follows it: then they are read
    /// in the order of the log, else through the index by agents. `None` if there is none.
    fn extent(&self, document: &str, ranges: &str) -> Result<Option<(u64, bool)>, Problem> {
        // Of what is wanted only what is there counts.
        let sql = "SELECT MIN(d.log), SUM(MAX(MIN(r.value->>2, a.seq) - (r.value->>1) + 1, 0))
            FROM json_each(?2) r CROSS JOIN crdt_agents a ON a.document_id = ?1 AND a.agent_id = r.value->>0
            LEFT JOIN crdt_deltas d
            ON d.document_id = ?1 AND d.agent_id = r.value->>0 AND d.seq = r.value->>1";
        let rows = self.0.execute(sql, [document.into(), ranges.into()])?;
        let Some(row) = rows.first().filter(|row| !row.is_null(0)) else { return Ok(None) };
        let (first, wanted) = (row.uint(0)?, row.uint(1)?);
        // How many follow is counted to one more than matters.
        let sql = "SELECT COUNT(*) FROM
            (SELECT 1 FROM crdt_deltas d WHERE d.document_id = ?1 AND d.log >= ?2 LIMIT ?3)";
        let most = wanted.saturating_mul(2).saturating_add(1);
        let rows = self.0.execute(sql, [document.into(), first.into(), most.into()])?;
        let follow = rows.first().map_or(Ok(0), |row| row.uint(0))?;
        Ok(Some((first.saturating_sub(1), wanted.saturating_mul(2) >= follow)))
    }

    /// Stores a pack: a beginning of it, if a delta of it is refused. What is claimed of its hashes must come out.
    pub(super) fn append(&self, pack: Pack) -> Result<Option<StoreRefusal>, Problem> {
        let Ok(deltas) = pack.open() else { return Ok(Some(StoreRefusal::Unfit)) };
        let claims: BTreeMap<Dot, Digest> = pack.claims.into_iter().collect();
        let keeps_claims = |accepted: &[Accepted]| {
            let broken = accepted
                .iter()
                .map(|accepted| &accepted.record)
                .find(|record| claims.get(record.dot()).is_some_and(|claim| *claim != record.hash));
            broken.map_or(Ok(()), |record| {
                let detail = format!("{} has another hash than is claimed", record.dot());
                Err(Problem::new(Code::InvalidDelta, detail))
            })
        };
        let mut deltas = deltas.into_iter().peekable();
        while deltas.peek().is_some() {
            let batch = deltas.by_ref().take(MAX_BATCH.read()?.max(1));
            let operations: Vec<Operation> =
                batch.map(|delta| Operation::of_delta(pack.document.clone(), delta)).collect();
            match self.apply_from_site(&operations, keeps_claims) {
                Ok(_) => {}
                Err((_, problem)) => return refusal(problem).map(Some),
            }
        }
        Ok(None)
    }
}

fn packed(want: &Want, crdt_type: CrdtType, deltas: &[Recorded]) -> Stored {
    let mut ranges: BTreeMap<&AgentId, Range> = BTreeMap::new();
    for Dot { agent, seq } in deltas.iter().map(Recorded::dot) {
        ranges.entry(agent).or_insert_with(|| Range::new(agent.clone(), *seq, *seq)).to = *seq;
    }
    let ranges = ranges.into_values().collect();
    let hashed: Vec<(Delta, Digest)> =
        deltas.iter().map(|recorded| (recorded.delta.clone(), recorded.hash)).collect();
    Stored { pack: Pack::of(want.document.clone(), crdt_type, &hashed, want.hashes), ranges }
}

/// What a problem says of the deltas; a problem of the store's own stays one.
fn refusal(problem: Problem) -> Result<StoreRefusal, Problem> {
    match problem.code {
        Code::TooManyDocumentAgents
        | Code::TooManyDocuments
        | Code::DocumentTooLarge
        | Code::CounterOverflow => Ok(StoreRefusal::Full),
        _ if problem.is_of_request() => Ok(StoreRefusal::Unfit),
        _ => Err(problem),
    }
}
