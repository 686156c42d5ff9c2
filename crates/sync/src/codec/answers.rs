//! Outcomes, refusals and evidence, written and read.

use ramanujan_core::{Digest, DocumentId};
use ramanujan_crdt::codec::{Bytes, DecodeError, put_text};

use super::parts::{Part, malformed, put_blob, put_list, take_blob, take_list};
use crate::evidence::{Evidence, Statement};
use crate::limits;
use crate::message::{Outcome, Refusal};

impl Part for Outcome {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let known = [Outcome::Taken, Outcome::Incomplete, Outcome::Contradicts, Outcome::Unfit];
        known.get(usize::from(bytes.byte()?)).copied().ok_or(DecodeError::Malformed("an outcome is unknown"))
    }
}

impl Part for Refusal {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let known = [Refusal::Version, Refusal::NotAPeer, Refusal::Malformed, Refusal::Failed];
        known.get(usize::from(bytes.byte()?)).copied().ok_or(DecodeError::Malformed("a reason is unknown"))
    }
}

impl Part for Statement {
    fn put(&self, out: &mut Vec<u8>) {
        put_text(out, self.site.as_str());
        put_blob(out, &self.delta);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Statement { site: bytes.agent()?, delta: take_blob(bytes, limits::MAX_FRAME)? })
    }
}

impl Part for Evidence {
    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Evidence::Equivocation { document, ours, theirs } => {
                out.push(0);
                document.put(out);
                ours.put(out);
                theirs.put(out);
            }
            Evidence::Unfounded { document, theirs, parents, claimed } => {
                out.push(1);
                document.put(out);
                theirs.put(out);
                put_list(out, parents);
                claimed.put(out);
            }
        }
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        match bytes.byte()? {
            0 => Ok(Evidence::Equivocation {
                document: DocumentId::take(bytes)?,
                ours: Statement::take(bytes)?,
                theirs: Statement::take(bytes)?,
            }),
            1 => Ok(Evidence::Unfounded {
                document: DocumentId::take(bytes)?,
                theirs: Statement::take(bytes)?,
                parents: take_list(bytes, limits::MAX_HEADS)?,
                claimed: Digest::take(bytes)?,
            }),
            _ => malformed("evidence of an unknown kind"),
        }
    }
}
