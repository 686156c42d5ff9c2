//! How often somebody who waits for news looks into the store: instances cannot notify each other.

use std::time::Duration;

/// How long to wait between two looks into the store, between two bounds. Who has just heard something looks again soon, so
/// that a change is seen soon where there are many; who has heard nothing for long need not, and costs nearly nothing.
#[derive(Clone, Copy, Debug)]
pub struct Looks {
    /// Shortest pause.
    pub least: Duration,
    /// Longest pause, if it is longer than the shortest.
    pub most: Duration,
}

impl Looks {
    /// The pause after a look that found nothing, where nothing has been found for `silence`: an eighth of it, so that what
    /// comes then is told late by an eighth of the time that it took to come, or less.
    pub fn pause(self, silence: Duration) -> Duration {
        (silence / 8).min(self.most).max(self.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_just_heard_something_looks_again_soon() {
        let (least, most) = (Duration::from_millis(3), Duration::from_millis(200));
        let pause = |silence| Looks { least, most }.pause(Duration::from_millis(silence)).as_millis();
        assert_eq!([0, 24, 80, 800, 1600, 60_000].map(pause), [3, 3, 10, 100, 200, 200]);
        let always = Looks { least, most: Duration::from_millis(1) };
        assert_eq!(always.pause(Duration::ZERO), least, "the shortest pause wins");
    }
}
