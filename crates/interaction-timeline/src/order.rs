//! The orders in which events are read, and the places in them that cursors name.
//!
//! `order=seq` is the order of storing and its cursor never misses an event; `order=newest` is the same backwards;
//! `order=time` is the order of the senders' times, `order=latest` the same backwards, and `order=causal` that of cause and effect; in both a late event may
//! appear before a cursor already passed.

use std::fmt;

/// How the events of a reply are ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// As they were stored.
    Seq,
    /// As [`Order::Seq`], latest first.
    Newest,
    /// By the senders' times.
    Time,
    /// As [`Order::Time`], latest first.
    Latest,
    /// Causes before effects.
    Causal,
}

/// Where the previous page ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// At this event.
    Seq(u64),
    /// At this time, in Unix milliseconds, and event.
    Time(u64, u64),
    /// At this place in the causal order.
    Place(Place),
}

impl After {
    /// Reads a cursor of this order.
    pub fn parse(order: Order, text: &str) -> Option<Self> {
        match order {
            Order::Seq | Order::Newest => Some(After::Seq(text.parse().ok()?)),
            Order::Time | Order::Latest => read_pair(text).map(|(time, seq)| After::Time(time, seq)),
            Order::Causal => Place::parse(text).map(After::Place),
        }
    }
}

impl fmt::Display for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            After::Seq(seq) => write!(f, "{seq}"),
            After::Time(time, seq) => write!(f, "{time}.{seq}"),
            After::Place(place) => write!(f, "{place}"),
        }
    }
}

/// Two numbers with a dot between them.
pub fn read_pair(text: &str) -> Option<(u64, u64)> {
    let (first, second) = text.split_once('.')?;
    Some((read_number(first)?, read_number(second)?))
}

/// Digits and nothing else.
fn read_number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The place of an event in the causal order.
///
/// (level, total, seq) is a linear extension of happened-before: see `store::causal`, which computes levels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Greater than that of everything that the event came after.
    pub level: u64,
    /// The sum of its clock.
    pub total: u64,
    /// Its number in the log.
    pub seq: u64,
}

impl Place {
    /// Reads what [`Place::to_string`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let mut numbers = text.split('.').map(read_number);
        let place = Place { level: numbers.next()??, total: numbers.next()??, seq: numbers.next()?? };
        numbers.next().is_none().then_some(place)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.level, self.total, self.seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_place_is_read_as_it_was_written_and_nothing_else_is(level: u64, total: u64, seq: u64, text in "[0-9.+x-]{0,12}") {
            let place = Place { level, total, seq };
            prop_assert_eq!(Place::parse(&place.to_string()), Some(place));
            if let Some(place) = Place::parse(&text) {
                // Leading zeros are the only freedom.
                let plain: Vec<_> = text.split('.').map(|n| n.trim_start_matches('0')).collect();
                let written = place.to_string();
                prop_assert_eq!(plain, written.split('.').map(|n| n.trim_start_matches('0')).collect::<Vec<_>>());
            }
        }

        #[test]
        fn a_cursor_is_read_in_its_own_order(time: u64, seq: u64, total: u64) {
            for (order, after) in [
                (Order::Seq, After::Seq(seq)),
                (Order::Newest, After::Seq(seq)),
                (Order::Time, After::Time(time, seq)),
                (Order::Latest, After::Time(time, seq)),
                (Order::Causal, After::Place(Place { level: time, total, seq })),
            ] {
                prop_assert_eq!(After::parse(order, &after.to_string()), Some(after));
            }
            prop_assert_eq!(After::parse(Order::Time, &seq.to_string()), None);
        }
    }
}
