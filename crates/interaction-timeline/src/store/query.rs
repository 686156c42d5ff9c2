//! The statement of a query: filters, order and place become conditions along one index.

use ramanujan_core::Problem;
use ramanujan_shell::{Page, Pager, Store, Value as Sql};
use ramanujan_timeline::Stored;

use crate::feed::Filter;
use crate::order::{After, Order};
use crate::store::causal;
use crate::store::feed::wanted;
use crate::store::log::{self, E_COLUMNS};

/// The events that the filter chooses, as many as the page holds, and the cursor of the next page if there is one.
/// Where the order is causal, of those in the causal index of `store`.
///
/// # Errors
/// 503 if the store does not answer.
pub fn run(store: &Store, filter: &Filter, pager: Pager) -> Result<(Vec<Stored>, Option<String>), Problem> {
    let (sql, params) = statement(filter, pager.fetch());
    let page: Page<Stored> = pager.cut(log::read_all(store, &sql, params)?);
    let place = |last: &Stored| match filter.order {
        Order::Seq | Order::Newest => Ok(After::Seq(last.seq)),
        Order::Time | Order::Latest => Ok(After::Time(last.timestamp, last.seq)),
        Order::Causal => causal::place(store, last.seq).map(After::Place),
    };
    let next = page.next(place).transpose()?;
    Ok((page.items, next.map(|after| after.to_string())))
}

/// Conditions with the values of their parameters.
#[derive(Default)]
struct Conditions {
    text: Vec<String>,
    params: Vec<Sql>,
}

impl Conditions {
    /// Adds a condition; each `?` of it stands for the next of `values`.
    fn add(&mut self, condition: &str, values: impl IntoIterator<Item = Sql>) {
        let mut parts = condition.split('?');
        let mut text = parts.next().unwrap_or_default().to_owned();
        for (value, part) in values.into_iter().zip(parts) {
            self.params.push(value);
            text.push_str(&format!("?{}{part}", self.params.len()));
        }
        self.text.push(text);
    }
}

fn statement(filter: &Filter, limit: u64) -> (String, Vec<Sql>) {
    let mut conditions = Conditions::default();
    if let Some(from) = filter.from {
        conditions.add("e.timestamp >= ?", [from.into()]);
    }
    if let Some(to) = filter.to {
        conditions.add("e.timestamp < ?", [to.into()]);
    }
    for (column, value) in wanted(&filter.feed) {
        let Some(value) = value else { continue };
        // Under the causal order, along the index that has it within a document or an agent.
        let causal = filter.order == Order::Causal && ["agent", "document"].contains(&column);
        // The latest of a window of times are read along the index of times, at a cost that ends with the page or the
        // window; an index on the column would bring all that the log ever had, to be sorted.
        let in_window = filter.order == Order::Latest && filter.from.is_some();
        let table = if causal {
            "c."
        } else if in_window {
            "+e."
        } else {
            "e."
        };
        conditions.add(&format!("{table}{column} = ?"), [value]);
    }
    match filter.after {
        Some(After::Seq(seq)) if filter.order == Order::Newest => conditions.add("e.seq < ?", [seq.into()]),
        Some(After::Seq(seq)) => conditions.add("e.seq > ?", [seq.into()]),
        Some(After::Time(time, seq)) if filter.order == Order::Latest => {
            conditions.add("(e.timestamp, e.seq) < (?, ?)", [time.into(), seq.into()]);
        }
        Some(After::Time(time, seq)) => {
            conditions.add("(e.timestamp, e.seq) > (?, ?)", [time.into(), seq.into()]);
        }
        Some(After::Place(place)) => conditions.add(
            "(c.level, c.total, c.seq) > (?, ?, ?)",
            [place.level.into(), place.total.into(), place.seq.into()],
        ),
        None => {}
    }
    let order = match filter.order {
        Order::Seq => "e.seq",
        Order::Newest => "e.seq DESC",
        Order::Time => "e.timestamp, e.seq",
        Order::Latest => "e.timestamp DESC, e.seq DESC",
        Order::Causal => "c.level, c.total, c.seq",
    };
    // Along the index, whose order is the answer's: what the filters leave out is passed over.
    let table = match filter.order {
        Order::Causal => "timeline_places AS c CROSS JOIN timeline_events AS e ON e.seq = c.seq",
        _ => "timeline_events AS e",
    };
    let Conditions { text, mut params } = conditions;
    params.push(limit.into());
    let limit = params.len();
    let condition = if text.is_empty() { String::new() } else { format!("WHERE {}", text.join(" AND ")) };
    (format!("SELECT {E_COLUMNS} FROM {table} {condition} ORDER BY {order} LIMIT ?{limit}"), params)
}
