//! What a site says that lies on the way out.

use ramanujan_core::Digest;
use ramanujan_core::splitmix::SplitMix64;
use ramanujan_sync::Message;
use ramanujan_sync::pack::Pack;

use crate::document::other;
use crate::plan::Lie;
use crate::world::Met;

pub(crate) fn twist(lie: Lie, message: &mut Message, random: &mut SplitMix64, met: &mut Met) {
    let (Message::Deltas { packs } | Message::Give { packs }) = message else { return };
    for pack in packs {
        if random.below(2) > 0 {
            continue;
        }
        match lie {
            Lie::Claims => {
                let place = random.below(pack.claims.len().max(1) as u64) as usize;
                if let Some((_, hash)) = pack.claims.get_mut(place) {
                    *hash = Digest::of(&random.next_u64().to_be_bytes());
                    *met.entry("claim forged").or_default() += 1;
                }
            }
            Lie::Contents => {
                let Ok(mut deltas) = pack.open() else { continue };
                let place = random.below(deltas.len().max(1) as u64) as usize;
                if let Some(delta) = deltas.get_mut(place) {
                    delta.op = other(&delta.op);
                    *met.entry("content forged").or_default() += 1;
                }
                // Claims for all would give it away at once; it keeps those that it had.
                let forged: Vec<_> = deltas.into_iter().map(|delta| (delta, Digest([0; 32]))).collect();
                let claims = std::mem::take(&mut pack.claims);
                *pack = Pack { claims, ..Pack::of(pack.document.clone(), pack.crdt_type, &forged, false) };
            }
            Lie::History => {}
        }
    }
}
