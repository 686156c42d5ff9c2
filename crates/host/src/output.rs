//! What the host itself says: lines on stdout for whoever started it, lines on stderr for the operator.
//!
//! A terminal can be closed and a pipe's reader can end while the host serves on. What nobody reads is then lost,
//! and that is no reason to stop: so nothing in this program prints except through these functions.

use std::fmt;
use std::io::{self, Write};

/// One line on stdout, for the one who started the program.
pub(crate) fn say(line: fmt::Arguments<'_>) {
    write_line(io::stdout().lock(), line);
}

/// One line on stderr about something the operator should know.
pub(crate) fn event(line: fmt::Arguments<'_>) {
    write_line(io::stderr().lock(), line);
}

/// Bytes of a component for the terminal, as they are.
pub(crate) fn pass_on(terminal: Terminal, bytes: &[u8]) {
    let _ = match terminal {
        Terminal::Stdout => io::stdout().lock().write_all(bytes),
        Terminal::Stderr => io::stderr().lock().write_all(bytes),
    };
}

/// The two streams of the program that started the host.
#[derive(Clone, Copy)]
pub(crate) enum Terminal {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Writes the line in one piece, so that lines of several threads do not run into each other.
fn write_line(mut to: impl Write, line: fmt::Arguments<'_>) {
    let _ = to.write_all(format!("{line}\n").as_bytes());
}
