//! What time it is. The aggregate is told; nothing else of the service decides by it.

use std::time::{SystemTime, UNIX_EPOCH};

use ramanujan_agents::life::{NotATime, Time};
use ramanujan_core::time::format_rfc3339;

/// Unix milliseconds.
pub fn now_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// Now, as events carry it.
///
/// # Errors
/// The machine's clock stands beyond the year 9999.
pub fn now() -> Result<Time, NotATime> {
    Time::parse(&format_rfc3339(now_millis()))
}
