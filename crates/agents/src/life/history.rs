//! Questions about a log: the whole, and the past.

use super::{Agent, Applied, FoldError, Recorded, Time};

/// Folds a log onto a state, or onto nothing. Events that the state already has are skipped.
///
/// # Errors
/// [`FoldError`] of the first event that does not fit.
pub fn fold<'a>(
    start: Option<Agent>,
    log: impl IntoIterator<Item = &'a Recorded>,
) -> Result<Option<Agent>, FoldError> {
    let mut agent = start;
    for record in log {
        match &mut agent {
            Some(agent) => {
                let _: Applied = agent.apply(record)?;
            }
            None => agent = Some(Agent::begin(record)?),
        }
    }
    Ok(agent)
}

/// The agent at a version; `None` at version 0 or where the log is shorter.
///
/// # Errors
/// [`FoldError`] of the first event that does not fit.
pub fn at_version(log: &[Recorded], version: u64) -> Result<Option<Agent>, FoldError> {
    let agent = fold(None, log.iter().filter(|record| record.sequence <= version))?;
    Ok(agent.filter(|agent| agent.version == version))
}

/// The agent as it was at a time, that of an event included. The log stands in order of versions; the first event that
/// is later ends the fold, so that a clock that went back does not leave a gap.
///
/// # Errors
/// [`FoldError`] of the first event that does not fit.
pub fn at_time(log: &[Recorded], time: &Time) -> Result<Option<Agent>, FoldError> {
    fold(None, log.iter().take_while(|record| record.timestamp.millis() <= time.millis()))
}
