//! Settings: environment variables of the manifest, read at each request because an instance may be reused.

use std::fmt::Display;
use std::str::FromStr;

use ramanujan_core::Problem;

/// The text of a setting, `None` if unset or empty.
pub fn text(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// A setting read as a `T`, `default` if unset.
///
/// # Errors
/// 500 `invalid-setting` naming the variable: only the operator can mend it.
pub fn number<T: FromStr<Err: Display>>(name: &str, default: T) -> Result<T, Problem> {
    match text(name) {
        None => Ok(default),
        Some(value) => value.trim().parse().map_err(|error| {
            Problem::new(
                500,
                "invalid-setting",
                format!("the setting {name}={value:?} is not usable: {error}"),
            )
        }),
    }
}
