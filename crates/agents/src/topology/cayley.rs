//! The Cayley graph of GL(2,3): 48 invertible matrices over the field of three elements.
//!
//! Vertices are the matrices in lexicographic order of their entries; `g` is joined to `g·s` for each generator `s`.
//! A generating set closed under inversion makes that symmetric.

use super::graph::Graph;
use super::size::FORTY_EIGHT;

/// `[[a, b], [c, d]]` modulo 3, row by row.
type Matrix = [u8; 4];

/// Generators for which every nontrivial eigenvalue lies within 2√3 and the graph is not bipartite.
pub(super) const GENERATORS: [Matrix; 4] = [[0, 2, 2, 1], [2, 2, 2, 0], [2, 0, 1, 2], [2, 0, 2, 2]];

/// Generators of determinant 2 only, so that every edge changes the determinant and the graph is bipartite.
pub(super) const BIPARTITE_GENERATORS: [Matrix; 4] = [[0, 1, 1, 1], [2, 1, 1, 0], [0, 2, 2, 1], [2, 2, 2, 0]];

fn product(g: Matrix, h: Matrix) -> Matrix {
    let [a, b, c, d] = g;
    let [e, f, i, j] = h;
    [(a * e + b * i) % 3, (a * f + b * j) % 3, (c * e + d * i) % 3, (c * f + d * j) % 3]
}

fn determinant([a, b, c, d]: Matrix) -> u8 {
    // 2 is −1 modulo 3, and unsigned.
    (a * d + 2 * b * c) % 3
}

/// The elements of GL(2,3) in lexicographic order.
fn elements() -> Vec<Matrix> {
    (0..81u8)
        .map(|code| [code / 27, code / 9 % 3, code / 3 % 3, code % 3])
        .filter(|matrix| determinant(*matrix) != 0)
        .collect()
}

pub(super) fn gl23(generators: &[Matrix]) -> Graph {
    let elements = elements();
    let edges = elements.iter().enumerate().flat_map(|(u, &g)| {
        generators.iter().filter_map({
            let elements = &elements;
            move |&s| Some((u, elements.binary_search(&product(g, s)).ok()?))
        })
    });
    Graph::from_edges(FORTY_EIGHT, edges)
}

#[cfg(test)]
mod tests {
    use super::*;

    const IDENTITY: Matrix = [1, 0, 0, 1];

    #[test]
    fn the_group_is_a_group_of_48() {
        let elements = elements();
        assert_eq!(elements.len(), FORTY_EIGHT);
        for &g in &elements {
            assert_eq!(product(g, IDENTITY), g);
            assert_eq!(elements.iter().filter(|&&h| product(g, h) == IDENTITY).count(), 1);
            for &h in &elements {
                assert!(elements.contains(&product(g, h)));
                assert_eq!(determinant(product(g, h)), determinant(g) * determinant(h) % 3);
            }
        }
    }

    #[test]
    fn generators_are_closed_under_inversion_and_never_the_identity() {
        for set in [GENERATORS, BIPARTITE_GENERATORS] {
            for s in set {
                assert_ne!(s, IDENTITY);
                assert!(set.iter().any(|&t| product(s, t) == IDENTITY), "{s:?}");
            }
        }
        assert!(BIPARTITE_GENERATORS.iter().all(|&s| determinant(s) == 2));
    }
}
