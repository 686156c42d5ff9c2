//! `ramanujan fleet check`: whether all sites hold the same, and everything that any of them has acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_client::fleet::{Acknowledged, Roster};
use ramanujan_client::{Client, Error, Options};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::args::Check;
use crate::error::FleetError;

/// Documents and operations of a page.
const PAGE: u64 = 1000;
/// How long a request that fails is repeated.
const RETRY: Duration = Duration::from_secs(3);
/// Between two comparisons while the sites do not agree yet.
const PAUSE: Duration = Duration::from_millis(250);
/// Findings that people are shown; a program gets all.
const SHOWN: usize = 20;
/// Characters of a digest that are shown.
const DIGITS: usize = 12;

/// What the comparison found.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Report {
    /// `ok`, or `different`.
    status: &'static str,
    sites: usize,
    documents: usize,
    /// Operations of all documents, at the site that has most.
    operations: u64,
    /// Acknowledged operations that were looked for at every site.
    acknowledged: usize,
    /// Time until the sites agreed, or until it was up.
    seconds: f64,
    findings: Vec<String>,
}

impl Report {
    pub(crate) fn is_ok(&self) -> bool {
        self.status == "ok"
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Report { sites, documents, operations, acknowledged, seconds, findings, .. } = self;
        let result = if self.is_ok() { "✓ the sites hold the same" } else { "✗ THE SITES DIFFER" };
        write!(
            f,
            "{result}: {documents} documents with {operations} operations at {sites} sites, after {seconds:.1} s"
        )?;
        if *acknowledged > 0 {
            write!(f, "; {acknowledged} acknowledged operations looked for at each")?;
        }
        for finding in findings.iter().take(SHOWN) {
            write!(f, "\n  {finding}")?;
        }
        if findings.len() > SHOWN {
            write!(f, "\n  and {} more; --json has all", findings.len() - SHOWN)?;
        }
        Ok(())
    }
}

/// A document in a site's list.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
struct Listed {
    document_id: String,
    digest: String,
    operations: u64,
}

#[derive(Deserialize)]
struct List {
    documents: Vec<Listed>,
    next_cursor: Option<String>,
}

/// A document as it is read whole.
#[derive(Clone, Debug, PartialEq, Deserialize)]
struct Whole {
    crdt_type: String,
    digest: String,
    value: Value,
    #[serde(default)]
    vector_clock: BTreeMap<String, u64>,
}

#[derive(Deserialize)]
struct History {
    items: Vec<Operation>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Operation {
    agent_id: String,
    seq: u64,
    digest: String,
}

struct Site {
    name: String,
    client: Client,
}

/// Compares until the sites agree, or the time is up.
///
/// # Errors
/// There is no fleet, or the record of acknowledged operations cannot be read.
pub(crate) fn run(args: &Check, folder: &Path) -> Result<Report, FleetError> {
    let roster = Roster::read(folder).map_err(FleetError::io("the fleet's list"))?;
    let acknowledged = match &args.acknowledged {
        None => Vec::new(),
        Some(file) => Acknowledged::read(file).map_err(FleetError::io("the record"))?,
    };
    let site = |site: ramanujan_client::fleet::Site| {
        // Without notices of repetitions: what cannot be read in the end is in the report.
        let options =
            Options::new(&site.url).token(args.access.token.clone()).retry_for(RETRY.min(args.within));
        Ok(Site { name: site.name, client: Client::new(options)? })
    };
    let sites = roster.sites.into_iter().map(site).collect::<Result<Vec<_>, FleetError>>()?;
    let began = Instant::now();
    loop {
        let is_last = began.elapsed() + PAUSE > args.within;
        let mut report = compare(&sites, &acknowledged, is_last);
        report.seconds = began.elapsed().as_secs_f64();
        report.status = if report.findings.is_empty() { "ok" } else { "different" };
        if report.is_ok() || is_last {
            return Ok(report);
        }
        thread::sleep(PAUSE);
    }
}

/// Asks all sites at once.
fn everywhere<T: Send>(
    sites: &[Site],
    findings: &mut Vec<String>,
    ask: impl Fn(&Client) -> Result<T, Error> + Sync,
) -> Vec<Option<T>> {
    let replies: Vec<Option<Result<T, Error>>> = thread::scope(|scope| {
        let asked: Vec<_> = sites.iter().map(|site| scope.spawn(|| ask(&site.client))).collect();
        asked.into_iter().map(|reply| reply.join().ok()).collect()
    });
    let mut given = Vec::with_capacity(sites.len());
    for (site, reply) in sites.iter().zip(replies) {
        given.push(match reply {
            Some(Ok(reply)) => Some(reply),
            Some(Err(error)) => {
                findings.push(format!("{} cannot be read: {}", site.name, error.summary()));
                None
            }
            None => {
                findings.push(format!("{} could not be compared", site.name));
                None
            }
        });
    }
    given
}

/// One comparison: first the lists, and only where these agree, or no other comparison follows, the documents and the
/// acknowledged operations.
fn compare(sites: &[Site], acknowledged: &[Acknowledged], is_last: bool) -> Report {
    let mut report = Report { sites: sites.len(), acknowledged: acknowledged.len(), ..Report::default() };
    let lists = everywhere(sites, &mut report.findings, list);
    let names: Vec<&str> = sites.iter().map(|site| site.name.as_str()).collect();
    let Some(first) = lists.iter().flatten().next() else { return report };
    let operations = |list: &BTreeMap<String, Listed>| list.values().map(|listed| listed.operations).sum();
    report.operations = lists.iter().flatten().map(operations).max().unwrap_or(0);
    let all: BTreeSet<&String> = lists.iter().flatten().flat_map(BTreeMap::keys).collect();
    report.documents = all.len();
    let mut differing = Vec::new();
    for document in all {
        let digests: Vec<Option<&str>> = lists
            .iter()
            .map(|list| {
                list.as_ref().and_then(|list| list.get(document)).map(|listed| listed.digest.as_str())
            })
            .collect();
        let read: Vec<bool> = lists.iter().map(Option::is_some).collect();
        if let Some(finding) = differ(document, &names, &digests, &read) {
            report.findings.push(finding);
            differing.push(document.as_str());
        }
    }
    // How far those lag that differ; one of them is enough to go on waiting.
    for document in differing.iter().take(SHOWN) {
        let wholes = everywhere(sites, &mut Vec::new(), |client| whole(client, document));
        let wholes: Vec<Option<Whole>> = wholes.into_iter().map(Option::flatten).collect();
        report.findings.extend(lacking(document, &names, &wholes));
    }
    if !report.findings.is_empty() && !is_last {
        return report;
    }
    for document in first.keys().filter(|document| !differing.contains(&document.as_str())) {
        let wholes = everywhere(sites, &mut report.findings, |client| whole(client, document));
        let wholes: Vec<Option<Whole>> = wholes.into_iter().map(Option::flatten).collect();
        let Some(expected) = wholes.iter().flatten().next() else { continue };
        for (name, whole) in names.iter().zip(&wholes) {
            if whole.as_ref() != Some(expected) {
                let what = whole.as_ref().map_or("it", |whole| part(whole, expected));
                report.findings.push(format!("{document}: {what} at {name} is not that of {}", names[0]));
            }
        }
    }
    let mut by_document: BTreeMap<&str, Vec<&Acknowledged>> = BTreeMap::new();
    acknowledged.iter().for_each(|one| by_document.entry(&one.document).or_default().push(one));
    for (document, operations) in by_document {
        let stored = everywhere(sites, &mut report.findings, |client| history(client, document));
        for (name, stored) in names.iter().zip(stored) {
            let Some(stored) = stored else { continue };
            report.findings.extend(operations.iter().filter_map(|one| missing(one, name, &stored)));
        }
    }
    report
}

/// Which part of a document differs.
fn part(one: &Whole, other: &Whole) -> &'static str {
    match () {
        () if one.crdt_type != other.crdt_type => "the type",
        () if one.vector_clock != other.vector_clock => "the version vector",
        () if one.value != other.value => "the value",
        () => "the digest",
    }
}

/// Says which sites hold which state of a document, if that is not one and the same. Sites that were not read do not
/// count.
fn differ(document: &str, names: &[&str], digests: &[Option<&str>], read: &[bool]) -> Option<String> {
    let mut states: BTreeMap<Option<&str>, Vec<&str>> = BTreeMap::new();
    for ((name, digest), _) in names.iter().zip(digests).zip(read).filter(|(_, read)| **read) {
        states.entry(*digest).or_default().push(name);
    }
    if states.len() < 2 {
        return None;
    }
    let state = |(digest, at): (&Option<&str>, &Vec<&str>)| {
        let what = digest.map_or("not there".to_owned(), |digest| digest.chars().take(DIGITS).collect());
        format!("{what} at {}", at.join(", "))
    };
    Some(format!("{document}: {}", states.iter().map(state).collect::<Vec<_>>().join("; ")))
}

/// What each site lacks of a document that another has, as ranges `agent:from..to`.
fn lacking(document: &str, names: &[&str], wholes: &[Option<Whole>]) -> Vec<String> {
    let mut most: BTreeMap<&str, u64> = BTreeMap::new();
    for (agent, seq) in wholes.iter().flatten().flat_map(|whole| &whole.vector_clock) {
        let entry = most.entry(agent).or_default();
        *entry = (*entry).max(*seq);
    }
    let lack = |(name, whole): (&&str, &Option<Whole>)| {
        let has = |agent: &str| {
            whole.as_ref().and_then(|whole| whole.vector_clock.get(agent)).copied().unwrap_or(0)
        };
        let ranges: Vec<String> = most
            .iter()
            .filter(|(agent, seq)| has(agent) < **seq)
            .map(|(agent, seq)| format!("{agent}:{}..{seq}", has(agent) + 1))
            .collect();
        (!ranges.is_empty()).then(|| format!("{document}: {name} lacks {}", ranges.join(" ")))
    };
    names.iter().zip(wholes).filter_map(lack).collect()
}

/// What is wrong with an acknowledged operation at a site: absent, other content, there more than once.
fn missing(one: &Acknowledged, site: &str, stored: &BTreeMap<(String, u64), Vec<String>>) -> Option<String> {
    let Acknowledged { document, agent, seq, digest, site: by } = one;
    let what = match stored.get(&(agent.clone(), *seq)).map(Vec::as_slice) {
        None | Some([]) => "is not there".to_owned(),
        Some([only]) if only == digest => return None,
        Some([_]) => "has another content".to_owned(),
        Some(many) => format!("is there {} times", many.len()),
    };
    Some(format!("{document}: {agent}:{seq}, acknowledged by {by}, {what} at {site}"))
}

fn list(client: &Client) -> Result<BTreeMap<String, Listed>, Error> {
    let mut found = BTreeMap::new();
    let mut path = format!("/crdt?limit={PAGE}");
    loop {
        let List { documents, next_cursor } = client.get(&path).json()?;
        found.extend(documents.into_iter().map(|listed| (listed.document_id.clone(), listed)));
        let Some(cursor) = next_cursor else { return Ok(found) };
        path = format!("/crdt?limit={PAGE}&cursor={cursor}");
    }
}

fn whole(client: &Client, document: &str) -> Result<Option<Whole>, Error> {
    client.get(&format!("/crdt/{document}?clock=full")).optional()
}

/// Digests of a document's operations by their dots; more than one where a dot is stored more than once.
fn history(client: &Client, document: &str) -> Result<BTreeMap<(String, u64), Vec<String>>, Error> {
    let mut found: BTreeMap<(String, u64), Vec<String>> = BTreeMap::new();
    let mut path = format!("/crdt/{document}/history?limit={PAGE}");
    loop {
        let Some(History { items, next_cursor }) = client.get(&path).optional()? else { return Ok(found) };
        for Operation { agent_id, seq, digest } in items {
            found.entry((agent_id, seq)).or_default().push(digest);
        }
        let Some(cursor) = next_cursor else { return Ok(found) };
        path = format!("/crdt/{document}/history?limit={PAGE}&cursor={cursor}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const NAMES: [&str; 3] = ["site-0", "site-1", "site-2"];

    #[test]
    fn sites_that_differ_are_named_with_their_states() {
        let all = [true; 3];
        assert_eq!(differ("d", &NAMES, &[Some("ab"); 3], &all), None);
        assert_eq!(
            differ("d", &NAMES, &[Some("ab"), None, Some("ab")], &all).unwrap(),
            "d: not there at site-1; ab at site-0, site-2"
        );
        let (one, other) = ("0123456789abcdef", "ffff");
        let finding = differ("d", &NAMES, &[Some(one), Some(other), Some(one)], &all).unwrap();
        assert_eq!(finding, "d: 0123456789ab at site-0, site-2; ffff at site-1");
        assert_eq!(
            differ("d", &NAMES, &[Some("ab"), None, Some("ab")], &[true, false, true]),
            None,
            "not read"
        );
    }

    #[test]
    fn what_is_lacking_is_said_in_ranges() {
        let whole = |clock: Value| {
            serde_json::from_value(
                json!({"crdt_type": "text", "digest": "", "value": "", "vector_clock": clock}),
            )
            .ok()
        };
        let wholes = [whole(json!({"a": 5, "b": 1})), whole(json!({"a": 3, "c": 2})), None];
        assert_eq!(
            lacking("d", &NAMES, &wholes),
            [
                "d: site-0 lacks c:1..2",
                "d: site-1 lacks a:4..5 b:1..1",
                "d: site-2 lacks a:1..5 b:1..1 c:1..2"
            ]
        );
    }

    #[test]
    fn an_acknowledged_operation_is_there_once_and_with_its_content() {
        let one = Acknowledged {
            document: "d".into(),
            agent: "a".into(),
            seq: 7,
            digest: "ab".into(),
            site: "site-1".into(),
        };
        let stored = |digests: &[&str]| {
            BTreeMap::from([(
                ("a".to_owned(), 7),
                digests.iter().map(|digest| (*digest).to_owned()).collect(),
            )])
        };
        assert_eq!(missing(&one, "site-2", &stored(&["ab"])), None);
        for (stored, what) in [
            (BTreeMap::new(), "is not there"),
            (stored(&["cd"]), "has another content"),
            (stored(&["ab", "ab"]), "is there 2 times"),
        ] {
            let finding = missing(&one, "site-2", &stored).unwrap();
            assert_eq!(finding, format!("d: a:7, acknowledged by site-1, {what} at site-2"));
        }
    }

    #[test]
    fn the_part_that_differs_is_named() {
        let of = |crdt_type: &str, value: Value, clock: Value| -> Whole {
            let whole = json!({"crdt_type": crdt_type, "digest": "", "value": value, "vector_clock": clock});
            serde_json::from_value(whole).unwrap()
        };
        let one = of("text", json!("x"), json!({"a": 1}));
        assert_eq!(part(&of("json", json!("x"), json!({"a": 1})), &one), "the type");
        assert_eq!(part(&of("text", json!("x"), json!({"a": 2})), &one), "the version vector");
        assert_eq!(part(&of("text", json!("y"), json!({"a": 1})), &one), "the value");
    }
}
