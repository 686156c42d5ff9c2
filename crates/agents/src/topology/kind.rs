//! The shapes by name, and the sizes that each has.

use std::fmt;
use std::str::FromStr;

use super::cayley;
use super::graph::Graph;
use super::size::{FORTY_EIGHT, NINE};

/// A named shape. Where one name stands for several graphs, the number of vertices picks one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The default: [`Kind::Torus3x3`] at 9 vertices, [`Kind::Gl23`] at 48.
    Ramanujan3d,
    /// C3□C3, which is the Paley graph of order 9.
    Torus3x3,
    /// The Cayley graph of GL(2,3) by four generators closed under inversion.
    Gl23,
    /// The same group by another four generators, which makes it bipartite.
    Gl23Bipartite,
    /// P3□P3, the plain grid, in which agent 0 has the neighbours 1 and 3. Not regular.
    Grid3x3,
}

impl Kind {
    /// Every shape.
    pub const ALL: [Kind; 5] =
        [Kind::Ramanujan3d, Kind::Torus3x3, Kind::Gl23, Kind::Gl23Bipartite, Kind::Grid3x3];

    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Ramanujan3d => "ramanujan-3d",
            Kind::Torus3x3 => "torus-3x3",
            Kind::Gl23 => "gl23",
            Kind::Gl23Bipartite => "gl23-bipartite",
            Kind::Grid3x3 => "grid-3x3",
        }
    }

    /// The numbers of vertices this name has a graph for, smallest first.
    pub fn sizes(self) -> &'static [usize] {
        match self {
            Kind::Ramanujan3d => &[NINE, FORTY_EIGHT],
            Kind::Torus3x3 | Kind::Grid3x3 => &[NINE],
            Kind::Gl23 | Kind::Gl23Bipartite => &[FORTY_EIGHT],
        }
    }

    /// The smallest size with at least `vertices` vertices, else the largest there is.
    pub fn size_for(self, vertices: usize) -> usize {
        let sizes = self.sizes();
        sizes.iter().copied().find(|size| *size >= vertices).unwrap_or(sizes[sizes.len() - 1])
    }

    /// The one graph that this name stands for at `n` vertices: itself, but for [`Kind::Ramanujan3d`].
    ///
    /// # Errors
    /// [`UnsupportedSize`] if there is none.
    pub fn resolve(self, n: usize) -> Result<Kind, UnsupportedSize> {
        if !self.sizes().contains(&n) {
            return Err(UnsupportedSize { kind: self, n });
        }
        Ok(match (self, n) {
            (Kind::Ramanujan3d, NINE) => Kind::Torus3x3,
            (Kind::Ramanujan3d, _) => Kind::Gl23,
            (other, _) => other,
        })
    }

    /// The graph with `n` vertices.
    ///
    /// # Errors
    /// [`UnsupportedSize`] if this shape has none of that size.
    pub fn graph(self, n: usize) -> Result<Graph, UnsupportedSize> {
        Ok(match self.resolve(n)? {
            Kind::Torus3x3 | Kind::Ramanujan3d => lattice(true),
            Kind::Grid3x3 => lattice(false),
            Kind::Gl23 => cayley::gl23(&cayley::GENERATORS),
            Kind::Gl23Bipartite => cayley::gl23(&cayley::BIPARTITE_GENERATORS),
        })
    }
}

/// Three rows of three, vertex `3·row + column`, each joined to the next in its row and column; `wrap` joins the last
/// to the first.
fn lattice(wrap: bool) -> Graph {
    let mut edges = Vec::new();
    for row in 0..3 {
        for column in 0..3 {
            let vertex = 3 * row + column;
            if wrap || column < 2 {
                edges.push((vertex, 3 * row + (column + 1) % 3));
            }
            if wrap || row < 2 {
                edges.push((vertex, 3 * ((row + 1) % 3) + column));
            }
        }
    }
    Graph::from_edges(NINE, edges)
}

/// A shape was asked for in a size that it does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnsupportedSize {
    /// The shape.
    pub kind: Kind,
    /// How many vertices were asked for.
    pub n: usize,
}

impl fmt::Display for UnsupportedSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes: Vec<String> = self.kind.sizes().iter().map(ToString::to_string).collect();
        write!(f, "{} has no graph with {} vertices; it has n = {}", self.kind, self.n, sizes.join(", "))
    }
}

impl std::error::Error for UnsupportedSize {}

/// The text names no shape; holds what was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownKind(pub String);

impl fmt::Display for UnknownKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cut: String = self.0.chars().take(40).collect();
        write!(f, "{cut:?} is not one of {}", Kind::ALL.map(Kind::as_str).join(", "))
    }
}

impl std::error::Error for UnknownKind {}

impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        Kind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
