//! Settings: environment variables of the manifest, read at each request because an instance may be reused.
//!
//! A component names all of its variables in one table, its `settings.rs`:
//!
//! ```
//! ramanujan_shell::settings! {
//!     /// Most entries of a batch.
//!     MAX_BATCH: u64 = 1000, 1..=100_000, "entries";
//!     /// Whether freezing is allowed.
//!     FREEZE_RECOVER_ENABLED: bool = true;
//! }
//!
//! assert_eq!(MAX_BATCH.read().unwrap(), 1000);
//! let [batch, freeze] = VARIABLES else { unreachable!() };
//! assert_eq!((batch.name, batch.bounds, batch.unit), ("MAX_BATCH", "1..=100_000", "entries"));
//! assert_eq!(freeze.default, "true");
//! ```

use std::fmt::Display;
use std::str::FromStr;

use ramanujan_core::{Code, Problem};

use crate::reason::reason;

/// The text of a variable, `None` if unset or empty.
pub fn text(name: &str) -> Option<String> {
    #[cfg(not(target_family = "wasm"))]
    if let Some(value) = crate::native::variables::get(name) {
        return Some(value);
    }
    std::env::var(name).ok().filter(|value| !value.trim().is_empty())
}

/// The text of a variable that the operator gives when the application starts: of the component's `variables`, which may be
/// templates of the application's, under its name in lower case; else as [`text`].
pub fn given(name: &str) -> Option<String> {
    #[cfg(target_family = "wasm")]
    if let Some(value) = crate::wasm::variables::get(name) {
        return Some(value).filter(|value| !value.trim().is_empty());
    }
    text(name)
}

/// A variable read as a `T`, `default` if unset.
///
/// # Errors
/// 500 `invalid-setting` naming the variable: only the operator can mend it.
pub fn number<T: FromStr<Err: Display + 'static>>(name: &str, default: T) -> Result<T, Problem> {
    match text(name) {
        None => Ok(default),
        Some(value) => value.trim().parse().map_err(|error| invalid(name, &value, reason(&error))),
    }
}

/// 500 `invalid-setting`: the variable `name` has a value that cannot be used, and why.
pub fn invalid(name: &str, value: &str, error: impl Display) -> Problem {
    Problem::new(Code::InvalidSetting, format!("the setting {name}={value:?} is not usable: {error}"))
}

/// One variable: its name, what it is where it is not set, its unit and bounds.
pub struct Setting<T> {
    /// Name of the variable, e.g. `MAX_BATCH`.
    pub name: &'static str,
    default: fn() -> T,
    unit: &'static str,
    accepts: fn(&T) -> bool,
    bounds: &'static str,
}

impl<T> Setting<T> {
    /// A variable without bounds of its own. `unit` is what a number of it counts; empty where it is no number.
    pub const fn new(name: &'static str, default: fn() -> T, unit: &'static str) -> Self {
        Setting { name, default, unit, accepts: |_| true, bounds: "" }
    }

    /// The same variable for values that `accepts` takes; `bounds` says which those are.
    #[must_use]
    pub const fn within(self, accepts: fn(&T) -> bool, bounds: &'static str) -> Self {
        Setting { accepts, bounds, ..self }
    }

    /// The value where the variable is not set.
    pub fn usual(&self) -> T {
        (self.default)()
    }
}

impl Setting<String> {
    /// The variable as one that says who the component is: it may be left out or be `only`, in letters of either case.
    pub const fn only(&self, only: &'static str) -> Fixed {
        Fixed { name: self.name, only }
    }
}

impl<T: FromStr<Err: Display + 'static>> Setting<T> {
    /// The value: the variable's, or the default.
    ///
    /// # Errors
    /// 500 `invalid-setting` naming the variable: only the operator can mend it.
    pub fn read(&self) -> Result<T, Problem> {
        self.parse(text(self.name))
    }

    /// As [`Setting::read`], of a variable of the operator's: see [`given`].
    ///
    /// # Errors
    /// As [`Setting::read`].
    pub fn given(&self) -> Result<T, Problem> {
        self.parse(given(self.name))
    }

    /// As [`Setting::read`], from text that the caller found: a test has variables of its own.
    ///
    /// # Errors
    /// As [`Setting::read`].
    pub fn parse(&self, given: Option<String>) -> Result<T, Problem> {
        let Some(text) = given else { return Ok((self.default)()) };
        let value = text.trim().parse().map_err(|error| invalid(self.name, &text, reason(&error)))?;
        if (self.accepts)(&value) {
            return Ok(value);
        }
        // The table has a range of Rust's.
        let bounds = self.bounds.replace("..=", " to ").replace('_', "");
        Err(invalid(self.name, &text, format_args!("it must lie within {bounds} {}", self.unit)))
    }
}

/// A variable that says who a component is: set or not, it can have one value only.
///
/// The program is what it is, whatever a manifest calls it. A manifest that gives `stream-red` the polarity of another
/// stream is mistaken, and the component refuses every request rather than seem to be what it is not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed {
    name: &'static str,
    only: &'static str,
}

impl Fixed {
    /// Looks at the variable.
    ///
    /// # Errors
    /// 500 `invalid-setting` if it says something else.
    pub fn check(self) -> Result<(), Problem> {
        match text(self.name) {
            Some(value) if !value.trim().eq_ignore_ascii_case(self.only) => {
                let only = self.only;
                Err(invalid(
                    self.name,
                    &value,
                    format_args!("this component is {only}; set that or leave it out"),
                ))
            }
            _ => Ok(()),
        }
    }
}

/// The problem of a variable that cannot be used, under a name that the table's macro can say in any crate.
pub type Unusable = Problem;

/// A row of a component's table of variables, for documents and tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Name of the variable.
    pub name: &'static str,
    /// What it decides.
    pub meaning: &'static str,
    /// Its default as the table has it.
    pub default: &'static str,
    /// What a number of it counts; empty where it is no number.
    pub unit: &'static str,
    /// The range of its values as the table has it; empty where every value of its type will do.
    pub bounds: &'static str,
}

/// A component's table of variables: a [`Setting`](crate::setting::Setting) each, `VARIABLES`, all rows, and `check`, which
/// reads each of them.
///
/// `/// meaning` `NAME: Type = default;`, with `, first..=last` and `, "unit"` after the default where it is a number.
#[macro_export]
macro_rules! settings {
    ($(
        $(#[doc = $meaning:literal])+
        $name:ident : $type:ty = $default:expr $(, $range:expr, $unit:literal)? ;
    )+) => {
        $(
            $(#[doc = $meaning])+
            pub const $name: $crate::setting::Setting<$type> =
                $crate::setting::Setting::new(stringify!($name), || $default, concat!($($unit)?))
                    $(.within(|value| ($range).contains(value), stringify!($range)))?;
        )+

        /// All variables of this component.
        pub const VARIABLES: &[$crate::setting::Variable] = &[$(
            $crate::setting::Variable {
                name: stringify!($name),
                meaning: concat!($($meaning),+),
                default: stringify!($default),
                unit: concat!($($unit)?),
                bounds: concat!($(stringify!($range))?),
            },
        )+];

        /// Reads every variable of this component.
        ///
        /// # Errors
        /// 500 `invalid-setting` naming the first that cannot be used.
        pub fn check() -> Result<(), $crate::setting::Unusable> {
            $($name.read()?;)+
            Ok(())
        }
    };
}
