//! The folders of a thread, as the manifest's `files` mounts them in a component.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};

thread_local! {
    static FOLDERS: RefCell<HashMap<String, PathBuf>> = RefCell::new(HashMap::new());
}

/// Makes a folder be at `place` for this thread.
pub(super) fn mount(place: &str, folder: &Path) {
    FOLDERS.with_borrow_mut(|folders| folders.insert(place.to_owned(), folder.to_owned()));
}

/// The folder at `place`; the place itself, where nothing is, if there is none.
pub(crate) fn folder(place: &str) -> PathBuf {
    FOLDERS.with_borrow(|folders| folders.get(place).cloned()).unwrap_or_else(|| place.into())
}
