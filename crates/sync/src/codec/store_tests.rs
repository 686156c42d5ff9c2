//! Every question and every answer survives its bytes and its JSON, and nothing else is accepted.

use proptest::prelude::*;
use proptest::sample::Index;
use ramanujan_core::MAX_SAFE_INTEGER;

use super::tests::{
    agent, blob, change, crdt_type, digest, document, dot, freeze, interest, list, pack, ranges, seq, want,
};
use super::{decode_answer, decode_question, encode_answer, encode_question};
use crate::change::FreezeSum;
use crate::fold::{Fold, Places};
use crate::interest::Shared;
use crate::limits::{MAX_DOCUMENTS, MAX_FREEZES};
use crate::store::{Answer, Look, Question, Seen, StoreRefusal, Stored};

fn shared() -> impl Strategy<Value = Shared> {
    (interest(), interest()).prop_map(|(ours, theirs)| Shared { ours, theirs })
}

fn places() -> impl Strategy<Value = Places> {
    (any::<u64>(), any::<u64>()).prop_map(|(one, other)| Places { from: one.min(other), to: one.max(other) })
}

fn question() -> impl Strategy<Value = Question> {
    let look = (document(), list(agent()), list(dot())).prop_map(|(document, agents, dots)| Look {
        document,
        agents,
        dots,
    });
    prop_oneof![
        (blob(), shared(), 0..=MAX_DOCUMENTS, any::<u32>())
            .prop_map(|(after, shared, most, budget)| Question::Feed { after, shared, most, budget }),
        (shared(), list(places())).prop_map(|(shared, places)| Question::Folds { shared, places }),
        (shared(), list(places())).prop_map(|(shared, places)| Question::List { shared, places }),
        list(document()).prop_map(Question::States),
        list(look).prop_map(Question::Look),
        (list(want()), any::<u32>()).prop_map(|(wants, budget)| Question::Read { wants, budget }),
        list(pack()).prop_map(Question::Append),
        list((document(), seq())).prop_map(Question::Mark),
        (document(), prop::option::of(digest()), 0..=MAX_FREEZES)
            .prop_map(|(document, after, most)| Question::Freezes { document, after, most }),
        (document(), list(freeze())).prop_map(|(document, freezes)| Question::Freeze { document, freezes }),
    ]
}

fn answer() -> impl Strategy<Value = Answer> {
    let fold = (0..=MAX_SAFE_INTEGER, any::<[u8; 32]>()).prop_map(|(count, sum)| Fold { count, sum });
    let seen = (
        prop::option::of(crdt_type()),
        list(0..=MAX_SAFE_INTEGER),
        list(prop::option::of(digest())),
        0u64..9,
    )
        .prop_map(|(crdt_type, held, hashes, marks)| Seen {
            crdt_type,
            held,
            hashes,
            marks,
            freezes: FreezeSum::none(),
        });
    let stored = (pack(), ranges()).prop_map(|(pack, ranges)| Stored { pack, ranges });
    let refusal = prop_oneof![Just(StoreRefusal::Unfit), Just(StoreRefusal::Full)];
    prop_oneof![
        (list(change()), blob(), any::<bool>()).prop_map(|(changes, next, more)| Answer::Feed {
            changes,
            next,
            more
        }),
        Just(Answer::Stale),
        (list(fold), blob()).prop_map(|(folds, end)| Answer::Folds { folds, end }),
        list(list((document(), any::<u64>()))).prop_map(Answer::List),
        (list(change()), list(document())).prop_map(|(changes, rest)| Answer::States { changes, rest }),
        list(seen).prop_map(Answer::Seen),
        list(prop::option::of(stored)).prop_map(Answer::Read),
        list(prop::option::of(refusal)).prop_map(Answer::Appended),
        Just(Answer::Done),
        (list(freeze()), any::<bool>()).prop_map(|(freezes, more)| Answer::Freezes { freezes, more }),
        Just(Answer::Failed),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn a_question_survives(question in question(), place: Index, byte: u8) {
        let mut bytes = encode_question(&question);
        prop_assert_eq!(decode_question(&bytes), Ok(question.clone()));
        let json = serde_json::to_string(&question).unwrap();
        prop_assert_eq!(serde_json::from_str::<Question>(&json).unwrap(), question, "{}", json);
        let place = place.index(bytes.len());
        prop_assert!(decode_question(&bytes[..place]).is_err());
        bytes[place] = byte;
        if let Ok(read) = decode_question(&bytes) {
            prop_assert_eq!(encode_question(&read), bytes);
        }
    }

    #[test]
    fn an_answer_survives(answer in answer(), place: Index, byte: u8) {
        let mut bytes = encode_answer(&answer);
        prop_assert_eq!(decode_answer(&bytes), Ok(answer.clone()));
        let json = serde_json::to_string(&answer).unwrap();
        prop_assert_eq!(serde_json::from_str::<Answer>(&json).unwrap(), answer, "{}", json);
        let place = place.index(bytes.len());
        prop_assert!(decode_answer(&bytes[..place]).is_err());
        bytes[place] = byte;
        if let Ok(read) = decode_answer(&bytes) {
            prop_assert_eq!(encode_answer(&read), bytes);
        }
    }
}
