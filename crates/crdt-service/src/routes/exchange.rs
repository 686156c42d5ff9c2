//! `POST /crdt/answers`: what transduction-2tdx asks for the engine of sites (`docs/sync.md`), in bytes or in JSON.

use ramanujan_core::{Code, Problem};
use ramanujan_shell::response::typed;
use ramanujan_shell::{Request, Response, ok};
use ramanujan_sync::codec::{decode_question, encode_answer, encode_question};
use ramanujan_sync::store::{Answer, Question};
use serde::Serialize;

use crate::memo::tier1;
use crate::store::Database;

/// Questions and answers in bytes.
const SYNC_TYPE: &str = "application/vnd.ramanujan.sync";

#[derive(Serialize)]
pub(crate) struct Answered {
    answer: Answer,
}

pub(crate) async fn post(request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    let media_type = request.header("content-type")?.and_then(|value| value.split(';').next());
    let in_bytes = media_type.is_some_and(|media_type| media_type.trim() == SYNC_TYPE);
    let malformed = |error: &dyn std::fmt::Display| Problem::new(Code::InvalidParameter, error.to_string());
    let question = match in_bytes {
        true => decode_question(&request.body).map_err(|error| malformed(&error))?,
        false => {
            let question: Question = request.json()?;
            // JSON knows no bounds of lists; the bytes do.
            decode_question(&encode_question(&question)).map_err(|error| malformed(&error))?
        }
    };
    // What is read and stored here is beside what documents hold in memory.
    tier1::make_room_for(request.body.len());
    let answer = Database::open()?.answer(question)?;
    match in_bytes {
        true => Ok(typed(SYNC_TYPE, encode_answer(&answer))),
        false => ok(&Answered { answer }),
    }
}
