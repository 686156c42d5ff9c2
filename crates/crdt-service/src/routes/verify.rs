//! `POST /crdt/verify`: whether joining the given states obeys the laws of a join semilattice.

use ramanujan_core::Problem;
use ramanujan_shell::{Request, Response, response};

use super::defer::{defer, is_deferred};
use crate::later::{Deferred, Kind};
use crate::laws::verify;

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    if is_deferred(&request) {
        return defer(Kind::Verify, &Deferred::of(&request.body, false)?);
    }
    Ok(response::typed("application/json", verify(&request.body)?))
}
