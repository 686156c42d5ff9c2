use super::*;

fn replica(kind: Kind) -> Replica {
    Replica::new("d", kind, &"a".parse().unwrap(), None)
}

fn stored(length: Option<u64>) -> Stored {
    Stored { parents: vec![], digest: String::new(), length }
}

fn state(seq: u64, value: Value) -> State {
    let text = |_| String::new();
    State {
        heads: vec!["b:9".parse().unwrap()],
        vector_clock: [("a", seq), ("b", 9)].into_iter().collect(),
        fingerprint: text(()),
        digest: text(()),
        length: Some(5),
        value,
    }
}

#[test]
fn an_operation_with_an_unknown_outcome_is_sent_again_as_it_was() {
    for kind in Kind::ALL.into_iter().chain(CrdtType::ALL.map(Kind::Other)) {
        let (mut replica, mut random) = (replica(kind), Random::new(1, 0));
        let first = replica.next(&mut random);
        assert_eq!(first, replica.next(&mut random));
        assert_eq!((first.seq, replica.acknowledged()), (1, 0));
        replica.acknowledge(&stored(Some(3)));
        assert_eq!((replica.next(&mut random).seq, replica.acknowledged()), (2, 1));
    }
}

#[test]
fn a_refused_operation_leaves_its_dot_free() {
    let (mut replica, mut random) = (replica(Kind::Counter), Random::new(1, 0));
    replica.next(&mut random);
    replica.refused();
    assert!(replica.pending().is_none());
    assert_eq!(replica.next(&mut random).seq, 1);
}

#[test]
fn texts_are_edited_at_the_version_last_seen_until_it_is_time_to_catch_up() {
    let (mut replica, mut random) = (replica(Kind::Text), Random::new(1, 0));
    assert_eq!(replica.next(&mut random).parents, None, "nothing is known yet");
    let mut runs = Vec::new();
    let mut run = 0;
    for seq in 1..=40 {
        replica.acknowledge(&stored(Some(100)));
        let next = replica.next(&mut random);
        match next.parents {
            Some(parents) => {
                assert_eq!(parents, [Dot::new("a".parse().unwrap(), seq)]);
                run += 1;
            }
            None => runs.push(std::mem::take(&mut run)),
        }
    }
    assert_eq!(runs, [CATCH_UP_EVERY; 4]);
}

#[test]
fn a_read_is_a_basis_only_with_all_own_operations_in_it() {
    let (mut replica, mut random) = (replica(Kind::Text), Random::new(1, 0));
    replica.next(&mut random);
    replica.acknowledge(&stored(Some(2)));
    replica.observe(&state(0, json!("")));
    assert_eq!(replica.next(&mut random).parents, Some(vec!["a:1".parse().unwrap()]));
    replica.refused();
    replica.observe(&state(1, json!("hello")));
    assert_eq!(replica.next(&mut random).parents, Some(vec!["b:9".parse().unwrap()]));
}

#[test]
fn an_earlier_run_is_continued() {
    let earlier = state(7, json!(["a.1", "ab.1", "shared.2"]));
    let replica = Replica::new("d", Kind::Set, &"a".parse().unwrap(), Some(&earlier));
    assert_eq!(replica.acknowledged(), 7);
    let History::Set { own, .. } = replica.history() else { panic!("a set") };
    assert_eq!(own.keys().collect::<Vec<_>>(), ["a.1"]);
}
