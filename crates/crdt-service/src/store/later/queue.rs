//! The queue: a table of tasks.
//!
//! A task is taken by one statement, so two drains never run one task at the same time. A task that was taken and not
//! finished within [`LEASE`] is taken again: its instance is gone. Every task is safe to run twice.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Row, Value, now_millis};
use serde_json::value::RawValue;

use crate::later::{Claim, Kind, Task};
use crate::store::database::Database;

/// Milliseconds after which a task that was taken counts as abandoned; several times what a request may last.
const LEASE: u64 = 120_000;
/// How often a task is taken before it counts as failed: one that kills its instance must not do so for ever.
const MAX_ATTEMPTS: u64 = 3;
/// Most tasks that wait, and most that are kept after their end. Both are counted anew each time, over an index.
const MAX_TASKS: u64 = 4096;
/// Most bytes of payloads that wait, and of results that are kept.
const MAX_BYTES: u64 = 256 << 20;

fn kind(row: &Row, column: usize) -> Result<Kind, Problem> {
    let corrupt = || Problem::new(Code::StoreCorrupt, "a queued task has a bad kind");
    Kind::named(row.text(column)?).ok_or_else(corrupt)
}

impl Database {
    /// Puts a task into the queue, at the place of its kind, and returns its id.
    ///
    /// # Errors
    /// 429 `queue-full`; 503 if the store does not answer.
    pub(crate) fn enqueue(&self, kind: Kind, subject: &str, payload: &str) -> Result<u64, Problem> {
        self.enqueue_at(kind, kind.priority(), subject, payload, now_millis())
    }

    /// Puts a task into the queue and returns its id. A pending task of the same kind and subject takes the new payload
    /// and the better priority instead. `now` in milliseconds.
    ///
    /// # Errors
    /// 429 `queue-full`; 503 if the store does not answer.
    pub(super) fn enqueue_at(
        &self,
        kind: Kind,
        priority: i64,
        subject: &str,
        payload: &str,
        now: u64,
    ) -> Result<u64, Problem> {
        let sql = "INSERT INTO crdt_lazy (kind, priority, subject, payload, status, attempts, bytes, created)
            SELECT ?1, ?2, ?3, ?4, 'pending', 0, ?5, ?6
            WHERE (SELECT COUNT(*) < ?7 AND COALESCE(SUM(bytes), 0) + ?5 <= ?8 FROM crdt_lazy
                    WHERE status IN ('pending', 'in_progress'))
                OR EXISTS (SELECT 1 FROM crdt_lazy WHERE status = 'pending' AND kind = ?1 AND subject = ?3)
            ON CONFLICT (kind, subject) WHERE status = 'pending' DO UPDATE SET
                priority = MIN(priority, excluded.priority), payload = excluded.payload, bytes = excluded.bytes
            RETURNING task_id";
        let params: [Value; 8] = [
            kind.as_str().into(),
            priority.into(),
            subject.into(),
            payload.into(),
            (payload.len() as u64).into(),
            now.into(),
            MAX_TASKS.into(),
            MAX_BYTES.into(),
        ];
        match self.0.execute(sql, params)?.first() {
            Some(row) => row.uint(0),
            None => {
                let detail =
                    "the tasks that wait are too many or too large; POST /crdt/cache/drain does them";
                Err(Problem::new(Code::QueueFull, detail))
            }
        }
    }

    /// Takes the next task: by priority, then by age.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(crate) fn claim_task(&self, now: u64) -> Result<Option<Claim>, Problem> {
        let abandoned = now.saturating_sub(LEASE);
        self.give_up(abandoned, now)?;
        let sql = "UPDATE crdt_lazy SET status = 'in_progress', started = ?1, attempts = attempts + 1
            WHERE task_id = (
                SELECT task_id FROM crdt_lazy
                WHERE status IN ('pending', 'in_progress') AND (status = 'pending' OR started <= ?2)
                ORDER BY priority, task_id LIMIT 1)
            RETURNING task_id, kind, subject, payload, attempts";
        let mut rows = self.0.execute(sql, [now.into(), abandoned.into()])?;
        let Some(row) = rows.first_mut() else { return Ok(None) };
        Ok(Some(Claim {
            task_id: row.uint(0)?,
            kind: kind(row, 1)?,
            subject: row.take_text(2)?,
            payload: row.take_text(3)?,
            attempt: row.uint(4)?,
        }))
    }

    fn give_up(&self, abandoned: u64, now: u64) -> Result<(), Problem> {
        let error = Problem::new(Code::Abandoned, format!("taken {MAX_ATTEMPTS} times and never finished"));
        let sql =
            "UPDATE crdt_lazy SET status = 'failed', payload = '', bytes = 0, error = ?1, completed = ?2
            WHERE status IN ('pending', 'in_progress') AND status = 'in_progress'
                AND started <= ?3 AND attempts >= ?4";
        let params: [Value; 4] =
            [error.to_json().to_string().into(), now.into(), abandoned.into(), MAX_ATTEMPTS.into()];
        self.0.execute(sql, params)?;
        Ok(())
    }

    /// Writes down how a task ended, unless somebody else took it over meanwhile; says whether it did.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(crate) fn finish_task(
        &self,
        claim: &Claim,
        outcome: &Result<String, Problem>,
        now: u64,
    ) -> Result<bool, Problem> {
        let (status, result, error) = match outcome {
            Ok(result) => ("completed", Some(result.clone()), None),
            Err(problem) => ("failed", None, Some(problem.to_json().to_string())),
        };
        let bytes = result.as_ref().map_or(0, |result| result.len() as u64);
        let sql = "UPDATE crdt_lazy
            SET status = ?1, result = ?2, error = ?3, completed = ?4, payload = '', bytes = ?5
            WHERE task_id = ?6 AND status = 'in_progress' AND attempts = ?7 RETURNING task_id";
        let params: [Value; 7] = [
            status.into(),
            result.into(),
            error.into(),
            now.into(),
            bytes.into(),
            claim.task_id.into(),
            claim.attempt.into(),
        ];
        Ok(!self.0.execute(sql, params)?.is_empty())
    }

    /// Removes tasks that ended before `before`, and the oldest ones beyond the bounds.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(crate) fn prune_tasks(&self, before: u64) -> Result<(), Problem> {
        let sql = "DELETE FROM crdt_lazy WHERE task_id IN (
                SELECT task_id FROM (
                    SELECT task_id, completed, ROW_NUMBER() OVER newest AS tasks, SUM(bytes) OVER newest AS total
                    FROM crdt_lazy WHERE completed IS NOT NULL
                    WINDOW newest AS (ORDER BY completed DESC, task_id DESC ROWS UNBOUNDED PRECEDING)
                ) WHERE completed <= ?1 OR tasks > ?2 OR total > ?3
            )";
        self.0.execute(sql, [before.into(), MAX_TASKS.into(), MAX_BYTES.into()])?;
        Ok(())
    }

    /// Number of tasks that are not finished.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(crate) fn tasks_waiting(&self) -> Result<u64, Problem> {
        let sql = "SELECT COUNT(*) FROM crdt_lazy WHERE status IN ('pending', 'in_progress')";
        self.0.execute(sql, [])?.first().map_or(Ok(0), |row| row.uint(0))
    }

    /// The task of an id.
    ///
    /// # Errors
    /// 503 if the store does not answer.
    pub(crate) fn task(&self, task_id: u64) -> Result<Option<Task>, Problem> {
        let sql =
            "SELECT kind, priority, subject, status, attempts, created, started, completed, result, error
            FROM crdt_lazy WHERE task_id = ?1";
        let mut rows = self.0.execute(sql, [task_id.into()])?;
        let Some(row) = rows.first_mut() else { return Ok(None) };
        let optional =
            |row: &Row, column| if row.is_null(column) { Ok(None) } else { row.uint(column).map(Some) };
        let mut json = |column| match row.is_null(column) {
            true => Ok(None),
            false => RawValue::from_string(row.take_text(column)?)
                .map(Some)
                .map_err(|_| Problem::new(Code::StoreCorrupt, "a queued task has a bad result")),
        };
        let (result, error) = (json(8)?, json(9)?);
        Ok(Some(Task {
            task_id,
            kind: kind(row, 0)?,
            priority: row.int(1)?,
            subject: row.take_text(2)?,
            state: row.take_text(3)?,
            attempts: row.uint(4)?,
            created: row.uint(5)?,
            started: optional(row, 6)?,
            completed: optional(row, 7)?,
            result,
            error,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use ramanujan_shell::native::{Guard, fresh_database};

    fn queue() -> (Guard, Database) {
        let guard = fresh_database();
        (guard, Database::open().unwrap())
    }

    fn taken(queue: &Database, now: u64) -> Option<u64> {
        queue.claim_task(now).unwrap().map(|claim| claim.task_id)
    }

    #[test]
    fn a_task_of_the_same_kind_and_subject_waits_once() {
        let (_guard, queue) = queue();
        let first = queue.enqueue_at(Kind::Snapshot, 30, "d", "1", 0).unwrap();
        assert_eq!(queue.enqueue_at(Kind::Snapshot, 5, "d", "2", 1).unwrap(), first);
        assert_ne!(queue.enqueue_at(Kind::Merge, 30, "d", "3", 1).unwrap(), first);
        let claim = queue.claim_task(2).unwrap().unwrap();
        assert_eq!((claim.task_id, claim.payload.as_str()), (first, "2"));
        // While one runs, the next may wait.
        assert_ne!(queue.enqueue_at(Kind::Snapshot, 30, "d", "4", 3).unwrap(), first);
        assert_eq!(queue.tasks_waiting().unwrap(), 3);
    }

    #[test]
    fn an_abandoned_task_is_taken_again_and_the_late_finisher_changes_nothing() {
        let (_guard, queue) = queue();
        let id = queue.enqueue_at(Kind::Snapshot, 30, "d", "", 0).unwrap();
        let first = queue.claim_task(10).unwrap().unwrap();
        assert_eq!(taken(&queue, 10 + LEASE - 1), None);
        let second = queue.claim_task(10 + LEASE).unwrap().unwrap();
        assert!(!queue.finish_task(&first, &Ok("1".into()), 11 + LEASE).unwrap());
        assert!(queue.finish_task(&second, &Ok("2".into()), 12 + LEASE).unwrap());
        let task = queue.task(id).unwrap().unwrap();
        assert_eq!((task.state.as_str(), task.result.unwrap().get()), ("completed", "2"));
        assert_eq!((task.attempts, task.completed), (2, Some(12 + LEASE)));
    }

    #[test]
    fn a_task_that_never_ends_fails_at_last() {
        let (_guard, queue) = queue();
        let id = queue.enqueue_at(Kind::Snapshot, 30, "d", "", 0).unwrap();
        let mut now = 0;
        for _ in 0..MAX_ATTEMPTS {
            assert_eq!(taken(&queue, now), Some(id));
            now += LEASE;
        }
        assert_eq!(taken(&queue, now), None);
        let task = queue.task(id).unwrap().unwrap();
        assert!(task.state == "failed" && task.error.unwrap().get().contains("abandoned"));
        assert_eq!(queue.tasks_waiting().unwrap(), 0);
        queue.prune_tasks(now).unwrap();
        assert!(queue.task(id).unwrap().is_none());
    }

    #[test]
    fn a_full_queue_refuses_new_tasks_only() {
        let (_guard, queue) = queue();
        queue.enqueue_at(Kind::Snapshot, 30, "waiting", "", 0).unwrap();
        let fill = "WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
            INSERT INTO crdt_lazy (kind, priority, subject, payload, status, attempts, bytes, created)
            SELECT 'snapshot', 30, i, '', 'pending', 0, 0, 0 FROM n";
        queue.0.execute(fill, [MAX_TASKS.into()]).unwrap();
        let refused = queue.enqueue_at(Kind::Snapshot, 30, "new", "", 1).unwrap_err();
        assert_eq!((refused.status, refused.code), (429, Code::QueueFull));
        assert!(queue.enqueue_at(Kind::Snapshot, 1, "waiting", "", 1).is_ok());
    }

    proptest! {
        /// Several drains that take and finish in any interleaving run each task once, by priority and then by age.
        #[test]
        fn every_task_runs_once_and_in_order(
            priorities in prop::collection::vec(0i64..4, 1..12),
            drains in prop::collection::vec(0usize..3, 0..40),
        ) {
            let (_guard, queue) = queue();
            let mut waiting = Vec::new();
            for (age, priority) in priorities.iter().enumerate() {
                let subject = age.to_string();
                let id = queue.enqueue_at(Kind::Snapshot, *priority, &subject, "", age as u64).unwrap();
                waiting.push((*priority, id));
            }
            waiting.sort_unstable();
            let mut holds: [Option<Claim>; 3] = [None, None, None];
            let mut taken = Vec::new();
            for drain in drains {
                match holds[drain].take() {
                    Some(claim) => prop_assert!(queue.finish_task(&claim, &Ok("0".into()), 101).unwrap()),
                    None => {
                        holds[drain] = queue.claim_task(100).unwrap();
                        taken.extend(holds[drain].as_ref().map(|claim| claim.task_id));
                    }
                }
            }
            let expected: Vec<u64> = waiting.iter().map(|(_, id)| *id).take(taken.len()).collect();
            prop_assert_eq!(taken, expected);
        }
    }
}
