//! Rows, and what they become: one Markdown table, or figures as lines of JSON.

use std::fmt::Write;

/// The contestant at home.
pub(crate) const OURS: &str = "ramanujan";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    Count,
    Bytes,
    /// Nanoseconds.
    Time,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Goal {
    None,
    /// At most this.
    AtMost(f64),
    /// At most so many times the smallest value of a peer.
    OfBest(f64),
}

/// One line of the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) work: String,
    pub(crate) measure: String,
    pub(crate) unit: Unit,
    pub(crate) ours: f64,
    /// What others need for it, or why there is no figure.
    pub(crate) peers: Vec<(String, Result<f64, String>)>,
    pub(crate) goal: Goal,
}

impl Row {
    pub(crate) fn new(work: &str, measure: &str, unit: Unit, ours: f64, goal: Goal) -> Self {
        Row { work: work.into(), measure: measure.into(), unit, ours, peers: Vec::new(), goal }
    }

    pub(crate) fn beside(mut self, peer: &str, value: Result<f64, String>) -> Self {
        self.peers.push((peer.into(), value));
        self
    }

    fn best(&self) -> Option<(&str, f64)> {
        let values =
            self.peers.iter().filter_map(|(name, value)| Some((name.as_str(), *value.as_ref().ok()?)));
        values.min_by(|(_, one), (_, other)| one.total_cmp(other))
    }

    /// The goal in words, and whether it is met; `None` without a goal, or without anybody to compare with.
    fn verdict(&self) -> Option<(String, bool)> {
        match self.goal {
            Goal::None => None,
            Goal::AtMost(most) => Some((format!("≤ {}", shown(most, self.unit)), self.ours <= most)),
            Goal::OfBest(times) => {
                let (name, best) = self.best()?;
                Some((format!("≤ {times} × {name}"), self.ours <= times * best))
            }
        }
    }
}

fn shown(value: f64, unit: Unit) -> String {
    match unit {
        Unit::Count if value.fract() == 0.0 => format!("{value}"),
        Unit::Count => format!("{value:.2}"),
        Unit::Bytes if value >= 1e6 => format!("{:.2} MB", value / 1e6),
        Unit::Bytes if value >= 1e5 => format!("{:.1} kB", value / 1e3),
        Unit::Bytes => format!("{value:.0} B"),
        Unit::Time if value >= 1e9 => format!("{:.2} s", value / 1e9),
        Unit::Time if value >= 1e6 => format!("{:.1} ms", value / 1e6),
        Unit::Time => format!("{:.1} µs", value / 1e3),
    }
}

pub(crate) fn render(rows: &[Row], notes: &[&str]) -> String {
    let mut out =
        String::from("| work | measured | ours | beside (ours ÷ theirs) | goal |\n|---|---|---:|---|---|\n");
    let (mut goals, mut missed) = (0, Vec::new());
    for row in rows {
        let peer = |(name, value): &(String, Result<f64, String>)| match value {
            Ok(value) => format!("{name} {} ({:.2})", shown(*value, row.unit), row.ours / value),
            Err(reason) => format!("{name}: {reason}"),
        };
        let peers: Vec<String> = row.peers.iter().map(peer).collect();
        let goal = row.verdict().map_or_else(
            || "–".to_owned(),
            |(goal, met)| {
                goals += 1;
                if !met {
                    missed.push(format!(
                        "{}, {}: {}, goal {goal}",
                        row.work,
                        row.measure,
                        shown(row.ours, row.unit)
                    ));
                }
                format!("{goal} {}", if met { "✓" } else { "✗" })
            },
        );
        let peers = if peers.is_empty() { "–".to_owned() } else { peers.join(", ") };
        let ours = shown(row.ours, row.unit);
        let _ = writeln!(out, "| {} | {} | {ours} | {peers} | {goal} |", row.work, row.measure);
    }
    let _ = writeln!(out, "\n{} of {goals} goals met.", goals - missed.len());
    missed.iter().for_each(|line| _ = writeln!(out, "- ✗ {line}"));
    notes.iter().for_each(|note| _ = writeln!(out, "- {note}"));
    out
}

/// Figures, a line of JSON each: ours beside the best peer's.
pub(crate) fn figures(rows: &[Row]) -> String {
    let mut out = String::new();
    for row in rows {
        let unit = match row.unit {
            Unit::Count => "",
            Unit::Bytes => "B",
            Unit::Time => "ns",
        };
        let best = row.best();
        let line = serde_json::json!({
            "row": row.work, "measure": row.measure, "value": row.ours, "unit": unit,
            "peer": best.map(|(name, _)| name), "peer_value": best.map(|(_, value)| value),
        });
        let _ = writeln!(out, "{line}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(goal: Goal) -> Row {
        Row::new("a copy", "bytes", Unit::Bytes, 300.0, goal)
            .beside("loro", Ok(200.0))
            .beside("yrs", Ok(400.0))
            .beside("automerge", Err("slow".into()))
    }

    #[test]
    fn goals_are_judged_by_the_best_peer_or_by_a_bound() {
        let table = render(&[row(Goal::OfBest(1.0)), row(Goal::AtMost(300.0)), row(Goal::None)], &["a note"]);
        let peers = "loro 200 B (1.50), yrs 400 B (0.75), automerge: slow";
        assert!(table.contains(&format!("| a copy | bytes | 300 B | {peers} | ≤ 1 × loro ✗ |")), "{table}");
        assert!(table.contains("| ≤ 300 B ✓ |") && table.contains("1 of 2 goals met."), "{table}");
        assert!(table.ends_with("- ✗ a copy, bytes: 300 B, goal ≤ 1 × loro\n- a note\n"), "{table}");
    }

    #[test]
    fn figures_name_the_best_peer() {
        let line: serde_json::Value = serde_json::from_str(&figures(&[row(Goal::None)])).unwrap();
        let expected = serde_json::json!({"row": "a copy", "measure": "bytes", "value": 300.0, "unit": "B",
            "peer": "loro", "peer_value": 200.0});
        assert_eq!(line, expected);
    }
}
