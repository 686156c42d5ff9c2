//! The search against a plain f64 scan, and the kernel's error bound.

use super::*;
use proptest::prelude::*;

/// What [`Search`] has to agree with: every cosine in f64, sorted.
fn naive(query: &[f32], rows: &[Vec<f32>], k: usize) -> Vec<(u64, f64)> {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum::<f64>();
    let mut found: Vec<(u64, f64)> = rows
        .iter()
        .enumerate()
        .filter(|(_, row)| dot(row, row) > 0.0)
        .map(|(index, row)| {
            let cosine = dot(row, query) / (dot(row, row).sqrt() * dot(query, query).sqrt());
            (index as u64, cosine.clamp(-1.0, 1.0))
        })
        .collect();
    // A zero with a sign is as near as one without.
    found.sort_by(|a, b| b.1.partial_cmp(&a.1).expect("finite").then(a.0.cmp(&b.0)));
    found.truncate(k);
    found
}

fn bytes(rows: &[Vec<f32>]) -> Vec<u8> {
    rows.iter().flatten().flat_map(|x| x.to_le_bytes()).collect()
}

/// The search over `rows` cut into blocks of `block` rows, in forward or reverse order.
fn search(query: &[f32], rows: &[Vec<f32>], k: usize, block: usize, reverse: bool) -> Vec<(u64, f64)> {
    let mut search = Search::new(query, k).unwrap();
    let mut blocks: Vec<(usize, &[Vec<f32>])> =
        rows.chunks(block).enumerate().map(|(at, rows)| (at * block, rows)).collect();
    if reverse {
        blocks.reverse();
    }
    for (first, rows) in blocks {
        let (bytes, dimension) = (bytes(rows), query.len());
        let norms = norms(dimension, &bytes);
        search.scan(first as u64, &Rows::new(dimension, &bytes, &norms).unwrap());
    }
    let hits = search.finish();
    for hit in &hits {
        assert_eq!(hit.vector, rows[hit.index as usize]);
    }
    hits.into_iter().map(|hit| (hit.index, hit.cosine)).collect()
}

/// Components of every size, most of them ordinary, many equal: ties and values that f32 cannot square.
fn component() -> impl Strategy<Value = f32> {
    prop_oneof![
        8 => -1.0f32..1.0,
        4 => (-2i8..3).prop_map(f32::from),
        1 => Just(f32::MAX),
        1 => Just(f32::MIN_POSITIVE),
        1 => Just(f32::from_bits(1)),
        1 => Just(0.0),
    ]
}

fn case() -> impl Strategy<Value = (Vec<f32>, Vec<Vec<f32>>)> {
    (1usize..70).prop_flat_map(|dimension| {
        let vector = || prop::collection::vec(component(), dimension);
        (vector(), prop::collection::vec(prop_oneof![3 => vector(), 1 => Just(vec![1.0; dimension])], 0..60))
    })
}

proptest! {
    #[test]
    fn finds_what_a_plain_scan_finds(
        (query, rows) in case(), k in 0usize..20, block in 1usize..70, reverse: bool,
    ) {
        prop_assume!(query.iter().any(|x| *x != 0.0));
        prop_assert_eq!(search(&query, &rows, k, block, reverse), naive(&query, &rows, k));
    }

    #[test]
    fn the_bound_on_the_kernel_holds(
        (query, row) in (8usize..600).prop_flat_map(|n| {
            let vector = move || prop::collection::vec(-1.0f32..1.0, n);
            (vector(), vector())
        }),
    ) {
        prop_assume!(query.iter().any(|x| *x != 0.0) && row.iter().any(|x| *x != 0.0));
        let search = Search::new(&query, 1).unwrap();
        let bytes = bytes(std::slice::from_ref(&row));
        let mut dots = Vec::new();
        dot_rows(&search.unit, &bytes, &mut dots);
        let found = f64::from(dots[0]) / norms(query.len(), &bytes)[0];
        let exact = naive(&query, &[row], 1)[0].1;
        prop_assert!((found - exact).abs() <= search.slack, "{} {} {}", found, exact, search.slack);
    }
}

#[test]
fn equal_cosines_are_ordered_by_index_whatever_the_order_of_blocks() {
    let rows: Vec<Vec<f32>> = (0..9).map(|power| vec![2.0f32.powi(power); 8]).collect();
    for reverse in [false, true] {
        let found = search(&[1.0; 8], &rows, 4, 2, reverse);
        assert_eq!(found.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 1, 2, 3]);
    }
}

#[test]
fn a_difference_below_what_f32_resolves_is_seen() {
    let near = |last: f32| [vec![1.0; 15], vec![last]].concat();
    let rows = [near(1.0 + 2.0 * f32::EPSILON), near(1.0 + f32::EPSILON), near(1.0 + 3.0 * f32::EPSILON)];
    let found = search(&near(1.0 + f32::EPSILON), &rows, 3, 1, false);
    assert_eq!(found.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 0, 2]);
}

#[test]
fn what_has_no_direction_is_no_query_and_no_neighbour() {
    assert!(Search::new(&[0.0; 8], 1).is_none());
    assert!(Search::new(&[f32::NAN; 8], 1).is_none());
    assert_eq!(search(&[1.0; 16], &[vec![0.0; 16], vec![1.0; 16]], 5, 8, false), [(1, 1.0)]);
}

#[test]
fn rows_need_a_norm_each() {
    assert!(Rows::new(8, &[0; 32], &[0.0]).is_some());
    assert!(Rows::new(8, &[0; 33], &[0.0]).is_none());
    assert!(Rows::new(8, &[0; 32], &[]).is_none());
    assert!(Rows::new(0, &[], &[]).is_none());
}

/// The same sums on every machine, WebAssembly included: the component's replies are compared with these functions'.
#[test]
fn the_kernel_gives_the_same_bits_everywhere() {
    let query: Vec<f32> = (0..100).map(|i| (i as f32 * 0.37).fract() - 0.5).collect();
    let row: Vec<f32> = (0..100).map(|i| (i as f32 * 0.73).fract() - 0.5).collect();
    let mut dots = Vec::new();
    dot_rows(&query, &bytes(&[row]), &mut dots);
    assert_eq!(dots[0].to_bits(), 0x3ed4_7a9f);
}
