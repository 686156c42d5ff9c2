//! The variables of a thread, before those of the process, which are all threads' own.

use std::cell::RefCell;
use std::collections::HashMap;

thread_local! {
    static VARIABLES: RefCell<HashMap<String, String>> = RefCell::new(HashMap::new());
}

/// Exchanges the thread's variables for others.
pub(super) fn exchange(variables: HashMap<String, String>) -> HashMap<String, String> {
    VARIABLES.replace(variables)
}

/// Gives this thread a variable.
pub(super) fn set(name: &str, value: String) {
    VARIABLES.with_borrow_mut(|variables| variables.insert(name.to_owned(), value));
}

/// Forgets this thread's variables.
pub(super) fn clear() {
    VARIABLES.with_borrow_mut(HashMap::clear);
}

/// What this thread has under `name`.
pub(crate) fn get(name: &str) -> Option<String> {
    VARIABLES.with_borrow(|variables| variables.get(name).cloned())
}
