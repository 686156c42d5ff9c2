//! The memo as handlers use it: both tiers, heads, counts.

use std::cell::Cell;

use ramanujan_core::Code;
use ramanujan_core::VectorClock;
use ramanujan_crdt::CrdtType;
use ramanujan_shell::native::fresh_database;

use super::counters::Counters;
use super::*;
use crate::materialise::Content;

fn key(number: u64) -> Key {
    Key::numbered(number)
}

fn totals() -> Counters {
    flush(true);
    Counters::read(&Store::open(SCHEMA).unwrap()).unwrap()
}

/// A reply through the memo, and whether it had to be computed.
fn ask(number: u64, bytes: usize) -> (Vec<u8>, bool, bool) {
    let computed = Cell::new(false);
    let (reply, cached) = reply(key(number), bytes, || {
        computed.set(true);
        Ok((number.to_string().into_bytes(), Polarity::Positive))
    })
    .unwrap();
    (reply.to_vec(), cached, computed.get())
}

#[test]
fn the_second_time_nothing_is_computed() {
    let _database = fresh_database();
    assert_eq!(ask(7, BREAK_EVEN), (b"7".to_vec(), false, true));
    assert_eq!(ask(7, BREAK_EVEN), (b"7".to_vec(), true, false));
    assert_eq!(ask(8, BREAK_EVEN), (b"8".to_vec(), false, true));
    let counts = totals();
    assert_eq!((counts.consultations, counts.hits, counts.misses), (3, 1, 2));
}

#[test]
fn a_request_seen_before_is_answered_unread_while_its_answer_is_remembered() {
    let _database = fresh_database();
    let request = Key::of_request("merge", 0, b"left and right");
    assert!(recall_request(&request).is_none());
    remember_request(request, key(7));
    assert!(recall_request(&request).is_none());
    ask(7, BREAK_EVEN);
    assert_eq!(recall_request(&request).as_deref(), Some(b"7".as_slice()));
    assert_eq!(clear(), (0, 1));
    assert!(recall_request(&request).is_none());
    let counts = totals();
    assert_eq!((counts.consultations, counts.hits), (2, 1));
}

#[test]
fn pointers_take_their_share_of_the_budget() {
    for megabytes in [0, 1, 50, u64::MAX] {
        let limits = to_limits(megabytes, 1);
        let memo = Memo::with(limits);
        let pointers = memo.heads.cap().get() + memo.requests.cap().get();
        let all = memo.entries.limits().bytes + pointers * POINTER_BYTES;
        assert!(all <= limits.bytes.max(2 * POINTER_BYTES) && all >= limits.bytes, "{megabytes}");
    }
}

#[test]
fn an_error_is_not_remembered() {
    let _database = fresh_database();
    let refused = reply(key(7), BREAK_EVEN, || Err(Problem::new(Code::InvalidMerge, "")));
    assert_eq!(refused.unwrap_err().code, Code::InvalidMerge);
    assert_eq!(ask(7, BREAK_EVEN), (b"7".to_vec(), false, true));
}

#[test]
fn what_another_instance_computed_is_found_in_the_store_if_it_was_large() {
    let _database = fresh_database();
    let forget = || MEMO.set(Memo::new());
    ask(1, tier2::BREAK_EVEN);
    ask(2, tier2::BREAK_EVEN - 1);
    flush(true);
    forget();
    assert_eq!(ask(1, tier2::BREAK_EVEN), (b"1".to_vec(), true, false));
    assert_eq!(ask(2, tier2::BREAK_EVEN - 1), (b"2".to_vec(), false, true));
    // It is in memory again, with its polarity.
    assert_eq!(ask(1, BREAK_EVEN), (b"1".to_vec(), true, false));
    assert_eq!(MEMO.with_borrow(|memo| memo.entries.count(Polarity::Positive)), 2);
    let counts = totals();
    assert_eq!((counts.consultations, counts.hits, counts.tier2_hits), (5, 2, 1));
}

#[test]
fn without_a_store_answers_are_right_and_only_slower() {
    let count = 3 * 64;
    for number in 0..count {
        assert_eq!(ask(number, tier2::BREAK_EVEN), (number.to_string().into_bytes(), false, true));
    }
    let _database = fresh_database();
    assert_eq!(totals().consultations, count, "what could not be written down was kept");
}

#[test]
fn an_old_entry_is_a_miss_that_counts_as_expired() {
    let _database = fresh_database();
    MEMO.with_borrow_mut(|memo| {
        let long_ago = now_millis() - memo.entries.limits().ttl;
        memo.entries.put(key(7), Cached::Reply(Rc::from(*b"old")), 3, Polarity::Neutral, long_ago);
    });
    assert_eq!(ask(7, BREAK_EVEN), (b"7".to_vec(), false, true));
    let counts = totals();
    assert_eq!((counts.expired, counts.hits, counts.misses), (1, 0, 1));
}

#[test]
fn evictions_are_counted() {
    let _database = fresh_database();
    let half = MEMO.with_borrow(|memo| memo.entries.limits().bytes / 2);
    for number in 0..4 {
        put(key(number), Cached::Reply(Rc::from(*b"x")), half, Polarity::Negative);
    }
    assert_eq!(totals().evictions, 3);
    assert_eq!([2, 3].map(|number| ask(number, BREAK_EVEN).1), [false, true]);
}

#[test]
fn a_head_leads_to_a_state_until_it_is_invalidated_and_the_entry_stays() {
    let _database = fresh_database();
    let state = Rc::new(Materialised {
        log: 0,
        heads: Vec::new(),
        clock: VectorClock::new(),
        content: Content::empty(CrdtType::Text),
        digest: None,
        unsaved: 0,
    });
    put(key(1), Cached::Document(Rc::clone(&state)), 1, Polarity::Neutral);
    set_head("d", key(1));
    assert!(matches!(consult("d", &key(2), |_| true), Known::Base(_)));
    assert!(matches!(consult("d", &key(2), |_| false), Known::Nothing));
    assert!(matches!(consult("e", &key(2), |_| true), Known::Nothing));
    assert!(invalidate("d") && !invalidate("d"));
    assert!(matches!(consult("d", &key(2), |_| true), Known::Nothing));
    assert!(base("d").is_none());
    assert_eq!(MEMO.with_borrow(|memo| memo.entries.len()), 1);
    put(key(2), Cached::Reply(Rc::from(*b"x")), 1, Polarity::Neutral);
    assert!(matches!(consult("d", &key(2), |_| false), Known::Reply(_)));
    let counts = totals();
    assert_eq!((counts.consultations, counts.hits, counts.misses), (5, 2, 3));
    assert_eq!((counts.extended, counts.invalidations), (1, 1));
}
