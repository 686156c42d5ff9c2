//! The timeline's event of an analysis, and the clock that both carry.
//!
//! Every analysis advances the clock of all seventeen verifiers by one. The event follows the number that the analysis
//! got and precedes the reply; asked for again, an analysis has the same number and so the same event.

use ramanujan_core::{Color, Digest, Fingerprint, Problem};
use ramanujan_shell::history;
use ramanujan_verification::ROSTER;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::item::{self, Item, Judged};
use crate::settings::Settings;
use crate::store::{Database, analyses};

#[derive(Serialize)]
struct Event<'a> {
    event_id: Digest,
    r#type: &'static str,
    agent_id: &'a str,
    operation: &'static str,
    vector_clock: &'a Map<String, Value>,
    fingerprint: Fingerprint,
    color: Color,
    payload: Value,
}

/// Numbers the analysis, writes its event, and gives the clock.
///
/// # Errors
/// The store's or the timeline's problem, or 502 if it did not answer; asking again mends what is missing.
pub(super) async fn record(
    database: &Database,
    settings: &Settings,
    item: &Item,
    judged: &Judged,
) -> Result<Map<String, Value>, Problem> {
    let digest = item.digest(judged);
    let seq = analyses::number(database, settings, &digest)?;
    let clock: Map<String, Value> =
        ROSTER.iter().map(|verifier| (verifier.id.to_owned(), seq.into())).collect();
    let subject = judged.subject.to_string();
    let event = Event {
        event_id: Digest::of(format!("analysis-event\0{digest}\0{seq}").as_bytes()),
        r#type: "verify",
        agent_id: item.agent().as_str(),
        operation: "verify",
        vector_clock: &clock,
        fingerprint: Fingerprint::of(subject.as_bytes()),
        color: Color::Green,
        payload: json!({
            "subject": subject,
            "kind": item::kind(&judged.report),
            "verdict": judged.report.verdict,
            "votes": item::letters(&judged.report),
            "image_id": item.image_id,
            "collection": item.collection.as_ref().map(|collection| collection.name.as_str()),
        }),
    };
    history::append(&[event]).await?;
    Ok(clock)
}
