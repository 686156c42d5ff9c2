//! What a client asks for in headers: representation, validators, waiting, compression.

use std::io::Write as _;
use std::time::{Duration, Instant};

use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderName, HeaderValue, StatusCode, header};
use ramanujan_core::{Code, Digest, Problem};
use ramanujan_shell::{Body, Looks, Request, Response};

use crate::settings::LONG_POLL_MAX_MS;

/// Media type of the compact encoding of deltas (`docs/encoding.md`).
pub(super) const DELTA_TYPE: &str = "application/vnd.ramanujan.delta";

/// Media type of newline-delimited JSON.
pub(super) const LINES_TYPE: &str = "application/x-ndjson";

/// Smallest body worth compressing, in bytes: below, the gzip frame and the header eat the gain.
const MIN_GZIP: usize = 1024;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Representation {
    Json,
    Delta,
}

/// The media type that `Accept` prefers (RFC 9110 §12.5.1); JSON if it does not say.
///
/// # Errors
/// 406 if it takes neither.
pub(super) fn representation(request: &Request) -> Result<Representation, Problem> {
    let Some(accept) = request.preference("accept") else { return Ok(Representation::Json) };
    let mut best = (0.0, Representation::Json);
    for range in accept.split(',') {
        let mut parts = range.split(';').map(str::trim);
        let representation = match parts.next().unwrap_or_default().to_ascii_lowercase().as_str() {
            "application/json" | "application/*" | "*/*" | "" => Representation::Json,
            DELTA_TYPE => Representation::Delta,
            _ => continue,
        };
        let quality =
            parts.find_map(|part| part.strip_prefix("q=")).map_or(1.0, |q| q.parse().unwrap_or(0.0));
        if quality > best.0 {
            best = (quality, representation);
        }
    }
    if best.0 > 0.0 {
        return Ok(best.1);
    }
    let detail = format!("Accept: {accept:.80} matches none of application/json and {DELTA_TYPE}");
    Err(Problem::new(Code::NotAcceptable, detail))
}

/// Weak, because the same state may be compressed or not.
fn etag(digest: &Digest, representation: Representation) -> String {
    match representation {
        Representation::Json => format!("W/\"{digest}\""),
        Representation::Delta => format!("W/\"{digest}.delta\""),
    }
}

/// Whether `If-None-Match` names this state (weak comparison, RFC 9110 §13.1.2).
pub(super) fn unchanged(request: &Request, digest: &Digest, representation: Representation) -> bool {
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let own = opaque(&etag(digest, representation));
    request
        .preference("if-none-match")
        .is_some_and(|tags| tags.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == own))
}

/// 304 with the validator.
pub(super) fn not_modified(digest: &Digest, representation: Representation) -> Response {
    let mut response = http::Response::new(Body::from(Vec::new()));
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    validators(&mut response, digest, representation);
    response
}

fn validators(response: &mut Response, digest: &Digest, representation: Representation) {
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::try_from(etag(digest, representation)) {
        headers.insert(header::ETAG, etag);
    }
    // A cache must ask each time: the state may change with the next delta.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
}

/// How often a long poll looks for changes. A look that finds none reads the heads and takes some tenths of a millisecond.
const LOOKS: Looks = Looks { least: Duration::from_millis(3), most: Duration::from_millis(100) };

/// How long a client is willing to wait for a change: `Prefer: wait=seconds` (RFC 7240 §4.3), within our bound.
pub(super) struct Patience {
    wait: Option<Duration>,
    began: Instant,
}

/// # Errors
/// 500 `invalid-setting`.
pub(super) fn patience(request: &Request) -> Result<Patience, Problem> {
    let asked = request.prefers("wait").and_then(|seconds| seconds.parse::<u64>().ok());
    let bound = LONG_POLL_MAX_MS.read()?;
    let wait = asked.map(|seconds| Duration::from_millis(seconds.saturating_mul(1000).min(bound)));
    Ok(Patience { wait, began: Instant::now() })
}

impl Patience {
    /// Waits until it is time to look again; false, at once, when the time is up.
    pub(super) fn pause(&self) -> bool {
        let waited = self.began.elapsed();
        let left = self.wait.and_then(|wait| wait.checked_sub(waited)).filter(|left| !left.is_zero());
        if let Some(left) = left {
            std::thread::sleep(LOOKS.pause(waited).min(left));
        }
        left.is_some()
    }

    /// Says in the response that the wait was granted.
    pub(super) fn mention(&self, response: &mut Response) {
        let applied = self.wait.and_then(|w| HeaderValue::try_from(format!("wait={}", w.as_secs())).ok());
        if let Some(applied) = applied {
            response.headers_mut().insert(HeaderName::from_static("preference-applied"), applied);
        }
    }
}

/// Adds validators, and compresses if the client takes gzip and it pays.
pub(super) fn finish(
    request: &Request,
    mut response: Response,
    digest: &Digest,
    representation: Representation,
) -> Response {
    validators(&mut response, digest, representation);
    if representation == Representation::Json { compressed(request, response) } else { response }
}

/// The response, gzipped if the client takes that and it pays.
pub(super) fn compressed(request: &Request, mut response: Response) -> Response {
    let takes = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        matches!(parts.next(), Some("gzip" | "x-gzip" | "*"))
            && !parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.parse() == Ok(0.0)))
    };
    if !request.preference("accept-encoding").is_some_and(|accept| accept.split(',').any(takes)) {
        return response;
    }
    let Some(body) = response.body().as_full().filter(|body| body.len() >= MIN_GZIP) else { return response };
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::fast());
    // Writing to memory does not fail; if it did, the plain body still stands.
    if encoder.write_all(body).is_err() {
        return response;
    }
    if let Ok(bytes) = encoder.finish() {
        *response.body_mut() = bytes.into();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        headers.insert(header::VARY, HeaderValue::from_static("accept, accept-encoding"));
    }
    response
}
