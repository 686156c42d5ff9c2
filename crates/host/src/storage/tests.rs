//! A database answers as one shared connection would, and keeps what it has acknowledged.

use std::path::Path;
use std::sync::{Arc, mpsc};

use super::{Database, Durability, Failure, NotDurable, Rows, Value};

fn open() -> (tempfile::TempDir, Arc<Database>) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("sub/test.db"), "", &Arc::default()).unwrap();
    (folder, database)
}

async fn run(database: &Database, sql: &str) -> Result<Rows, String> {
    database.execute(sql, vec![]).await.map_err(|failure| failure.to_string())
}

async fn number(database: &Database, sql: &str) -> i64 {
    match run(database, sql).await.unwrap().rows[0][0] {
        Value::Integer(number) => number,
        ref other => panic!("{other:?} is no number"),
    }
}

async fn each_mode(test: impl AsyncFn(Arc<Database>)) {
    each_mode_in_a_folder(async |_, database| test(database).await).await;
}

/// The same with the path of the file.
async fn each_mode_in_a_folder(test: impl AsyncFn(&Path, Arc<Database>)) {
    for mode in ["delete", "wal"] {
        let (folder, database) = open();
        let rows = run(&database, &format!("PRAGMA journal_mode = {mode}")).await.unwrap();
        assert_eq!(rows.rows, [[Value::Text(mode.into())]]);
        test(&folder.path().join("sub/test.db"), database).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_write_is_seen_by_the_next_read() {
    each_mode(async |database| {
        run(&database, "CREATE TABLE t(a INTEGER PRIMARY KEY, b TEXT)").await.unwrap();
        for i in 0..200 {
            let rows = database
                .execute("INSERT INTO t(b) VALUES (?1) RETURNING a, b", vec![Value::Text(format!("x{i}"))])
                .await
                .unwrap();
            assert_eq!(rows.columns, ["a", "b"]);
            assert_eq!(rows.rows, [[Value::Integer(i + 1), Value::Text(format!("x{i}"))]]);
            assert_eq!(number(&database, "SELECT count(*) FROM t").await, i + 1);
        }
        assert_eq!(number(&database, "SELECT last_insert_rowid()").await, 200);
        assert_eq!(database.last_insert_rowid(), 200);
        run(&database, "UPDATE t SET b = 'y' WHERE a <= 7").await.unwrap();
        assert_eq!(number(&database, "SELECT changes()").await, 7);
        assert_eq!(database.changes(), 7);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn concurrent_writers_lose_nothing_and_fail_alone() {
    each_mode(async |database| {
        run(&database, "CREATE TABLE t(a INTEGER PRIMARY KEY)").await.unwrap();
        let tasks: Vec<_> = (0..100i64)
            .map(|writer| {
                let database = database.clone();
                tokio::spawn(async move {
                    let mut conflicts = 0;
                    for i in 0..20i64 {
                        // Every second key is claimed by two writers; one of them must fail, nobody else.
                        let key = if i % 2 == 0 { writer * 100 + i } else { (writer / 2) * 100 + i };
                        match database.execute("INSERT INTO t VALUES (?)", vec![Value::Integer(key)]).await {
                            Ok(_) => {}
                            Err(error) => {
                                let error = error.to_string();
                                assert!(error.contains("UNIQUE constraint failed: t.a"), "{error}");
                                conflicts += 1;
                            }
                        }
                    }
                    conflicts
                })
            })
            .collect();
        let mut conflicts = 0;
        for task in tasks {
            conflicts += task.await.unwrap();
        }
        assert_eq!(number(&database, "SELECT count(*) FROM t").await + conflicts, 2000);
        assert!(conflicts >= 500, "{conflicts}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deferred_violation_fails_only_its_own_statement() {
    each_mode(async |database| {
        run(&database, "CREATE TABLE p(a INTEGER PRIMARY KEY)").await.unwrap();
        run(&database, "CREATE TABLE c(a REFERENCES p DEFERRABLE INITIALLY DEFERRED)").await.unwrap();
        run(&database, "INSERT INTO p VALUES (1)").await.unwrap();
        let tasks: Vec<_> = (0..60)
            .map(|i| {
                let database = database.clone();
                tokio::spawn(async move {
                    let parent = Value::Integer(if i % 10 == 0 { 99 } else { 1 });
                    database.execute("INSERT INTO c VALUES (?)", vec![parent]).await.is_ok()
                })
            })
            .collect();
        let mut stored = 0;
        for task in tasks {
            stored += i64::from(task.await.unwrap());
        }
        assert_eq!(stored, 54);
        assert_eq!(number(&database, "SELECT count(*) FROM c").await, 54);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn transactions_and_temporary_tables_are_seen_by_all() {
    each_mode(async |database| {
        run(&database, "CREATE TABLE t(a)").await.unwrap();
        run(&database, "BEGIN").await.unwrap();
        run(&database, "INSERT INTO t VALUES (1)").await.unwrap();
        assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1);
        run(&database, "ROLLBACK").await.unwrap();
        assert_eq!(number(&database, "SELECT count(*) FROM t").await, 0);
        run(&database, "CREATE TEMP TABLE u(a)").await.unwrap();
        run(&database, "INSERT INTO u VALUES (5)").await.unwrap();
        assert_eq!(number(&database, "SELECT a FROM u").await, 5);
        assert_eq!(number(&database, "WITH x AS (SELECT 3) SELECT * FROM x").await, 3);
        run(&database, "WITH x AS (SELECT 4) INSERT INTO t SELECT * FROM x").await.unwrap();
        assert_eq!(number(&database, "SELECT a FROM t").await, 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_carry_the_text_of_sqlite() {
    each_mode(async |database| {
        let error = async |sql: &str| run(&database, sql).await.unwrap_err();
        assert!(error("SELECT * FROM x").await.contains("no such table: x"));
        assert!(error("INSERT INTO x VALUES (1)").await.contains("no such table: x"));
        assert!(error("SELEC 1").await.contains("syntax error"));
        assert!(error("SELECT ?").await.to_lowercase().contains("parameter"));
        assert!(
            error("CREATE TABLE a(b); CREATE TABLE c(d)")
                .await
                .to_lowercase()
                .contains("multiple statements")
        );
        assert!(error("ATTACH '/tmp/other.db' AS other").await.contains("not authorized"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_journal_mode_can_change_back_and_forth_under_load() {
    let (_folder, database) = open();
    run(&database, "CREATE TABLE t(a)").await.unwrap();
    let readers: Vec<_> = (0..8)
        .map(|_| {
            let database = database.clone();
            tokio::spawn(async move {
                for _ in 0..200 {
                    run(&database, "SELECT count(*) FROM t").await.unwrap();
                }
            })
        })
        .collect();
    for i in 0..10 {
        let mode = if i % 2 == 0 { "wal" } else { "delete" };
        let rows = run(&database, &format!("PRAGMA journal_mode = {mode}")).await.unwrap();
        assert_eq!(rows.rows, [[Value::Text(mode.into())]]);
        run(&database, "INSERT INTO t VALUES (1)").await.unwrap();
    }
    for reader in readers {
        reader.await.unwrap();
    }
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endless_query_ends_when_nobody_waits() {
    each_mode(async |database| {
        let endless =
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n";
        let limit = std::time::Duration::from_millis(100);
        assert!(tokio::time::timeout(limit, run(&database, endless)).await.is_err());
        run(&database, "CREATE TABLE t(a)").await.unwrap();
        assert_eq!(number(&database, "SELECT count(*) FROM t").await, 0);
    })
    .await;
}

/// The text that a component gets.
const LOST: &str = "deleted or replaced under the running host";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_into_a_file_that_was_deleted_or_replaced() {
    for mode in ["delete", "wal"] {
        for replaced in [false, true] {
            let (folder, database) = open();
            let (path, aside) = (folder.path().join("sub/test.db"), folder.path().join("aside.db"));
            run(&database, &format!("PRAGMA journal_mode = {mode}")).await.unwrap();
            run(&database, "CREATE TABLE t(a)").await.unwrap();
            run(&database, "INSERT INTO t VALUES (1)").await.unwrap();
            std::fs::rename(&path, &aside).unwrap();
            if replaced {
                std::fs::copy(&aside, &path).unwrap();
            }
            for sql in ["INSERT INTO t VALUES (2)", "CREATE TABLE u(a)", "PRAGMA user_version = 3", "BEGIN"] {
                let error = run(&database, sql).await.unwrap_err();
                assert!(error.contains(LOST), "{mode} {replaced} {sql}: {error}");
            }
            // Together, as one transaction or several.
            let tasks: Vec<_> = (0..50)
                .map(|_| {
                    let database = database.clone();
                    tokio::spawn(async move { run(&database, "INSERT INTO t VALUES (3)").await.is_ok() })
                })
                .collect();
            for task in tasks {
                assert!(!task.await.unwrap(), "{mode} {replaced}");
            }
            assert!(run(&database, "SELECT count(*) FROM t").await.unwrap_err().contains(LOST));
            // Back in its place it is the database again, without what was refused.
            std::fs::rename(&aside, &path).unwrap();
            run(&database, "INSERT INTO t VALUES (4)").await.unwrap();
            assert_eq!(number(&database, "SELECT sum(a) FROM t").await, 5, "{mode} {replaced}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_of_a_component_is_not_acknowledged_into_a_deleted_file() {
    each_mode_in_a_folder(async |path, database| {
        run(&database, "CREATE TABLE t(a)").await.unwrap();
        run(&database, "BEGIN").await.unwrap();
        run(&database, "INSERT INTO t VALUES (1)").await.unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(run(&database, "COMMIT").await.unwrap_err().contains(LOST));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_write_ahead_log_is_seen_and_what_it_held_is_kept() {
    let (folder, database) = open();
    let path = folder.path().join("sub/test.db");
    run(&database, "PRAGMA journal_mode = wal").await.unwrap();
    run(&database, "CREATE TABLE t(a)").await.unwrap();
    drop(database);
    // A database that is in this mode from the start.
    let database = Database::open(&path, "", &Arc::default()).unwrap();
    for number in 1..=5 {
        run(&database, &format!("INSERT INTO t VALUES ({number})")).await.unwrap();
    }
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 5);
    std::fs::remove_file(folder.path().join("sub/test.db-wal")).unwrap();
    assert!(run(&database, "INSERT INTO t VALUES (6)").await.unwrap_err().contains(LOST));
    // As after a crash: of the open database only the files are left.
    let copy = folder.path().join("copy.db");
    std::fs::copy(&path, &copy).unwrap();
    let database = Database::open(&copy, "", &Arc::default()).unwrap();
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 5);
}

/// A database in WAL mode whose syncs wait for a word each: `true` lets one go, `false` makes it fail.
async fn with_syncs_by_word() -> (tempfile::TempDir, Arc<Database>, Arc<Durability>, mpsc::Sender<bool>) {
    let folder = tempfile::tempdir().unwrap();
    let durability: Arc<Durability> = Arc::default();
    let (word, words) = mpsc::channel();
    let sync = move |file: &std::fs::File| match words.recv() {
        Ok(true) => file.sync_data(),
        _ => Err(std::io::Error::other("broken disk")),
    };
    let path = folder.path().join("test.db");
    let database = Database::open_with(&path, "", &durability, Box::new(sync)).unwrap();
    run(&database, "PRAGMA journal_mode = wal").await.unwrap();
    // The first commit finds the log, the next ones are synced behind.
    run(&database, "CREATE TABLE t(a INTEGER PRIMARY KEY)").await.unwrap();
    assert_eq!(durability.has(&durability.mark()), Ok(true));
    (folder, database, durability, word)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_stored_is_told_when_it_is_on_disk() {
    let (_folder, database, durability, word) = with_syncs_by_word().await;
    let before = durability.mark();
    run(&database, "INSERT INTO t VALUES (1)").await.unwrap();
    assert_eq!(durability.has(&before), Ok(true));
    // Whoever reads may see it, and is held back with it.
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1);
    let seen = durability.mark();
    assert_eq!(durability.has(&seen), Ok(false));
    let waiting = tokio::spawn({
        let (durability, seen) = (durability.clone(), seen.clone());
        async move { durability.wait(&seen).await }
    });
    run(&database, "INSERT INTO t VALUES (2)").await.unwrap();
    assert!(!waiting.is_finished());
    word.send(true).unwrap();
    assert_eq!(waiting.await.unwrap(), Ok(()));
    word.send(true).unwrap();
    assert_eq!(durability.wait(&durability.mark()).await, Ok(()));
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_nobody_uses_is_not_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let durability: Arc<Durability> = Arc::default();
    let setup = "PRAGMA journal_mode = wal; CREATE TABLE t(a INTEGER PRIMARY KEY)";
    let _database = Database::open(&folder.path().join("test.db"), setup, &durability).unwrap();
    let waiting = durability.mark();
    let waited = tokio::time::timeout(std::time::Duration::from_secs(10), durability.wait(&waiting)).await;
    assert_eq!(waited, Ok(Ok(())));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_committed_is_not_waited_for() {
    let (_folder, database, durability, _word) = with_syncs_by_word().await;
    let _ = run(&database, "INSERT INTO t VALUES ('no number')").await.unwrap_err();
    run(&database, "BEGIN").await.unwrap();
    run(&database, "INSERT INTO t VALUES (1)").await.unwrap();
    run(&database, "ROLLBACK").await.unwrap();
    assert_eq!(durability.has(&durability.mark()), Ok(true));
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_failed_sync_nothing_is_told_and_nothing_is_taken() {
    let (_folder, database, durability, word) = with_syncs_by_word().await;
    run(&database, "INSERT INTO t VALUES (1)").await.unwrap();
    let mark = durability.mark();
    word.send(false).unwrap();
    assert_eq!(durability.wait(&mark).await, Err(NotDurable));
    assert_eq!(durability.has(&mark), Err(NotDurable));
    for sql in ["INSERT INTO t VALUES (2)", "SELECT a FROM t"] {
        let refused = run(&database, sql).await.unwrap_err();
        assert_eq!(refused, NotDurable.to_string(), "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_log_each_commit_is_on_disk_before_its_answer() {
    let (_folder, database, durability, word) = with_syncs_by_word().await;
    for mode in ["delete", "truncate"] {
        run(&database, &format!("PRAGMA journal_mode = {mode}")).await.unwrap();
        run(&database, "INSERT INTO t(a) VALUES (NULL)").await.unwrap();
        assert_eq!(durability.has(&durability.mark()), Ok(true), "{mode}");
        assert_eq!(run(&database, "PRAGMA synchronous").await.unwrap().rows, [[Value::Integer(2)]], "{mode}");
    }
    // Back in WAL mode there is a log again.
    run(&database, "PRAGMA journal_mode = wal").await.unwrap();
    run(&database, "INSERT INTO t(a) VALUES (NULL)").await.unwrap();
    run(&database, "INSERT INTO t(a) VALUES (NULL)").await.unwrap();
    assert_eq!(durability.has(&durability.mark()), Ok(false));
    word.send(true).unwrap();
    assert_eq!(durability.wait(&durability.mark()).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_that_is_asked_for_each_commit_is_on_disk_before_its_answer() {
    let folder = tempfile::tempdir().unwrap();
    let durability: Arc<Durability> = Arc::default();
    durability.be_immediate();
    let sync = |_: &std::fs::File| Err(std::io::Error::other("nothing is left for later"));
    let path = folder.path().join("test.db");
    let database =
        Database::open_with(&path, "PRAGMA journal_mode = wal", &durability, Box::new(sync)).unwrap();
    run(&database, "CREATE TABLE t(a INTEGER PRIMARY KEY)").await.unwrap();
    for _ in 0..3 {
        run(&database, "INSERT INTO t(a) VALUES (NULL)").await.unwrap();
        assert_eq!(durability.has(&durability.mark()), Ok(true));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_read_leaves_the_executor_and_comes_to_its_end() {
    each_mode(async |database| {
        let sql = "WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
            SELECT count(*) FROM n";
        assert_eq!(number(&database, sql).await, 100_000);
        let rows = run(&database, "SELECT zeroblob(1000000)").await.unwrap();
        assert_eq!(rows.rows, [[Value::Blob(vec![0; 1_000_000])]]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_write_leaves_the_executor_and_happens_once() {
    each_mode(async |database| {
        run(&database, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)").await.unwrap();
        for round in 1..=3 {
            let sql = "INSERT INTO t(b) WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
                SELECT i FROM n RETURNING a";
            assert_eq!(run(&database, sql).await.unwrap().rows.len(), 20_000);
            assert_eq!(database.changes(), 20_000);
            assert_eq!(number(&database, "SELECT count(*) FROM t").await, round * 20_000);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_moved_into_the_database_while_short_writes_go_on() {
    let (folder, database) = open();
    run(&database, "PRAGMA journal_mode = wal").await.unwrap();
    run(&database, "CREATE TABLE t(a INTEGER PRIMARY KEY, b)").await.unwrap();
    let size = |name: &str| std::fs::metadata(folder.path().join("sub").join(name)).unwrap().len();
    let before = size("test.db");
    for _ in 0..1500 {
        run(&database, "INSERT INTO t(b) VALUES (zeroblob(1000))").await.unwrap();
    }
    // It waits in the queue behind none of them.
    number(&database, "SELECT changes()").await;
    assert!(
        size("test.db") > before + 400 * 1000,
        "{} bytes, {} in the log",
        size("test.db"),
        size("test.db-wal")
    );
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1500);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_is_acknowledged_although_nobody_can_move_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let setup = "PRAGMA journal_mode = wal; CREATE TABLE t(a INTEGER PRIMARY KEY)";
    let sync = Box::new(std::fs::File::sync_data);
    let (database, queue) =
        Database::open_unserved(&folder.path().join("test.db"), setup, &Arc::default(), sync).unwrap();
    // The thread gets the first statement, which shows that it is a short one; then the queue is closed.
    let (sender, of_thread) = mpsc::channel();
    let thread = database.serve(of_thread).unwrap();
    let closing = std::thread::spawn(move || sender.send(queue.recv().unwrap()).is_ok());
    run(&database, "INSERT INTO t(a) VALUES (NULL)").await.unwrap();
    assert!(closing.join().unwrap());
    thread.join().unwrap();
    // Far more of them than the log is moved after.
    for stored in 2..=1500 {
        let result = run(&database, "INSERT INTO t(a) VALUES (NULL)").await;
        assert_eq!(result, Ok(Rows::default()), "statement {stored}");
    }
    // What takes the thread is refused, and nobody waits behind it.
    assert_eq!(run(&database, "PRAGMA user_version").await.unwrap_err(), Failure::Closed.to_string());
    assert_eq!(number(&database, "SELECT count(*) FROM t").await, 1500);
}
