//! What the tests compare with.

/// Thresholds, in the units of the tests. `calibrated` has the values and how they came about.
pub(super) struct Thresholds {
    pub(super) dynamic_range: f64,
    pub(super) outlier_components: f64,
    pub(super) saturation: f64,
    pub(super) sparsity: f64,
    pub(super) duplicate: f64,
    /// Logarithm of the norm that is expected without a reference.
    pub(super) norm_centre: f64,
    /// Distance from it that is allowed without a reference, in natural logarithms.
    pub(super) norm_range: f64,
    /// Distance from the reference's that is allowed at least.
    pub(super) norm: f64,
    pub(super) resolution: f64,
    pub(super) self_similarity: f64,
    pub(super) interpolation: f64,
    pub(super) centroid_alignment: f64,
    pub(super) sign_balance: f64,
    pub(super) effective_dimension: f64,
    pub(super) neighbourhood: f64,
    pub(super) cluster_synergy: f64,
    pub(super) part_agreement: f64,
    pub(super) energy_profile: f64,
    pub(super) novelty: f64,
}
