//! What time it is.

use std::time::{SystemTime, UNIX_EPOCH};

/// The wall clock in Unix milliseconds. For display and time-outs; no merge decides by it.
pub fn now_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX))
}
