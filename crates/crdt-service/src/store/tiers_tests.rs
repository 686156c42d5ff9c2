//! The memo as handlers use it: both tiers, heads, counts.

use std::cell::Cell;

use ramanujan_core::Code;
use ramanujan_crdt::CrdtType;
use ramanujan_shell::native::fresh_database;

use super::*;
use crate::memo::counts::Counters;
use crate::memo::tier1::tests::{budget, count_of, forget_all, put_expired};
use crate::memo::tier1::{
    BREAK_EVEN as WORTH, base, clear, invalidate, occupancy, put, remember_request, set_head,
};
use crate::store::tier2;

fn key(number: u64) -> Key {
    Key::numbered(number)
}

fn totals() -> Counters {
    flush(true);
    Database::open().unwrap().counters().unwrap()
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
    assert_eq!(ask(7, WORTH), (b"7".to_vec(), false, true));
    assert_eq!(ask(7, WORTH), (b"7".to_vec(), true, false));
    assert_eq!(ask(8, WORTH), (b"8".to_vec(), false, true));
    let counts = totals();
    assert_eq!((counts.consultations, counts.hits, counts.misses), (3, 1, 2));
}

#[test]
fn a_request_seen_before_is_answered_unread_while_its_answer_is_remembered() {
    let _database = fresh_database();
    let request = Key::of_request("merge", 0, b"left and right");
    assert!(reply_to(&request).is_none());
    remember_request(request, key(7));
    assert!(reply_to(&request).is_none());
    ask(7, WORTH);
    assert_eq!(reply_to(&request).as_deref(), Some(b"7".as_slice()));
    assert_eq!(clear(), (0, 1));
    assert!(reply_to(&request).is_none());
    let counts = totals();
    assert_eq!((counts.consultations, counts.hits), (2, 1));
}

#[test]
fn an_error_is_not_remembered() {
    let _database = fresh_database();
    let refused = reply(key(7), WORTH, || Err(Problem::new(Code::InvalidMerge, "")));
    assert_eq!(refused.unwrap_err().code, Code::InvalidMerge);
    assert_eq!(ask(7, WORTH), (b"7".to_vec(), false, true));
}

#[test]
fn what_another_instance_computed_is_found_in_the_store_if_it_was_large() {
    let _database = fresh_database();
    ask(1, tier2::BREAK_EVEN);
    ask(2, tier2::BREAK_EVEN - 1);
    flush(true);
    forget_all();
    assert_eq!(ask(1, tier2::BREAK_EVEN), (b"1".to_vec(), true, false));
    assert_eq!(ask(2, tier2::BREAK_EVEN - 1), (b"2".to_vec(), false, true));
    // It is in memory again, with its polarity.
    assert_eq!(ask(1, WORTH), (b"1".to_vec(), true, false));
    assert_eq!(count_of(Polarity::Positive), 2);
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
    put_expired(key(7));
    assert_eq!(ask(7, WORTH), (b"7".to_vec(), false, true));
    let counts = totals();
    assert_eq!((counts.expired, counts.hits, counts.misses), (1, 0, 1));
}

#[test]
fn evictions_are_counted() {
    let _database = fresh_database();
    let half = budget() / 2;
    for number in 0..4 {
        put(key(number), Cached::Reply(Rc::from(*b"x")), half, Polarity::Negative);
    }
    assert_eq!(totals().evictions, 3);
    assert_eq!([2, 3].map(|number| ask(number, WORTH).1), [false, true]);
}

#[test]
fn a_head_leads_to_a_state_until_it_is_invalidated_and_the_entry_stays() {
    let _database = fresh_database();
    let state = Rc::new(Materialised::empty(CrdtType::Text));
    put(key(1), Cached::Document(Rc::clone(&state)), 1, Polarity::Neutral);
    set_head("d", key(1));
    assert!(matches!(consult("d", &key(2), |_| true), Remembered::Base(_)));
    assert!(matches!(consult("d", &key(2), |_| false), Remembered::Nothing));
    assert!(matches!(consult("e", &key(2), |_| true), Remembered::Nothing));
    assert!(invalidate("d") && !invalidate("d"));
    assert!(matches!(consult("d", &key(2), |_| true), Remembered::Nothing));
    assert!(base("d").is_none());
    assert_eq!(occupancy().current_size, 1);
    put(key(2), Cached::Reply(Rc::from(*b"x")), 1, Polarity::Neutral);
    assert!(matches!(consult("d", &key(2), |_| false), Remembered::Reply(_)));
    let counts = totals();
    assert_eq!((counts.consultations, counts.hits, counts.misses), (5, 2, 3));
    assert_eq!((counts.extended, counts.invalidations), (1, 1));
}
