//! Why a text is not the value it should be, in words for whoever sent it.

use std::any::Any;
use std::fmt::Display;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};
use std::str::ParseBoolError;

/// The reason in words. The standard library's errors speak to programmers ("invalid digit found in string"); all others
/// say it themselves.
pub(crate) fn reason<E: Display + 'static>(error: &E) -> String {
    let any = error as &dyn Any;
    if let Some(error) = any.downcast_ref::<ParseIntError>() {
        return match error.kind() {
            IntErrorKind::PosOverflow => "the number is too large",
            IntErrorKind::NegOverflow => "the number is too small",
            _ => "it must be a whole number",
        }
        .to_owned();
    }
    if any.is::<ParseFloatError>() {
        return "it must be a number".to_owned();
    }
    if any.is::<ParseBoolError>() {
        return "it must be true or false".to_owned();
    }
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of<T: std::str::FromStr<Err: Display + 'static>>(text: &str) -> Option<String> {
        text.parse::<T>().err().map(|error| reason(&error))
    }

    #[test]
    fn reasons_are_for_people() {
        assert_eq!(of::<u8>("256").as_deref(), Some("the number is too large"));
        assert_eq!(of::<i8>("-129").as_deref(), Some("the number is too small"));
        for text in ["", "x", "1.5", "-1"] {
            assert_eq!(of::<u8>(text).as_deref(), Some("it must be a whole number"), "{text}");
        }
        assert_eq!(of::<f64>("x").as_deref(), Some("it must be a number"));
        assert_eq!(of::<bool>("yes").as_deref(), Some("it must be true or false"));
        assert!(of::<ramanujan_core::AgentId>("a b").is_some_and(|reason| reason.contains("\"a b\"")));
    }
}
