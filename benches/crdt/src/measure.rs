//! Takes samples of several contestants in turn, so that a slow spell of the machine hits all of them, and keeps medians.

use std::time::{Duration, Instant};

use crate::contestants::Failure;

/// One thing to measure: nanoseconds per call. Preparations inside do not count.
pub(crate) type Sample<'a> = Box<dyn FnMut() -> Result<f64, Failure> + 'a>;

/// How long and how often to measure.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Samples that suffice.
    pub(crate) samples: usize,
    /// Time after which a contestant is sampled no more, however few samples it has.
    pub(crate) budget: Duration,
}

/// The median of each, or why there is none. What took longer than the budget in its one sample stays at that one.
pub(crate) fn medians(mut tasks: Vec<Sample<'_>>, limits: Limits) -> Vec<Result<f64, String>> {
    let mut states: Vec<(Vec<f64>, Duration, Option<String>)> = vec![Default::default(); tasks.len()];
    loop {
        let mut idle = true;
        for (task, (samples, spent, failure)) in tasks.iter_mut().zip(&mut states) {
            if failure.is_some() || samples.len() >= limits.samples || *spent >= limits.budget {
                continue;
            }
            idle = false;
            let started = Instant::now();
            match task() {
                Ok(nanoseconds) => samples.push(nanoseconds),
                Err(error) => *failure = Some(error.to_string()),
            }
            *spent += started.elapsed();
        }
        if idle {
            break;
        }
    }
    let finish = |(mut samples, _, failure): (Vec<f64>, Duration, Option<String>)| match failure {
        Some(reason) => Err(reason),
        None => Ok(median(&mut samples)),
    };
    states.into_iter().map(finish).collect()
}

fn median(samples: &mut [f64]) -> f64 {
    samples.sort_by(f64::total_cmp);
    let middle = samples.len() / 2;
    match samples.len() {
        0 => f64::NAN,
        odd if odd % 2 == 1 => samples[middle],
        _ => f64::midpoint(samples[middle - 1], samples[middle]),
    }
}

/// Times one call in nanoseconds.
pub(crate) fn once<T>(work: impl FnOnce() -> Result<T, Failure>) -> Result<(T, f64), Failure> {
    let started = Instant::now();
    let result = work()?;
    Ok((result, started.elapsed().as_nanos() as f64))
}

/// Shortest stretch that is timed as one: the clock's own cost and step do not show in it.
const STRETCH: Duration = Duration::from_millis(2);

/// A sample of something that takes nanoseconds: the mean of a stretch of calls, whose number the first call finds.
pub(crate) fn repeated<'a, T>(mut work: impl FnMut() -> T + 'a) -> Sample<'a> {
    stretched(move |calls| {
        let started = Instant::now();
        for _ in 0..calls {
            std::hint::black_box(work());
        }
        started.elapsed()
    })
}

/// As [`repeated`], of a function that times so many calls.
pub(crate) fn stretched<'a>(mut stretch: impl FnMut(usize) -> Duration + 'a) -> Sample<'a> {
    let mut calls = 0;
    Box::new(move || {
        if calls == 0 {
            calls = 1;
            while stretch(calls) < STRETCH {
                calls *= 2;
            }
        }
        Ok(stretch(calls).as_nanos() as f64 / calls as f64)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn medians_are_of_the_middle() {
        assert_eq!(median(&mut [3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&mut [4.0, 1.0, 2.0, 3.0]), 2.5);
    }

    #[test]
    fn contestants_take_turns_and_a_failure_stops_only_its_own() {
        let order = std::cell::RefCell::new(Vec::new());
        let task = |name: char, fails: bool| -> Sample<'_> {
            let order = &order;
            Box::new(move || {
                order.borrow_mut().push(name);
                if fails { Err("no".into()) } else { Ok(1.0) }
            })
        };
        let limits = Limits { samples: 3, budget: Duration::from_secs(60) };
        let result = medians(vec![task('a', false), task('b', true), task('c', false)], limits);
        assert_eq!(result, [Ok(1.0), Err("no".to_owned()), Ok(1.0)]);
        assert_eq!(order.borrow().iter().collect::<String>(), "abcacac");
    }
}
