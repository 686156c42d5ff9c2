//! Quarantines, evidence, and whom evidence is still to be told.

use std::collections::BTreeSet;

use ramanujan_core::{Digest, Problem, time};
use ramanujan_shell::{Value as Sql, now_millis};
use ramanujan_sync::SiteId;
use ramanujan_sync::engine::Quarantine;
use ramanujan_sync::evidence::Evidence;
use ramanujan_sync::limits::MAX_EVIDENCE;

use super::shape;

/// A quarantine, and since when.
#[derive(Clone, Debug)]
pub(crate) struct Barred {
    pub(crate) quarantine: Quarantine,
    /// RFC 3339.
    pub(crate) since: String,
}

/// Evidence as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) evidence: Evidence,
    pub(crate) told_by: Option<String>,
    /// RFC 3339.
    pub(crate) found: String,
}

const BAR: &str = "INSERT INTO transduction_quarantines (site, document, agent, first, since)
    VALUES (?1, ?2, ?3, ?4, ?5)
    ON CONFLICT (site, document, agent) DO UPDATE SET first = MIN(first, excluded.first)";
const BARRED: &str = "SELECT site, document, agent, first, since FROM transduction_quarantines
    WHERE ?1 IS NULL OR site = ?1 ORDER BY site, document, agent";
const RELEASE: &str = "DELETE FROM transduction_quarantines
    WHERE site = ?1 AND (?2 IS NULL OR document = ?2) AND (?3 IS NULL OR agent = ?3)
    RETURNING site, document, agent, first, since";
const KEEP: &str = "INSERT INTO transduction_evidence (digest, told_by, evidence, found)
    SELECT ?1, ?2, ?3, ?4
    WHERE (SELECT COUNT(*) FROM transduction_evidence WHERE (told_by IS NULL) = (?2 IS NULL)) < ?5
    ON CONFLICT (digest) DO NOTHING";
const ALL: &str =
    "SELECT evidence, told_by, found FROM transduction_evidence ORDER BY found, digest LIMIT ?1";
const BY_DIGEST: &str = "SELECT evidence, told_by, found FROM transduction_evidence WHERE digest = ?1";
const ACCUSE: &str = "INSERT INTO transduction_accusations (site, digest)
    SELECT value, ?2 FROM json_each(?1) WHERE EXISTS (SELECT 1 FROM transduction_evidence WHERE digest = ?2)
    ON CONFLICT DO NOTHING";
const ACCUSATIONS: &str = "SELECT e.evidence, e.told_by, e.found FROM transduction_accusations AS a
    JOIN transduction_evidence AS e ON e.digest = a.digest WHERE a.site = ?1 ORDER BY e.found, e.digest LIMIT ?2";
const TOLD: &str = "DELETE FROM transduction_accusations
    WHERE site = ?1 AND digest IN (SELECT value FROM json_each(?2))";

/// What evidence is found by: SHA-256 of its JSON.
pub(crate) fn digest_of(evidence: &Evidence) -> Result<Digest, Problem> {
    Ok(Digest::of(serde_json::to_string(evidence)?.as_bytes()))
}

fn parsed<T: std::str::FromStr<Err: std::error::Error + Send + Sync + 'static>>(
    text: &str,
) -> Result<T, Problem> {
    text.parse().map_err(shape("name"))
}

fn barred(row: &ramanujan_shell::Row) -> Result<Barred, Problem> {
    let quarantine = Quarantine {
        site: parsed(row.text(0)?)?,
        document: parsed(row.text(1)?)?,
        agent: parsed(row.text(2)?)?,
        from: row.uint(3)?,
    };
    Ok(Barred { quarantine, since: time::format_rfc3339(row.uint(4)?) })
}

fn found(row: &ramanujan_shell::Row) -> Result<Found, Problem> {
    Ok(Found {
        evidence: serde_json::from_str(row.text(0)?).map_err(shape("piece of evidence"))?,
        told_by: (!row.is_null(1)).then(|| row.text(1).map(str::to_owned)).transpose()?,
        found: time::format_rfc3339(row.uint(2)?),
    })
}

/// Takes nothing of an agent from a peer any more.
pub(crate) fn bar(quarantine: &Quarantine) -> Result<(), Problem> {
    let Quarantine { site, document, agent, from } = quarantine;
    let params: Vec<Sql> = vec![
        site.as_str().into(),
        document.as_str().into(),
        agent.as_str().into(),
        (*from).into(),
        now_millis().into(),
    ];
    super::open()?.execute(BAR, params).map(|_| ())
}

/// The quarantines at a peer, or all.
pub(crate) fn quarantines(site: Option<&SiteId>) -> Result<Vec<Barred>, Problem> {
    let rows = super::open()?.execute(BARRED, [Sql::from(site.map(SiteId::as_str))])?;
    rows.iter().map(barred).collect()
}

/// Lifts quarantines at a peer: of a document and an agent, or of all.
pub(crate) fn release(
    site: &SiteId,
    document: Option<&str>,
    agent: Option<&str>,
) -> Result<Vec<Quarantine>, Problem> {
    let rows = super::open()?.execute(RELEASE, [site.as_str().into(), document.into(), agent.into()])?;
    rows.iter().map(|row| barred(row).map(|barred| barred.quarantine)).collect()
}

/// Keeps evidence as long as there is room for more of what was found here, or of what was told; gives what it is found by.
pub(crate) fn keep(evidence: &Evidence, told_by: Option<&str>) -> Result<Digest, Problem> {
    let digest = digest_of(evidence)?;
    let params: Vec<Sql> = vec![
        digest.to_string().into(),
        told_by.into(),
        serde_json::to_string(evidence)?.into(),
        now_millis().into(),
        (MAX_EVIDENCE as u64).into(),
    ];
    super::open()?.execute(KEEP, params)?;
    Ok(digest)
}

/// All evidence, of which the engine keeps a bounded number.
pub(crate) fn all(most: u64) -> Result<Vec<Found>, Problem> {
    super::open()?.execute(ALL, [most.into()])?.iter().map(found).collect()
}

/// The evidence with a digest.
pub(crate) fn find(digest: &Digest) -> Result<Option<Found>, Problem> {
    super::open()?.execute(BY_DIGEST, [digest.to_string().into()])?.first().map(found).transpose()
}

/// These peers are to be told of it.
pub(crate) fn accuse(sites: &[SiteId], digest: &Digest) -> Result<(), Problem> {
    let sites = serde_json::to_string(sites)?;
    super::open()?.execute(ACCUSE, [sites.into(), digest.to_string().into()]).map(|_| ())
}

/// What a peer is still to be told of.
pub(crate) fn accusations(site: &SiteId, most: u64) -> Result<Vec<Evidence>, Problem> {
    let rows = super::open()?.execute(ACCUSATIONS, [site.as_str().into(), most.into()])?;
    rows.iter().map(|row| found(row).map(|found| found.evidence)).collect()
}

/// A peer was told.
pub(crate) fn told(site: &SiteId, digests: &BTreeSet<Digest>) -> Result<(), Problem> {
    if digests.is_empty() {
        return Ok(());
    }
    let digests = serde_json::to_string(digests)?;
    super::open()?.execute(TOLD, [site.as_str().into(), digests.into()]).map(|_| ())
}
