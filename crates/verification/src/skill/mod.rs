//! Skills as agents offer them: name, description, schemas of input and output, example calls; and the seventeen
//! tests.
//!
//! [`Skill`] reads within [`Limits`]; `schema` makes JSON Schemas from outside safe to use; `words` knows words;
//! `negative`, `neutral` and `positive` hold the tests, with the thresholds of `calibrated`.

mod calibrated;
mod negative;
mod neutral;
mod positive;
mod read;
mod schema;
mod subject;
mod thresholds;
mod words;

pub use read::{Example, Limits, ReadError, Skill};

use crate::report::{Outcome, Report};
use crate::roster::{Kind, NUM_VERIFIERS};
use schema::Schema;
use subject::Subject;

/// What the seventeen verifiers find in `skill`.
pub fn judge(skill: &Skill) -> Report {
    let subject =
        Subject { skill, input: Schema::new(&skill.input_schema), output: Schema::new(&skill.output_schema) };
    let tests: [fn(&Subject<'_>) -> Outcome; NUM_VERIFIERS] = [
        negative::schema_validity,
        negative::examples_conform,
        negative::bounded_inputs,
        negative::rejects_mutants,
        negative::repeated_examples_agree,
        negative::guarded_capability,
        neutral::canonical_form,
        neutral::references_resolve,
        neutral::crossovers_conform,
        neutral::name_matches_description,
        neutral::balanced_schemas,
        positive::documented_properties,
        positive::example_coverage,
        positive::output_depends_on_input,
        positive::round_trip,
        positive::closed_objects,
        positive::example_diversity,
    ];
    Report::of(Kind::Skill, tests.map(|test| test(&subject).unwrap_or_else(|abstention| abstention)))
}
