//! The embeddings of the real model, computed once and kept below the target folder until what they are made from
//! changes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use ramanujan_core::Digest;

use crate::embeddings::Vectors;

const MADE_FROM: [&str; 3] = [
    include_str!("../../calibration/embed.py"),
    include_str!("../../calibration/texts.py"),
    include_str!("../../../../scripts/python/embeddings.txt"),
];

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder");
    let folder = target.join("verification");
    let key = format!("{}\n", Digest::of(MADE_FROM.concat().as_bytes()));
    if std::fs::read_to_string(folder.join("key")).is_ok_and(|kept| kept == key) {
        return folder;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration/embed.py");
    let python = target.join("python/embeddings/bin/python");
    let run = Command::new(&python).arg(script).arg(&folder).env("PYTHONDONTWRITEBYTECODE", "1").output();
    let output =
        run.unwrap_or_else(|error| panic!("{}: {error}; run scripts/python.sh embeddings", python.display()));
    assert!(output.status.success(), "embed.py: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(folder.join("key"), key).expect("the folder can be written");
    folder
});

pub(crate) fn vectors() -> Vectors {
    Vectors::read(&FOLDER).expect("embed.py wrote them")
}
