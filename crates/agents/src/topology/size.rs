//! How many vertices the shapes have.

/// Vertices of the small shapes: three rows of three.
pub const NINE: usize = 9;
/// Vertices of the large shapes: |GL(2,3)| = (9−1)(9−3).
pub const FORTY_EIGHT: usize = 48;
