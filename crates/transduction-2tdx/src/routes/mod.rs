//! The routes, a file for each noun: a request is read, something pure is called, the reply is shaped.

pub(crate) mod apply;
pub(crate) mod code;
mod event;
pub(crate) mod patterns;
pub(crate) mod stats;
pub(crate) mod sync;

use ramanujan_core::{Code, Problem};
use ramanujan_egraph::read::{self, Place};
use ramanujan_egraph::term::Term;
use ramanujan_egraph::vocabulary::Vocabulary;
use serde_json::Value;

use crate::settings::{MAX_BATCH, MAX_TERM_DEPTH};
use crate::skill::version::{self, Chosen, Version};
use crate::store::patterns as stored;

/// The term of a request.
fn expression(vocabulary: &mut Vocabulary, value: &Value) -> Result<Term, Problem> {
    read::expression(vocabulary, value, MAX_TERM_DEPTH.read()?).map_err(|error| {
        let problem = Problem::new(Code::InvalidExpression, error.to_string());
        match &error.place {
            Place::Position(position) => problem.with("position", *position),
            Place::Path(path) => problem.with("path", format!("expression{path}")),
        }
    })
}

/// The rules that a request names or brings along, and the vocabulary that they are read over.
fn choose(given: &[Value]) -> Result<(Vocabulary, Vec<Chosen>), Problem> {
    let references = version::references(given, MAX_BATCH.read()?)?;
    version::choose(given, stored::find(&references)?)
}

/// The version with an id, or the newest of a name.
fn get(id_or_name: &str) -> Result<Version, Problem> {
    let reference = version::reference(id_or_name)?;
    let found = stored::find(&[reference])?.pop().flatten();
    found.ok_or_else(|| version::missing(id_or_name))
}
