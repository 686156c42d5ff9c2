//! What is made from the rest of a state when it is first asked for.

use std::fmt;
use std::sync::OnceLock;

/// Something that follows from the rest of the state and is kept because it takes long to make. It is no part of the
/// state: it is equal to any other, and a copy begins without it.
pub(super) struct Kept<T>(OnceLock<Box<T>>);

impl<T> Kept<T> {
    pub(super) fn get_or_make(&self, make: impl FnOnce() -> T) -> &T {
        self.0.get_or_init(|| Box::new(make()))
    }

    pub(super) fn is_made(&self) -> bool {
        self.0.get().is_some()
    }

    /// Brings it up to date if it is there; where that cannot be done, which `None` says, it is made anew when it is
    /// next asked for.
    pub(super) fn update(&mut self, update: impl FnOnce(&mut T) -> Option<()>) {
        if let Some(made) = self.0.get_mut()
            && update(made).is_none()
        {
            self.clear();
        }
    }

    pub(super) fn clear(&mut self) {
        self.0.take();
    }
}

impl<T> Default for Kept<T> {
    fn default() -> Self {
        Kept(OnceLock::new())
    }
}

impl<T> Clone for Kept<T> {
    fn clone(&self) -> Self {
        Kept::default()
    }
}

impl<T> PartialEq for Kept<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Kept<T> {}

impl<T> fmt::Debug for Kept<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_made() { "made" } else { "not made" })
    }
}
