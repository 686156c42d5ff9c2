//! Names that follow from the recording's file name: the document and the agents' prefix.

use std::path::Path;

use ramanujan_core::DocumentId;
use ramanujan_core::id::MAX_ID_LEN;

/// Longest prefix taken from a file name, in bytes: leaves room for the agent's and the replica's number.
const MAX_PREFIX_LEN: usize = 96;

/// What stands for a file name without any legal character, and is added to a reserved one.
const FALLBACK: &str = "recording";

/// The document a recording is replayed into unless another is named: the file name without `.gz` and `.json`, every
/// run of illegal characters replaced by one `-`.
pub(crate) fn document(path: &Path) -> String {
    let stem = sanitise(path);
    let mut name = if stem.is_empty() { FALLBACK.to_owned() } else { stem };
    name.truncate(MAX_ID_LEN);
    if DocumentId::check(&name).is_err() {
        name.push('-');
        name.push_str(FALLBACK);
    }
    name
}

/// The agents' prefix unless another is named: as the document, shortened.
pub(crate) fn agents_prefix(path: &Path) -> String {
    let mut name = document(path);
    name.truncate(MAX_PREFIX_LEN);
    name
}

fn sanitise(path: &Path) -> String {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    let stem = stem.strip_suffix(".json").unwrap_or(stem);
    let mut clean = String::new();
    for c in stem.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') {
            clean.push(c);
        } else if !clean.ends_with('-') {
            clean.push('-');
        }
    }
    clean.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_is_the_file_name_made_legal() {
        for (path, name) in [
            ("/data/friendsforever.json.gz", "friendsforever"),
            ("notes.json", "notes"),
            ("my notes (2).json", "my-notes-2"),
            ("語.json.gz", "recording"),
            ("merge.json", "merge-recording"),
            (".json", "recording"),
            ("a.b_c.txt", "a.b_c.txt"),
        ] {
            assert_eq!(document(Path::new(path)), name, "{path}");
        }
        let long = "x".repeat(300);
        assert_eq!(document(Path::new(&long)).len(), MAX_ID_LEN);
        assert_eq!(agents_prefix(Path::new(&long)).len(), MAX_PREFIX_LEN);
    }
}
