//! `POST /verify/votes` (and `/merge`), `GET /verify/votes`, `GET /verify/votes/{subject}`.

use ramanujan_core::{Code, Digest, Problem, json};
use ramanujan_shell::{Request, Response, ok};
use ramanujan_verification::votes::{Outcome, Subject, VoteRecord};
use serde_json::{Map, Value, json};

use crate::settings::Settings;
use crate::store::{Database, votes};

const DEFAULT_PAGE: u64 = 100;

/// One record or an array of them, as replies have them.
pub(crate) async fn post(settings: Settings, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let (records, _): (Vec<VoteRecord>, bool) = json::one_or_many(&request.body)?;
    let limit = settings.max_vote_batch;
    if records.is_empty() || records.len() > limit {
        let detail = format!("1 to {limit} votes are taken at once, these are {}", records.len());
        return Err(Problem::new(Code::InvalidVotes, detail).with("limit", limit));
    }
    let database = Database::open()?;
    let added = votes::add(&database, &settings, &records)?;
    let outcomes: Vec<Value> = votes::subjects_of(&records)
        .into_iter()
        .map(|subject| {
            let outcome = votes::of(&database, &subject)?.outcome(subject);
            Ok(json!({"subject": subject, "verdict": outcome.verdict, "confidence": outcome.confidence,
                "missing": outcome.missing, "conflicts": outcome.conflicts, "disputes": outcome.disputes}))
        })
        .collect::<Result<_, Problem>>()?;
    ok(&json!({"added": added, "duplicates": records.len() - added, "subjects": outcomes}))
}

/// `GET /verify/votes/{subject}?limit=&cursor=`: the set by content address, and what it comes to.
pub(crate) async fn read(_: Settings, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let pager = query.pager(DEFAULT_PAGE)?;
    let after = query.parse::<Digest>("cursor")?;
    let subject: Subject = request.parse_param("subject")?;
    let set = votes::of(&Database::open()?, &subject)?;
    if set.is_empty() {
        return Err(Problem::new(Code::NoVotes, format!("nobody has voted on {subject}")));
    }
    let rest: Vec<_> =
        set.iter().filter(|(key, _)| after.as_ref().is_none_or(|after| *key > after)).collect();
    let page = pager.cut(rest);
    let next = page.next(|(key, _)| *key);
    let mut reply = show(&set.outcome(subject))?;
    reply.insert("count".into(), set.len().into());
    reply.insert("votes".into(), json!(page.items.iter().map(|(_, record)| record).collect::<Vec<_>>()));
    reply.insert("next_cursor".into(), json!(next));
    ok(&reply)
}

/// `GET /verify/votes?limit=&cursor=`: subjects that have votes.
pub(crate) async fn list(_: Settings, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["limit", "cursor"])?;
    let pager = query.pager(DEFAULT_PAGE)?;
    let after = query.get("cursor").unwrap_or_default();
    let page = pager.cut(votes::subjects(&Database::open()?, after, pager.fetch())?);
    let next = page.next(|(subject, _)| subject.clone());
    let subjects: Vec<Value> =
        page.items.iter().map(|(subject, count)| json!({"subject": subject, "count": count})).collect();
    ok(&json!({"subjects": subjects, "next_cursor": next}))
}

fn show(outcome: &Outcome) -> Result<Map<String, Value>, Problem> {
    match serde_json::to_value(outcome)? {
        Value::Object(members) => Ok(members),
        _ => Err(Problem::new(Code::Encoding, "an outcome is an object")),
    }
}
