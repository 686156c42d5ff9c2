//! The window of `/timeline/metrics` and `/timeline/flows`: `from` to `to` by the senders' times, measured.
//!
//! At most `METRICS_MAX_EVENTS` events are looked at, the latest of the window; `complete` says whether that were all.

use ramanujan_core::Problem;
use ramanujan_core::time::format_rfc3339;
use ramanujan_shell::Query;
use ramanujan_timeline::measure::{Measured, measure};
use serde_json::{Value, json};

use crate::routes::query::read_time;
use crate::settings::METRICS_MAX_EVENTS;
use crate::store::{self, samples};

/// What the events of a window come to.
pub(super) struct Window {
    pub(super) measured: Measured,
    complete: bool,
    from: Option<u64>,
    to: Option<u64>,
}

impl Window {
    /// Measures the window of a query string.
    ///
    /// # Errors
    /// 422 naming the parameter; 503 if the store does not answer.
    pub(super) fn read(query: &Query<'_>) -> Result<Self, Problem> {
        let (from, to) = (read_time(query, "from")?, read_time(query, "to")?);
        let most = METRICS_MAX_EVENTS.read()?;
        let (samples, complete) = samples::samples(&store::open()?, from, to, most)?;
        Ok(Window { measured: measure(&samples), complete, from, to })
    }

    /// As replies show it.
    pub(super) fn shown(&self) -> Value {
        json!({"from": self.from.map(format_rfc3339), "to": self.to.map(format_rfc3339), "complete": self.complete})
    }
}
