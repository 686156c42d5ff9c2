//! What the host itself says: lines on stdout for whoever started it, lines on stderr for the operator.
//!
//! A terminal can be closed and a pipe's reader can end while the host serves on. What nobody reads is then lost,
//! and that is no reason to stop: so nothing in this program prints except through these functions.

use std::fmt;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// Least time between two lines on what may fail at every attempt.
pub(crate) const PAUSE: Duration = Duration::from_secs(1);

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

/// Something that is tried again and again: the operator learns when it begins to fail and when it works again, and not
/// of every attempt.
#[derive(Default)]
pub(crate) struct Trouble(Option<Instant>);

impl Trouble {
    /// Notes a failure; says whether the operator is to learn of it.
    pub(crate) fn begins(&mut self) -> bool {
        self.0.replace(Instant::now()).is_none()
    }

    /// Notes a success; says whether the operator is to learn of it. What fails and works in turns is not told twice
    /// within [`PAUSE`].
    pub(crate) fn ends(&mut self) -> bool {
        self.0.take_if(|last| last.elapsed() >= PAUSE).is_some()
    }
}

/// Writes the line in one piece, so that lines of several threads do not run into each other.
fn write_line(mut to: impl Write, line: fmt::Arguments<'_>) {
    let _ = to.write_all(format!("{line}\n").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_when_it_begins_and_when_it_ends() {
        let mut trouble = Trouble::default();
        assert!(!trouble.ends());
        assert!(trouble.begins());
        assert!(!trouble.begins());
        assert!(!trouble.ends(), "too soon");
        std::thread::sleep(PAUSE);
        assert!(trouble.ends());
        assert!(!trouble.ends());
        assert!(trouble.begins());
    }
}
