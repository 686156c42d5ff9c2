//! Exact nearest neighbours by cosine, over blocks of little-endian f32 that come one after the other.
//!
//! An f32 kernel looks at every row; what it cannot rule out, by the proven bound on its rounding error, is computed
//! again in f64. So the result is that of a plain f64 scan, at about the price of an f32 one. It depends on neither
//! the machine, nor how rows are cut into blocks, nor the order of the blocks: lanes and the order of summation are
//! fixed, and equal cosines are ordered by index.

pub mod block;
#[cfg(test)]
mod tests;

/// Partial sums of the kernel: four vectors of `simd128` or SSE, enough to hide the latency of an addition.
const LANES: usize = 16;

/// Bytes of a component.
pub const COMPONENT_BYTES: usize = 4;

/// Norms within which products of a row with a unit vector neither overflow f32 nor lose more than the bound allows.
/// Rows outside are computed in f64 only.
const KERNEL_NORMS: std::ops::RangeInclusive<f64> = 8.673617379884035e-19..=1.152921504606847e18; // 2^-60, 2^60

/// Rows of one dimension with their norms, as stored.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    dimension: usize,
    bytes: &'a [u8],
    norms: &'a [f64],
}

impl<'a> Rows<'a> {
    /// `bytes` holds a row of `dimension` little-endian f32 for each of the `norms`; `None` if it does not.
    pub fn new(dimension: usize, bytes: &'a [u8], norms: &'a [f64]) -> Option<Rows<'a>> {
        let row = dimension.checked_mul(COMPONENT_BYTES).filter(|row| *row > 0)?;
        (norms.len().checked_mul(row) == Some(bytes.len())).then_some(Rows { dimension, bytes, norms })
    }

    fn row(&self, index: usize) -> &'a [u8] {
        let bytes = self.dimension * COMPONENT_BYTES;
        &self.bytes[index * bytes..(index + 1) * bytes]
    }
}

/// Euclidean norms of rows of `dimension` little-endian f32, in f64; trailing bytes that make no row are left out.
pub fn norms(dimension: usize, bytes: &[u8]) -> Vec<f64> {
    let rows = bytes.chunks_exact((dimension * COMPONENT_BYTES).max(1));
    rows.map(|row| components(row).map(|x| f64::from(x) * f64::from(x)).sum::<f64>().sqrt()).collect()
}

/// The components of a row.
pub fn components(row: &[u8]) -> impl Iterator<Item = f32> + '_ {
    row.as_chunks::<COMPONENT_BYTES>().0.iter().map(|bytes| f32::from_le_bytes(*bytes))
}

/// A row found.
#[derive(Clone, Debug, PartialEq)]
pub struct Hit {
    /// Place in the collection.
    pub index: u64,
    /// Cosine with the query, in f64.
    pub cosine: f64,
    /// The row itself.
    pub vector: Vec<f32>,
}

/// A query under way: the best rows of those that were scanned.
#[derive(Clone, Debug)]
pub struct Search {
    query: Vec<f32>,
    norm: f64,
    /// The query at unit length, rounded to f32.
    unit: Vec<f32>,
    k: usize,
    /// How far the kernel's cosine may lie from the exact one.
    slack: f64,
    best: Vec<Hit>,
    dots: Vec<f32>,
}

impl Search {
    /// For the `k` rows nearest to `query`; `None` if its norm is zero or not finite, so that it has no direction.
    pub fn new(query: &[f32], k: usize) -> Option<Search> {
        let norm = query.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if norm == 0.0 || !norm.is_finite() {
            return None;
        }
        // Unit roundoff times the longest chain of operations on one product (Higham 2002, §3.1: γ_n bounds an inner
        // product's error by γ_n Σ|x||y|, which is at most the product of the norms): the query's rounding, the
        // product, the sums of a lane, and the tree over the lanes. The last factor covers second-order terms and
        // what underflow takes.
        let chain = query.len().div_ceil(LANES) + LANES.ilog2() as usize + 2;
        Some(Search {
            query: query.to_vec(),
            norm,
            unit: query.iter().map(|x| (f64::from(*x) / norm) as f32).collect(),
            k,
            slack: chain as f64 * f64::from(f32::EPSILON) / 2.0 * 1.01,
            best: Vec::new(),
            dots: Vec::new(),
        })
    }

    /// Looks at rows of the query's dimension, the first of which has the index `first`; rows of another dimension
    /// and rows of norm zero are no neighbours.
    pub fn scan(&mut self, first: u64, rows: &Rows<'_>) {
        if rows.dimension != self.query.len() || self.k == 0 {
            return;
        }
        let mut dots = std::mem::take(&mut self.dots);
        dots.clear();
        dot_rows(&self.unit, rows.bytes, &mut dots);
        for (at, (dot, norm)) in dots.iter().zip(rows.norms).enumerate() {
            let possible = f64::from(*dot) / norm + self.slack;
            let ruled_out = self.best.len() == self.k
                && self.best.last().is_some_and(|worst| possible < worst.cosine)
                && KERNEL_NORMS.contains(norm);
            if !ruled_out && *norm > 0.0 {
                self.offer(first + at as u64, rows.row(at), *norm);
            }
        }
        self.dots = dots;
    }

    fn offer(&mut self, index: u64, row: &[u8], norm: f64) {
        let dot: f64 = components(row).zip(&self.query).map(|(x, q)| f64::from(x) * f64::from(*q)).sum();
        let cosine = (dot / (norm * self.norm)).clamp(-1.0, 1.0);
        let place = self
            .best
            .partition_point(|hit| hit.cosine > cosine || (hit.cosine == cosine && hit.index < index));
        if place < self.k {
            self.best.truncate(self.k - 1);
            self.best.insert(place, Hit { index, cosine, vector: components(row).collect() });
        }
    }

    /// The nearest rows, nearest first, equal cosines by index.
    pub fn finish(self) -> Vec<Hit> {
        self.best
    }
}

/// Appends the inner product of `query` with each row of as many little-endian f32.
///
/// Written so that the compiler vectorises it. WebAssembly's vectors are asked for here alone: every engine that
/// serves components has them, and a function that needs them is refused where a module is compiled, not where it
/// runs.
#[cfg_attr(target_arch = "wasm32", target_feature(enable = "simd128"))]
pub fn dot_rows(query: &[f32], bytes: &[u8], dots: &mut Vec<f32>) {
    if query.is_empty() {
        return;
    }
    let (heads, tail) = query.as_chunks::<LANES>();
    for row in bytes.chunks_exact(query.len() * COMPONENT_BYTES) {
        let (row, _) = row.as_chunks::<COMPONENT_BYTES>();
        let (row_heads, row_tail) = row.as_chunks::<LANES>();
        let mut sums = [0.0f32; LANES];
        for (q, x) in heads.iter().zip(row_heads) {
            for lane in 0..LANES {
                sums[lane] += q[lane] * f32::from_le_bytes(x[lane]);
            }
        }
        for (sum, (q, x)) in sums.iter_mut().zip(tail.iter().zip(row_tail)) {
            *sum += q * f32::from_le_bytes(*x);
        }
        let mut width = LANES / 2;
        while width > 0 {
            for lane in 0..width {
                sums[lane] += sums[lane + width];
            }
            width /= 2;
        }
        dots.push(sums[0]);
    }
}
