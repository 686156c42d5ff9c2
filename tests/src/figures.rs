//! Figures of benchmarks: lines of JSON as a benchmark prints them, the report of a whole run, and the tables of
//! `docs/figures.md` that are made from it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value, json};

/// One measured figure.
#[derive(Clone, Debug, PartialEq)]
pub struct Figure {
    /// What was worked on: a line of the table.
    pub row: String,
    /// What was measured: a column.
    pub measure: String,
    pub value: f64,
    /// `ns`, `ms`, `s`, `B`, `events/s`, …; empty for a plain number.
    pub unit: String,
    /// Who else did the same, in the same run and under the same conditions, with the same figure of theirs.
    pub peer: Option<(String, f64)>,
}

impl Figure {
    pub fn new(row: &str, measure: &str, value: f64, unit: &str) -> Self {
        Figure { row: row.into(), measure: measure.into(), value, unit: unit.into(), peer: None }
    }

    /// The same figure of a peer.
    #[must_use]
    pub fn beside(mut self, peer: &str, value: f64) -> Self {
        self.peer = Some((peer.into(), value));
        self
    }

    /// Ours over the peer's.
    pub fn ratio(&self) -> Option<f64> {
        self.peer.as_ref().filter(|(_, theirs)| *theirs != 0.0).map(|(_, theirs)| self.value / theirs)
    }

    /// Prints the figure as a line of JSON, as `scripts/bench/*.sh` read it.
    pub fn print(&self) {
        println!("{}", self.to_json());
    }

    pub fn to_json(&self) -> Value {
        let mut members = Map::new();
        members.insert("row".into(), self.row.as_str().into());
        members.insert("measure".into(), self.measure.as_str().into());
        members.insert("value".into(), self.value.into());
        members.insert("unit".into(), self.unit.as_str().into());
        members.insert("peer".into(), self.peer.as_ref().map(|(name, _)| name.as_str()).into());
        members.insert("peer_value".into(), self.peer.as_ref().map(|(_, value)| *value).into());
        members.insert("ratio".into(), self.ratio().map(|ratio| (ratio * 1e4).round() / 1e4).into());
        Value::Object(members)
    }

    /// # Errors
    /// A member is missing or of another type.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let text =
            |name: &str| value[name].as_str().map(str::to_owned).ok_or(format!("no {name} in {value}"));
        let peer = match (value["peer"].as_str(), value["peer_value"].as_f64()) {
            (Some(peer), Some(theirs)) => Some((peer.to_owned(), theirs)),
            (None, _) => None,
            (Some(_), None) => return Err(format!("no peer_value in {value}")),
        };
        Ok(Figure {
            row: text("row")?,
            measure: text("measure")?,
            value: value["value"].as_f64().ok_or(format!("no value in {value}"))?,
            unit: text("unit")?,
            peer,
        })
    }
}

/// Figures of a benchmark's output, one a line; lines that are not JSON objects are left out.
///
/// # Errors
/// A line is a JSON object and no figure.
pub fn read_lines(text: &str) -> Result<Vec<Figure>, String> {
    let objects = text.lines().filter(|line| line.starts_with('{'));
    objects
        .map(|line| {
            let value = serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))?;
            Figure::from_json(&value)
        })
        .collect()
}

/// A run of one benchmark, as a table of the report.
pub fn table(name: &str, command: &str, figures: &[Figure]) -> Value {
    json!({"name": name, "command": command, "rows": figures.iter().map(Figure::to_json).collect::<Vec<_>>()})
}

/// Times scaled to read well, sizes and rates in groups of three digits.
fn shown(value: f64, unit: &str) -> String {
    let scaled = |value: f64| {
        let digits = if value.abs() < 10.0 { 2 } else { usize::from(value.abs() < 100.0) };
        format!("{value:.digits$}")
    };
    let (value, unit) = match unit {
        "ns" if value >= 1e9 => (value / 1e9, "s"),
        "ns" if value >= 1e6 => (value / 1e6, "ms"),
        "ns" if value >= 1e3 => (value / 1e3, "µs"),
        unit => (value, unit),
    };
    let number = if value.abs() >= 1000.0 || unit == "B" { grouped(value) } else { scaled(value) };
    format!("{number} {unit}").trim_end().to_owned()
}

fn grouped(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) && !out.ends_with('-') {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

fn times(ratio: f64) -> String {
    if ratio < 0.01 { "<0.01".to_owned() } else { format!("{ratio:.2}") }
}

/// The figures of one measure.
fn of<'f>(figures: &'f [Figure], measure: &'f str) -> impl Iterator<Item = &'f Figure> {
    figures.iter().filter(move |figure| figure.measure == measure)
}

/// Names in the order in which they come.
fn distinct<'f>(names: impl Iterator<Item = &'f str>) -> Vec<&'f str> {
    let mut seen = BTreeSet::new();
    names.filter(|name| seen.insert(*name)).collect()
}

/// Figures as Markdown tables: a line for each row, a column for each measure, and beside it the ratio to the peer where
/// there is one. Rows that have no measure in common, not even by way of others, stand in tables of their own.
pub fn markdown(figures: &[Figure]) -> String {
    let tables: Vec<String> = apart(figures).iter().map(|figures| one_table(figures)).collect();
    tables.join("\n")
}

/// The figures of each table, in the order in which they come.
fn apart(figures: &[Figure]) -> Vec<Vec<Figure>> {
    // For each figure the table that it is of, named by its first figure.
    let mut tables: Vec<usize> = (0..figures.len()).collect();
    for (at, figure) in figures.iter().enumerate() {
        for (before, other) in figures[..at].iter().enumerate() {
            if other.row == figure.row || other.measure == figure.measure {
                let (to, from) = (tables[before].min(tables[at]), tables[before].max(tables[at]));
                tables.iter_mut().filter(|table| **table == from).for_each(|table| *table = to);
            }
        }
    }
    let mut apart: BTreeMap<usize, Vec<Figure>> = BTreeMap::new();
    for (table, figure) in tables.into_iter().zip(figures) {
        apart.entry(table).or_default().push(figure.clone());
    }
    apart.into_values().collect()
}

fn one_table(figures: &[Figure]) -> String {
    let rows = distinct(figures.iter().map(|figure| figure.row.as_str()));
    let measures = distinct(figures.iter().map(|figure| figure.measure.as_str()));
    let (mut head, mut rule) = ("| |".to_owned(), "|---|".to_owned());
    // For each measure, who its peers are: none, one, or several that each cell names.
    let peers: Vec<Vec<&str>> = measures
        .iter()
        .map(|measure| {
            distinct(
                of(figures, measure).filter_map(|figure| figure.peer.as_ref()).map(|(name, _)| name.as_str()),
            )
        })
        .collect();
    for (measure, peers) in measures.iter().zip(&peers) {
        let _ = write!(head, " {measure} |");
        rule.push_str("---:|");
        if !peers.is_empty() {
            let _ = write!(head, " ÷ {} |", if let [one] = peers.as_slice() { one } else { "best peer" });
            rule.push_str("---:|");
        }
    }
    let mut out = format!("{head}\n{rule}\n");
    for row in rows {
        let _ = write!(out, "| {row} |");
        for (measure, peers) in measures.iter().zip(&peers) {
            let cell = of(figures, measure).find(|figure| figure.row == row);
            let _ = write!(out, " {} |", cell.map_or("–".into(), |figure| shown(figure.value, &figure.unit)));
            if peers.is_empty() {
                continue;
            }
            let ratio = cell.and_then(|figure| Some((figure.ratio()?, figure.peer.as_ref()?)));
            let text = ratio.map_or("–".into(), |(ratio, (name, _))| {
                if peers.len() > 1 { format!("{} ({name})", times(ratio)) } else { times(ratio) }
            });
            let _ = write!(out, " {text} |");
        }
        out.push('\n');
    }
    out
}

fn begin(name: &str) -> String {
    format!("<!-- figures: {name} -->")
}
const END: &str = "<!-- end of figures -->";

/// A table of the report as it stands in the page: what it was made by, and the figures.
///
/// # Errors
/// The report lacks a member.
fn section(report: &Value, table: &Value) -> Result<String, String> {
    let text = |value: &Value, name: &str| {
        value[name].as_str().map(str::to_owned).ok_or(format!("no {name} in the report"))
    };
    let rows = table["rows"].as_array().ok_or("no rows in the report")?;
    let figures: Vec<Figure> = rows.iter().map(Figure::from_json).collect::<Result<_, _>>()?;
    let machine = &report["machine"];
    Ok(format!(
        "`{}` at revision {}{}, {}; {} processors ({}), load {} at its beginning.\n\n{}",
        text(table, "command")?,
        text(report, "revision")?,
        if report["modified"] == true { " with changes" } else { "" },
        text(report, "date")?.get(..10).unwrap_or_default(),
        machine["processors"],
        text(machine, "model")?,
        machine["load"],
        markdown(&figures)
    ))
}

/// The page with the tables of the report in place of those between its comments. A table that the report has not
/// stays as it is.
///
/// # Errors
/// The page has no place for a table, or the report is no report.
pub fn write(page: &str, report: &Value) -> Result<String, String> {
    let mut page = page.to_owned();
    for table in report["tables"].as_array().ok_or("no tables in the report")? {
        let name = table["name"].as_str().ok_or("a table without a name")?;
        let mark = begin(name);
        let from = page.find(&mark).ok_or(format!("the page has no {mark}"))? + mark.len();
        let until = page[from..].find(END).ok_or(format!("the page has no {END} after {mark}"))? + from;
        page.replace_range(from..until, &format!("\n{}", section(report, table)?));
    }
    Ok(page)
}

#[cfg(test)]
#[path = "figures_tests.rs"]
mod tests;
