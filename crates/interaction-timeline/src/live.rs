//! A stream of server-sent events: what it says when, and when it ends.
//!
//! The id of an event is a place in the log. It is told at the beginning and with every heartbeat too, so that a
//! subscriber that loses its connection before it saw an event, or whose filter leaves most out, goes on exactly where it
//! was.

use std::time::{Duration, Instant};

use ramanujan_core::Problem;
use ramanujan_shell::{Looks, log};

use crate::feed::Read;
use crate::shown::shown;

/// Events written at once: some tens of kilobytes as they usually are, a few megabytes at the most.
pub const STREAM_BATCH: u64 = 128;

/// Time as a stream sees it.
pub trait Pace {
    /// Since the stream began.
    fn elapsed(&self) -> Duration;
    /// Lets so much of it pass.
    fn wait(&mut self, duration: Duration);
}

/// The time that passes.
#[derive(Debug)]
pub struct Clock(Instant);

impl Clock {
    /// From now on.
    pub fn start() -> Self {
        Clock(Instant::now())
    }
}

impl Pace for Clock {
    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    /// An instance serves one request at a time, and what was written flows on while it sleeps.
    fn wait(&mut self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// When a stream speaks and when it ends.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// Longest time that it goes on.
    pub max: Duration,
    /// Longest silence.
    pub heartbeat: Duration,
    /// Time between two looks into the store.
    pub looks: Looks,
    /// Time after which a subscriber comes back.
    pub retry: Duration,
}

/// The chunks of one stream.
pub struct Live<R, P> {
    read: R,
    timing: Timing,
    pace: P,
    /// Everything up to here was looked at.
    position: u64,
    /// The last id told.
    told: Option<u64>,
    spoke: Duration,
    /// When the last event was read.
    heard: Duration,
    ended: bool,
}

impl<R, P> Live<R, P>
where
    R: FnMut(u64, u64) -> Result<Read, Problem>,
    P: Pace,
{
    /// A stream from after `position` on. `read` reads the events after a place, at most so many.
    pub fn new(read: R, position: u64, timing: Timing, pace: P) -> Self {
        Live {
            read,
            timing,
            pace,
            position,
            told: None,
            spoke: Duration::ZERO,
            heard: Duration::ZERO,
            ended: false,
        }
    }

    /// A block without data: tells the id and dispatches nothing (WHATWG HTML §9.2.6).
    fn tell(&mut self, what: &str) -> Vec<u8> {
        self.told = Some(self.position);
        self.spoke = self.pace.elapsed();
        format!("{what}\nid: {}\n\n", self.position).into_bytes()
    }

    fn chunk(&mut self) -> Result<(Vec<u8>, bool), Problem> {
        let read = (self.read)(self.position, STREAM_BATCH)?;
        let mut chunk = Vec::new();
        for event in read.events {
            let seq = event.seq;
            let data = serde_json::to_string(&shown(&event)?)?;
            chunk.extend_from_slice(format!("id: {seq}\ndata: {data}\n\n").as_bytes());
            self.told = Some(seq);
        }
        self.position = read.position;
        Ok((chunk, read.more))
    }
}

impl<R, P> Iterator for Live<R, P>
where
    R: FnMut(u64, u64) -> Result<Read, Problem>,
    P: Pace,
{
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        if self.told.is_none() {
            return Some(self.tell(&format!("retry: {}\n: live", self.timing.retry.as_millis())));
        }
        loop {
            let now = self.pace.elapsed();
            if now >= self.timing.max {
                self.ended = true;
                return (self.told != Some(self.position)).then(|| self.tell(": end"));
            }
            match self.chunk() {
                Ok((chunk, _)) if !chunk.is_empty() => {
                    (self.spoke, self.heard) = (now, now);
                    return Some(chunk);
                }
                Ok(_) if now.saturating_sub(self.spoke) >= self.timing.heartbeat => {
                    return Some(self.tell(": heartbeat"));
                }
                Ok((_, true)) => {}
                Ok((_, false)) => {
                    let pause = self.timing.looks.pause(now.saturating_sub(self.heard));
                    self.pace.wait(pause.min(self.timing.max.saturating_sub(now)));
                }
                // The status is sent already: ending makes the subscriber ask again, and then it is told.
                Err(problem) => {
                    log::warn("interaction-timeline", &format!("a stream ends: {problem}"));
                    self.ended = true;
                    return None;
                }
            }
        }
    }
}
