//! Tables of skill-verification.
//!
//! Collections, blocks and votes are never updated nor deleted. `verify_ids` is filled by a trigger, inside the
//! statement that adds a block. Statistics, references and analyses are caches:
//! they can be lost and are bounded.

use ramanujan_shell::Schema;

pub(crate) const SCHEMA: Schema = Schema {
    name: "verify",
    statements: &[
        "CREATE TABLE IF NOT EXISTS verify_collections (
            name TEXT PRIMARY KEY,
            dimension INTEGER NOT NULL,
            created INTEGER NOT NULL)",
        "CREATE TABLE IF NOT EXISTS verify_blocks (
            id INTEGER PRIMARY KEY,
            collection TEXT NOT NULL,
            first INTEGER NOT NULL,
            vectors INTEGER NOT NULL,
            digest BLOB NOT NULL,
            ids TEXT,
            norms BLOB NOT NULL,
            data BLOB NOT NULL,
            UNIQUE (collection, digest),
            UNIQUE (collection, first))",
        "CREATE TABLE IF NOT EXISTS verify_ids (
            collection TEXT NOT NULL,
            place INTEGER NOT NULL,
            id TEXT NOT NULL,
            PRIMARY KEY (collection, place),
            UNIQUE (collection, id)) WITHOUT ROWID",
        "CREATE TRIGGER IF NOT EXISTS verify_blocks_ids AFTER INSERT ON verify_blocks WHEN NEW.ids IS NOT NULL BEGIN
            INSERT INTO verify_ids SELECT NEW.collection, NEW.first + key, value FROM json_each(NEW.ids);
        END",
        "CREATE TABLE IF NOT EXISTS verify_statistics (
            collection TEXT PRIMARY KEY,
            version TEXT NOT NULL,
            upto INTEGER NOT NULL,
            sums TEXT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS verify_references (
            collection TEXT PRIMARY KEY,
            version TEXT NOT NULL,
            upto INTEGER NOT NULL,
            reference TEXT NOT NULL)",
        "CREATE TABLE IF NOT EXISTS verify_analyses (
            seq INTEGER PRIMARY KEY,
            digest BLOB NOT NULL UNIQUE)",
        "CREATE TABLE IF NOT EXISTS verify_votes (
            subject TEXT NOT NULL,
            key TEXT NOT NULL,
            record TEXT NOT NULL,
            PRIMARY KEY (subject, key)) WITHOUT ROWID",
    ],
};
