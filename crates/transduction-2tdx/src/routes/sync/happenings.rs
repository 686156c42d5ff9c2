//! What happens during a round or an answer: written to the log, kept, and told to the timeline.

use std::collections::BTreeMap;

use ramanujan_core::{Digest, Problem};
use ramanujan_sync::engine::Quarantine;
use ramanujan_sync::evidence::Evidence;
use ramanujan_sync::{Event, SiteId};
use serde_json::{Value, json};

use super::{Site, neighbours};
use crate::sites::event;
use crate::sites::ledger::{Ledger, State};
use crate::sites::peer::Peer;
use crate::store::due::{self, Due};
use crate::store::evidence;
use crate::store::log::{self, Happened};

/// Most documents that one entry of the log names.
const MAX_NAMED: usize = 32;

/// What has happened and is not written down yet.
pub(super) struct Happenings<'a> {
    site: &'a Site,
    log: Vec<Happened>,
    due: Vec<Due>,
    /// Deltas that were stored, by peer and document.
    stored: BTreeMap<SiteId, BTreeMap<String, u64>>,
    accused: Vec<Digest>,
}

impl<'a> Happenings<'a> {
    pub(super) fn of(site: &'a Site) -> Self {
        Happenings { site, log: Vec::new(), due: Vec::new(), stored: BTreeMap::new(), accused: Vec::new() }
    }

    fn own(&self) -> &'a str {
        self.site.settings.site.as_str()
    }

    fn log(&mut self, kind: &'static str, site: Option<&SiteId>, document: Option<&str>, detail: Value) {
        let (site, document) = (site.map(ToString::to_string), document.map(str::to_owned));
        self.log.push(Happened { kind, site, document, detail });
    }

    /// Takes in an event of the engine. Evidence and quarantines are kept at once.
    pub(super) fn take(&mut self, event: &Event) -> Result<(), Problem> {
        match event {
            Event::Stored { site, document, dots } => {
                let of_site = self.stored.entry(site.clone()).or_default();
                *of_site.entry(document.to_string()).or_default() += dots.len() as u64;
            }
            Event::Stale { site } => {
                self.log(
                    "stale",
                    Some(site),
                    None,
                    json!({"what": "a cursor is not of the other's log any more"}),
                );
            }
            Event::Quarantined(quarantine) => {
                evidence::bar(quarantine)?;
                let Quarantine { site, document, agent, from } = quarantine;
                let detail = json!({"agent": agent, "from": from});
                self.log("quarantined", Some(site), Some(document.as_str()), detail);
                self.due.push(Due::Event(event::quarantined(self.own(), quarantine)));
            }
            Event::Evidence { told_by, evidence, holds } => {
                self.evidence(told_by.as_ref(), evidence, *holds)?;
            }
            Event::Unfit { site, document } => {
                let what = "the store does not take deltas, or what is claimed of them does not come";
                self.log("unfit", Some(site), Some(document.as_str()), json!({"what": what}));
            }
            Event::Cursors { .. } | Event::Round { .. } | Event::Failed { .. } => {}
        }
        Ok(())
    }

    fn evidence(
        &mut self,
        told_by: Option<&SiteId>,
        evidence: &Evidence,
        holds: Option<bool>,
    ) -> Result<(), Problem> {
        let told_by = told_by.map(SiteId::as_str);
        let digest = evidence::keep(evidence, told_by)?;
        if told_by.is_none() {
            // All are told, also the one that it speaks of: it may have been restored, and not know.
            let peers = self.site.peers.iter().filter(|peer| peer.way.direction().is_some());
            let sites: Vec<SiteId> = peers.map(|peer| peer.name.clone()).collect();
            evidence::accuse(&sites, &digest)?;
            self.accused.push(digest);
        }
        let detail = json!({
            "evidence": digest, "accused": evidence.accused(), "told_by": told_by, "holds_finders": holds,
            "operation_id": evidence.check().ok(),
        });
        let accused = evidence.accused().clone();
        self.log("evidence", Some(&accused), Some(evidence.document().as_str()), detail);
        self.due.push(Due::Event(event::evidence(self.own(), evidence, &digest, told_by)));
        Ok(())
    }

    /// Evidence that was found meanwhile, of which peers are to be told.
    pub(super) fn accusations(&self) -> &[Digest] {
        &self.accused
    }

    /// How a round ended. One in which nothing moved is not worth an entry.
    pub(super) fn round(
        &mut self,
        peer: &Peer,
        state: State,
        ledger: &Ledger,
        failed_before: bool,
        trouble: Option<&str>,
        detail: Option<&str>,
    ) {
        match state {
            State::Failed => {
                self.log("failed", Some(&peer.name), None, json!({"trouble": trouble, "detail": detail}));
            }
            State::Done | State::Partial if ledger.moved() || failed_before && state == State::Done => {
                self.log("round", Some(&peer.name), None, json!({"state": state, "exchanged": ledger}));
            }
            _ => {}
        }
    }

    /// Writes it down, and tells the timeline.
    pub(super) async fn end(mut self) -> Result<(), Problem> {
        for (site, documents) in std::mem::take(&mut self.stored) {
            let named: BTreeMap<&String, &u64> = documents.iter().take(MAX_NAMED).collect();
            let deltas: u64 = documents.values().sum();
            let detail = json!({"documents": documents.len(), "deltas": deltas, "named": named});
            let only = documents.keys().next().filter(|_| documents.len() == 1);
            self.log("stored", Some(&site), only.map(String::as_str), detail);
        }
        log::append(&self.log)?;
        let rows = due::insert(std::mem::take(&mut self.due))?;
        if !rows.is_empty() {
            neighbours::tell(&rows).await;
        }
        Ok(())
    }
}
