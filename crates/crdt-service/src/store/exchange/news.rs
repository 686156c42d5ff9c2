//! Documents in the logs past a place.

use std::collections::{BTreeMap, HashMap, HashSet};

use ramanujan_core::{AgentId, DocumentId, Problem};

use super::super::database::Database;
use super::super::rows::bad;
use super::cursor::Position;

/// Deltas that are looked through at a time.
const ROWS: u64 = 8192;
/// How often that is done before an answer that has found nothing of interest says where it is: bounds its time.
const WINDOWS: usize = 32;

/// A log of which the feed is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Log {
    Deltas,
    Marks,
    Freezes,
}

/// A document, at the first place at which it is found.
#[derive(Debug)]
struct Found {
    log: Log,
    id: u64,
}

/// Documents with what is new of them.
#[derive(Debug, Default)]
pub(super) struct News {
    /// In the order in which they are found, each once.
    pub(super) documents: Vec<DocumentId>,
    found: Vec<Found>,
    known: HashSet<DocumentId>,
    /// The deltas that are new, by document and agent: first and last, up to the place that was looked to.
    ranges: HashMap<DocumentId, BTreeMap<AgentId, (u64, u64)>>,
    /// The place that was looked to.
    end: Position,
    /// Whether there may be more behind it.
    pub(super) more: bool,
}

impl News {
    /// The place up to which all is told when these many documents are.
    pub(super) fn told(&self, documents: usize) -> Position {
        let mut place = self.end;
        for Found { log, id } in self.found.iter().skip(documents) {
            let of = match log {
                Log::Deltas => &mut place.deltas,
                Log::Marks => &mut place.marks,
                Log::Freezes => &mut place.freezes,
            };
            *of = (*of).min(id - 1);
        }
        place
    }

    /// The deltas of a document that are new, up to [`News::looked_to`].
    pub(super) fn ranges(&self, document: &DocumentId) -> impl Iterator<Item = (&AgentId, (u64, u64))> {
        self.ranges.get(document).into_iter().flatten().map(|(agent, range)| (agent, *range))
    }

    /// Place in the log of deltas that was looked to.
    pub(super) fn looked_to(&self) -> u64 {
        self.end.deltas
    }

    fn push(&mut self, document: DocumentId, log: Log, id: u64) {
        if self.known.insert(document.clone()) {
            self.documents.push(document);
            self.found.push(Found { log, id });
        }
    }
}

impl Database {
    /// Documents past a place that are of interest, at most so many.
    pub(super) fn news(
        &self,
        start: Position,
        most: usize,
        is_of_interest: impl Fn(&DocumentId) -> bool,
    ) -> Result<News, Problem> {
        let mut news = News { end: start, ..News::default() };
        for _ in 0..WINDOWS {
            news.more = self.delta_news(&mut news, most, &is_of_interest)?;
            if !news.more || !news.documents.is_empty() {
                break;
            }
        }
        // The shorter logs come after the long one, so that they are told of once.
        if !news.more {
            for log in [Log::Marks, Log::Freezes] {
                news.more |= self.other_news(&mut news, log, most, &is_of_interest)?;
            }
        }
        Ok(news)
    }

    /// Looks through the next deltas; says whether there may be more.
    fn delta_news(
        &self,
        news: &mut News,
        most: usize,
        is_of_interest: &impl Fn(&DocumentId) -> bool,
    ) -> Result<bool, Problem> {
        let sql = "SELECT document_id, agent_id, MIN(seq), MAX(seq), MIN(log), MAX(log), COUNT(*) FROM
            (SELECT document_id, agent_id, seq, log FROM crdt_deltas WHERE log > ?1 ORDER BY log LIMIT ?2)
            GROUP BY document_id, agent_id";
        let rows = self.0.execute(sql, [news.end.deltas.into(), ROWS.into()])?;
        let mut first: HashMap<DocumentId, u64> = HashMap::new();
        let mut read = 0;
        for row in &rows {
            let document: DocumentId = row.text(0)?.parse().map_err(|_| bad("document_id"))?;
            let agent: AgentId = row.text(1)?.parse().map_err(|_| bad("agent_id"))?;
            read += row.uint(6)?;
            news.end.deltas = row.uint(5)?.max(news.end.deltas);
            if !is_of_interest(&document) {
                continue;
            }
            let place = row.uint(4)?;
            first.entry(document.clone()).and_modify(|first| *first = place.min(*first)).or_insert(place);
            news.ranges.entry(document).or_default().insert(agent, (row.uint(2)?, row.uint(3)?));
        }
        let mut order: Vec<(u64, DocumentId)> =
            first.into_iter().map(|(document, first)| (first, document)).collect();
        order.sort_unstable();
        let is_cut = order.len() > most;
        for (first, document) in order {
            if news.documents.len() == most {
                news.end.deltas = first - 1;
                break;
            }
            news.push(document, Log::Deltas, first);
        }
        Ok(is_cut || read == ROWS)
    }

    /// Looks through the next marks or freezes; says whether there may be more.
    fn other_news(
        &self,
        news: &mut News,
        log: Log,
        most: usize,
        is_of_interest: &impl Fn(&DocumentId) -> bool,
    ) -> Result<bool, Problem> {
        let (sql, end) = match log {
            Log::Freezes => (
                "SELECT id, document_id FROM crdt_freezes WHERE id > ?1 ORDER BY id LIMIT ?2",
                news.end.freezes,
            ),
            _ => (
                "SELECT id, document_id FROM crdt_deletions WHERE id > ?1 ORDER BY id LIMIT ?2",
                news.end.marks,
            ),
        };
        let rows = self.0.execute(sql, [end.into(), ROWS.into()])?;
        let (mut place, mut more) = (end, rows.len() as u64 == ROWS);
        for row in &rows {
            let document: DocumentId = row.text(1)?.parse().map_err(|_| bad("document_id"))?;
            if is_of_interest(&document) {
                if news.documents.len() >= most && !news.known.contains(&document) {
                    more = true;
                    break;
                }
                news.push(document, log, row.uint(0)?);
            }
            place = row.uint(0)?;
        }
        match log {
            Log::Freezes => news.end.freezes = place,
            _ => news.end.marks = place,
        }
        Ok(more)
    }
}
