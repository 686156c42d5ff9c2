//! Documents that are being mended with what a peer holds.

use ramanujan_core::{DocumentId, Problem};
use ramanujan_sync::SiteId;

use super::shape;

const BEGIN: &str =
    "INSERT INTO transduction_mending (site, document) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
const END: &str = "DELETE FROM transduction_mending WHERE document = ?1";
const ALL: &str = "SELECT document FROM transduction_mending WHERE site = ?1 ORDER BY document";

/// Writes down that it begins.
pub(crate) fn begin(site: &SiteId, document: &DocumentId) -> Result<(), Problem> {
    super::open()?.execute(BEGIN, [site.as_str().into(), document.as_str().into()]).map(|_| ())
}

/// It is done, with whichever peer it began.
pub(crate) fn end(document: &DocumentId) -> Result<(), Problem> {
    super::open()?.execute(END, [document.as_str().into()]).map(|_| ())
}

/// What was begun with a peer, and is not done.
pub(crate) fn all(site: &SiteId) -> Result<Vec<DocumentId>, Problem> {
    let rows = super::open()?.execute(ALL, [site.as_str().into()])?;
    rows.iter().map(|row| row.text(0)?.parse().map_err(shape("document"))).collect()
}
