//! Frames to bytes.

use ramanujan_crdt::codec::{put_text, put_uint};

use super::kind;
use super::parts::{Part, put_blob, put_bool, put_list};
use crate::limits::VERSION;
use crate::message::{Frame, Message};

/// The bytes of a frame.
pub fn encode(frame: &Frame) -> Vec<u8> {
    let mut out = vec![VERSION];
    put_text(&mut out, frame.from.as_str());
    put_uint(&mut out, frame.exchange);
    put(&mut out, &frame.message);
    out
}

fn put(out: &mut Vec<u8>, message: &Message) {
    match message {
        Message::Hello { oldest, newest, manifest, interest } => {
            out.extend([kind::HELLO, *oldest, *newest]);
            put_text(out, manifest);
            interest.put(out);
        }
        Message::Welcome { version, manifest, interest } => {
            out.extend([kind::WELCOME, *version]);
            put_text(out, manifest);
            interest.put(out);
        }
        Message::Pull { after, interest, budget } => {
            out.push(kind::PULL);
            put_blob(out, after);
            interest.put(out);
            put_uint(out, u64::from(*budget));
        }
        Message::Changes { changes, next, more } => {
            out.push(kind::CHANGES);
            put_list(out, changes);
            put_blob(out, next);
            put_bool(out, *more);
        }
        Message::Stale => out.push(kind::STALE),
        Message::Compare { interest, spans } => {
            out.push(kind::COMPARE);
            interest.put(out);
            put_list(out, spans);
        }
        Message::Differ { spans, next } => {
            out.push(kind::DIFFER);
            put_list(out, spans);
            put_blob(out, next);
        }
        Message::Ask { documents } => {
            out.push(kind::ASK);
            put_list(out, documents);
        }
        Message::States { changes, more } => {
            out.push(kind::STATES);
            put_list(out, changes);
            put_bool(out, *more);
        }
        Message::Want { wants, budget } => {
            out.push(kind::WANT);
            put_list(out, wants);
            put_uint(out, u64::from(*budget));
        }
        Message::Deltas { packs } => {
            out.push(kind::DELTAS);
            put_list(out, packs);
        }
        Message::Probe { document, dots } => {
            out.push(kind::PROBE);
            document.put(out);
            put_list(out, dots);
        }
        Message::Hashes { hashes } => {
            out.push(kind::HASHES);
            put_list(out, hashes);
        }
        Message::Frozen { document, after } => {
            out.push(kind::FROZEN);
            document.put(out);
            after.put(out);
        }
        Message::Freezes { freezes, more } => {
            out.push(kind::FREEZES);
            put_list(out, freezes);
            put_bool(out, *more);
        }
        Message::Offer { changes } => {
            out.push(kind::OFFER);
            put_list(out, changes);
        }
        Message::Wanted { wants, freezes } => {
            out.push(kind::WANTED);
            put_list(out, wants);
            put_list(out, freezes);
        }
        Message::GiveFreezes { document, freezes } => {
            out.push(kind::GIVE_FREEZES);
            document.put(out);
            put_list(out, freezes);
        }
        Message::Give { packs } => {
            out.push(kind::GIVE);
            put_list(out, packs);
        }
        Message::Taken { outcomes } => {
            out.push(kind::TAKEN);
            put_list(out, outcomes);
        }
        Message::Accuse { evidence } => {
            out.push(kind::ACCUSE);
            evidence.put(out);
        }
        Message::Busy { wait_ms } => {
            out.push(kind::BUSY);
            put_uint(out, *wait_ms);
        }
        Message::Refused { reason } => {
            out.push(kind::REFUSED);
            reason.put(out);
        }
    }
}
