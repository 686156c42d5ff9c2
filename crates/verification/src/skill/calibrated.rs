//! Thresholds of the tests of skills. Generated:
//! `cargo run --release -p ramanujan-verification --example calibrate skill-thresholds`

use super::thresholds::Thresholds;

pub(super) const THRESHOLDS: Thresholds = Thresholds {
    schema_validity: 0.5,
    examples_conform: 0.913,
    bounded_inputs: 0.25,
    rejects_mutants: 0.695,
    repeated_examples_agree: 0.707,
    guarded_capability: 0.5,
    canonical_form: 0.5,
    references_resolve: 0.5,
    crossovers_conform: 0.5,
    name_matches_description: 0.5,
    balanced_schemas: 0.154,
    documented_properties: 0.577,
    example_coverage: 0.573,
    output_depends_on_input: 0.0833,
    round_trip: 0.5,
    closed_objects: 0.375,
    example_diversity: 0.577,
};
