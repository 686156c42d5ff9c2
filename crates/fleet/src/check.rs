//! `ramanujan fleet check`: whether all sites hold the same, and everything that any of them has acknowledged.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use ramanujan_client::fleet::{Acknowledged, Roster};
use ramanujan_client::{Client, Error, Options};
use serde::{Deserialize, Serialize};

use crate::args::Check;
use crate::error::FleetError;
use crate::findings::{Stored, Whole, differ, lacking, missing, part};

/// Documents and operations of a page.
const PAGE: u64 = 1000;
/// How long a request that fails is repeated.
const RETRY: Duration = Duration::from_secs(3);
/// Between two comparisons while the sites do not agree yet.
const PAUSE: Duration = Duration::from_millis(250);
/// Findings that people are shown; a program gets all.
const SHOWN: usize = 20;

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
fn history(client: &Client, document: &str) -> Result<Stored, Error> {
    let mut found = Stored::new();
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
