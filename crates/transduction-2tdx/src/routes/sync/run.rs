//! `POST /sync`, `/sync/push`, `/sync/pull`: rounds with the peers that are due, or with the one that is named.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, now_millis, ok};
use ramanujan_sync::engine::Direction;
use serde::Serialize;

use super::asked::{Doing, SyncRequest, invalid, read};
use super::round::{self, Report};
use super::{Site, neighbours, rollback, verify};
use crate::settings::MAX_LATENCY_MS;
use crate::sites::ledger::{Budget, Ledger, State};
use crate::store::memory;

/// What a call has done.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Synced {
    /// What was asked for.
    operation: Doing,
    /// The peer that was named, `local`, or null for all that are due.
    target: Option<String>,
    /// Something is left: the time was up, or a peer is away.
    degraded: bool,
    /// What was exchanged with all peers.
    #[serde(flatten)]
    ledger: Ledger,
    /// Events that a call before could not tell the timeline, and this one has.
    repaired: usize,
    /// Each peer.
    peers: Vec<Report>,
    /// How long the call took, in milliseconds.
    latency_ms: u64,
    /// How long it may take: the setting MAX_LATENCY_MS.
    budget_ms: u64,
    /// Milliseconds until the next call has something to do; null while there is no peer.
    next_ms: Option<u64>,
}

/// `POST /sync`.
pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    let wanted = read(&request)?;
    match wanted.operation {
        Doing::Sync => sync(wanted, None).await,
        Doing::Verify => verify::run(wanted).await,
        Doing::Rollback => rollback::run(wanted).await,
    }
}

/// `POST /sync/push`.
pub(crate) async fn push(request: Request) -> Result<Response, Problem> {
    one_way(&request, Direction::Push).await
}

/// `POST /sync/pull`.
pub(crate) async fn pull(request: Request) -> Result<Response, Problem> {
    one_way(&request, Direction::Pull).await
}

async fn one_way(request: &Request, direction: Direction) -> Result<Response, Problem> {
    let wanted = read(request)?;
    if wanted.operation != Doing::Sync {
        return Err(invalid(
            "this route only exchanges: leave operation out, or use /sync/verify or /sync/rollback",
        ));
    }
    if wanted.target.as_deref() == Some("local") {
        return Err(invalid(
            "nothing goes from this site to itself: name a peer, or leave target out for all",
        ));
    }
    sync(wanted, Some(direction)).await
}

async fn sync(wanted: SyncRequest, direction: Option<Direction>) -> Result<Response, Problem> {
    if wanted.documents.is_some()
        || wanted.at.is_some()
        || wanted.agent_id.is_some()
        || wanted.cursor.is_some()
        || wanted.limit.is_some()
        || wanted.recompute.is_some()
    {
        return Err(invalid(
            "documents, cursor, limit, recompute, at and agent_id belong to verify and rollback",
        ));
    }
    let budget = Budget::of(MAX_LATENCY_MS.read()?);
    let repaired = neighbours::drain(&budget).await?;
    let target = wanted.target.as_deref();
    let site = Site::load(target)?;
    let mut peers = match target {
        Some("local") => Vec::new(),
        Some(name) => vec![named(&site, name, direction, &budget).await?],
        None => due(&site, direction, &budget).await?,
    };
    let mut ledger = Ledger::default();
    peers.iter().for_each(|report| ledger.add(&report.ledger));
    let left = |report: &Report| matches!(report.state, State::Partial | State::Failed);
    let put_off = |report: &Report| report.state == State::Waiting && report.next_ms == Some(0);
    let degraded = peers.iter().any(|report| left(report) || put_off(report));
    peers.sort_by(|one, other| one.peer.cmp(&other.peer));
    ok(&Synced {
        operation: Doing::Sync,
        degraded,
        ledger,
        repaired,
        next_ms: peers.iter().filter_map(|report| report.next_ms).min(),
        peers,
        latency_ms: budget.spent_ms(),
        budget_ms: budget.most_ms(),
        target: wanted.target,
    })
}

/// A round with one peer, whether it is due or not.
async fn named(
    site: &Site,
    name: &str,
    direction: Option<Direction>,
    budget: &Budget,
) -> Result<Report, Problem> {
    let peer = site.peer(name)?;
    let direction = direction.or(peer.way.direction()).ok_or_else(|| {
        invalid(format!("{name} is only answered (direction none): use /sync/push or /sync/pull"))
    })?;
    let report = round::make(site, peer, direction, budget).await?;
    match report.state {
        State::Failed => Err(report.problem()),
        State::Running => {
            let detail = format!("another request makes a round with {name}");
            Err(Problem::new(Code::RoundRunning, detail).with("peer", name))
        }
        _ => Ok(report),
    }
}

/// Rounds with all peers that are due, those that have waited longest first. In a direction that was asked for, all are due
/// that are exchanged with that way, but for those with which the last round failed.
async fn due(site: &Site, asked: Option<Direction>, budget: &Budget) -> Result<Vec<Report>, Problem> {
    let memories = memory::all()?;
    let now = now_millis();
    let longest = site.settings.longest_back_off_ms.max(site.settings.interval_ms * 2);
    let mut peers: Vec<(u64, Direction, usize)> = Vec::new();
    for (at, peer) in site.peers.iter().enumerate() {
        let kept = memories.get(peer.name.as_str());
        let failed = kept.is_some_and(|kept| kept.failures > 0);
        let due = kept.filter(|_| asked.is_none() || failed).map_or(0, |kept| kept.due);
        // A clock that was set back makes nothing later than it could have been.
        let due = if due > now + longest { now } else { due };
        let goes = |direction: &Direction| match asked {
            Some(Direction::Push) => direction.pushes(),
            Some(_) => direction.pulls(),
            None => true,
        };
        let direction = peer.way.direction().filter(goes).map(|direction| asked.unwrap_or(direction));
        peers.extend(direction.map(|direction| (due, direction, at)));
    }
    peers.sort_by_key(|(due, _, at)| (*due, *at));
    let mut reports = Vec::new();
    for (due, direction, at) in peers {
        let peer = &site.peers[at];
        reports.push(match due > now {
            true => Report::idle(peer, State::Waiting, Some(due - now)),
            // The first has its turn whatever the budget is.
            false if budget.is_over() && !reports.is_empty() => Report::idle(peer, State::Waiting, Some(0)),
            false => round::make(site, peer, direction, budget).await?,
        });
    }
    Ok(reports)
}
