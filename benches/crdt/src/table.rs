//! Results and the one table that they become.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde::{Deserialize, Serialize};

/// The contestant at home.
pub(crate) const OURS: &str = "ramanujan";
/// The same content of ours as plain JSON; a peer in rows of sizes only.
pub(crate) const OWN_JSON: &str = "own JSON";
const PEERS: [&str; 6] = ["diamond-types", "loro", "automerge", "yrs", "crdts", OWN_JSON];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Unit {
    /// Nanoseconds.
    Time,
    Bytes,
}

/// What ours should reach: at most so many times the best peer's value.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Goal {
    pub(crate) at_most: f64,
}

/// A figure, or why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum Cell {
    Value(f64),
    Missing(String),
}

/// One line of the table.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    /// What was worked on: a trace, or a type with its number of actors.
    pub(crate) subject: String,
    pub(crate) what: String,
    pub(crate) unit: Unit,
    pub(crate) goal: Option<Goal>,
    /// By contestant; who is not named has no such operation.
    pub(crate) cells: BTreeMap<String, Cell>,
}

/// The rows of one run.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// `native` or `Wasm`.
    pub(crate) machine: String,
    pub(crate) notes: Vec<String>,
    pub(crate) rows: Vec<Row>,
}

/// Most that ours may take inside Wasm, in units of its native time.
const WASM_GOAL: f64 = 2.0;

impl Row {
    fn value(&self, contestant: &str) -> Option<f64> {
        match self.cells.get(contestant) {
            Some(Cell::Value(value)) => Some(*value),
            _ => None,
        }
    }

    /// The best peer with its value.
    fn best(&self) -> Option<(&'static str, f64)> {
        let values = PEERS.iter().filter_map(|peer| Some((*peer, self.value(peer)?)));
        values.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// Ours over the best peer.
    fn ratio(&self) -> Option<f64> {
        Some(self.value(OURS)? / self.best()?.1)
    }

    fn is_met(&self) -> Option<bool> {
        let goal = self.goal?;
        // No figure of ours is a miss, not a row without a goal.
        self.best()?;
        Some(self.ratio().is_some_and(|ratio| ratio <= goal.at_most))
    }
}

/// The runs as one table, native rows and Wasm rows beside each other, with what misses its goal below.
pub(crate) fn render(runs: &[Results]) -> String {
    let mut out = String::new();
    let mut missed = Vec::new();
    let mut goals = 0;
    out.push_str("| subject | measured | in | ours |");
    PEERS.iter().for_each(|peer| out.push_str(&format!(" {peer} |")));
    out.push_str(" ours ÷ best | goal | Wasm ÷ native, goal ≤ 2 |\n|---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---|---|\n");
    for (row, machine) in lines(runs) {
        let _ = write!(out, "| {} | {} | {machine} | {} |", row.subject, row.what, shown(row, OURS));
        PEERS.iter().for_each(|peer| out.push_str(&format!(" {} |", shown(row, peer))));
        let ratio = row.ratio().map_or_else(|| "–".to_owned(), times);
        let mut verdict = |met: bool, what: String| {
            goals += 1;
            if !met {
                missed.push(format!("{}, {} ({machine}): {what}", row.subject, row.what));
            }
            if met { "✓" } else { "✗" }
        };
        let goal = match (row.goal, row.is_met()) {
            (Some(goal), Some(met)) => {
                let text = format!("≤ {}", goal.at_most);
                let mark = verdict(met, format!("{ratio} × the best peer, goal {text}"));
                format!("{text} {mark}")
            }
            _ => "–".to_owned(),
        };
        let slower = (machine != NATIVE).then(|| slowdown(row, runs)).flatten();
        let wasm = slower.map_or_else(
            || "–".to_owned(),
            |factor| {
                let mark = verdict(factor <= WASM_GOAL, format!("{factor:.2} × native, goal ≤ {WASM_GOAL}"));
                format!("{factor:.2} {mark}")
            },
        );
        let _ = writeln!(out, " {ratio} | {goal} | {wasm} |");
    }
    let _ = writeln!(out, "\n{} of {goals} goals met.", goals - missed.len());
    missed.iter().for_each(|line| {
        let _ = writeln!(out, "- ✗ {line}");
    });
    let reasons = reasons(runs);
    let notes = notes(runs);
    for note in notes.iter().chain(&reasons) {
        let _ = writeln!(out, "- {note}");
    }
    out
}

/// The runs as figures, a line of JSON each: ours of every row and machine beside the best peer's.
pub(crate) fn figures(runs: &[Results]) -> String {
    let mut out = String::new();
    for (row, machine) in lines(runs) {
        let Some(ours) = row.value(OURS) else { continue };
        let unit = if row.unit == Unit::Time { "ns" } else { "B" };
        let best = row.best();
        let figure = |measure: &str, peer: Option<&str>, theirs: Option<f64>| {
            serde_json::json!({
                "row": format!("{}: {}", row.subject, row.what), "measure": measure, "value": ours, "unit": unit,
                "peer": peer, "peer_value": theirs,
            })
        };
        let _ =
            writeln!(out, "{}", figure(machine, best.map(|(name, _)| name), best.map(|(_, value)| value)));
    }
    out
}

/// Name of the machine that the others are compared with.
pub(crate) const NATIVE: &str = "native";

/// Rows in order of the first run, each followed by the same row of the others.
fn lines(runs: &[Results]) -> Vec<(&Row, &str)> {
    let mut lines: Vec<(&Row, &str)> = Vec::new();
    let key = |row: &Row| (row.subject.clone(), row.what.clone());
    let mut seen = std::collections::HashSet::new();
    for row in runs.iter().flat_map(|run| &run.rows) {
        if seen.insert(key(row)) {
            for run in runs {
                let same = run.rows.iter().filter(|other| key(other) == key(row));
                lines.extend(same.map(|other| (other, run.machine.as_str())));
            }
        }
    }
    lines
}

/// How much longer ours takes than natively.
fn slowdown(row: &Row, runs: &[Results]) -> Option<f64> {
    let native = runs.iter().find(|run| run.machine == NATIVE)?;
    let same = native.rows.iter().find(|other| other.subject == row.subject && other.what == row.what)?;
    (row.unit == Unit::Time).then_some(row.value(OURS)? / same.value(OURS)?)
}

fn shown(row: &Row, contestant: &str) -> String {
    match row.cells.get(contestant) {
        None => "–".to_owned(),
        Some(Cell::Missing(_)) => "none".to_owned(),
        Some(Cell::Value(value)) => {
            let text = match row.unit {
                Unit::Time => time(*value),
                Unit::Bytes => format!("{} B", grouped(*value)),
            };
            let ratio = row.value(OURS).filter(|_| contestant != OURS).map(|ours| ours / value);
            ratio.map_or_else(|| text.clone(), |ratio| format!("{text} ({})", times(ratio)))
        }
    }
}

/// Each note once; what only some runs say, with their name.
fn notes(runs: &[Results]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    for run in runs {
        for note in &run.notes {
            let everywhere = runs.iter().all(|other| other.notes.contains(note));
            let line = if everywhere { note.clone() } else { format!("{}: {note}", run.machine) };
            if !notes.contains(&line) {
                notes.push(line);
            }
        }
    }
    notes
}

/// Why there are figures missing: each reason once for a contestant and a subject.
fn reasons(runs: &[Results]) -> Vec<String> {
    let mut reasons: Vec<String> = Vec::new();
    for run in runs {
        for row in &run.rows {
            for (contestant, cell) in &row.cells {
                if let Cell::Missing(reason) = cell {
                    let line = format!("none: {contestant} on {} ({}): {reason}", row.subject, run.machine);
                    if !reasons.contains(&line) {
                        reasons.push(line);
                    }
                }
            }
        }
    }
    reasons
}

/// A ratio at two digits behind the point; what would then look like nothing is said to be small.
fn times(ratio: f64) -> String {
    if ratio < 0.01 { "<0.01".to_owned() } else { format!("{ratio:.2}") }
}

fn time(nanoseconds: f64) -> String {
    let (value, unit) = match nanoseconds {
        n if n < 1e3 => (n, "ns"),
        n if n < 1e6 => (n / 1e3, "µs"),
        n if n < 1e9 => (n / 1e6, "ms"),
        n => (n / 1e9, "s"),
    };
    let digits = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.digits$} {unit}")
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(ours: f64, peer: f64) -> Row {
        let cells =
            [(OURS, Cell::Value(ours)), ("loro", Cell::Value(peer)), ("yrs", Cell::Missing("slow".into()))];
        Row {
            subject: "trace".into(),
            what: "apply".into(),
            unit: Unit::Time,
            goal: Some(Goal { at_most: 1.0 }),
            cells: cells.map(|(name, cell)| (name.to_owned(), cell)).into_iter().collect(),
        }
    }

    fn run(machine: &str, row: Row) -> Results {
        Results { machine: machine.into(), notes: Vec::new(), rows: vec![row] }
    }

    #[test]
    fn missed_goals_are_shown_and_listed() {
        let table = render(&[run("native", row(2e6, 1e6)), run("Wasm", row(3e6, 4e6))]);
        assert!(
            table.contains("| 2.00 ms | – | 1.00 ms (2.00) | – | none | – | – | 2.00 | ≤ 1 ✗ | – |"),
            "{table}"
        );
        assert!(table.contains("| 0.75 | ≤ 1 ✓ | 1.50 ✓ |"), "{table}");
        assert!(table.contains("2 of 3 goals met."), "{table}");
        assert!(table.contains("- none: yrs on trace (native): slow"), "{table}");
    }

    #[test]
    fn figures_name_the_best_peer() {
        let lines = figures(&[run("native", row(2e6, 1e6)), run("Wasm", row(3e6, 4e6))]);
        let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
        let expected = serde_json::json!({"row": "trace: apply", "measure": "native", "value": 2e6, "unit": "ns",
            "peer": "loro", "peer_value": 1e6});
        assert_eq!((first, lines.lines().count()), (expected, 2));
    }

    #[test]
    fn without_a_figure_of_ours_the_goal_is_missed() {
        let mut row = row(1.0, 2.0);
        row.cells.insert(OURS.into(), Cell::Missing("not built".into()));
        assert_eq!(row.is_met(), Some(false));
        row.cells.retain(|name, _| name == OURS);
        assert_eq!(row.is_met(), None, "without a peer there is nothing to compare with");
    }

    #[test]
    fn figures_are_readable() {
        assert_eq!((time(12.34).as_str(), time(1234.5).as_str()), ("12.3 ns", "1.23 µs"));
        assert_eq!((grouped(1_234_567.0).as_str(), grouped(999.0).as_str()), ("1,234,567", "999"));
    }
}
