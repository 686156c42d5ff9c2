//! Proofs of `/timeline/proof`, checked by a verifier written from RFC 9162 §2.1.3.2 and §2.1.4.2 that shares nothing
//! with the prover but SHA-256.

mod common;

use common::{get, id, post, problem, tamper};
use interaction_timeline::store::{log, schema};
use proptest::prelude::*;
use ramanujan_core::Digest;
use ramanujan_shell::Store;
use ramanujan_shell::native::fresh_database;
use ramanujan_timeline::{Stored, hash::leaf_hash, proof, tree};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

type Hash = [u8; 32];

fn node(left: &Hash, right: &Hash) -> Hash {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left);
    hasher.update(right);
    hasher.finalize().into()
}

/// RFC 9162 §2.1.3.2, step by step.
fn inclusion_holds(leaf_index: u64, tree_size: u64, leaf: Hash, path: &[Hash], root: Hash) -> bool {
    if leaf_index >= tree_size {
        return false;
    }
    let (mut f, mut s, mut r) = (leaf_index, tree_size - 1, leaf);
    for p in path {
        if s == 0 {
            return false;
        }
        if f & 1 == 1 || f == s {
            r = node(p, &r);
            while f & 1 == 0 && f != 0 {
                f >>= 1;
                s >>= 1;
            }
        } else {
            r = node(&r, p);
        }
        f >>= 1;
        s >>= 1;
    }
    s == 0 && r == root
}

/// RFC 9162 §2.1.4.2, step by step.
fn consistency_holds(first: u64, second: u64, first_hash: Hash, second_hash: Hash, path: &[Hash]) -> bool {
    if first == second {
        return path.is_empty() && first_hash == second_hash;
    }
    let mut path = path.to_vec();
    if path.is_empty() {
        return false;
    }
    if first.is_power_of_two() {
        path.insert(0, first_hash);
    }
    let (mut f, mut s) = (first - 1, second - 1);
    while f & 1 == 1 {
        f >>= 1;
        s >>= 1;
    }
    let (mut fr, mut sr) = (path[0], path[0]);
    for c in &path[1..] {
        if s == 0 {
            return false;
        }
        if f & 1 == 1 || f == s {
            fr = node(c, &fr);
            sr = node(c, &sr);
            while f & 1 == 0 && f != 0 {
                f >>= 1;
                s >>= 1;
            }
        } else {
            sr = node(&sr, c);
        }
        f >>= 1;
        s >>= 1;
    }
    fr == first_hash && sr == second_hash && s == 0
}

fn hash(value: &Value) -> Hash {
    *value.as_str().unwrap().parse::<Digest>().unwrap().as_bytes()
}

fn path(reply: &Value) -> Vec<Hash> {
    reply["path"].as_array().unwrap().iter().map(hash).collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap()
}

fn check_inclusion(reply: &Value) {
    let (index, size) = (number(&reply["leaf_index"]), number(&reply["tree_size"]));
    let (leaf, root) = (hash(&reply["leaf_hash"]), hash(&reply["merkle_root"]));
    assert!(inclusion_holds(index, size, leaf, &path(reply), root), "{reply}");
}

fn check_consistency(reply: &Value) {
    let (first, second) = (number(&reply["first"]), number(&reply["second"]));
    let (from, to) = (hash(&reply["first_root"]), hash(&reply["second_root"]));
    assert!(consistency_holds(first, second, from, to, &path(reply)), "{reply}");
}

fn fill(from: u64, to: u64) {
    for chunk in (from..to).collect::<Vec<_>>().chunks(1000) {
        let batch: Vec<Value> = chunk
            .iter()
            .map(
                |n| json!({"type": "operation", "agent_id": format!("agent-{}", n % 3), "payload": {"n": n}}),
            )
            .collect();
        assert_eq!(post(&json!(batch)).status, 200);
    }
}

fn stored() -> Vec<Stored> {
    log::after(&Store::open(schema::SCHEMA).unwrap(), 0, 1 << 20).unwrap()
}

/// MTH as RFC 9162 §2.1.1 defines it.
fn mth(leaves: &[Hash]) -> Hash {
    match leaves {
        [] => Sha256::digest([]).into(),
        [leaf] => *leaf,
        _ => {
            let k = leaves.len().next_power_of_two() / 2;
            node(&mth(&leaves[..k]), &mth(&leaves[k..]))
        }
    }
}

/// Hashes of ranges, as the prover would find them.
fn hashes(leaves: &[Hash], ranges: &[std::ops::Range<u64>]) -> Vec<Hash> {
    ranges.iter().map(|range| mth(&leaves[range.start as usize..range.end as usize])).collect()
}

/// The eight leaves of certificate-transparency's reference tests.
const CT_LEAVES: [&[u8]; 8] = [
    b"",
    b"\x00",
    b"\x10",
    b"\x20\x21",
    b"\x30\x31",
    b"\x40\x41\x42\x43",
    b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
];

/// Roots of the trees over the first 1 to 8 of them.
const CT_ROOTS: [&str; 8] = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
];

#[test]
fn published_proofs_of_certificate_transparency() {
    let leaves: Vec<Hash> = CT_LEAVES.iter().map(|leaf| *leaf_hash(leaf).as_bytes()).collect();
    for (size, root) in (1..).zip(CT_ROOTS) {
        assert_eq!(Digest(mth(&leaves[..size])).to_string(), root);
    }
    let hex = |hashes: &[Hash]| hashes.iter().map(|hash| Digest(*hash).to_string()).collect::<Vec<_>>();
    // Leaf and tree size counted from 1 there.
    let inclusions: [(u64, u64, &[&str]); 4] = [
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (3, 3, &["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
        (
            2,
            5,
            &[
                "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (leaf, size, expected) in inclusions {
        assert_eq!(hex(&hashes(&leaves, &tree::inclusion(leaf - 1, size))), expected);
    }
    let consistencies: [(u64, u64, &[&str]); 4] = [
        (1, 1, &[]),
        (
            1,
            8,
            &[
                "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
            ],
        ),
        (
            6,
            8,
            &[
                "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
                "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
                "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
            ],
        ),
        (
            2,
            5,
            &[
                "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
                "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            ],
        ),
    ];
    for (first, second, expected) in consistencies {
        assert_eq!(hex(&hashes(&leaves, &tree::consistency(first, second))), expected);
    }
}

#[test]
fn every_proof_of_every_small_tree_verifies_and_no_other_one_does() {
    let leaves: Vec<Hash> = (0u64..70).map(|n| *leaf_hash(&n.to_be_bytes()).as_bytes()).collect();
    let roots: Vec<Hash> = (0..=70).map(|n| mth(&leaves[..n])).collect();
    for size in 1..=70u64 {
        let root = roots[size as usize];
        for index in 0..size {
            let path = hashes(&leaves, &tree::inclusion(index, size));
            let leaf = leaves[index as usize];
            assert!(inclusion_holds(index, size, leaf, &path, root));
            let as_digests: Vec<_> = path.iter().map(|hash| Digest(*hash)).collect();
            assert_eq!(proof::root_of(Digest(leaf), index, size, &as_digests), Some(Digest(root)));
            assert!(!inclusion_holds((index + 1) % size, size, leaf, &path, root) || size == 1);
            assert!(!inclusion_holds(index, size, leaf, &path, roots[size as usize - 1]));
        }
        for first in 1..=size {
            let path = hashes(&leaves, &tree::consistency(first, size));
            assert!(consistency_holds(first, size, roots[first as usize], root, &path));
            assert!(!consistency_holds(first, size, roots[first as usize - 1], root, &path));
        }
    }
}

#[test]
fn an_event_is_proven_from_seals_and_rows() {
    let _database = fresh_database();
    // Odd sizes in between, so that seals do not only stand where subtrees end.
    for (from, to) in [(0, 700), (700, 1500), (1500, 3073), (3073, 5000)] {
        fill(from, to);
        get("/timeline/verify");
    }
    let leaves: Vec<Hash> = stored().iter().map(|event| *event.leaf_hash().as_bytes()).collect();
    let events = stored();
    for seq in [1u64, 2, 1023, 1024, 1025, 2048, 2049, 3072, 4096, 4097, 4999, 5000] {
        for size in [seq, 1024, 2048, 3000, 3072, 4096, 4097, 5000].into_iter().filter(|size| *size >= seq) {
            let reply = get(&format!("/timeline/proof?seq={seq}&size={size}")).json;
            check_inclusion(&reply);
            assert_eq!(hash(&reply["merkle_root"]), mth(&leaves[..size as usize]), "{seq} in {size}");
            assert_eq!(hash(&reply["leaf_hash"]), leaves[seq as usize - 1]);
        }
        let event = Digest(events[seq as usize - 1].event_id);
        let reply = get(&format!("/timeline/proof?event={event}")).json;
        check_inclusion(&reply);
        assert_eq!((&reply["seq"], &reply["tree_size"]), (&json!(seq), &json!(5000)));
        assert_eq!(reply["merkle_root"], get("/timeline/verify").json["merkle_root"]);
        // The chain beside the tree: the link of an event is the previous one with its leaf.
        let mut hasher = Sha256::new();
        hasher.update([2]);
        hasher.update(hash(&reply["chain"]["previous"]));
        hasher.update(leaves[seq as usize - 1]);
        assert_eq!(hash(&reply["chain"]["link"]), Hash::from(hasher.finalize()));
    }
    let last = get("/timeline/proof?seq=5000").json;
    assert_eq!(last["chain"]["link"], get("/timeline/verify").json["chain_head"]);
    for (first, second) in
        [(1, 1), (1, 5000), (1024, 2048), (1023, 4096), (2048, 2049), (4097, 5000), (5000, 5000)]
    {
        let reply = get(&format!("/timeline/proof?first={first}&second={second}")).json;
        check_consistency(&reply);
        assert_eq!(hash(&reply["first_root"]), mth(&leaves[..first as usize]));
        assert_eq!(hash(&reply["second_root"]), mth(&leaves[..second as usize]));
    }
}

#[test]
fn what_is_not_sealed_is_sealed_for_the_proof() {
    let _database = fresh_database();
    fill(0, 10);
    assert_eq!(get("/timeline/summary").json["sealed_size"], json!(0));
    check_inclusion(&get("/timeline/proof?seq=4&size=4").json);
    assert_eq!(get("/timeline/summary").json["sealed_size"], json!(4));
    check_consistency(&get("/timeline/proof?first=3&second=9").json);
    assert_eq!(get("/timeline/summary").json["sealed_size"], json!(9));
    let last = get("/timeline/proof?seq=2").json;
    check_inclusion(&last);
    assert_eq!(last["tree_size"], json!(10));
    assert_eq!(get("/timeline/verify").json["verified"], json!(true));
}

#[test]
fn a_question_without_an_answer_says_why() {
    let _database = fresh_database();
    problem(&get("/timeline/proof?seq=1"), 404, "no-such-event");
    problem(&get("/timeline/proof?first=1&second=1"), 422, "size-beyond-log");
    fill(0, 5);
    for (target, status, code) in [
        (format!("event={}", id(77)), 404, "no-such-event"),
        (format!("event={}&size=3", id(77)), 404, "no-such-event"),
        ("seq=6".into(), 404, "no-such-event"),
        ("seq=0".into(), 422, "invalid-parameter"),
        ("seq=2&size=6".into(), 422, "size-beyond-log"),
        ("seq=2&size=1".into(), 422, "event-beyond-size"),
        ("first=4&second=3".into(), 422, "first-beyond-second"),
        ("first=0&second=3".into(), 422, "invalid-parameter"),
        ("first=1&second=6".into(), 422, "size-beyond-log"),
        ("first=1".into(), 422, "invalid-parameter"),
        ("first=1&second=2&size=3".into(), 422, "invalid-parameter"),
        ("seq=1&first=1&second=2".into(), 422, "invalid-parameter"),
        ("seq=-1".into(), 422, "invalid-parameter"),
        ("event=12".into(), 422, "invalid-parameter"),
        ("seq=18446744073709551615".into(), 404, "no-such-event"),
        ("".into(), 422, "invalid-parameter"),
        ("leaf=1".into(), 422, "unknown-parameter"),
    ] {
        let reply = get(&format!("/timeline/proof?{target}"));
        assert_eq!(
            (reply.status, reply.json["code"].as_str()),
            (status, Some(code)),
            "{target}: {}",
            reply.json
        );
    }
}

#[test]
fn no_proof_comes_from_a_damaged_log() {
    let _database = fresh_database();
    fill(0, 3000);
    get("/timeline/verify");
    tamper("UPDATE timeline_events SET body = '{}' WHERE seq = 1500");
    problem(&get("/timeline/proof?seq=1500"), 500, "log-damaged");
    problem(&get("/timeline/proof?seq=1400&size=2900"), 500, "log-damaged");
    problem(&get("/timeline/proof?first=1400&second=3000"), 500, "log-damaged");
    // Elsewhere the kept subtree roots stand.
    check_inclusion(&get("/timeline/proof?seq=1000").json);
    tamper("DELETE FROM timeline_events WHERE seq = 2999");
    problem(&get("/timeline/proof?seq=2998"), 500, "log-damaged");
}

#[test]
fn a_log_sealed_before_subtree_roots_were_kept_is_provable_too() {
    let _database = fresh_database();
    fill(0, 5000);
    get("/timeline/verify");
    tamper("UPDATE timeline_seals SET nodes = NULL");
    tamper("DELETE FROM timeline_seals WHERE size IN (1024, 3072)");
    let reply = get("/timeline/proof?seq=4500").json;
    check_inclusion(&reply);
    check_inclusion(&get("/timeline/proof?seq=1100&size=4096").json);
    check_consistency(&get("/timeline/proof?first=3333&second=5000").json);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_proof_over_any_history_of_sealing_verifies(
        steps in prop::collection::vec((1u64..900, any::<bool>()), 1..6), picks in prop::collection::vec((any::<u64>(), any::<u64>()), 6)
    ) {
        let _database = fresh_database();
        let mut size = 0;
        for (more, seal) in steps {
            fill(size, size + more);
            size += more;
            if seal {
                get("/timeline/verify");
            }
        }
        let leaves: Vec<Hash> = stored().iter().map(|event| *event.leaf_hash().as_bytes()).collect();
        for (a, b) in picks {
            let (first, second) = (1 + (a % size).min(b % size), 1 + (a % size).max(b % size));
            let reply = get(&format!("/timeline/proof?seq={first}&size={second}")).json;
            check_inclusion(&reply);
            prop_assert_eq!(hash(&reply["merkle_root"]), mth(&leaves[..second as usize]));
            check_consistency(&get(&format!("/timeline/proof?first={first}&second={second}")).json);
        }
        prop_assert_eq!(&get("/timeline/verify").json["verified"], &json!(true));
    }
}
