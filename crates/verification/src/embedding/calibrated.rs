//! Thresholds of the tests of embeddings. Generated:
//! `cargo run --release -p ramanujan-verification --example calibrate thresholds`

use super::thresholds::Thresholds;

pub(super) const THRESHOLDS: Thresholds = Thresholds {
    dynamic_range: 6.87,
    outlier_components: 1.71,
    saturation: 0.0247,
    sparsity: 0.0303,
    duplicate: 0.227,
    norm_centre: 0.963,
    norm_range: 4.18,
    norm: 0.000274,
    resolution: 0.379,
    self_similarity: 1.34,
    interpolation: 0.143,
    centroid_alignment: 3.46,
    sign_balance: 0.105,
    effective_dimension: 0.383,
    neighbourhood: 0.179,
    cluster_synergy: 1.11,
    part_agreement: 0.406,
    energy_profile: 1.08,
    novelty: 0.052,
};
