//! The component's `variables` of the manifest.

/// The value of a variable; `None` where the manifest has none of this name.
pub(crate) fn get(name: &str) -> Option<String> {
    spin_sdk::variables::get(&name.to_ascii_lowercase()).ok()
}
