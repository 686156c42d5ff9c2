//! What is done with a message, by what became of its command.

use std::time::Duration;

use crate::reply::{Outcome, code};

/// Longest pause before a command is delivered again.
const MOST_PAUSE: Duration = Duration::from_secs(30);

/// What the server is told about a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// It has had its effect, or was refused for good.
    Acknowledge,
    /// Deliver it again after a pause.
    Again(Duration),
    /// Keep it among the dead letters, and do not deliver it any more.
    Bury {
        /// What kind of failure it is.
        code: &'static str,
        /// Why.
        why: String,
    },
}

/// What to do after the `delivered`th delivery, of at most `most`.
pub fn act(outcome: &Outcome, delivered: u64, most: u64) -> Act {
    match outcome {
        Outcome::Done { .. } | Outcome::Refused(_) => Act::Acknowledge,
        Outcome::Never { code, why } => Act::Bury { code, why: why.clone() },
        Outcome::Later(why) if delivered >= most => Act::Bury { code: code::UNAVAILABLE, why: why.clone() },
        Outcome::Later(_) => {
            let seconds = 1 << delivered.saturating_sub(1).min(5);
            Act::Again(Duration::from_secs(seconds).min(MOST_PAUSE))
        }
    }
}

/// Whether a delivery comes after all that it may have: the deliveries before were cut off without an outcome, and this
/// command may be why. The server itself sets no limit, because it would drop such a message without a word.
pub fn is_over(delivered: u64, most: u64) -> bool {
    delivered > most
}

#[cfg(test)]
mod tests {
    use ramanujan_agents::life::Rejection;

    use super::*;

    #[test]
    fn an_outcome_for_good_is_acknowledged() {
        let done = Outcome::Done { agent: "7".into(), version: 1, event_ids: Vec::new() };
        for outcome in [done, Outcome::Refused(Rejection::NotFound("7".into()))] {
            assert_eq!(act(&outcome, 9, 5), Act::Acknowledge);
        }
    }

    #[test]
    fn what_may_work_later_is_tried_with_growing_pauses_and_then_buried() {
        let later = Outcome::Later("down".into());
        let pauses: Vec<u64> = (1..5)
            .map(|delivered| match act(&later, delivered, 5) {
                Act::Again(pause) => pause.as_secs(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(pauses, [1, 2, 4, 8]);
        assert_eq!(act(&later, 5, 5), Act::Bury { code: "UNAVAILABLE", why: "down".into() });
        assert_eq!(act(&later, 99, 100), Act::Again(MOST_PAUSE));
    }

    #[test]
    fn what_can_never_work_is_buried_at_once() {
        let never = Outcome::Never { code: code::MALFORMED, why: "no".into() };
        assert_eq!(act(&never, 1, 5), Act::Bury { code: "MALFORMED", why: "no".into() });
        assert!(!is_over(5, 5) && is_over(6, 5));
    }
}
