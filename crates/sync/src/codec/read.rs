//! Bytes to frames.

use ramanujan_crdt::codec::{Bytes, DecodeError};

use super::kind;
use super::parts::{Part, malformed, take_blob, take_bool, take_list};
use crate::limits::{
    MAX_CURSOR, MAX_DOCUMENTS, MAX_FRAME, MAX_FREEZES, MAX_MANIFEST, MAX_PROBES, MAX_SPANS, OLDEST_VERSION,
    VERSION,
};
use crate::message::{Frame, Message};

/// Reads what [`encode`](super::encode) wrote.
///
/// # Errors
/// [`DecodeError`] for anything else: frames of other versions, longer than [`MAX_FRAME`], or beyond a bound.
pub fn decode(bytes: &[u8]) -> Result<Frame, DecodeError> {
    let mut reader = Bytes(bytes);
    let version = reader.byte()?;
    if !(OLDEST_VERSION..=VERSION).contains(&version) {
        return Err(DecodeError::Version(version));
    }
    if bytes.len() > MAX_FRAME {
        return malformed("the frame is too long");
    }
    let frame = Frame { from: reader.agent()?, exchange: reader.safe()?, message: message(&mut reader)? };
    if reader.is_empty() { Ok(frame) } else { malformed("bytes follow the message") }
}

fn manifest(bytes: &mut Bytes<'_>) -> Result<String, DecodeError> {
    match bytes.text()? {
        text if text.len() <= MAX_MANIFEST => Ok(text.to_owned()),
        _ => malformed("the version of a manifest is too long"),
    }
}

fn message(bytes: &mut Bytes<'_>) -> Result<Message, DecodeError> {
    Ok(match bytes.byte()? {
        kind::HELLO => Message::Hello {
            oldest: bytes.byte()?,
            newest: bytes.byte()?,
            manifest: manifest(bytes)?,
            interest: Part::take(bytes)?,
        },
        kind::WELCOME => Message::Welcome {
            version: bytes.byte()?,
            manifest: manifest(bytes)?,
            interest: Part::take(bytes)?,
        },
        kind::PULL => Message::Pull {
            after: take_blob(bytes, MAX_CURSOR)?,
            interest: Part::take(bytes)?,
            budget: bytes.uint32()?,
        },
        kind::CHANGES => Message::Changes {
            changes: take_list(bytes, MAX_DOCUMENTS)?,
            next: take_blob(bytes, MAX_CURSOR)?,
            more: take_bool(bytes)?,
        },
        kind::STALE => Message::Stale,
        kind::COMPARE => {
            Message::Compare { interest: Part::take(bytes)?, spans: take_list(bytes, MAX_SPANS)? }
        }
        kind::DIFFER => {
            Message::Differ { spans: take_list(bytes, MAX_SPANS)?, next: take_blob(bytes, MAX_CURSOR)? }
        }
        kind::ASK => Message::Ask { documents: take_list(bytes, MAX_DOCUMENTS)? },
        kind::STATES => {
            Message::States { changes: take_list(bytes, MAX_DOCUMENTS)?, more: take_bool(bytes)? }
        }
        kind::WANT => Message::Want { wants: take_list(bytes, MAX_DOCUMENTS)?, budget: bytes.uint32()? },
        kind::DELTAS => Message::Deltas { packs: take_list(bytes, MAX_DOCUMENTS)? },
        kind::PROBE => Message::Probe { document: Part::take(bytes)?, dots: take_list(bytes, MAX_PROBES)? },
        kind::HASHES => Message::Hashes { hashes: take_list(bytes, MAX_PROBES)? },
        kind::FROZEN => Message::Frozen { document: Part::take(bytes)?, after: Part::take(bytes)? },
        kind::FREEZES => {
            Message::Freezes { freezes: take_list(bytes, MAX_FREEZES)?, more: take_bool(bytes)? }
        }
        kind::OFFER => Message::Offer { changes: take_list(bytes, MAX_DOCUMENTS)? },
        kind::WANTED => Message::Wanted {
            wants: take_list(bytes, MAX_DOCUMENTS)?,
            freezes: take_list(bytes, MAX_DOCUMENTS)?,
        },
        kind::GIVE_FREEZES => {
            Message::GiveFreezes { document: Part::take(bytes)?, freezes: take_list(bytes, MAX_FREEZES)? }
        }
        kind::GIVE => Message::Give { packs: take_list(bytes, MAX_DOCUMENTS)? },
        kind::TAKEN => Message::Taken { outcomes: take_list(bytes, MAX_DOCUMENTS)? },
        kind::ACCUSE => Message::Accuse { evidence: Part::take(bytes)? },
        kind::BUSY => Message::Busy { wait_ms: bytes.safe()? },
        kind::REFUSED => Message::Refused { reason: Part::take(bytes)? },
        _ => return malformed("a message of an unknown kind"),
    })
}
