//! What tasks share: who this site is, what happens, and the evidence.

use ramanujan_core::{AgentId, DocumentId, Dot};

use super::interface::{Event, Output, Quarantine, Settings};
use super::peer::Peer;
use crate::evidence::Evidence;
use crate::limits::MAX_EVIDENCE;

#[derive(Debug)]
pub(super) struct Context {
    pub(super) settings: Settings,
    pub(super) outputs: Vec<Output>,
    pub(super) evidence: Vec<Evidence>,
    /// What peers told of.
    pub(super) told: Vec<Evidence>,
    /// Evidence that was not kept, because there was much.
    pub(super) dropped: u64,
    /// Evidence that peers are to be told of.
    pub(super) accusations: Vec<Evidence>,
}

impl Context {
    pub(super) fn new(settings: Settings) -> Self {
        let outputs = Vec::new();
        Context {
            settings,
            outputs,
            evidence: Vec::new(),
            told: Vec::new(),
            dropped: 0,
            accusations: Vec::new(),
        }
    }

    pub(super) fn event(&mut self, event: Event) {
        self.outputs.push(Output::Event(event));
    }

    pub(super) fn stored(&mut self, site: &crate::SiteId, document: DocumentId, dots: Vec<Dot>) {
        self.event(Event::Stored { site: site.clone(), document, dots });
    }

    pub(super) fn unfit(&mut self, peer: &Peer, document: &DocumentId) {
        self.event(Event::Unfit { site: peer.settings.site.clone(), document: document.clone() });
    }

    /// Keeps evidence of this site's own, unless it is known; says whether it is new.
    pub(super) fn keep(&mut self, evidence: &Evidence) -> bool {
        let is_new = !self.evidence.contains(evidence);
        if is_new && self.evidence.len() < MAX_EVIDENCE {
            self.evidence.push(evidence.clone());
        } else {
            self.dropped += u64::from(is_new);
        }
        is_new
    }

    /// Keeps evidence that a peer told of; says whether it does. Contradictions are easily made up, so much of it is passed over
    /// and takes no room from what was found here.
    pub(super) fn keep_told(&mut self, evidence: &Evidence) -> bool {
        let is_new = !self.evidence.contains(evidence) && !self.told.contains(evidence);
        let has_room = self.told.len() < MAX_EVIDENCE;
        if is_new && has_room {
            self.told.push(evidence.clone());
        }
        self.dropped += u64::from(is_new && !has_room);
        is_new && has_room
    }

    /// Takes nothing of an agent from a peer any more; says whether that is new.
    pub(super) fn bar(&mut self, peer: &mut Peer, document: &DocumentId, agent: &AgentId, from: u64) -> bool {
        let is_new = peer.bar(document, agent, from);
        if is_new {
            let (site, document, agent) = (peer.settings.site.clone(), document.clone(), agent.clone());
            self.event(Event::Quarantined(Quarantine { site, document, agent, from }));
        }
        is_new
    }

    /// What this site found out about a peer by itself. Says whether more is barred by it.
    pub(super) fn convict(&mut self, peer: &mut Peer, evidence: Evidence, dot: &Dot) -> bool {
        let document = evidence.document().clone();
        let is_new = self.bar(peer, &document, &dot.agent, dot.seq);
        if self.keep(&evidence) {
            let holds = evidence.digests().map(|_| true);
            self.event(Event::Evidence { told_by: None, evidence: evidence.clone(), holds });
            self.accusations.push(evidence);
        }
        is_new
    }
}
