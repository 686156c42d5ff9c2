//! The shapes against the values of the specification: adjacency, degrees, distances, spectra to 1e-9.

use agent_orchestrator::topology::{Kind, Report};

const TOLERANCE: f64 = 1e-9;

fn report(kind: Kind, n: usize) -> Report {
    Report::compute(kind, n).unwrap()
}

fn assert_spectrum(report: &Report, expected: &[(f64, usize)]) {
    let flat: Vec<f64> =
        expected.iter().flat_map(|&(value, times)| std::iter::repeat_n(value, times)).collect();
    assert_eq!(report.spectrum.len(), flat.len());
    for (computed, exact) in report.spectrum.iter().zip(&flat) {
        assert!((computed - exact).abs() < TOLERANCE, "{computed} is not {exact}");
    }
}

fn close(computed: Option<f64>, exact: f64) -> bool {
    computed.is_some_and(|value| (value - exact).abs() < TOLERANCE)
}

#[test]
fn the_torus_is_the_paley_graph_of_order_nine_and_ramanujan() {
    let torus = report(Kind::Torus3x3, 9);
    let table = [
        [1, 2, 3, 6],
        [0, 2, 4, 7],
        [0, 1, 5, 8],
        [0, 4, 5, 6],
        [1, 3, 5, 7],
        [2, 3, 4, 8],
        [0, 3, 7, 8],
        [1, 4, 6, 8],
        [2, 5, 6, 7],
    ];
    assert_eq!(torus.adjacency, table.map(|row| row.to_vec()).to_vec());
    assert_spectrum(&torus, &[(4.0, 1), (1.0, 4), (-2.0, 4)]);
    assert_eq!((torus.edges, torus.degree, torus.diameter), (18, Some(4), Some(2)));
    assert!(close(torus.mean_distance, 1.5) && close(torus.spectral_gap, 3.0));
    assert!(close(torus.max_nontrivial, 2.0) && close(torus.ramanujan_bound, 2.0 * 3f64.sqrt()));
    assert!(torus.ramanujan && torus.connected && !torus.bipartite);
    let times: Vec<_> = torus.multiplicities.iter().map(|m| m.times).collect();
    assert_eq!(times, [1, 4, 4]);
}

#[test]
fn the_grid_is_the_plain_table_bipartite_and_outside_the_definition() {
    let grid = report(Kind::Grid3x3, 9);
    let table: [&[usize]; 9] =
        [&[1, 3], &[0, 2, 4], &[1, 5], &[0, 4, 6], &[1, 3, 5, 7], &[2, 4, 8], &[3, 7], &[4, 6, 8], &[5, 7]];
    assert_eq!(grid.adjacency, table.map(<[usize]>::to_vec).to_vec());
    // Eigenvalues of a product are the sums of the factors'; a path of three has √2, 0, −√2.
    let root = 2f64.sqrt();
    assert_spectrum(&grid, &[(2.0 * root, 1), (root, 2), (0.0, 3), (-root, 2), (-2.0 * root, 1)]);
    assert_eq!((grid.edges, grid.min_degree, grid.max_degree, grid.diameter), (12, 2, 4, Some(4)));
    assert!(close(grid.mean_distance, 2.0) && close(grid.spectral_gap, root));
    assert!(close(grid.algebraic_connectivity, 1.0));
    assert!(grid.bipartite && !grid.regular && !grid.ramanujan);
    assert_eq!((grid.degree, grid.ramanujan_bound, grid.max_nontrivial), (None, None, None));
}

#[test]
fn gl23_is_ramanujan_and_not_bipartite() {
    let group = report(Kind::Gl23, 48);
    assert_eq!((group.n, group.edges, group.degree, group.diameter), (48, 96, Some(4), Some(5)));
    assert!((group.max_nontrivial.unwrap() - 3.2774).abs() < 5e-5, "{:?}", group.max_nontrivial);
    assert!((group.mean_distance.unwrap() - 2.936).abs() < 5e-4);
    assert!(group.ramanujan && group.connected && !group.bipartite);
    assert_power_sums(&group);
}

#[test]
fn the_bipartite_set_of_generators_is_ramanujan_too() {
    let group = report(Kind::Gl23Bipartite, 48);
    assert_eq!((group.degree, group.diameter, group.bipartite), (Some(4), Some(5), true));
    assert!((group.max_nontrivial.unwrap() - 2.7321).abs() < 5e-5, "{:?}", group.max_nontrivial);
    assert!((group.mean_distance.unwrap() - 2.851).abs() < 5e-4);
    assert!(group.ramanujan);
    // Bipartite: the spectrum is symmetric about 0, with −4 at its end.
    for (high, low) in group.spectrum.iter().zip(group.spectrum.iter().rev()) {
        assert!((high + low).abs() < TOLERANCE);
    }
    assert_power_sums(&group);
}

/// The k-th power sum of the spectrum counts closed walks of k steps, which counting gives exactly.
fn assert_power_sums(report: &Report) {
    for steps in 1..=6 {
        let walks: u64 = (0..report.n).map(|start| closed_walks(&report.adjacency, start, steps)).sum();
        let sum: f64 = report.spectrum.iter().map(|x| x.powi(steps as i32)).sum();
        assert!((sum - walks as f64).abs() < TOLERANCE * 4f64.powi(steps as i32), "{sum} and {walks}");
    }
}

fn closed_walks(adjacency: &[Vec<usize>], start: usize, steps: usize) -> u64 {
    let mut count = vec![0u64; adjacency.len()];
    count[start] = 1;
    for _ in 0..steps {
        let mut next = vec![0u64; adjacency.len()];
        for (vertex, ways) in count.iter().enumerate() {
            for &neighbour in &adjacency[vertex] {
                next[neighbour] += ways;
            }
        }
        count = next;
    }
    count[start]
}

#[test]
fn every_shape_of_every_size_is_symmetric_without_loops() {
    for kind in Kind::ALL {
        for &n in kind.sizes() {
            let adjacency = report(kind, n).adjacency;
            assert_eq!(adjacency.len(), n);
            for (u, neighbours) in adjacency.iter().enumerate() {
                assert!(!neighbours.contains(&u), "{kind} {u}");
                assert!(neighbours.iter().all(|&v| adjacency[v].contains(&u)), "{kind} {u}");
            }
        }
    }
}

#[test]
fn ramanujan_3d_is_the_torus_at_nine_and_gl23_at_forty_eight() {
    assert_eq!(report(Kind::Ramanujan3d, 9).adjacency, report(Kind::Torus3x3, 9).adjacency);
    assert_eq!(report(Kind::Ramanujan3d, 48).adjacency, report(Kind::Gl23, 48).adjacency);
    assert_eq!(report(Kind::Ramanujan3d, 9).graph, "torus-3x3");
    for (kind, n) in [(Kind::Ramanujan3d, 10), (Kind::Torus3x3, 48), (Kind::Gl23, 9), (Kind::Grid3x3, 0)] {
        let refused = Report::compute(kind, n).unwrap_err();
        assert!(refused.to_string().contains("n = "), "{refused}");
    }
    assert_eq!((Kind::Ramanujan3d.size_for(9), Kind::Ramanujan3d.size_for(10)), (9, 48));
}
