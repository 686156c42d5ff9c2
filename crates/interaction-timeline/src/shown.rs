//! Stored events as replies show them.

use ramanujan_core::{Code, Problem};
use ramanujan_timeline::Stored;
use ramanujan_timeline::row::Shown;

/// The event as replies show it.
///
/// # Errors
/// 500 `store-shape` if its body is not JSON.
pub fn shown(event: &Stored) -> Result<Shown, Problem> {
    event.show().map_err(|error| {
        Problem::new(Code::StoreShape, format!("the body of event {} is not JSON", event.seq))
            .caused_by(error)
    })
}

/// As [`shown`], of each of them.
///
/// # Errors
/// As [`shown`].
pub fn all(events: &[Stored]) -> Result<Vec<Shown>, Problem> {
    events.iter().map(shown).collect()
}
