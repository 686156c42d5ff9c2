//! `GET /timeline/summary`: what the log holds, counted.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::{Request, Response, ok};

use crate::store::summary::summary;
use crate::store::{self, log};

/// Seconds looked back for the rate where `window` is not given.
const DEFAULT_WINDOW_S: u64 = 10;
/// Most seconds to look back: an hour.
const MAX_WINDOW_S: u64 = 3600;

pub(crate) async fn get(request: Request) -> Result<Response, Problem> {
    let query = request.query();
    let window = query.only(&["window"])?.parse::<u64>("window")?.unwrap_or(DEFAULT_WINDOW_S);
    if !(1..=MAX_WINDOW_S).contains(&window) {
        let detail = format!("window must be 1 to {MAX_WINDOW_S} seconds");
        return Err(Problem::new(Code::InvalidParameter, detail));
    }
    ok(&summary(&store::open()?, window, log::now())?)
}
