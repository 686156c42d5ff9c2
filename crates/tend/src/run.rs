//! The caretaker as a program: until a signal.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_client::{Error, terminal};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use crate::args::Args;
use crate::caretaker::Caretaker;
use crate::event::Event;

/// Between two looks for a signal.
const NAP: Duration = Duration::from_millis(50);

/// Why the caretaker could not begin.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    #[error(transparent)]
    Client(#[from] Error),
    #[error("signals cannot be caught: {0}")]
    Signals(#[from] io::Error),
}

/// Looks after the network until SIGINT or SIGTERM.
///
/// # Errors
/// The address or the token cannot be used, or signals cannot be caught.
pub(crate) fn run(args: &Args) -> Result<(), RunError> {
    let mut signals = Signals::new([SIGINT, SIGTERM])?;
    let (json, quiet) = (args.json, args.quiet);
    let caretaker = Caretaker::spawn(&args.options(), move |event| {
        if !quiet {
            say(event, json, false);
        }
    })?;
    let mut looked = Instant::now();
    while signals.pending().next().is_none() {
        thread::sleep(NAP);
        if let Some(every) = args.status_every
            && looked.elapsed() >= every
        {
            looked = Instant::now();
            caretaker.board().iter().for_each(|event| say(event, json, true));
        }
    }
    // A call that runs is not waited for: it goes on in the network, and its reply says nothing that is needed.
    caretaker.stop();
    Ok(())
}

fn say(event: &Event, json: bool, with_counts: bool) {
    if json {
        // That standard output cannot be written is no reason to leave the network alone.
        let _ = terminal::print(serde_json::json!(event));
    } else if with_counts {
        terminal::notice(event.with_counts());
    } else {
        terminal::notice(event);
    }
}
