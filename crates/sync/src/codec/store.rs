//! Questions to the store and its answers, for a store that is another component. A byte in front tells the kind; versions
//! are those of the components, which are built together.

use ramanujan_core::DocumentId;
use ramanujan_crdt::CrdtType;
use ramanujan_crdt::codec::{Bytes, DecodeError, put_text, put_uint};

use super::parts::{Part, malformed, put_blob, put_bool, put_list, take_blob, take_bool, take_list};
use crate::change::FreezeSum;
use crate::fold::{Fold, Places};
use crate::interest::{Interest, Shared};
use crate::limits::{MAX_CURSOR, MAX_DOCUMENTS, MAX_FREEZES, MAX_LISTED, MAX_LOOKS, MAX_PLACES};
use crate::store::{Answer, Look, Question, Seen, StoreRefusal, Stored};

/// The bytes of a question.
pub fn encode_question(question: &Question) -> Vec<u8> {
    let mut out = Vec::new();
    match question {
        Question::Feed { after, shared, most, budget } => {
            out.push(1);
            put_blob(&mut out, after);
            shared.put(&mut out);
            put_uint(&mut out, *most as u64);
            put_uint(&mut out, u64::from(*budget));
        }
        Question::Folds { shared, places } => {
            out.push(2);
            shared.put(&mut out);
            put_list(&mut out, places);
        }
        Question::List { shared, places } => {
            out.push(3);
            shared.put(&mut out);
            put_list(&mut out, places);
        }
        Question::States(documents) => {
            out.push(4);
            put_list(&mut out, documents);
        }
        Question::Look(looks) => {
            out.push(5);
            put_list(&mut out, looks);
        }
        Question::Read { wants, budget } => {
            out.push(6);
            put_list(&mut out, wants);
            put_uint(&mut out, u64::from(*budget));
        }
        Question::Append(packs) => {
            out.push(7);
            put_list(&mut out, packs);
        }
        Question::Mark(marks) => {
            out.push(8);
            put_list(&mut out, marks);
        }
        Question::Freezes { document, after, most } => {
            out.push(9);
            document.put(&mut out);
            after.put(&mut out);
            put_uint(&mut out, *most as u64);
        }
        Question::Freeze { document, freezes } => {
            out.push(10);
            document.put(&mut out);
            put_list(&mut out, freezes);
        }
    }
    out
}

/// Reads what [`encode_question`] wrote.
///
/// # Errors
/// [`DecodeError`] for anything else, also for lists beyond their bounds.
pub fn decode_question(bytes: &[u8]) -> Result<Question, DecodeError> {
    let mut reader = Bytes(bytes);
    let bytes = &mut reader;
    let question = match bytes.byte()? {
        1 => Question::Feed {
            after: take_blob(bytes, MAX_CURSOR)?,
            shared: Part::take(bytes)?,
            most: at_most(bytes, MAX_DOCUMENTS)?,
            budget: bytes.uint32()?,
        },
        2 => Question::Folds { shared: Part::take(bytes)?, places: take_list(bytes, MAX_PLACES)? },
        3 => Question::List { shared: Part::take(bytes)?, places: take_list(bytes, MAX_PLACES)? },
        4 => Question::States(take_list(bytes, MAX_DOCUMENTS)?),
        5 => Question::Look(take_list(bytes, MAX_DOCUMENTS)?),
        6 => Question::Read { wants: take_list(bytes, MAX_DOCUMENTS)?, budget: bytes.uint32()? },
        7 => Question::Append(take_list(bytes, MAX_DOCUMENTS)?),
        8 => Question::Mark(take_list(bytes, MAX_DOCUMENTS)?),
        9 => Question::Freezes {
            document: Part::take(bytes)?,
            after: Part::take(bytes)?,
            most: at_most(bytes, MAX_FREEZES)?,
        },
        10 => Question::Freeze { document: Part::take(bytes)?, freezes: take_list(bytes, MAX_FREEZES)? },
        _ => return malformed("a question of an unknown kind"),
    };
    if reader.is_empty() { Ok(question) } else { malformed("bytes follow the question") }
}

/// The bytes of an answer.
pub fn encode_answer(answer: &Answer) -> Vec<u8> {
    let mut out = Vec::new();
    match answer {
        Answer::Feed { changes, next, more } => {
            out.push(1);
            put_list(&mut out, changes);
            put_blob(&mut out, next);
            put_bool(&mut out, *more);
        }
        Answer::Stale => out.push(2),
        Answer::Folds { folds, end } => {
            out.push(3);
            put_list(&mut out, folds);
            put_blob(&mut out, end);
        }
        Answer::List(lists) => {
            out.push(4);
            put_uint(&mut out, lists.len() as u64);
            lists.iter().for_each(|list| put_list(&mut out, list));
        }
        Answer::States { changes, rest } => {
            out.push(5);
            put_list(&mut out, changes);
            put_list(&mut out, rest);
        }
        Answer::Seen(seen) => {
            out.push(6);
            put_list(&mut out, seen);
        }
        Answer::Read(read) => {
            out.push(7);
            put_list(&mut out, read);
        }
        Answer::Appended(refusals) => {
            out.push(8);
            put_list(&mut out, refusals);
        }
        Answer::Done => out.push(9),
        Answer::Freezes { freezes, more } => {
            out.push(10);
            put_list(&mut out, freezes);
            put_bool(&mut out, *more);
        }
        Answer::Failed => out.push(11),
    }
    out
}

/// Reads what [`encode_answer`] wrote.
///
/// # Errors
/// [`DecodeError`] for anything else, also for lists beyond their bounds.
pub fn decode_answer(bytes: &[u8]) -> Result<Answer, DecodeError> {
    let mut reader = Bytes(bytes);
    let bytes = &mut reader;
    let answer = match bytes.byte()? {
        1 => Answer::Feed {
            changes: take_list(bytes, MAX_DOCUMENTS)?,
            next: take_blob(bytes, MAX_CURSOR)?,
            more: take_bool(bytes)?,
        },
        2 => Answer::Stale,
        3 => Answer::Folds { folds: take_list(bytes, MAX_PLACES)?, end: take_blob(bytes, MAX_CURSOR)? },
        4 => {
            let lists = bytes.count()?;
            if lists > MAX_PLACES {
                return malformed("there are too many lists");
            }
            let lists = (0..lists).map(|_| take_list(bytes, MAX_LISTED));
            Answer::List(lists.collect::<Result<_, _>>()?)
        }
        5 => Answer::States {
            changes: take_list(bytes, MAX_DOCUMENTS)?,
            rest: take_list(bytes, MAX_DOCUMENTS)?,
        },
        6 => Answer::Seen(take_list(bytes, MAX_DOCUMENTS)?),
        7 => Answer::Read(take_list(bytes, MAX_DOCUMENTS)?),
        8 => Answer::Appended(take_list(bytes, MAX_DOCUMENTS)?),
        9 => Answer::Done,
        10 => Answer::Freezes { freezes: take_list(bytes, MAX_FREEZES)?, more: take_bool(bytes)? },
        11 => Answer::Failed,
        _ => return malformed("an answer of an unknown kind"),
    };
    if reader.is_empty() { Ok(answer) } else { malformed("bytes follow the answer") }
}

fn at_most(bytes: &mut Bytes<'_>, most: usize) -> Result<usize, DecodeError> {
    match usize::try_from(bytes.safe()?) {
        Ok(number) if number <= most => Ok(number),
        _ => malformed("more is asked for than there is at a time"),
    }
}

impl Part for Shared {
    fn put(&self, out: &mut Vec<u8>) {
        self.ours.put(out);
        self.theirs.put(out);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Shared { ours: Interest::take(bytes)?, theirs: Interest::take(bytes)? })
    }
}

impl Part for Places {
    fn put(&self, out: &mut Vec<u8>) {
        self.from.put(out);
        self.to.put(out);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let places = Places { from: u64::take(bytes)?, to: u64::take(bytes)? };
        if places.from > places.to {
            return malformed("places end before they begin");
        }
        Ok(places)
    }
}

impl Part for Fold {
    fn put(&self, out: &mut Vec<u8>) {
        put_uint(out, self.count);
        out.extend_from_slice(&self.sum);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let count = bytes.safe()?;
        let mut sum = [0; 32];
        sum.copy_from_slice(bytes.bytes(32)?);
        Ok(Fold { count, sum })
    }
}

impl Part for Look {
    fn put(&self, out: &mut Vec<u8>) {
        self.document.put(out);
        put_uint(out, self.agents.len() as u64);
        self.agents.iter().for_each(|agent| put_text(out, agent.as_str()));
        put_list(out, &self.dots);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let document = DocumentId::take(bytes)?;
        let count = bytes.count()?;
        if count > MAX_LOOKS {
            return malformed("too many agents are asked for");
        }
        let agents = (0..count).map(|_| bytes.agent()).collect::<Result<_, _>>()?;
        Ok(Look { document, agents, dots: take_list(bytes, MAX_LOOKS)? })
    }
}

impl Part for Seen {
    fn put(&self, out: &mut Vec<u8>) {
        self.crdt_type.put(out);
        put_uint(out, self.held.len() as u64);
        self.held.iter().for_each(|held| put_uint(out, *held));
        put_list(out, &self.hashes);
        put_uint(out, self.marks);
        self.freezes.put(out);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let crdt_type = <Option<CrdtType> as Part>::take(bytes)?;
        let count = bytes.count()?;
        if count > MAX_LOOKS {
            return malformed("too many agents are told of");
        }
        let held = (0..count).map(|_| bytes.safe()).collect::<Result<_, _>>()?;
        let hashes = take_list(bytes, MAX_LOOKS)?;
        Ok(Seen { crdt_type, held, hashes, marks: bytes.safe()?, freezes: FreezeSum::take(bytes)? })
    }
}

impl Part for Stored {
    fn put(&self, out: &mut Vec<u8>) {
        self.pack.put(out);
        put_list(out, &self.ranges);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        Ok(Stored { pack: Part::take(bytes)?, ranges: super::parts::take_ranges(bytes)? })
    }
}

impl Part for StoreRefusal {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn take(bytes: &mut Bytes<'_>) -> Result<Self, DecodeError> {
        let known = [StoreRefusal::Unfit, StoreRefusal::Full];
        known.get(usize::from(bytes.byte()?)).copied().ok_or(DecodeError::Malformed("a refusal is unknown"))
    }
}
