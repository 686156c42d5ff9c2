//! The component's tables, by the statements that make them.
//!
//! Events are stored once, small, and never updated. The tallies are kept by a trigger, which runs inside the one
//! INSERT that appends, so they can never disagree with the log; they make summary and gap counts independent of
//! its length. Seals are a cache of hashes over ranges and can be recomputed.

use ramanujan_core::Problem;
use ramanujan_shell::{Schema, Store};

/// One statement a file, in the order in which they came: how many of them a database has is its version, so that a
/// statement is added at the end and none is taken away.
pub const SCHEMA: Schema = Schema {
    name: "timeline",
    statements: &[
        // Every index on it grows at its end, so that an append touches few pages; that on `event_id` since 044.
        include_str!("sql/001_events.sql"),
        include_str!("sql/002_by_origin.sql"),
        include_str!("sql/003_by_agent.sql"),
        include_str!("sql/004_by_document.sql"),
        include_str!("sql/005_by_type.sql"),
        include_str!("sql/006_by_color.sql"),
        include_str!("sql/007_by_time.sql"),
        include_str!("sql/008_origins.sql"),
        // Colour 2 stands for none: a key column cannot be NULL here.
        include_str!("sql/009_tally.sql"),
        include_str!("sql/010_count_trigger.sql"),
        include_str!("sql/011_seals.sql"),
        // A causal index of before, and its triggers: they are not made any more, nor are the triggers that 053 to 061 drop.
        include_str!("sql/012_causal.sql"),
        include_str!("sql/013_causal_order.sql"),
        include_str!("sql/014_causal_dots.sql"),
        include_str!("sql/015_causal_numbers.sql"),
        include_str!("sql/016_causal_document.sql"),
        include_str!("sql/017_causal_agent.sql"),
        include_str!("sql/018_edges.sql"),
        include_str!("sql/019_seen.sql"),
        include_str!("sql/020_late.sql"),
        include_str!("sql/021_level_trigger.sql"),
        // Roots of the perfect subtrees of 1024 events and more that end at this size, smallest first.
        include_str!("sql/022_seal_nodes.sql"),
        // The stub of archived events: `leaves` and `contents` hold 32 bytes for each.
        include_str!("sql/023_segments.sql"),
        include_str!("sql/024_archived.sql"),
        include_str!("sql/025_archived_by_seq.sql"),
        include_str!("sql/026_archived_by_origin.sql"),
        include_str!("sql/027_archive_trigger.sql"),
        // Passes the rows of a restored segment to the trigger and is empty again when the statement ends.
        include_str!("sql/028_restored.sql"),
        // The rows come back with all that appending does; then the tallies, which never forgot them, are set right.
        include_str!("sql/029_restore_trigger.sql"),
        include_str!("sql/030_reindex_trigger.sql"),
        // From here on after the archive, whose tables they read.
        include_str!("sql/031_checkpoints.sql"),
        include_str!("sql/032_at_types.sql"),
        // The head of an origin is its event with the greatest number.
        include_str!("sql/033_at_origins.sql"),
        include_str!("sql/034_at_documents.sql"),
        // The last fingerprint that an agent reported of a document.
        include_str!("sql/035_at_replicas.sql"),
        // Causes that were not there when a range ended; they may have come since.
        include_str!("sql/036_missing.sql"),
        // Pairs that were neighbours in one origin when a range ended: the event with the greater number has the earlier time.
        include_str!("sql/037_backwards.sql"),
        include_str!("sql/038_known.sql"),
        include_str!("sql/039_checkpoint_trigger.sql"),
        // Named versions of the log.
        include_str!("sql/040_freezes.sql"),
        include_str!("sql/041_freezes_by_size.sql"),
        // What the ids depend on that the timeline gives where others are taken, so that nobody takes those as well.
        include_str!("sql/042_secret.sql"),
        include_str!("sql/043_secret_made.sql"),
        // What an event is found by. Its `event_id` is its `seq` from here on and its `id` what the sender calls it, so that
        // the index that came with the table grows at its end too; a row whose `id` is NULL is of before, or was archived.
        include_str!("sql/044_id.sql"),
        // The first six bytes of an id, which are random as a rule: in a small table first, see `store::ids`.
        include_str!("sql/045_ids_new.sql"),
        include_str!("sql/046_ids_mid.sql"),
        include_str!("sql/047_ids.sql"),
        // Ids that begin as another does, as those that count do.
        include_str!("sql/048_ids_odd.sql"),
        // A view takes what one statement is to do to several tables. `number` below zero is the place among the events of
        // its agent in this batch that leave the number to the timeline.
        include_str!("sql/049_adding.sql"),
        include_str!("sql/050_add_trigger.sql"),
        include_str!("sql/051_merging.sql"),
        include_str!("sql/052_merge_trigger.sql"),
        // Appending counts a batch at once; rows that come back from an archive are still counted one by one.
        include_str!("sql/053_count_dropped.sql"),
        include_str!("sql/054_count_trigger.sql"),
        include_str!("sql/055_archive_dropped.sql"),
        include_str!("sql/056_archive_trigger.sql"),
        include_str!("sql/057_checkpoint_dropped.sql"),
        // `NOT INDEXED` keeps the planner on the range of rows; it would otherwise read a whole index for its order.
        include_str!("sql/058_checkpoint_trigger.sql"),
        include_str!("sql/059_known_dropped.sql"),
        // The causal index is made anew under other names, so that who is late with dropping drops nothing that is used.
        include_str!("sql/060_reindex_dropped.sql"),
        include_str!("sql/061_level_dropped.sql"),
        include_str!("sql/062_causal_dropped.sql"),
        include_str!("sql/063_edges_dropped.sql"),
        include_str!("sql/064_seen_dropped.sql"),
        include_str!("sql/065_late_dropped.sql"),
        // `own` is the agent's entry in its own clock, `total` the sum of the clock, `document` the empty text where there is
        // none, `number` the origin_seq that the sender gave.
        include_str!("sql/066_places.sql"),
        include_str!("sql/067_places_order.sql"),
        include_str!("sql/068_places_dots.sql"),
        include_str!("sql/069_places_numbers.sql"),
        include_str!("sql/070_places_document.sql"),
        include_str!("sql/071_places_agent.sql"),
        // From causes to effects by their numbers, which are close together as a rule; a cause that is not there by its id.
        include_str!("sql/072_links.sql"),
        include_str!("sql/073_awaited.sql"),
        // The greatest counter of each agent that an event of the document knows: what tells a late event.
        include_str!("sql/074_heard.sql"),
        // Those whose level is to be spread to what comes after them.
        include_str!("sql/075_unsettled.sql"),
        // One step of the index.
        include_str!("sql/076_placing.sql"),
        include_str!("sql/077_place_trigger.sql"),
        // The causal index passes by what is archived; it is made anew when something comes back.
        include_str!("sql/078_replace_trigger.sql"),
    ],
};

/// The component's part of the database.
///
/// # Errors
/// 503 `store-unavailable`.
pub(crate) fn open() -> Result<Store, Problem> {
    Store::open(SCHEMA)
}

#[cfg(test)]
mod tests {
    use http::Method;
    use ramanujan_shell::Store;
    use ramanujan_shell::native::{fresh_database, send};
    use serde_json::json;

    use super::*;

    fn append(agent: &str) {
        let event = json!({"type": "operation", "agent_id": agent}).to_string();
        let reply = send(&crate::service(), Method::POST, "/timeline/events", event);
        assert_eq!(reply.status, 200, "{agent}: {}", reply.json);
    }

    /// Many instances begin at once on a new database, and the last of them may be far behind the first.
    #[test]
    fn an_instance_that_is_behind_undoes_nothing() {
        let _database = fresh_database();
        append("first");
        let store = Store::open(Schema { name: "timeline", statements: &[] }).unwrap();
        for (index, statement) in SCHEMA.statements.iter().enumerate() {
            // As it would, up to here, before it is ended. A column that is there already is passed over.
            if !statement.contains("ADD COLUMN") {
                store.execute(statement, []).unwrap();
            }
            append(&format!("after-{index}"));
        }
        let reply = send(&crate::service(), Method::GET, "/timeline/summary", "");
        assert_eq!(reply.json["events"], SCHEMA.statements.len() + 1, "{}", reply.json);
    }
}
