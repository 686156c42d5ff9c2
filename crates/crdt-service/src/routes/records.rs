//! A page of deltas as it goes over the wire: whoever gets it may post it to another site, so it is no larger than a
//! request may be.

use ramanujan_core::Problem;
use ramanujan_shell::page::Page;
use ramanujan_shell::service::max_body;
use serde::Serialize;
use serde_json::value::{RawValue, to_raw_value};

use crate::record::Recorded;
use crate::settings::MAX_PAGE_BYTES;

/// Records in JSON, in the order of their arrival.
#[derive(Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Records(Vec<Box<RawValue>>);

impl Records {
    /// As many of a page's first deltas as fit into a reply of which `rest` is everything else, one at least, and where to
    /// go on. Rows are read by what is stored of them: what a text or a clock takes in JSON is known only here.
    ///
    /// # Errors
    /// 500 `invalid-setting`.
    pub(super) fn of(page: Page<Recorded>, rest: &impl Serialize) -> Result<(Self, Option<String>), Problem> {
        let most = MAX_PAGE_BYTES.read()?.min(max_body()? as u64);
        let mut bytes = serde_json::to_vec(rest)?.len() as u64 + ENVELOPE;
        let Page { items, mut more } = page;
        let (mut records, mut last) = (Vec::with_capacity(items.len()), None);
        for recorded in items {
            let log = recorded.log;
            let record = to_raw_value(&recorded.into_wire())?;
            // With the comma.
            bytes += record.get().len() as u64 + 1;
            if bytes > most && !records.is_empty() {
                more = true;
                break;
            }
            records.push(record);
            last = Some(log);
        }
        let next = last.filter(|_| more).map(|log| log.to_string());
        Ok((Records(records), next))
    }
}

/// Bytes of the status and of the digits of a cursor in a reply.
const ENVELOPE: u64 = 64;
