//! Whether the service takes commands.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// Time that the server holds a request for commands open.
pub const PULL: Duration = Duration::from_secs(5);
/// Without an answer to such a request for so long, no commands come, whatever the connection says.
pub const SILENCE: Duration = Duration::from_secs(10);

/// What was last heard of the server.
#[derive(Debug, Default)]
pub struct Health {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Starting,
    Heard(Instant),
    Draining,
}

impl Health {
    fn set(&self, state: State) {
        let mut held = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if !matches!(*held, State::Draining) {
            *held = state;
        }
    }

    /// The server answered a request for commands, or holds one open that was just made.
    pub fn heard(&self, now: Instant) {
        self.set(State::Heard(now));
    }

    /// The service ends, and takes no more commands.
    pub fn drain(&self) {
        self.set(State::Draining);
    }

    /// Why it does not take commands; `None` if it does.
    pub fn unready(&self, now: Instant) -> Option<&'static str> {
        match *self.state.lock().unwrap_or_else(PoisonError::into_inner) {
            State::Starting => Some("no connection to NATS yet"),
            State::Draining => Some("ending"),
            State::Heard(at) if now.saturating_duration_since(at) > SILENCE => Some("NATS gives no commands"),
            State::Heard(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_ready_while_the_server_is_heard() {
        let health = Health::default();
        let start = Instant::now();
        assert!(health.unready(start).is_some());
        health.heard(start);
        assert_eq!(health.unready(start + SILENCE), None);
        assert!(health.unready(start + SILENCE + Duration::from_millis(1)).is_some());
        health.heard(start + SILENCE * 2);
        assert_eq!(health.unready(start + SILENCE * 2), None);
        health.drain();
        health.heard(start + SILENCE * 2);
        assert_eq!(health.unready(start + SILENCE * 2), Some("ending"));
    }
}
