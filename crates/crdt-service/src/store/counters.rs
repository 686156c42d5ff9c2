//! What the memos of all instances have done, in one row.

use ramanujan_core::Problem;
use ramanujan_shell::Value;

use super::database::Database;
use crate::memo::counts::Counters;

impl Database {
    /// The sum over all instances that have written theirs down.
    pub(crate) fn counters(&self) -> Result<Counters, Problem> {
        let sql = format!("SELECT {} FROM crdt_memo_counters WHERE id = 1", Counters::NAMES.join(", "));
        let rows = self.0.execute(&sql, [])?;
        let Some(row) = rows.first() else { return Ok(Counters::default()) };
        let mut values = [0; 8];
        for (column, value) in values.iter_mut().enumerate() {
            *value = row.uint(column)?;
        }
        Ok(Counters::of(values))
    }

    /// Adds counts to the sum, in one statement.
    pub(super) fn add_counters(&self, counts: &Counters) -> Result<(), Problem> {
        let names = Counters::NAMES;
        let places: Vec<_> = (1..=names.len()).map(|n| format!("?{n}")).collect();
        let sums: Vec<_> = names.iter().map(|name| format!("{name} = {name} + excluded.{name}")).collect();
        let sql = format!(
            "INSERT INTO crdt_memo_counters (id, {}) VALUES (1, {}) ON CONFLICT (id) DO UPDATE SET {}",
            names.join(", "),
            places.join(", "),
            sums.join(", ")
        );
        self.0.execute(&sql, counts.values().map(Value::from))?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memo::counts::Pending;
    use ramanujan_shell::native::fresh_database;
    use ramanujan_shell::{Schema, Store};

    #[test]
    fn many_instances_add_up() {
        let _guard = fresh_database();
        let database = Database::open().unwrap();
        assert_eq!(database.counters().unwrap(), Counters::default());
        let (mut one, mut other) = (Pending::default(), Pending::default());
        one.count(0, |counts| (counts.hits, counts.consultations) = (3, 5));
        other.count(0, |counts| (counts.hits, counts.tier2_hits) = (4, 1));
        for pending in [&mut one, &mut other] {
            database.add_counters(&pending.take().unwrap().counts).unwrap();
            assert!(pending.take().is_none());
        }
        let sum = database.counters().unwrap();
        assert_eq!(sum, Counters { hits: 7, consultations: 5, tier2_hits: 1, ..Counters::default() });
    }

    #[test]
    fn what_the_store_refuses_is_kept() {
        let _guard = fresh_database();
        let broken = Database(Store::open(Schema { name: "crdt", statements: &[] }).unwrap());
        let mut pending = Pending::default();
        pending.count(7, |counts| counts.hits = 3);
        let unwritten = pending.take().unwrap();
        assert_eq!(broken.add_counters(&unwritten.counts).unwrap_err().status, 503);
        pending.give_back(unwritten);
        assert_eq!(pending.take().unwrap().counts.hits, 3);
    }
}
