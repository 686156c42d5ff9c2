//! What is true of a shape: degrees, distances, spectrum, and whether it is a Ramanujan graph.
//!
//! Definition (Lubotzky, Phillips and Sarnak 1988): a connected d-regular graph is Ramanujan if every eigenvalue of
//! its adjacency matrix other than ±d has absolute value at most 2√(d−1), the bound that Alon and Boppana show cannot
//! be beaten for large graphs. It is defined for regular graphs only.

#[cfg(not(target_family = "wasm"))]
use std::collections::BTreeMap;

use serde::Serialize;
use serde::ser::SerializeMap;

use super::kind::{Kind, UnsupportedSize};
use super::spectrum::symmetric_eigenvalues;

/// Eigenvalues nearer than this are one: far above the error of the computation (1e-13), far below the smallest gap
/// between different eigenvalues of the shapes (about 0.1).
const SAME: f64 = 1e-9;

/// An eigenvalue and how often it occurs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Multiplicity {
    /// The eigenvalue.
    pub value: f64,
    /// How often it occurs.
    pub times: usize,
}

/// Everything computed about one shape of one size.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub struct Report {
    /// The name that was asked for.
    pub kind: &'static str,
    /// The graph it stands for at this size.
    pub graph: &'static str,
    /// Vertices.
    pub n: usize,
    /// Edges.
    pub edges: usize,
    /// Neighbours of each vertex, by vertex number.
    #[serde(serialize_with = "by_vertex")]
    #[cfg_attr(not(target_family = "wasm"), schemars(with = "BTreeMap<usize, Vec<usize>>"))]
    pub adjacency: Vec<Vec<usize>>,
    /// The degree of all vertices; null where they differ.
    pub degree: Option<usize>,
    /// The smallest degree.
    pub min_degree: usize,
    /// The greatest degree.
    pub max_degree: usize,
    /// Whether all degrees are the same.
    pub regular: bool,
    /// Whether there is a way between any two vertices.
    pub connected: bool,
    /// Whether the vertices split into two sides with every edge between them.
    pub bipartite: bool,
    /// Greatest distance between two vertices; null where there is no way between some.
    pub diameter: Option<usize>,
    /// Mean distance over pairs of distinct vertices; null likewise.
    pub mean_distance: Option<f64>,
    /// Eigenvalues of the adjacency matrix, greatest first, each as often as it occurs.
    pub spectrum: Vec<f64>,
    /// The same, each eigenvalue once.
    pub multiplicities: Vec<Multiplicity>,
    /// First minus second eigenvalue.
    pub spectral_gap: Option<f64>,
    /// Second smallest eigenvalue of the Laplacian (Fiedler 1973).
    pub algebraic_connectivity: Option<f64>,
    /// Greatest absolute value of an eigenvalue other than ±d; null unless the graph is regular.
    pub max_nontrivial: Option<f64>,
    /// 2√(d−1); null unless the graph is regular.
    pub ramanujan_bound: Option<f64>,
    /// Whether it is a Ramanujan graph. A graph that is not regular is none.
    pub ramanujan: bool,
    /// Why `ramanujan` is what it is.
    pub ramanujan_reason: &'static str,
}

impl Report {
    /// Computes the report on `kind` with `n` vertices.
    ///
    /// # Errors
    /// [`UnsupportedSize`] if the shape has no graph of that size.
    pub fn compute(kind: Kind, n: usize) -> Result<Self, UnsupportedSize> {
        let graph = kind.graph(n)?;
        let degree = graph.regular_degree();
        let (min_degree, max_degree) = graph.degrees();
        let distances = graph.distances();
        let spectrum: Vec<f64> =
            symmetric_eigenvalues(graph.adjacency_matrix()).into_iter().map(rounded).collect();
        // Of a d-regular graph the Laplacian is d·I − A, and its spectrum the mirror image.
        let connectivity = match degree {
            Some(d) => spectrum.get(1).map(|second| d as f64 - second),
            None => symmetric_eigenvalues(graph.laplacian_matrix()).iter().rev().nth(1).copied(),
        };
        let bound = degree.map(|d| 2.0 * (d.saturating_sub(1) as f64).sqrt());
        let max_nontrivial = degree.map(|d| {
            let nontrivial = spectrum.iter().map(|x| x.abs()).filter(|x| (x - d as f64).abs() > SAME);
            nontrivial.fold(0.0, f64::max)
        });
        let within = max_nontrivial.zip(bound).is_some_and(|(greatest, bound)| greatest <= bound + SAME);
        let (ramanujan, ramanujan_reason) = match (degree, distances.is_some()) {
            (None, _) => (false, "the degrees differ; the bound is defined for regular graphs"),
            (Some(_), false) => (false, "not connected"),
            (Some(_), true) if within => (true, "regular, and max_nontrivial is within ramanujan_bound"),
            (Some(_), true) => (false, "regular, and max_nontrivial is beyond ramanujan_bound"),
        };
        Ok(Report {
            kind: kind.as_str(),
            graph: kind.resolve(n)?.as_str(),
            n: graph.n(),
            edges: graph.edges(),
            degree,
            min_degree,
            max_degree,
            regular: degree.is_some(),
            connected: distances.is_some(),
            bipartite: graph.is_bipartite(),
            diameter: distances.map(|d| d.diameter),
            mean_distance: distances.map(|d| d.mean),
            multiplicities: multiplicities(&spectrum),
            spectral_gap: spectrum.first().zip(spectrum.get(1)).map(|(first, second)| first - second),
            algebraic_connectivity: connectivity.map(rounded),
            max_nontrivial,
            ramanujan_bound: bound,
            ramanujan,
            ramanujan_reason,
            spectrum,
            adjacency: graph.adjacency().to_vec(),
        })
    }
}

/// The value to twelve decimals, which hides the noise of the last bits; never −0.
fn rounded(value: f64) -> f64 {
    (value * 1e12).round() / 1e12 + 0.0
}

fn multiplicities(spectrum: &[f64]) -> Vec<Multiplicity> {
    let mut out: Vec<Multiplicity> = Vec::new();
    for &value in spectrum {
        match out.last_mut() {
            Some(last) if (last.value - value).abs() <= SAME => last.times += 1,
            _ => out.push(Multiplicity { value, times: 1 }),
        }
    }
    out
}

/// `{"0": [1, 3], …}`, a table of neighbours.
fn by_vertex<S: serde::Serializer>(adjacency: &[Vec<usize>], serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(adjacency.len()))?;
    for (vertex, neighbours) in adjacency.iter().enumerate() {
        map.serialize_entry(&vertex, neighbours)?;
    }
    map.end()
}
