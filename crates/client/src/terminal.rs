//! What programs print. `println!` and `eprintln!` panic when nobody reads any longer (`… | head`); these end
//! quietly.

use std::fmt::Display;
use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use serde::Serialize;
use serde_json::json;

/// Prints a line on standard output. That nobody reads it any longer is no failure.
///
/// # Errors
/// Standard output cannot be written for another reason, e.g. because it is a file on a disk that is full.
pub fn print(line: impl Display) -> io::Result<()> {
    // Buffered by lines: what a report of many lines costs is one write a line.
    let mut output = io::stdout().lock();
    heard(writeln!(output, "{line}").and_then(|()| output.flush()))
}

/// Prints a line on standard error. Where that is not possible there is nobody to be told.
pub fn notice(line: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Ends a program: prints its report, for people or as JSON, or on standard error why there is none, which as JSON goes
/// to standard output, too. Returns the exit code: what `judge` says of the report, or `failed`.
pub fn conclude<R: Display + Serialize, E: Display>(
    outcome: Result<R, E>,
    as_json: bool,
    judge: impl FnOnce(&R) -> u8,
    failed: u8,
) -> ExitCode {
    let (printed, code) = match outcome {
        Ok(report) if as_json => (print(json!(report)), judge(&report)),
        Ok(report) => (print(&report), judge(&report)),
        Err(error) => {
            notice(format_args!("error: {error}"));
            let report = json!({"status": "error", "detail": error.to_string()});
            (if as_json { print(report) } else { Ok(()) }, failed)
        }
    };
    if let Err(error) = printed {
        notice(format_args!("error: the report cannot be written: {error}"));
        return ExitCode::from(failed);
    }
    ExitCode::from(code)
}

/// Nobody reading is not an error.
fn heard(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_broken_pipe_is_passed_over() {
        assert!(heard(Err(ErrorKind::BrokenPipe.into())).is_ok());
        assert!(heard(Err(ErrorKind::StorageFull.into())).is_err());
        assert!(heard(Ok(())).is_ok());
    }
}
