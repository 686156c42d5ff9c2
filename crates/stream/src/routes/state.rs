//! `GET …/state` and `GET …/test`.

use http::Method;
use ramanujan_core::{Code, Color, DocumentId, Problem};
use ramanujan_shell::{Request, Response, call_json, ok};
use serde_json::{Map, Value, json};

use super::neighbours::CRDT_SERVICE;

/// The document as crdt-service has it, with the stream's colour.
pub(crate) async fn get(color: Color, request: Request) -> Result<Response, Problem> {
    let query = request.query();
    query.only(&["document_id"])?;
    let Some(document) = query.parse::<DocumentId>("document_id")? else {
        return Err(Problem::new(Code::MissingParameter, "name the document: ?document_id=…"));
    };
    let path = format!("/crdt/{document}");
    let mut reply: Map<String, Value> = call_json(CRDT_SERVICE, Method::GET, &path, None::<&()>).await?;
    reply.remove("status");
    reply.insert("color".into(), color.as_str().into());
    reply.insert("polarity".into(), color.polarity().as_str().into());
    ok(&reply)
}

/// Says that requests reach the stream, and how many bytes of one did: for a first try by hand.
pub(crate) async fn test(color: Color, request: Request) -> Result<Response, Problem> {
    request.query().only(&[])?;
    ok(&json!({
        "message": format!("{color} stream received"),
        "color": color,
        "polarity": color.polarity(),
        "path": "/test",
        "request_size": request.body.len(),
    }))
}
