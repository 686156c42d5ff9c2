//! Simple undirected graphs and what breadth-first search says of them.

use std::collections::VecDeque;

/// A simple undirected graph on the vertices `0..n`.
///
/// No loops, no parallel edges, and `v` is a neighbour of `u` exactly when `u` is one of `v`: the constructor sees to
/// it, so every measure below may rely on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Graph {
    adjacency: Vec<Vec<usize>>,
}

/// Distances over all pairs of distinct vertices.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distances {
    /// The greatest.
    pub diameter: usize,
    /// The mean.
    pub mean: f64,
}

impl Graph {
    /// The graph of these edges. Loops and edges to vertices past `n` are left out, repeated edges count once.
    pub fn from_edges(n: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut adjacency: Vec<Vec<usize>> = vec![Vec::new(); n];
        for (u, v) in edges {
            if u != v && u < n && v < n {
                for (from, to) in [(u, v), (v, u)] {
                    // Each list is kept sorted from the start: they are short, and the library's sort is large code.
                    if let Err(place) = adjacency[from].binary_search(&to) {
                        adjacency[from].insert(place, to);
                    }
                }
            }
        }
        Graph { adjacency }
    }

    /// Number of vertices.
    pub fn n(&self) -> usize {
        self.adjacency.len()
    }

    /// Number of edges.
    pub fn edges(&self) -> usize {
        self.adjacency.iter().map(Vec::len).sum::<usize>() / 2
    }

    /// The neighbours of each vertex, in rising order.
    pub fn adjacency(&self) -> &[Vec<usize>] {
        &self.adjacency
    }

    /// The neighbours of `vertex` in rising order, none if there is no such vertex.
    pub fn neighbours(&self, vertex: usize) -> &[usize] {
        self.adjacency.get(vertex).map_or(&[], Vec::as_slice)
    }

    /// Least and greatest degree.
    pub fn degrees(&self) -> (usize, usize) {
        let degrees = || self.adjacency.iter().map(Vec::len);
        (degrees().min().unwrap_or(0), degrees().max().unwrap_or(0))
    }

    /// The degree that all vertices have, `None` if they differ.
    pub fn regular_degree(&self) -> Option<usize> {
        let (least, greatest) = self.degrees();
        (least == greatest).then_some(least)
    }

    /// Steps from `source` to each vertex, `None` where there is no way.
    pub fn distances_from(&self, source: usize) -> Vec<Option<usize>> {
        let mut distance = vec![None; self.n()];
        let mut queue = VecDeque::from([source]);
        if let Some(start) = distance.get_mut(source) {
            *start = Some(0);
        }
        while let Some(vertex) = queue.pop_front() {
            let next = distance[vertex].map(|steps: usize| steps + 1);
            for &neighbour in &self.adjacency[vertex] {
                if distance[neighbour].is_none() {
                    distance[neighbour] = next;
                    queue.push_back(neighbour);
                }
            }
        }
        distance
    }

    /// Diameter and mean distance over distinct pairs; `None` if the graph is not connected or has no pair.
    pub fn distances(&self) -> Option<Distances> {
        let (mut diameter, mut total, mut pairs) = (0, 0, 0);
        for source in 0..self.n() {
            for (target, steps) in self.distances_from(source).into_iter().enumerate() {
                let steps = steps?;
                if target != source {
                    diameter = diameter.max(steps);
                    total += steps;
                    pairs += 1;
                }
            }
        }
        (pairs > 0).then(|| Distances { diameter, mean: total as f64 / pairs as f64 })
    }

    /// Whether the vertices split into two sides with every edge between them.
    pub fn is_bipartite(&self) -> bool {
        let mut side: Vec<Option<bool>> = vec![None; self.n()];
        for start in 0..self.n() {
            if side[start].is_some() {
                continue;
            }
            for (vertex, steps) in self.distances_from(start).into_iter().enumerate() {
                if let Some(steps) = steps {
                    side[vertex] = Some(steps % 2 == 0);
                }
            }
        }
        self.adjacency
            .iter()
            .enumerate()
            .all(|(u, neighbours)| neighbours.iter().all(|&v| side[u] != side[v]))
    }

    /// The adjacency matrix, row by row.
    pub fn adjacency_matrix(&self) -> Vec<Vec<f64>> {
        let mut matrix = vec![vec![0.0; self.n()]; self.n()];
        for (u, neighbours) in self.adjacency.iter().enumerate() {
            for &v in neighbours {
                matrix[u][v] = 1.0;
            }
        }
        matrix
    }

    /// The Laplacian (degrees minus adjacency), row by row; its second smallest eigenvalue is Fiedler's algebraic
    /// connectivity.
    pub fn laplacian_matrix(&self) -> Vec<Vec<f64>> {
        let mut matrix = self.adjacency_matrix();
        for (u, row) in matrix.iter_mut().enumerate() {
            for entry in row.iter_mut() {
                *entry = -*entry;
            }
            row[u] = self.adjacency[u].len() as f64;
        }
        matrix
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn any_graph() -> impl Strategy<Value = Graph> {
        (1usize..12).prop_flat_map(|n| {
            prop::collection::vec((0..n + 2, 0..n + 2), 0..30)
                .prop_map(move |edges| Graph::from_edges(n, edges))
        })
    }

    proptest! {
        #[test]
        fn is_symmetric_and_has_no_loops(graph in any_graph()) {
            for u in 0..graph.n() {
                prop_assert!(!graph.neighbours(u).contains(&u));
                prop_assert!(graph.neighbours(u).windows(2).all(|pair| pair[0] < pair[1]));
                for &v in graph.neighbours(u) {
                    prop_assert!(graph.neighbours(v).contains(&u));
                }
            }
        }

        /// Floyd and Warshall's algorithm shares nothing with breadth-first search but the answer.
        #[test]
        fn distances_agree_with_floyd_warshall(graph in any_graph()) {
            let n = graph.n();
            let far = n * 2;
            let mut table = vec![vec![far; n]; n];
            for (u, row) in table.iter_mut().enumerate() {
                row[u] = 0;
                for &v in graph.neighbours(u) {
                    row[v] = 1;
                }
            }
            for k in 0..n { for i in 0..n { for j in 0..n {
                table[i][j] = table[i][j].min(table[i][k] + table[k][j]);
            }}}
            for (u, row) in table.iter().enumerate() {
                let expected: Vec<_> = row.iter().map(|&d| (d < far).then_some(d)).collect();
                prop_assert_eq!(graph.distances_from(u), expected);
            }
            let connected = n > 1 && table.iter().flatten().all(|&d| d < far);
            let greatest = table.iter().flatten().max().copied();
            prop_assert_eq!(graph.distances().map(|d| d.diameter), if connected { greatest } else { None });
        }

        /// König: bipartite exactly when no closed walk has odd length; n steps are enough to see one.
        #[test]
        fn bipartite_means_no_odd_closed_walk(graph in any_graph()) {
            let n = graph.n();
            let odd_walk = (0..n).any(|start| {
                let mut reached = vec![false; n];
                reached[start] = true;
                (1..=2 * n + 1).any(|step| {
                    let mut next = vec![false; n];
                    for u in (0..n).filter(|&u| reached[u]) {
                        for &v in graph.neighbours(u) { next[v] = true; }
                    }
                    reached = next;
                    step % 2 == 1 && reached[start]
                })
            });
            prop_assert_eq!(graph.is_bipartite(), !odd_walk);
        }
    }

    #[test]
    fn a_graph_in_two_parts_has_no_diameter() {
        assert_eq!(Graph::from_edges(4, [(0, 1), (2, 3)]).distances(), None);
        assert_eq!(Graph::from_edges(1, []).distances(), None);
    }
}
