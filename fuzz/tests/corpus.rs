//! Every target over its corpus and its regressions, without a fuzzer: by `cargo test` in this folder.

use std::path::Path;
use std::{fs, io};

use ramanujan_fuzz::TARGETS;

/// The inputs of a target in a folder of this package, with their names; none if there is no such folder.
fn inputs(kind: &str, target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(kind).join(target);
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => panic!("{}: {error}", folder.display()),
    };
    let read = |entry: io::Result<fs::DirEntry>| -> io::Result<_> {
        let entry = entry?;
        Ok((entry.file_name().to_string_lossy().into_owned(), fs::read(entry.path())?))
    };
    entries.map(|entry| read(entry).expect("a readable input")).collect()
}

// One test: what another thread allocates would count as the reader's.
#[test]
fn what_is_committed_passes() {
    for (target, check) in TARGETS {
        let binary = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("fuzz_targets/{target}.rs"));
        assert!(binary.exists(), "{target} has no binary");
        assert!(!inputs("corpus", target).is_empty(), "{target} has no corpus");
        for kind in ["corpus", "regressions"] {
            for (name, bytes) in inputs(kind, target) {
                println!("{kind}/{target}/{name}");
                check(&bytes);
            }
        }
    }
}
