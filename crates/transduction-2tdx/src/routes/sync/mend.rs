//! `POST /sync/rollback` with a peer as the target: this site was restored from a backup, or runs twice, and has given numbers
//! again that others know with another content. What it holds under those, and what was made after, is taken out and kept;
//! what the peer holds is fetched; and then the operations that were taken out come back under new dots (`docs/sync.md`).

use std::collections::{BTreeMap, BTreeSet};

use http::Method;
use ramanujan_core::{AgentId, Code, Digest, DocumentId, Dot, Problem};
use ramanujan_crdt::Delta;
use ramanujan_shell::{Response, call_json};
use ramanujan_sync::engine::Direction;
use ramanujan_sync::limits::MAX_EVIDENCE;
use ramanujan_sync::message::Want;
use ramanujan_sync::pack::Pack;
use ramanujan_sync::range::Range;
use ramanujan_sync::store::{Answer, Look, Question};
use ramanujan_sync::{Frame, Message};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::asked::{SyncRequest, invalid};
use super::neighbours::{self, CRDT_SERVICE};
use super::pages::{self, Documents};
use super::peers::lift;
use super::rolled::{RolledBack, reply};
use super::round::{self, random};
use super::{Site, link};
use crate::settings::MAX_LATENCY_MS;
use crate::sites::event;
use crate::sites::ledger::{Budget, State};
use crate::sites::operations;
use crate::sites::peer::Peer;
use crate::store::due::{self, Due};
use crate::store::{evidence, mending};

/// Most dots of a document that are compared with the peer in a call: what is found after that shows when these are mended.
const MAX_COMPARED: usize = 64;

#[derive(Serialize)]
struct Named {
    operation_id: Dot,
    digest: Digest,
}

#[derive(Serialize)]
struct Withdraw {
    operations: Vec<Named>,
    until: BTreeMap<AgentId, u64>,
    bring_back: bool,
}

/// How crdt-service says that it stands.
#[derive(Deserialize)]
struct Withdrawal {
    open: bool,
    operation_ids: Vec<Dot>,
    again: BTreeMap<AgentId, u64>,
}

struct Mend<'a> {
    site: &'a Site,
    peer: &'a Peer,
}

pub(super) async fn run(target: &str, wanted: SyncRequest) -> Result<Response, Problem> {
    if wanted.at.is_some() || wanted.agent_id.is_some() {
        return Err(invalid(
            "at and agent_id roll this site back to what it showed: leave them out where the target is a peer, or the \
             target where they are given",
        ));
    }
    if wanted.recompute.is_some() {
        return Err(invalid("recompute belongs to verify"));
    }
    let limit = pages::limit(&wanted)?;
    let place = pages::place(wanted.cursor.as_deref())?;
    let budget = Budget::of(MAX_LATENCY_MS.read()?);
    let site = Site::load(Some(target))?;
    let mend = Mend { site: &site, peer: site.peer(target)? };
    let all = match wanted.documents {
        Some(named) => named,
        None => mend.parted()?,
    };
    let Documents { documents, mut next } = pages::of_named(&all, place, limit);
    let mut done = Vec::new();
    for (document, after) in documents {
        done.push(mend.part(document).await?);
        // At least one, whatever the budget is.
        if budget.is_over() {
            next = after;
            break;
        }
    }
    if done.iter().any(is_open) {
        let direction = mend.peer.way.direction().filter(|direction| direction.pulls());
        let report = round::make(&site, mend.peer, direction.unwrap_or(Direction::Pull), &budget).await?;
        if report.state == State::Failed {
            return Err(report.problem());
        }
    }
    for one in done.iter_mut().filter(|one| is_open(one)) {
        let back = bring_back(&one.document_id).await?;
        one.open = Some(back.open);
        one.operation_ids = back.operation_ids;
    }
    for one in done.iter().filter(|one| !is_open(one)) {
        mending::end(&one.document_id)?;
    }
    reply(done, next, Some(&mend.peer.name), json!({}), &budget)
}

fn is_open(one: &RolledBack) -> bool {
    one.open == Some(true)
}

async fn withdraw(document: &DocumentId, body: &Withdraw) -> Result<Withdrawal, Problem> {
    call_json(CRDT_SERVICE, Method::POST, &format!("/crdt/{document}/withdraw"), Some(body)).await
}

/// How it stands; nothing is changed.
async fn look(document: &DocumentId) -> Result<Withdrawal, Problem> {
    let body = Withdraw { operations: Vec::new(), until: BTreeMap::new(), bring_back: false };
    withdraw(document, &body).await
}

/// Has what was taken out stored again, if it can be, and tells the timeline of it.
async fn bring_back(document: &DocumentId) -> Result<Withdrawal, Problem> {
    let before = look(document).await?;
    let ranges = before.again.into_iter().map(|(agent, last)| Range::new(agent, 1, last)).collect();
    // Written down before anything is stored, so that a call that is cut off is made up for.
    let announced =
        due::insert(vec![Due::Operations(operations::Due { document_id: document.clone(), ranges })])?;
    let body = Withdraw { operations: Vec::new(), until: BTreeMap::new(), bring_back: true };
    let after = withdraw(document, &body).await?;
    if after.open {
        due::delete(&announced.iter().map(|row| row.id).collect::<Vec<_>>())?;
    } else {
        neighbours::tell(&announced).await;
    }
    Ok(after)
}

fn unexpected(who: &str) -> Problem {
    Problem::new(Code::ComponentReply, format!("{who} answers another question"))
}

/// A delta of a pack.
fn find(packs: impl IntoIterator<Item = Pack>, document: &DocumentId, dot: &Dot) -> Option<Delta> {
    let pack = packs.into_iter().find(|pack| pack.document == *document)?;
    pack.open().ok()?.into_iter().find(|delta| delta.dot == *dot)
}

impl Mend<'_> {
    /// Documents that were begun with before, and those of which not everything is taken from the peer.
    fn parted(&self) -> Result<Vec<DocumentId>, Problem> {
        let mut all = mending::all(&self.peer.name)?;
        let barred = evidence::quarantines(Some(&self.peer.name))?.into_iter();
        let barred: BTreeSet<DocumentId> = barred.map(|barred| barred.quarantine.document).collect();
        let new: Vec<DocumentId> = barred.into_iter().filter(|document| !all.contains(document)).collect();
        all.extend(new);
        Ok(all)
    }

    /// Takes out of a document what the peer holds another content of.
    async fn part(&self, document: DocumentId) -> Result<RolledBack, Problem> {
        let mut standing = RolledBack {
            operation_ids: Vec::new(),
            value_digest: None,
            withdrawn: Some(0),
            open: Some(look(&document).await?.open),
            code: None,
            detail: None,
            document_id: document.clone(),
        };
        if is_open(&standing) {
            return Ok(standing);
        }
        let own = self.site.settings.site.as_str();
        let mut forks = Vec::new();
        for dot in self.suspects(&document)? {
            let (ours, theirs) = (self.ours(&document, &dot).await?, self.theirs(&document, &dot).await?);
            let (Some(ours), Some(theirs)) = (ours, theirs) else { continue };
            if ours != theirs {
                forks.push((dot, ours.digest()));
            } else if self.agrees(&document, &dot).await? {
                // A round that had begun before this was mended has found it once more.
                lift(own, &self.peer.name, Some(document.as_str()), Some(dot.agent.as_str())).await?;
            }
        }
        if forks.is_empty() {
            return Ok(standing);
        }
        let named = |(dot, digest): &(Dot, Digest)| Named { operation_id: dot.clone(), digest: *digest };
        let body = Withdraw {
            operations: forks.iter().map(named).collect(),
            until: self.newest(&document).await?,
            bring_back: false,
        };
        mending::begin(&self.peer.name, &document)?;
        let withdrawn = withdraw(&document, &body).await?;
        let count = withdrawn.again.values().sum();
        (standing.withdrawn, standing.open) = (Some(count), Some(withdrawn.open));
        let event = event::withdrawn(own, &document, self.peer.name.as_str(), &forks, count);
        neighbours::tell(&due::insert(vec![Due::Event(event)])?).await;
        // What these agents wrote was not taken from anybody who holds what the peer does.
        let agents: BTreeSet<&AgentId> = forks.iter().map(|(dot, _)| &dot.agent).collect();
        for barred in evidence::quarantines(None)? {
            let barred = barred.quarantine;
            if barred.document == document && agents.contains(&barred.agent) {
                lift(own, &barred.site, Some(document.as_str()), Some(barred.agent.as_str())).await?;
            }
        }
        Ok(standing)
    }

    /// Dots of a document under which there may be two contents.
    fn suspects(&self, document: &DocumentId) -> Result<BTreeSet<Dot>, Problem> {
        let barred =
            evidence::quarantines(Some(&self.peer.name))?.into_iter().map(|barred| barred.quarantine);
        let barred = barred.filter(|one| one.document == *document).map(|one| Dot::new(one.agent, one.from));
        let found = evidence::all(2 * MAX_EVIDENCE as u64)?;
        let found = found.iter().filter(|found| found.evidence.document() == document);
        Ok(barred.chain(found.filter_map(|found| found.evidence.check().ok())).take(MAX_COMPARED).collect())
    }

    fn want(document: &DocumentId, dot: &Dot) -> Vec<Want> {
        let ranges = vec![Range::new(dot.agent.clone(), dot.seq, dot.seq)];
        vec![Want { document: document.clone(), ranges, hashes: false }]
    }

    async fn ours(&self, document: &DocumentId, dot: &Dot) -> Result<Option<Delta>, Problem> {
        // One delta comes whatever its size.
        let question = Question::Read { wants: Self::want(document, dot), budget: 0 };
        let Answer::Read(read) = neighbours::answer(&question).await? else {
            return Err(unexpected(CRDT_SERVICE));
        };
        Ok(find(read.into_iter().flatten().map(|stored| stored.pack), document, dot))
    }

    async fn theirs(&self, document: &DocumentId, dot: &Dot) -> Result<Option<Delta>, Problem> {
        let message = Message::Want { wants: Self::want(document, dot), budget: 0 };
        let Message::Deltas { packs } = self.ask(message).await? else {
            return Err(unexpected(self.peer.name.as_str()));
        };
        Ok(find(packs, document, dot))
    }

    /// Whether both have the same hash of a delta, which commits to all before it.
    async fn agrees(&self, document: &DocumentId, dot: &Dot) -> Result<bool, Problem> {
        let dots = vec![dot.clone()];
        let look = Look { document: document.clone(), agents: Vec::new(), dots: dots.clone() };
        let Answer::Seen(seen) = neighbours::answer(&Question::Look(vec![look])).await? else {
            return Err(unexpected(CRDT_SERVICE));
        };
        let Message::Hashes { hashes } =
            self.ask(Message::Probe { document: document.clone(), dots }).await?
        else {
            return Err(unexpected(self.peer.name.as_str()));
        };
        let ours = seen.first().and_then(|seen| seen.hashes.first()).copied().flatten();
        Ok(ours.is_some() && hashes.first().copied().flatten() == ours)
    }

    /// The newest number of each agent at the peer.
    async fn newest(&self, document: &DocumentId) -> Result<BTreeMap<AgentId, u64>, Problem> {
        let Message::States { changes, .. } =
            self.ask(Message::Ask { documents: vec![document.clone()] }).await?
        else {
            return Err(unexpected(self.peer.name.as_str()));
        };
        let change = changes.into_iter().find(|change| change.document == *document);
        let ranges = change.into_iter().flat_map(|change| change.ranges);
        Ok(ranges.map(|range| (range.agent, range.to)).collect())
    }

    async fn ask(&self, message: Message) -> Result<Message, Problem> {
        // As much as JSON keeps exact.
        let frame = Frame { from: self.site.settings.site.clone(), exchange: random() >> 16, message };
        let answered = link::say(self.peer, &frame, self.site.settings.timeout_ms).await;
        let answered = answered.map_err(|unanswered| Problem::new(unanswered.code, unanswered.detail))?;
        match answered.frame.message {
            Message::Refused { .. } | Message::Busy { .. } => {
                let detail = format!("{} does not answer this site now", self.peer.name);
                Err(Problem::new(Code::PeerRefused, detail).with("peer", self.peer.name.as_str()))
            }
            answer => Ok(answer),
        }
    }
}
