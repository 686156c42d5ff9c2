//! One step of the causal index against the store: what the next events name is looked up in a few statements, and one
//! statement adds them, if nothing was added since. So a step that is interrupted has not happened, and of two at once one.

use std::collections::HashMap;

use ramanujan_core::{Code, Digest, Problem, VectorClock};
use ramanujan_shell::{Row, Store};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::placing::{Chain, Coming, Known, Standing, Step, below_heads, chains, place};
use crate::store::ids::has_id;
use crate::store::log::{self, digest};

/// The next ?2 events after ?1. What an event can name bounds a row: 256 entries of a clock and 64 causes.
const COMING: &str = "
SELECT e.seq, COALESCE(e.id, e.event_id), e.agent, COALESCE(e.document, ''), e.body ->> '$.origin_seq',
       e.body -> '$.vector_clock', e.body -> '$.depends_on'
FROM timeline_events AS e WHERE e.seq > ?1 ORDER BY e.seq LIMIT ?2";

/// Of the ids in the list ?1 those that events have, and the levels of these as far as they are in the index.
const CAUSES: &str = concat!(
    "SELECT j.key, e.seq, c.level FROM json_each(?1) AS j CROSS JOIN timeline_events AS e ON ",
    has_id!("e", "unhex(j.value)"),
    " LEFT JOIN timeline_places AS c ON c.seq = e.seq"
);

/// Of each [document, agent, counter] of the list ?1 the first event of those with the greatest counter up to this one.
const STANDING: &str = "
SELECT j.key, c.own, c.total, c.level FROM json_each(?1) AS j CROSS JOIN timeline_places AS c ON c.seq = (
    SELECT x.seq FROM timeline_places AS x
    WHERE x.total > 0 AND x.document = j.value ->> 0 AND x.agent = j.value ->> 1 AND x.own <= j.value ->> 2
    ORDER BY x.own DESC, x.total LIMIT 1)";

/// Of each [agent, number] of the list ?1 the greatest number below.
const NUMBERS: &str = "
SELECT j.key, c.number, c.level FROM json_each(?1) AS j CROSS JOIN timeline_places AS c ON c.seq = (
    SELECT x.seq FROM timeline_places AS x
    WHERE x.number IS NOT NULL AND x.agent = j.value ->> 0 AND x.number < j.value ->> 1 ORDER BY x.number DESC LIMIT 1)";

/// The events after ?1 up to ?2 that others in the index name.
const NAMED: &str = "SELECT DISTINCT cause FROM timeline_links WHERE cause > ?1 AND cause <= ?2";

/// Of the ids in the list ?1 those that were waited for, and by whom.
const AWAITING: &str = "
SELECT j.key, w.effect FROM json_each(?1) AS j CROSS JOIN timeline_awaited AS w ON w.cause = unhex(j.value)";

/// Of each [document, agent] of the list ?1 the greatest counter that an event in the index knows.
const HEARD: &str = "
SELECT j.key, h.most FROM json_each(?1) AS j CROSS JOIN timeline_heard AS h
    ON h.document = j.value ->> 0 AND h.agent = j.value ->> 1";

/// Adds a step to an index that ends at ?7.
const ADD: &str = "
INSERT INTO timeline_placing (places, links, awaited, arrived, heard, late)
SELECT ?1, ?2, ?3, ?4, ?5, ?6 WHERE ?7 = (SELECT COALESCE(MAX(seq), 0) FROM timeline_places)
RETURNING 1";

/// No number of a sender is greater, and no counter.
const ANY: u64 = i64::MAX as u64;

/// What became of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stepped {
    /// So many events were added.
    Added(u64),
    /// Somebody else added some meanwhile.
    Overtaken,
}

/// Adds the next events to the index, at most `most`.
///
/// # Errors
/// 503 if the store does not answer; 500 `store-shape` if an event cannot be read.
pub(super) fn step(store: &Store, most: u64) -> Result<Stepped, Problem> {
    let end = log::number(store, "SELECT COALESCE(MAX(seq), 0) FROM timeline_places", [])?;
    let coming: Vec<Coming> =
        store.execute(COMING, [end.into(), most.into()])?.into_iter().map(read).collect::<Result<_, _>>()?;
    let Some(last) = coming.last().map(|event| event.seq) else { return Ok(Stepped::Added(0)) };
    let known = known(store, &coming, end, last)?;
    let Step { levels, links, awaited, arrived, heard, late } = place(&coming, &known);
    let places: Vec<_> = coming
        .iter()
        .zip(levels)
        .map(|(event, level)| {
            let Coming { seq, agent, document, number, clock, .. } = event;
            (seq, level, clock.total(), event.own(), agent, document, number)
        })
        .collect();
    let heard: Vec<_> = heard.iter().map(|((document, agent), most)| (document, agent, most)).collect();
    let added = store.execute(
        ADD,
        [
            text(&places)?.into(),
            text(&links)?.into(),
            text(&awaited)?.into(),
            text(&arrived)?.into(),
            text(&heard)?.into(),
            text(&late)?.into(),
            end.into(),
        ],
    )?;
    Ok(if added.is_empty() { Stepped::Overtaken } else { Stepped::Added(coming.len() as u64) })
}

fn read(mut row: Row) -> Result<Coming, Problem> {
    let seq = row.uint(0)?;
    Ok(Coming {
        seq,
        id: digest(&row, 1)?,
        agent: row.take_text(2)?,
        document: row.take_text(3)?,
        number: if row.is_null(4) { None } else { Some(row.uint(4)?) },
        clock: member::<VectorClock>(&row, 5, seq)?,
        causes: member(&row, 6, seq)?,
    })
}

/// A member of an event's body, its default if there is none.
fn member<T: DeserializeOwned + Default>(row: &Row, column: usize, seq: u64) -> Result<T, Problem> {
    if row.is_null(column) {
        return Ok(T::default());
    }
    serde_json::from_slice(row.text(column)?.as_bytes()).map_err(|error| {
        Problem::new(Code::StoreShape, format!("the body of event {seq} cannot be read")).caused_by(error)
    })
}

fn text(value: &impl Serialize) -> Result<String, Problem> {
    Ok(serde_json::to_string(value)?)
}

/// Looks up what is known of the events of a step, which follow `end` up to `last`.
fn known<'a>(store: &Store, coming: &'a [Coming], end: u64, last: u64) -> Result<Known<'a>, Problem> {
    let mut known = Known::default();
    let within: HashMap<Digest, u64> = coming.iter().map(|event| (event.id, event.seq)).collect();
    let mut causes: Vec<Digest> = coming
        .iter()
        .flat_map(|event| &event.causes)
        .filter(|id| !within.contains_key(id))
        .copied()
        .collect();
    causes.sort_unstable_by_key(|id| id.0);
    causes.dedup();
    ask(store, CAUSES, &causes, |cause, row| {
        let level = if row.is_null(2) { None } else { Some(row.uint(2)?) };
        known.causes.insert(*cause, (row.uint(1)?, level));
        Ok(())
    })?;
    let chains: Vec<Chain<'a>> = chains(coming).into_iter().collect();
    let newest: Vec<_> = chains.iter().map(|(document, agent)| (*document, *agent, ANY)).collect();
    ask(store, STANDING, &newest, |(document, agent, _), row| {
        known.heads.insert((document, agent), standing(row)?);
        Ok(())
    })?;
    let below: Vec<_> = below_heads(coming, &known.heads)
        .into_iter()
        .map(|((document, agent), count)| (document, agent, count))
        .collect();
    ask(store, STANDING, &below, |(document, agent, count), row| {
        known.earlier.insert(((*document, *agent), *count), standing(row)?);
        Ok(())
    })?;
    ask(store, HEARD, &chains, |chain, row| {
        known.heard.insert(*chain, row.uint(1)?);
        Ok(())
    })?;
    let numbered =
        || coming.iter().filter_map(|event| event.number.map(|number| (event.agent.as_str(), number)));
    let mut agents: Vec<_> = numbered().map(|(agent, _)| (agent, ANY)).collect();
    agents.sort_unstable();
    agents.dedup();
    ask(store, NUMBERS, &agents, |(agent, _), row| {
        known.last_numbers.insert(*agent, (row.uint(1)?, row.uint(2)?));
        Ok(())
    })?;
    let late: Vec<_> = numbered()
        .filter(|(agent, number)| known.last_numbers.get(agent).is_some_and(|(last, _)| last >= number))
        .collect();
    ask(store, NUMBERS, &late, |asked, row| {
        known.numbers_before.insert(*asked, (row.uint(1)?, row.uint(2)?));
        Ok(())
    })?;
    for row in store.execute(NAMED, [end.into(), last.into()])? {
        known.named.insert(row.uint(0)?);
    }
    let ids: Vec<Digest> = coming.iter().map(|event| event.id).collect();
    ask(store, AWAITING, &ids, |id, row| {
        known.awaiting.push((*id, row.uint(1)?));
        Ok(())
    })?;
    Ok(known)
}

/// Asks about each of a list; `answer` gets what an answer is about.
fn ask<T: Serialize>(
    store: &Store,
    sql: &str,
    list: &[T],
    mut answer: impl FnMut(&T, &Row) -> Result<(), Problem>,
) -> Result<(), Problem> {
    if list.is_empty() {
        return Ok(());
    }
    for row in store.execute(sql, [json!(list).to_string().into()])? {
        let asked = usize::try_from(row.uint(0)?).ok().and_then(|key| list.get(key));
        let asked = asked.ok_or_else(|| Problem::new(Code::StoreShape, "an answer to what was not asked"))?;
        answer(asked, &row)?;
    }
    Ok(())
}

fn standing(row: &Row) -> Result<Standing, Problem> {
    Ok(Standing { own: row.uint(1)?, total: row.uint(2)?, level: row.uint(3)? })
}
