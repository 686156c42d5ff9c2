//! Names as they may stand in a program.

/// `text` in ASCII without quotes, line ends or anything that a reader of code could take for something else.
pub(super) fn escaped(text: &str) -> String {
    text.escape_default().to_string()
}
