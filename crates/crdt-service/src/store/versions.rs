//! Finding versions of documents, and the deltas that lie between two of them.

use std::collections::HashSet;

use ramanujan_core::{AgentId, Code, Digest, DocumentId, Dot, Problem, VectorClock};
use ramanujan_crdt::ancestry::without;
use ramanujan_crdt::text::maximal;
use ramanujan_crdt::{CrdtType, PnCounter, StateDigest};
use ramanujan_shell::Row;
use ramanujan_shell::page::Page;

use super::database::Database;
use super::graph::{Link, Newest};
use super::rows::{LOGGED_BETWEEN, bad, joined};
use crate::record::Recorded;
use crate::version::{At, Extent, SMALL_CLOCK, Version};

/// The current version, a row per head. The clock is made where it is small only.
const CURRENT: &str = "
    SELECT d.crdt_type, d.operations, d.value, d.size, d.log, d.received,
        CASE WHEN d.agents <= ?2 THEN (SELECT json_group_object(a.agent_id, a.seq) FROM crdt_agents a
            WHERE a.document_id = ?1) END,
        h.agent_id, h.seq, h.hash, d.carry
    FROM crdt_documents d CROSS JOIN crdt_heads h ON h.document_id = d.document_id
    WHERE d.document_id = ?1";

/// What is known of a stored delta without what it does.
pub(crate) struct KnownDelta {
    pub(crate) dot: Dot,
    pub(crate) crdt_type: CrdtType,
    /// Commits to the delta and to all that it was made after.
    pub(crate) hash: Digest,
    /// The version after it, if it is kept.
    pub(crate) clock: Option<VectorClock>,
}

/// How many log positions deltas may be apart for which what was before them is read once: what one of them lacks of that
/// is walked through.
const CLOSE: u64 = 1024;

/// The deltas up to some log position.
struct Before {
    heads: Vec<Dot>,
    clock: VectorClock,
}

/// The 404 of a document without deltas.
pub(crate) fn missing(document: &DocumentId) -> Problem {
    Problem::new(Code::NoSuchDocument, format!("{document} has no operations; POST one to /crdt/apply"))
}

impl Database {
    /// The current version, `None` without deltas.
    pub(crate) fn current(&self, document: &str) -> Result<Option<Version>, Problem> {
        let read = || self.0.execute(CURRENT, [document.into(), (SMALL_CLOCK as u64).into()]);
        let mut rows = read()?;
        if rows.is_empty() && self.upgrade(document)? {
            rows = read()?;
        }
        let Some(row) = rows.first() else { return Ok(None) };
        let crdt_type: CrdtType = row.text(0)?.parse().map_err(|_| bad("crdt_type"))?;
        let log = row.uint(4)?;
        let value = match crdt_type.is_counter() {
            false => None,
            true => Some(joined(row.int(2)?, row.int(10)?)),
        };
        let clock = if row.is_null(6) {
            None
        } else {
            Some(serde_json::from_str(row.text(6)?).map_err(|_| bad("clock"))?)
        };
        let state = StateDigest::of(crdt_type, rows.iter().map(read_head).collect::<Result<Vec<_>, _>>()?);
        let is_single_text = crdt_type == CrdtType::Text && rows.len() == 1;
        Ok(Some(Version {
            digest: state.digest(),
            state,
            crdt_type,
            operations: row.uint(1)?,
            log,
            received: row.uint(5)?,
            length: if is_single_text { Some(row.uint(3)?) } else { None },
            value,
            extent: Extent::Prefix(clock),
        }))
    }

    /// The version of `document` that `at` names.
    ///
    /// # Errors
    /// 404 if the document had no deltas then; 422 if a version vector names no version of it, or a head is not stored.
    pub(crate) fn version(&self, document: &DocumentId, at: &At) -> Result<Version, Problem> {
        let id = document.as_str();
        // Also makes sure that rows which are older than the graph are part of it.
        let current = self.current(id)?;
        let version = match (at, current) {
            (_, None) => None,
            (At::Now, current) => current,
            (At::Log(log), Some(current)) if *log >= current.log => Some(current),
            (At::Log(log), _) => self.prefix(id, *log)?,
            (At::Time(millis), _) => {
                // Walks back from the newest delta: positions are in order of arrival, as times are but for clock steps.
                let sql = "SELECT log FROM crdt_deltas WHERE document_id = ?1 AND received <= ?2
                     ORDER BY log DESC LIMIT 1";
                match self.0.execute(sql, [id.into(), (*millis).into()])?.first() {
                    Some(row) => self.prefix(id, row.uint(0)?)?,
                    None => None,
                }
            }
            (At::Clock(clock), _) => self.by_clock(document, clock)?,
            (At::Heads(heads), Some(current)) if current.heads() == *heads => Some(current),
            (At::Heads(heads), _) => self.by_heads(document, heads)?,
        };
        version.ok_or_else(|| match at {
            At::Now => missing(document),
            _ => Problem::new(Code::NoSuchVersion, format!("{document} had no operations then")),
        })
    }

    /// The version of every delta up to a log position.
    fn prefix(&self, document: &str, until: u64) -> Result<Option<Version>, Problem> {
        let heads = self.heads_below(document, until.saturating_add(1))?;
        // Of the newest delta of all nobody has it for a parent.
        let Some(log) = heads.iter().map(|head| head.log).max() else { return Ok(None) };
        let newest = self.newest_until(document, log)?;
        let clock: VectorClock = newest.iter().map(|last| (last.agent.as_str(), last.seq)).collect();
        let (operations, value) = (clock.total(), Some(sum(&newest)));
        Ok(version_of(heads, operations, value, Extent::Prefix(Some(clock))))
    }

    fn by_clock(&self, document: &DocumentId, clock: &VectorClock) -> Result<Option<Version>, Problem> {
        let dots: Vec<Dot> =
            clock.entries().iter().map(|(agent, seq)| Dot::new(agent.clone(), *seq)).collect();
        let version = self.by_heads(document, &dots)?;
        let closure = version.as_ref().and_then(Version::clock);
        if closure.is_some_and(|closure| closure != clock) {
            let detail = "the vector leaves out deltas that its own deltas have seen; `closure` has them";
            let closure = serde_json::to_value(closure).unwrap_or_default();
            return Err(Problem::new(Code::UnclosedVersion, detail).with("closure", closure));
        }
        Ok(version)
    }

    /// The version of these deltas, and all that they were made after; some may be in the past of others.
    fn by_heads(&self, document: &DocumentId, dots: &[Dot]) -> Result<Option<Version>, Problem> {
        let id = document.as_str();
        let mut links = self.links_of(id, dots)?;
        let found: HashSet<&Dot> = links.iter().map(|link| &link.dot).collect();
        if let Some(unknown) = dots.iter().find(|dot| !found.contains(dot)) {
            let detail = format!("{document} has no {unknown}");
            let mut closure = VectorClock::new();
            links.iter().filter_map(|link| link.clock.as_ref()).for_each(|clock| closure.join(clock));
            let closure = serde_json::to_value(&closure).unwrap_or_default();
            return Err(Problem::new(Code::UnclosedVersion, detail).with("closure", closure));
        }
        let Some((crdt_type, clock, heads)) = self.closure_of(id, &links)? else { return Ok(None) };
        links.retain(|link| heads.binary_search(&link.dot).is_ok());
        let value = if crdt_type.is_counter() { Some(sum(&self.newest_at(id, &clock)?)) } else { None };
        Ok(version_of(links, clock.total(), value, Extent::Part(clock)))
    }

    /// Type, hash and, where it is kept, version of those of these deltas that are stored.
    pub(crate) fn known_of(&self, document: &str, dots: &[Dot]) -> Result<Vec<KnownDelta>, Problem> {
        let known = |link: Link| KnownDelta {
            dot: link.dot,
            crdt_type: link.crdt_type,
            hash: link.hash,
            clock: link.clock,
        };
        Ok(self.links_of(document, dots)?.into_iter().map(known).collect())
    }

    /// The versions after those of these deltas that are stored. What all agents had when they were made is read once for
    /// all that are close to each other.
    pub(super) fn clocks_after(
        &self,
        document: &str,
        dots: &[Dot],
    ) -> Result<Vec<(Dot, VectorClock)>, Problem> {
        let links = self.links_of(document, dots)?;
        let mut clocks = Vec::with_capacity(links.len());
        let mut rest = &links[..];
        while let Some(newest) = rest.last() {
            if let Some(clock) = &newest.clock {
                clocks.push((newest.dot.clone(), clock.clone()));
                rest = &rest[..rest.len() - 1];
                continue;
            }
            let (earlier, near) = rest.split_at(rest.partition_point(|link| link.log + CLOSE < newest.log));
            rest = earlier;
            let Before { heads, clock } = self.before(document, newest.log)?;
            let after = self.walk(document, newest.log + 1, |ancestry| {
                let lacking = |link: &Link| ancestry.lacking(&heads, std::slice::from_ref(&link.dot));
                near.iter().map(lacking).collect::<Result<Vec<_>, _>>()
            })?;
            let versions = near.iter().zip(&after);
            clocks.extend(versions.map(|(link, lacking)| (link.dot.clone(), without(&clock, lacking))));
        }
        Ok(clocks)
    }

    /// All deltas up to a log position.
    fn before(&self, document: &str, log: u64) -> Result<Before, Problem> {
        let heads = self.heads_below(document, log + 1)?.into_iter().map(|head| head.dot).collect();
        let newest = self.newest_until(document, log)?;
        let clock = newest.iter().map(|last| (last.agent.as_str(), last.seq)).collect();
        Ok(Before { heads, clock })
    }

    /// The type of these deltas, the version that they make, and its heads; `None` if there are none.
    fn closure_of(
        &self,
        document: &str,
        links: &[Link],
    ) -> Result<Option<(CrdtType, VectorClock, Vec<Dot>)>, Problem> {
        let Some(newest) = links.last() else { return Ok(None) };
        if let Some((clock, heads)) = with_clocks(links) {
            return Ok(Some((newest.crdt_type, clock, heads)));
        }
        let dots: Vec<Dot> = links.iter().map(|link| link.dot.clone()).collect();
        let all = self.before(document, newest.log)?;
        let (lacking, heads) = self.walk(document, newest.log + 1, |ancestry| {
            Ok((ancestry.lacking(&all.heads, &dots)?, ancestry.maximal(dots.clone())?))
        })?;
        Ok(Some((newest.crdt_type, without(&all.clock, &lacking), heads)))
    }

    /// The clock of a version, however large.
    pub(crate) fn clock_of(&self, document: &str, version: &Version) -> Result<VectorClock, Problem> {
        match version.clock() {
            Some(clock) => Ok(clock.clone()),
            None => {
                let newest = self.newest_until(document, version.log)?;
                Ok(newest.iter().map(|last| (last.agent.as_str(), last.seq)).collect())
            }
        }
    }

    /// Whether a version has nothing that `since` does not count.
    pub(crate) fn is_included(
        &self,
        document: &str,
        version: &Version,
        since: &VectorClock,
    ) -> Result<bool, Problem> {
        // A look at the heads decides nearly always; a vector that counts them may leave out others.
        let counts = |dot: &Dot| since.counter(&dot.agent) >= dot.seq;
        Ok(version.state.heads().keys().all(counts) && since.includes(&self.clock_of(document, version)?))
    }

    /// What each agent of a counter has added and taken away in a version.
    pub(super) fn totals(&self, document: &str, version: &Version) -> Result<PnCounter, Problem> {
        let newest = match &version.extent {
            Extent::Prefix(_) => self.newest_until(document, version.log)?,
            Extent::Part(clock) => self.newest_at(document, clock)?,
        };
        let mut counter = PnCounter::new();
        newest.iter().for_each(|last| counter.observe(last.agent.as_str(), last.totals));
        Ok(counter)
    }

    /// Deltas in the order of their arrival, past log position `after` and up to `until`.
    pub(crate) fn deltas(
        &self,
        document: &str,
        after: u64,
        until: u64,
        limit: u64,
    ) -> Result<Page<Recorded>, Problem> {
        self.page_of_recorded(LOGGED_BETWEEN, [document.into(), after.into(), until.into()], limit)
    }

    /// As [`Database::deltas`], of those that are not in `since`. Each agent's come from the index by dots, so the cost
    /// is that of the difference, and a look at each agent's newest.
    pub(crate) fn deltas_since(
        &self,
        document: &str,
        since: &VectorClock,
        after: u64,
        until: u64,
        limit: u64,
    ) -> Result<Page<Recorded>, Problem> {
        if since.is_empty() {
            return self.deltas(document, after, until, limit);
        }
        // With the limit it is made once and given an index; read through anew for each agent, it would cost agents
        // squared.
        let source =
            "crdt_agents a LEFT JOIN (SELECT key, value FROM json_each(?4) LIMIT -1) s ON s.key = a.agent_id
             CROSS JOIN crdt_deltas d ON d.document_id = ?1 AND d.agent_id = a.agent_id
                AND d.seq > COALESCE(s.value, 0)
             WHERE a.document_id = ?1 AND a.seq > COALESCE(s.value, 0) AND +d.log > ?2 AND +d.log <= ?3";
        let since = serde_json::to_string(since)?;
        self.page_of_recorded(source, [document.into(), after.into(), until.into(), since.into()], limit)
    }

    /// How many deltas an agent has in a document.
    pub(crate) fn last_seq(&self, document: &str, agent: &AgentId) -> Result<u64, Problem> {
        let sql = "SELECT seq FROM crdt_agents WHERE document_id = ?1 AND agent_id = ?2";
        let rows = self.0.execute(sql, [document.into(), agent.as_str().into()])?;
        rows.first().map_or(Ok(0), |row| row.uint(0))
    }

    /// Makes sure that a document's rows are those of this revision.
    pub(crate) fn prepare(&self, document: &str) -> Result<(), Problem> {
        let sql = "SELECT 1 FROM crdt_documents WHERE document_id = ?1";
        if self.0.execute(sql, [document.into()])?.is_empty() {
            self.upgrade(document)?;
        }
        Ok(())
    }
}

fn read_head(row: &Row) -> Result<(Dot, Digest), Problem> {
    let agent: AgentId = row.text(7)?.parse().map_err(|_| bad("agent_id"))?;
    let hash = Digest(row.blob(9)?.try_into().map_err(|_| bad("hash"))?);
    Ok((Dot::new(agent, row.uint(8)?), hash))
}

/// What a counter shows.
fn sum(newest: &[Newest]) -> i128 {
    newest.iter().map(|last| i128::from(last.totals.p) - i128::from(last.totals.n)).sum()
}

/// The version that deltas make, and its heads, if the version after each is kept.
fn with_clocks(links: &[Link]) -> Option<(VectorClock, Vec<Dot>)> {
    let clocks: Option<Vec<(Dot, &VectorClock)>> =
        links.iter().map(|link| Some((link.dot.clone(), link.clock.as_ref()?))).collect();
    let clocks = clocks?;
    let mut version = VectorClock::new();
    clocks.iter().for_each(|(_, clock)| version.join(clock));
    Some((version, maximal(clocks)))
}

/// The version that has these heads; `None` if there are none.
fn version_of(heads: Vec<Link>, operations: u64, value: Option<i128>, extent: Extent) -> Option<Version> {
    let newest = heads.iter().max_by_key(|head| head.log)?;
    let (log, received, crdt_type) = (newest.log, newest.received, newest.crdt_type);
    let length = (heads.len() == 1 && crdt_type == CrdtType::Text).then_some(newest.size);
    let state = StateDigest::of(crdt_type, heads.into_iter().map(|head| (head.dot, head.hash)));
    Some(Version {
        digest: state.digest(),
        state,
        crdt_type,
        operations,
        log,
        received,
        length,
        value: value.filter(|_| crdt_type.is_counter()),
        extent,
    })
}
