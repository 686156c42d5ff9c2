//! What it costs to read documents of many operations: for the first time, from a snapshot, and at earlier versions.
//!
//!     cargo run --release -p crdt-service --example reads [OPERATIONS]
//!
//! Each read is made by an instance that remembers nothing, as on a host that uses none twice. Times are in milliseconds.

#[cfg(not(target_family = "wasm"))]
mod table {
    use std::error::Error;
    use std::path::Path;
    use std::time::Instant;

    use http::Method;
    use ramanujan_shell::native::{Reply, database_file, send, send_with};
    use serde_json::{Value, json};

    type Result<T> = std::result::Result<T, Box<dyn Error>>;

    const LINES: [(&str, &str); 1] = [("content-type", "application/x-ndjson")];

    /// Numbers that look random and are the same each time (splitmix64).
    struct Numbers(u64);

    impl Numbers {
        fn below(&mut self, bound: u64) -> u64 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut mixed = self.0;
            mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            (mixed ^ (mixed >> 31)) % bound
        }
    }

    /// The `nth` operation on a document of this type; a text has `length` code points, of which the cursor is one.
    fn operation(crdt_type: &str, numbers: &mut Numbers, nth: u64, text: &mut (u64, u64)) -> Value {
        let chance = numbers.below(10);
        match crdt_type {
            "or-set" => {
                let value = format!("element {}", numbers.below(100_000));
                json!({"operation": if chance < 8 { "add" } else { "remove" }, "value": value})
            }
            "json" => {
                let path = json!([format!("m{}", numbers.below(200)), format!("k{}", numbers.below(200))]);
                json!({"operation": "set", "crdt_type": "json", "path": path, "value": nth})
            }
            _ => {
                let (length, cursor) = text;
                if *length > 20 && chance < 2 {
                    *length -= 1;
                    return json!({"operation": "delete", "position": numbers.below(*length), "length": 1});
                }
                if nth.is_multiple_of(20) {
                    *cursor = numbers.below(*length + 1);
                }
                let position = (*cursor).min(*length);
                (*length, *cursor) = (*length + 1, position + 1);
                json!({"operation": "insert", "position": position, "value": "a"})
            }
        }
    }

    fn fill(document: &str, operations: u64) -> Result<()> {
        let (mut numbers, mut text) = (Numbers(1), (0, 0));
        let mut lines = String::new();
        for nth in 0..operations {
            let mut line = operation(document, &mut numbers, nth, &mut text);
            line["document_id"] = document.into();
            line["agent_id"] = if (nth / 50).is_multiple_of(2) { "ann" } else { "ben" }.into();
            lines += &line.to_string();
            lines.push('\n');
            if (nth + 1).is_multiple_of(10_000) || nth + 1 == operations {
                let reply = send_with(
                    &crdt_service::service(),
                    Method::POST,
                    "/crdt/apply",
                    &LINES,
                    std::mem::take(&mut lines),
                );
                let last =
                    reply.body.trim_ascii_end().rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
                let last: Value = serde_json::from_slice(last)?;
                if last["status"] != "ok" {
                    return Err(last.to_string().into());
                }
            }
        }
        Ok(())
    }

    /// What an instance answers that remembers nothing, and how long it takes.
    fn fresh(file: &Path, path: &str) -> Result<(f64, Reply)> {
        let asked = || {
            let _database = database_file(file);
            // The first statement on a connection reads the schema.
            send(&crdt_service::service(), Method::GET, "/crdt/health", "");
            let began = Instant::now();
            let reply = send(&crdt_service::service(), Method::GET, path, "");
            (began.elapsed().as_secs_f64() * 1e3, reply)
        };
        let (time, reply) =
            std::thread::scope(|scope| scope.spawn(asked).join()).map_err(|_| "a read panicked")?;
        if reply.status != 200 {
            return Err(reply.json.to_string().into());
        }
        Ok((time, reply))
    }

    pub(super) fn print() -> Result<()> {
        let operations: u64 = std::env::args().nth(1).map_or(Ok(100_000), |text| text.parse())?;
        let folder = std::env::temp_dir().join(format!("ramanujan-reads-{}", std::process::id()));
        std::fs::create_dir_all(&folder)?;
        println!(
            "| {operations} operations | first read | from a snapshot | `?at=` a half | a third | nine tenths |"
        );
        println!("|---|---:|---:|---:|---:|---:|");
        for document in ["or-set", "json", "text"] {
            let file = folder.join(document);
            let database = database_file(&file);
            fill(document, operations)?;
            drop(database);
            let now = format!("/crdt/{document}");
            let (first, _) = fresh(&file, &now)?;
            let (again, _) = fresh(&file, &now)?;
            print!("| {document} | {first:.1} | {again:.1} |");
            for at in [operations / 2, operations / 3 + 100, operations / 10 * 9 + 100] {
                print!(" {:.1} |", fresh(&file, &format!("{now}?at={at}"))?.0);
            }
            println!();
        }
        std::fs::remove_dir_all(folder)?;
        Ok(())
    }
}

#[cfg(not(target_family = "wasm"))]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    table::print()
}

#[cfg(target_family = "wasm")]
fn main() {}
