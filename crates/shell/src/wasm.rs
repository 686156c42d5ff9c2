//! The adapter to spin-sdk 5.2 (WASI 0.2).

use futures_util::{SinkExt, StreamExt};
use http::{HeaderName, HeaderValue, Method, Uri};
use ramanujan_core::{Code, Problem};
use spin_sdk::http::{Fields, IncomingRequest, Method as SdkMethod, OutgoingResponse, ResponseOutparam};

use crate::{Body, Request, Response, Service, response};

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
                eprintln!("warn shell: the client left: {error}");
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

pub(crate) mod sqlite {
    //! Spin's SQLite interface.

    use crate::store::{Row, Value};
    use spin_sdk::sqlite::{self, Value as SdkValue};

    pub(crate) struct Connection(sqlite::Connection);

    impl Connection {
        pub(crate) fn open(label: &str) -> Result<Self, String> {
            sqlite::Connection::open(label).map(Connection).map_err(|error| error.to_string())
        }

        pub(crate) fn execute(&self, sql: &str, params: &[Value]) -> Result<Vec<Row>, String> {
            let params: Vec<SdkValue> = params.iter().cloned().map(to_sdk).collect();
            let result = self.0.execute(sql, &params).map_err(|error| error.to_string())?;
            Ok(result
                .rows
                .into_iter()
                .map(|row| Row(row.values.into_iter().map(from_sdk).collect()))
                .collect())
        }
    }

    fn to_sdk(value: Value) -> SdkValue {
        match value {
            Value::Null => SdkValue::Null,
            Value::Integer(value) => SdkValue::Integer(value),
            Value::Real(value) => SdkValue::Real(value),
            Value::Text(value) => SdkValue::Text(value),
            Value::Blob(value) => SdkValue::Blob(value),
        }
    }

    fn from_sdk(value: SdkValue) -> Value {
        match value {
            SdkValue::Null => Value::Null,
            SdkValue::Integer(value) => Value::Integer(value),
            SdkValue::Real(value) => Value::Real(value),
            SdkValue::Text(value) => Value::Text(value),
            SdkValue::Blob(value) => Value::Blob(value),
        }
    }
}

pub(crate) mod outbound {
    //! Outgoing HTTP, on the SDK's resources rather than its request and response types: their conversions bring a
    //! second URI parser, a second header table and backtraces into every component, about a fifth of a small one.

    use futures_util::{SinkExt, StreamExt, future};
    use http::Method;
    use spin_sdk::http::{
        Fields, IncomingResponse, Method as SdkMethod, OutgoingRequest, Scheme, send as handle,
    };

    pub(crate) async fn send(request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, String> {
        let (parts, body) = request.into_parts();
        let outgoing = head(&parts)?;
        let sink = outgoing.take_body();
        // Both at once: a body longer than the host's buffer is taken only while the request is under way. Whether
        // all of it was taken is the other side's matter, which may answer before it has read to the end.
        let writing = async move {
            let mut sink = std::pin::pin!(sink);
            if !body.is_empty() {
                let _ = sink.send(body).await;
            }
            // The body ends when the sink is dropped, which is here.
        };
        let (reply, ()) = future::join(handle::<_, IncomingResponse>(outgoing), writing).await;
        read(reply.map_err(|error| error.to_string())?).await
    }

    fn head(parts: &http::request::Parts) -> Result<OutgoingRequest, String> {
        let headers: Vec<(String, Vec<u8>)> =
            parts.headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect();
        let fields = Fields::from_list(&headers).map_err(|_| "a header cannot be sent")?;
        let outgoing = OutgoingRequest::new(fields);
        let method = match &parts.method {
            &Method::GET => SdkMethod::Get,
            &Method::POST => SdkMethod::Post,
            &Method::PUT => SdkMethod::Put,
            &Method::DELETE => SdkMethod::Delete,
            &Method::PATCH => SdkMethod::Patch,
            other => SdkMethod::Other(other.to_string()),
        };
        let scheme = if parts.uri.scheme_str() == Some("https") { Scheme::Https } else { Scheme::Http };
        let target = parts.uri.path_and_query().map(http::uri::PathAndQuery::as_str);
        let authority = parts.uri.authority().map(http::uri::Authority::as_str);
        outgoing
            .set_method(&method)
            .and_then(|()| outgoing.set_scheme(Some(&scheme)))
            .and_then(|()| outgoing.set_authority(authority))
            .and_then(|()| outgoing.set_path_with_query(target))
            .map_err(|()| "the request's method or address cannot be sent")?;
        Ok(outgoing)
    }

    async fn read(incoming: IncomingResponse) -> Result<http::Response<Vec<u8>>, String> {
        let mut builder = http::Response::builder().status(incoming.status());
        for (name, value) in incoming.headers().entries() {
            builder = builder.header(name, value);
        }
        let mut body = Vec::new();
        let mut chunks = std::pin::pin!(incoming.take_body_stream());
        while let Some(chunk) = chunks.next().await {
            body.extend(chunk.map_err(|error| error.to_debug_string())?);
        }
        builder.body(body).map_err(|error| error.to_string())
    }
}
