//! The tables, in the order in which they came.

use ramanujan_shell::Schema;

/// One statement a file. The number of statements is the version of the schema: append only.
pub(crate) const SCHEMA: Schema = Schema {
    name: "crdt",
    statements: &[
        include_str!("sql/001_deltas.sql"),
        include_str!("sql/002_deltas_by_log.sql"),
        include_str!("sql/003_deltas_by_key.sql"),
        include_str!("sql/004_snapshots.sql"),
        include_str!("sql/005_deletions.sql"),
        include_str!("sql/006_deletions_by_document.sql"),
        include_str!("sql/007_freezes.sql"),
        include_str!("sql/008_memo_counters.sql"),
        include_str!("sql/009_memo.sql"),
        include_str!("sql/010_memo_by_use.sql"),
        include_str!("sql/011_later.sql"),
        include_str!("sql/012_later_by_subject.sql"),
        include_str!("sql/013_later_by_turn.sql"),
        include_str!("sql/014_later_by_end.sql"),
        include_str!("sql/015_hashes.sql"),
        include_str!("sql/016_whole.sql"),
        include_str!("sql/017_agents.sql"),
        include_str!("sql/018_heads.sql"),
        include_str!("sql/019_documents.sql"),
        include_str!("sql/020_superseded.sql"),
        include_str!("sql/021_snapshot_deltas.sql"),
        include_str!("sql/022_freeze_heads.sql"),
        include_str!("sql/023_delta_weight.sql"),
        include_str!("sql/024_delta_content.sql"),
        include_str!("sql/025_document_carry.sql"),
        include_str!("sql/026_document_written.sql"),
        include_str!("sql/027_document_measured.sql"),
        include_str!("sql/028_document_measured_at.sql"),
        include_str!("sql/029_document_measured_log.sql"),
        include_str!("sql/030_exact_values.sql"),
        include_str!("sql/031_totals.sql"),
        include_str!("sql/032_document_counted.sql"),
        include_str!("sql/033_delta_taken.sql"),
        include_str!("sql/034_no_delta_stored.sql"),
        include_str!("sql/035_snapshots_kept.sql"),
        include_str!("sql/036_outlines.sql"),
        include_str!("sql/037_delta_outlined.sql"),
        // Texts weigh what they take in JSON since, six times as much at most, and what is hidden weighs what is seen does:
        // those that this can matter to are measured when they grow.
        include_str!("sql/038_weighed_anew.sql"),
        include_str!("sql/039_deletion_number.sql"),
        include_str!("sql/040_freezes.sql"),
        include_str!("sql/041_frozen_copied.sql"),
        include_str!("sql/042_frozen_moved.sql"),
        include_str!("sql/043_folds.sql"),
        include_str!("sql/044_withdrawals.sql"),
        include_str!("sql/045_withdrawals_by_document.sql"),
        include_str!("sql/046_withdrawals_open.sql"),
        include_str!("sql/047_withdrawn.sql"),
        include_str!("sql/048_withdrawn_by_document.sql"),
        include_str!("sql/049_withdrawn_by_withdrawal.sql"),
        include_str!("sql/050_withdrawal_made.sql"),
        include_str!("sql/051_snapshot_outdated.sql"),
    ],
};

#[cfg(test)]
mod tests {
    use http::Method;
    use ramanujan_shell::native::{fresh_database, send};
    use ramanujan_shell::{Schema, Store};
    use serde_json::json;

    use super::SCHEMA;

    fn write(agent: &str) {
        let operation =
            json!({"operation": "increment", "document_id": "d", "agent_id": agent, "value": 1}).to_string();
        let reply = send(&crate::service(), Method::POST, "/crdt/apply", operation);
        assert_eq!(reply.status, 200, "{}", reply.json);
    }

    #[test]
    fn an_instance_that_is_behind_undoes_nothing() {
        let _database = fresh_database();
        write("first");
        let store = Store::open(Schema { name: "crdt", statements: &[] }).unwrap();
        for (index, statement) in SCHEMA.statements.iter().enumerate() {
            // As it would, up to here, before it is ended. A column that is there already is passed over.
            if !statement.contains("ADD COLUMN") {
                store.execute(statement, []).unwrap();
            }
            write(&format!("after-{index}"));
        }
        let reply = send(&crate::service(), Method::GET, "/crdt/d", "");
        assert_eq!(reply.json["value"], SCHEMA.statements.len() + 1);
    }

    #[test]
    fn what_has_been_replaced_is_taken_out_of_a_database_that_has_it() {
        let _database = fresh_database();
        write("first");
        let store = Store::open(Schema { name: "crdt", statements: &[] }).unwrap();
        // As a database is left by revision bb2f125: it has 22 statements.
        store
            .execute(
                "CREATE TRIGGER crdt_delta_stored AFTER INSERT ON crdt_deltas BEGIN
                INSERT INTO crdt_documents VALUES (new.document_id, new.crdt_type, 1, 1, 0, 0, 0, 0); END",
                [],
            )
            .unwrap();
        store.execute("DELETE FROM crdt_schema", []).unwrap();
        store.execute("INSERT INTO crdt_schema VALUES (22)", []).unwrap();
        write("second");
        assert!(
            store
                .execute("SELECT 1 FROM sqlite_schema WHERE name = 'crdt_delta_stored'", [])
                .unwrap()
                .is_empty()
        );
    }
}
