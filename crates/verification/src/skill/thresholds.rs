//! What the tests compare with.

/// Thresholds, in the units of the tests. `calibrated` has the values and how they came about.
pub(super) struct Thresholds {
    pub(super) schema_validity: f64,
    pub(super) examples_conform: f64,
    pub(super) bounded_inputs: f64,
    pub(super) rejects_mutants: f64,
    pub(super) repeated_examples_agree: f64,
    pub(super) guarded_capability: f64,
    pub(super) canonical_form: f64,
    pub(super) references_resolve: f64,
    pub(super) crossovers_conform: f64,
    pub(super) name_matches_description: f64,
    pub(super) balanced_schemas: f64,
    pub(super) documented_properties: f64,
    pub(super) example_coverage: f64,
    pub(super) output_depends_on_input: f64,
    pub(super) round_trip: f64,
    pub(super) closed_objects: f64,
    pub(super) example_diversity: f64,
}
