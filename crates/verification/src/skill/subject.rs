//! A skill as the tests see it.

use super::read::{Example, Skill};
use super::schema::Schema;
use crate::report::Finding;

/// A skill, prepared once for all tests.
pub(super) struct Subject<'a> {
    pub(super) skill: &'a Skill,
    pub(super) input: Schema<'a>,
    pub(super) output: Schema<'a>,
}

impl Subject<'_> {
    /// The examples, or why they say nothing.
    pub(super) fn examples(&self, least: usize) -> Result<&[Example], Finding> {
        let examples = &self.skill.examples;
        if examples.len() < least {
            return Err(Finding::abstain(format!(
                "needs at least {least} examples, there are {}",
                examples.len()
            )));
        }
        Ok(examples)
    }
}
