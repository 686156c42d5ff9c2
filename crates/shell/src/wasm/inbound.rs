//! The way in: a request of the host becomes a [`Request`], and what a service answers is written back.

use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, HeaderValue, Method, Uri};
use ramanujan_core::{Code, Problem};
use spin_sdk::http::{Fields, IncomingRequest, Method as SdkMethod, OutgoingResponse, ResponseOutparam};

use crate::body::Body;
use crate::request::Request;
use crate::response::{self, Response};
use crate::service::Service;

/// The SDK's incoming request, as the entry macro wants it.
pub type Incoming = IncomingRequest;
/// The SDK's place for the response, as the entry macro wants it.
pub type Outgoing = ResponseOutparam;

/// Serves one request. A component's entry point is one call of this.
pub async fn serve(service: &Service, incoming: Incoming, outgoing: Outgoing) {
    let response = match read(service, incoming).await {
        Ok(request) => service.handle(request).await,
        Err(problem) => response::problem(&problem),
    };
    write(response, outgoing).await;
}

async fn read(service: &Service, incoming: IncomingRequest) -> Result<Request, Problem> {
    let mut builder = http::Request::builder().method(method(&incoming.method())).uri(uri(&incoming)?);
    if let Some(headers) = builder.headers_mut() {
        for (name, value) in incoming.headers().entries() {
            if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
                headers.append(name, value);
            }
        }
    }
    let limit = service.max_body()?;
    let mut body = Vec::new();
    let mut chunks = std::pin::pin!(incoming.into_body_stream());
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|error| Problem::new(Code::BodyUnreadable, error.to_debug_string()))?;
        if body.len() + chunk.len() > limit {
            let detail = format!("the body exceeds {limit} bytes; send it in smaller parts");
            return Err(Problem::new(Code::BodyTooLarge, detail).with("limit", limit));
        }
        body.extend_from_slice(&chunk);
    }
    let request = builder.body(body).map_err(|error| Problem::new(Code::BadRequest, error.to_string()))?;
    Ok(Request::new(request))
}

fn method(method: &SdkMethod) -> Method {
    match method {
        SdkMethod::Get => Method::GET,
        SdkMethod::Post => Method::POST,
        SdkMethod::Put => Method::PUT,
        SdkMethod::Delete => Method::DELETE,
        SdkMethod::Patch => Method::PATCH,
        SdkMethod::Head => Method::HEAD,
        SdkMethod::Options => Method::OPTIONS,
        SdkMethod::Connect => Method::CONNECT,
        SdkMethod::Trace => Method::TRACE,
        SdkMethod::Other(name) => Method::from_bytes(name.as_bytes()).unwrap_or(Method::TRACE),
    }
}

fn uri(incoming: &IncomingRequest) -> Result<Uri, Problem> {
    let target = incoming.path_with_query().unwrap_or_else(|| "/".to_owned());
    target.parse().map_err(|_| Problem::new(Code::BadTarget, "the request target is not a URI"))
}

async fn write(response: Response, outgoing: ResponseOutparam) {
    let (parts, body) = response.into_parts();
    let headers: Vec<(String, Vec<u8>)> =
        parts.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
    let fields = Fields::from_list(&headers).unwrap_or_else(|_| Fields::new());
    let message = OutgoingResponse::new(fields);
    if message.set_status_code(parts.status.as_u16()).is_err() {
        return;
    }
    match body {
        Body::Full(bytes) => {
            if let Err(error) = outgoing.set_with_body(message, bytes).await {
                crate::log::warn("shell", &format!("the client left: {error}"));
            }
        }
        Body::Stream(mut chunks) => {
            let mut sink = std::pin::pin!(message.take_body());
            outgoing.set(message);
            while let Some(chunk) = chunks.next().await {
                if sink.send(chunk).await.is_err() {
                    break;
                }
            }
        }
    }
}
