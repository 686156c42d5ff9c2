//! The embeddings of the real model, computed once and kept below the target folder until what they are made from
//! changes.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use ramanujan_core::Digest;
use ramanujan_tests::skip::{self, EMBEDDINGS};

use crate::embeddings::Vectors;

const MADE_FROM: [&str; 3] = [
    include_str!("../../calibration/embed.py"),
    include_str!("../../calibration/texts.py"),
    include_str!("../../../../scripts/python/embeddings.txt"),
];

fn target() -> &'static Path {
    Path::new(env!("CARGO_TARGET_TMPDIR")).parent().expect("the target folder")
}

/// The Python that has the model.
fn python() -> PathBuf {
    target().join("python/embeddings/bin/python")
}

fn key() -> String {
    format!("{}\n", Digest::of(MADE_FROM.concat().as_bytes()))
}

/// Whether an earlier run left them.
fn is_kept() -> bool {
    std::fs::read_to_string(target().join("verification/key")).is_ok_and(|kept| kept == key())
}

static FOLDER: LazyLock<PathBuf> = LazyLock::new(|| {
    let folder = target().join("verification");
    if is_kept() {
        return folder;
    }
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("calibration/embed.py");
    let python = python();
    let run = Command::new(&python).arg(script).arg(&folder).env("PYTHONDONTWRITEBYTECODE", "1").output();
    let output =
        run.unwrap_or_else(|error| panic!("{}: {error}; run scripts/python.sh embeddings", python.display()));
    assert!(output.status.success(), "embed.py: {}", String::from_utf8_lossy(&output.stderr));
    std::fs::write(folder.join("key"), key()).expect("the folder can be written");
    folder
});

/// The embeddings, or `None` where the model is not installed: then the test is skipped, and is to return.
pub(crate) fn vectors() -> Option<Vectors> {
    let there = is_kept() || skip::has(EMBEDDINGS, &[&python().to_string_lossy()]);
    there.then(|| Vectors::read(&FOLDER).expect("embed.py wrote them"))
}
