//! Documents one after the other, over as many calls as it takes.

use ramanujan_core::{DocumentId, Problem};
use ramanujan_sync::change::Change;
use ramanujan_sync::fold::{Places, place_of};
use ramanujan_sync::interest::Shared;
use ramanujan_sync::store::{Answer, Question};

use super::asked::{SyncRequest, invalid};
use super::neighbours;

/// Most documents of a call, where the request does not say.
const DEFAULT_LIMIT: u64 = 100;
/// Most that it may say: each is a read of its whole history.
const MAX_LIMIT: u64 = 1000;

/// Documents with the place after each.
pub(super) struct Documents {
    pub(super) documents: Vec<(DocumentId, Option<u64>)>,
    /// Where to go on after all of them; none at the end.
    pub(super) next: Option<u64>,
}

/// The limit of a request.
pub(super) fn limit(wanted: &SyncRequest) -> Result<u64, Problem> {
    match wanted.limit.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        _ => Err(invalid(format!("limit must be 1 to {MAX_LIMIT}"))),
    }
}

/// A place as a cursor.
pub(super) fn written(place: u64) -> String {
    format!("{place:016x}")
}

/// A cursor as a place; the beginning where there is none.
pub(super) fn place(text: Option<&str>) -> Result<u64, Problem> {
    let Some(text) = text else { return Ok(0) };
    let is_one = text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    u64::from_str_radix(text, 16)
        .ok()
        .filter(|_| is_one)
        .ok_or_else(|| invalid("cursor is not the next_cursor of a reply"))
}

/// Of documents that a request names, those from a place on.
pub(super) fn of_named(named: &[DocumentId], from: u64, limit: u64) -> Documents {
    let all = (0u64..).zip(named);
    let from_there = all.skip_while(|(at, _)| *at < from).take(usize::try_from(limit).unwrap_or(usize::MAX));
    let end = named.len() as u64;
    let after = |at: u64| Some(at + 1).filter(|next| *next < end);
    let documents: Vec<_> = from_there.map(|(at, document)| (document.clone(), after(at))).collect();
    let next = documents.last().and_then(|(_, next)| *next);
    Documents { documents, next }
}

/// Of all documents of an interest, those from a place on. They come in the order of the hashes of their ids, which no
/// write changes, so that none is passed over and none comes twice.
pub(super) async fn of_all(shared: &Shared, mut from: u64, limit: u64) -> Result<Documents, Problem> {
    loop {
        let rest = Places { from, to: u64::MAX };
        let question = Question::Folds { shared: shared.clone(), places: vec![rest] };
        let Answer::Folds { folds, .. } = neighbours::answer(&question).await? else {
            return Err(unexpected());
        };
        let count = folds.first().map_or(0, |fold| fold.count);
        if count == 0 {
            return Ok(Documents { documents: Vec::new(), next: None });
        }
        // Hashes lie evenly.
        let to = match count > limit {
            false => u64::MAX,
            true => {
                let length = u128::from(u64::MAX - from) * u128::from(limit) / u128::from(count);
                from.saturating_add(u64::try_from(length).unwrap_or(u64::MAX))
            }
        };
        let question = Question::List { shared: shared.clone(), places: vec![Places { from, to }] };
        let Answer::List(lists) = neighbours::answer(&question).await? else { return Err(unexpected()) };
        let mut listed: Vec<(u64, DocumentId)> =
            lists.into_iter().flatten().map(|(document, _)| (place_of(&document), document)).collect();
        listed.sort();
        let next = to.checked_add(1);
        if !listed.is_empty() || next.is_none() {
            let documents =
                listed.into_iter().map(|(place, document)| (document, place.checked_add(1))).collect();
            return Ok(Documents { documents, next });
        }
        from = next.unwrap_or(u64::MAX);
    }
}

/// Whole versions of documents; those that are not there are left out.
pub(super) async fn states(mut documents: Vec<DocumentId>) -> Result<Vec<Change>, Problem> {
    let mut all = Vec::new();
    while !documents.is_empty() {
        let asked = documents.len();
        let Answer::States { changes, rest } = neighbours::answer(&Question::States(documents)).await? else {
            return Err(unexpected());
        };
        all.extend(changes);
        if rest.len() >= asked {
            return Err(unexpected());
        }
        documents = rest;
    }
    Ok(all)
}

/// An answer to another question.
fn unexpected() -> Problem {
    Problem::new(ramanujan_core::Code::ComponentReply, "crdt-service answered another question")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn named_documents_come_in_pages() {
        let named: Vec<DocumentId> = ["a", "b", "c"].map(|id| id.parse().unwrap()).to_vec();
        let page = of_named(&named, 0, 2);
        assert_eq!((page.documents.len(), page.next), (2, Some(2)));
        let page = of_named(&named, 2, 2);
        assert_eq!((page.documents[0].0.as_str(), page.next), ("c", None));
        assert_eq!(of_named(&named, 7, 2).next, None);
    }

    #[test]
    fn a_cursor_is_sixteen_digits() {
        assert_eq!(place(Some(&written(77))).unwrap(), 77);
        for text in ["", "4d", "+00000000000004d", "000000000000004g"] {
            assert!(place(Some(text)).is_err(), "{text}");
        }
    }
}
