//! `POST /timeline/index`: brings the causal index on, a bounded part at a time. Whoever looks after the network calls it now
//! and then, so that who asks in causal order need not wait.

use std::time::Duration;

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, ok};
use serde::{Deserialize, Serialize};

use crate::settings::CAUSAL_INDEX_MS;
use crate::store::{
    self,
    causal::{self, Reach},
};

/// How long to work.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Asked {
    /// Longest time in milliseconds, at most `CAUSAL_INDEX_MS`, which it is if left out.
    max_ms: Option<u64>,
}

/// How far the causal index goes.
#[derive(Serialize)]
#[cfg_attr(not(target_family = "wasm"), derive(schemars::JsonSchema))]
pub(crate) struct Indexed {
    /// Whether every event is in it, and where it must be.
    complete: bool,
    /// How many events, from the first, are in it.
    indexed_until: u64,
    /// The greatest `seq` in the log.
    last_seq: u64,
    /// How many of them are still to be put in order before anybody is answered by it.
    unsettled: u64,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let Asked { max_ms } = request.json()?;
    let bound = CAUSAL_INDEX_MS.read()?;
    let limit = Duration::from_millis(max_ms.map_or(bound, |wanted| wanted.min(bound)));
    let reach = causal::advance(&store::open()?, limit)?;
    let Reach { indexed_until, last_seq, unsettled } = reach;
    ok(&Indexed { complete: reach.is_complete(), indexed_until, last_seq, unsettled })
}
