//! The second tier: answers in the store, shared by all instances, for merges that cost more than the store does.
//!
//! Bounded in bytes, entries and age. A broken or full store only means that a merge is computed again.

use ramanujan_core::{Polarity, Problem};

use super::database::Database;
use crate::memo::key::Key;

/// Smallest input, in bytes, for which the store is asked: `docs/memo.md` has the measurement behind it.
pub(crate) const BREAK_EVEN: usize = 64 << 10;
/// Most bytes of values, somewhat more than one instance's default memory for them: all instances share these.
pub(crate) const MAX_BYTES: u64 = 64 << 20;
/// Most entries; bounds what is swept.
const MAX_ENTRIES: u64 = 1024;
/// How stale, in milliseconds, the time of last use may be: without slack every hit would be a write.
const USE_SLACK: u64 = 60_000;

struct Bounds {
    bytes: u64,
    entries: u64,
}

/// The latest time of storing at which an entry is too old.
fn too_old(now: u64, ttl: u64) -> i64 {
    i64::try_from(now).unwrap_or(i64::MAX).saturating_sub_unsigned(ttl)
}

impl Database {
    /// The stored answer for `key`, and its polarity, if it is younger than `ttl`; times in milliseconds.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(super) fn recall(
        &self,
        key: &Key,
        ttl: u64,
        now: u64,
    ) -> Result<Option<(Vec<u8>, Polarity)>, Problem> {
        let sql = "SELECT value, last_used, polarity FROM crdt_memo WHERE key = ?1 AND created > ?2";
        let key = key.as_bytes().as_slice();
        let mut rows = self.0.execute(sql, [key.into(), too_old(now, ttl).into()])?;
        let Some(row) = rows.first_mut() else { return Ok(None) };
        if row.uint(1)?.saturating_add(USE_SLACK) < now {
            let sql = "UPDATE crdt_memo SET last_used = MAX(last_used, ?2) WHERE key = ?1";
            self.0.execute(sql, [key.into(), now.into()])?;
        }
        let polarity = match row.int(2)? {
            1 => Polarity::Positive,
            -1 => Polarity::Negative,
            _ => Polarity::Neutral,
        };
        Ok(Some((row.take_blob(0)?, polarity)))
    }

    /// Stores an answer, then drops what is too old or beyond the bounds, least recently used first.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(super) fn remember(
        &self,
        key: &Key,
        value: &[u8],
        polarity: Polarity,
        ttl: u64,
        now: u64,
    ) -> Result<(), Problem> {
        if value.len() as u64 > MAX_BYTES {
            return Ok(());
        }
        self.0.execute(
            "INSERT INTO crdt_memo (key, value, bytes, polarity, created, last_used)
             VALUES (?1, ?2, ?3, ?4, ?5, ?5)
             ON CONFLICT (key) DO UPDATE SET created = excluded.created, last_used = excluded.last_used",
            [
                key.as_bytes().as_slice().into(),
                value.into(),
                (value.len() as u64).into(),
                i64::from(polarity.color().trit()).into(),
                now.into(),
            ],
        )?;
        self.sweep(&Bounds { bytes: MAX_BYTES, entries: MAX_ENTRIES }, ttl, now)
    }

    /// Reads the index by use only, never a value.
    fn sweep(&self, bounds: &Bounds, ttl: u64, now: u64) -> Result<(), Problem> {
        let sql = "DELETE FROM crdt_memo WHERE id IN (
                SELECT id FROM (
                    SELECT id, created, ROW_NUMBER() OVER newest AS entries, SUM(bytes) OVER newest AS total
                    FROM crdt_memo
                    WINDOW newest AS (ORDER BY last_used DESC, id DESC ROWS UNBOUNDED PRECEDING)
                ) WHERE entries > ?1 OR total > ?2 OR created <= ?3
            )";
        self.0.execute(sql, [bounds.entries.into(), bounds.bytes.into(), too_old(now, ttl).into()])?;
        Ok(())
    }

    /// Entries of the second tier and bytes of their values.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(crate) fn remembered(&self) -> Result<(u64, u64), Problem> {
        let rows = self.0.execute("SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM crdt_memo", [])?;
        rows.first().map_or(Ok((0, 0)), |row| Ok((row.uint(0)?, row.uint(1)?)))
    }

    /// Removes all entries of the second tier and returns their number.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(crate) fn forget(&self) -> Result<u64, Problem> {
        Ok(self.0.execute("DELETE FROM crdt_memo RETURNING id", [])?.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ramanujan_shell::native::{Guard, fresh_database};

    fn database() -> (Guard, Database) {
        let guard = fresh_database();
        (guard, Database::open().unwrap())
    }

    fn key(number: u64) -> Key {
        Key::numbered(number)
    }

    #[test]
    fn gives_back_what_was_stored_until_it_is_too_old() {
        let (_guard, memo) = database();
        memo.remember(&key(1), b"one", Polarity::Negative, 50, 100).unwrap();
        assert_eq!(memo.recall(&key(1), 50, 149).unwrap(), Some((b"one".to_vec(), Polarity::Negative)));
        assert_eq!(memo.recall(&key(1), 50, 150).unwrap(), None);
        assert_eq!(memo.recall(&key(2), 50, 100).unwrap(), None);
        memo.remember(&key(2), b"two", Polarity::Neutral, 50, 150).unwrap();
        assert_eq!(memo.remembered().unwrap(), (1, 3));
        assert_eq!((memo.forget().unwrap(), memo.remembered().unwrap()), (1, (0, 0)));
    }

    #[test]
    fn the_least_recently_used_go_first() {
        let (_guard, memo) = database();
        let hour = 3_600_000;
        for number in 0..5 {
            memo.remember(&key(number), &[0; 10], Polarity::Positive, hour, number).unwrap();
        }
        let later = USE_SLACK + 10;
        assert!(memo.recall(&key(0), hour, later).unwrap().is_some());
        let kept =
            || (0..5).filter(|n| memo.recall(&key(*n), hour, later).unwrap().is_some()).collect::<Vec<_>>();
        memo.sweep(&Bounds { bytes: 1000, entries: 4 }, hour, later).unwrap();
        let rows = memo.0.execute("SELECT COUNT(*) FROM crdt_memo", []).unwrap();
        assert_eq!(rows[0].uint(0).unwrap(), 4);
        memo.sweep(&Bounds { bytes: 25, entries: 4 }, hour, later).unwrap();
        assert_eq!(kept(), [0, 4]);
    }
}
