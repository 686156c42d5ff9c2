//! A request as a handler sees it.

use std::borrow::Cow;
use std::fmt::Display;
use std::str::FromStr;

use http::request::Parts;
use ramanujan_core::{Code, Problem, json};
use serde::de::DeserializeOwned;

use crate::reason::reason;

/// Method, full path, headers, path parameters, and the whole body (already within the service's body limit).
#[derive(Debug)]
pub struct Request {
    /// Method, path and headers.
    pub parts: Parts,
    /// The whole body.
    pub body: Vec<u8>,
    params: Vec<(&'static str, String)>,
}

impl Request {
    /// The request as a handler sees it, without parameters of a route yet.
    pub fn new(request: http::Request<Vec<u8>>) -> Self {
        let (parts, body) = request.into_parts();
        Request { parts, body, params: Vec::new() }
    }

    pub(crate) fn with_params(mut self, params: Vec<(&'static str, String)>) -> Self {
        self.params = params;
        self
    }

    /// The full path, whatever route matched (Spin gives chained calls another base than routed ones).
    pub fn path(&self) -> &str {
        self.parts.uri.path()
    }

    /// A parameter of the route pattern (`{name}` or `{*name}`), percent-decoded; empty if the pattern has none.
    pub fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(key, _)| *key == name).map_or("", |(_, value)| value)
    }

    /// A parameter of the route pattern read as a `T`.
    ///
    /// # Errors
    /// 422 `invalid-path` naming the parameter.
    pub fn parse_param<T: FromStr<Err: Display + 'static>>(&self, name: &str) -> Result<T, Problem> {
        let invalid = |error| Problem::new(Code::InvalidPath, format!("{name}: {}", reason(&error)));
        self.param(name).parse().map_err(invalid)
    }

    /// A header as text, `None` if absent.
    ///
    /// # Errors
    /// 400 `invalid-header` if it holds other than printable ASCII, or stands twice where one value is meant: a header
    /// that is silently left out could turn a retry into a second operation.
    pub fn header(&self, name: &str) -> Result<Option<&str>, Problem> {
        let mut values = self.parts.headers.get_all(name).iter();
        let Some(value) = values.next() else { return Ok(None) };
        match (value.to_str(), values.next()) {
            (Ok(text), None) => Ok(Some(text)),
            _ => {
                let detail = format!("the header {name} must stand once, in printable ASCII characters");
                Err(Problem::new(Code::InvalidHeader, detail))
            }
        }
    }

    /// The `Idempotency-Key` (draft-ietf-httpapi-idempotency-key-header), `None` if absent.
    ///
    /// # Errors
    /// 422 `invalid-idempotency-key` if it is not 1 to 255 printable ASCII characters, spaces around them not counted.
    pub fn idempotency_key(&self) -> Result<Option<&str>, Problem> {
        match self.header("idempotency-key").map(|key| key.map(str::trim)) {
            Ok(None) => Ok(None),
            Ok(Some(key)) if (1..=255).contains(&key.len()) && !key.contains('\t') => Ok(Some(key)),
            _ => Err(Problem::new(
                Code::InvalidIdempotencyKey,
                "Idempotency-Key must be 1 to 255 printable ASCII characters",
            )),
        }
    }

    /// A header that only advises how to answer, `None` if absent or unreadable: a client that asks for a form of the
    /// reply in characters we cannot read gets the usual one.
    pub fn preference(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    /// The value of a preference of `Prefer` (RFC 7240 §2), empty if it has none; `None` if it is not stated. Of several the
    /// first counts.
    pub fn prefers(&self, name: &str) -> Option<&str> {
        let headers = self.parts.headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        let stated = headers.flat_map(|value| value.split(',')).filter_map(|preference| {
            // What follows a semicolon are parameters of the preference.
            let preference = preference.split(';').next()?;
            let (token, value) = preference.split_once('=').unwrap_or((preference, ""));
            Some((token.trim(), value.trim().trim_matches('"')))
        });
        stated.into_iter().find(|(token, _)| token.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether the client would rather have a page than JSON: it names `text/html`, and `application/json` not above
    /// it (RFC 9110 §12.5.1). A client that takes anything is a program.
    pub fn wants_page(&self) -> bool {
        let accept = self.preference("accept").unwrap_or_default();
        let quality = |media_type: &str| {
            let ranges = accept.split(',').map(|range| {
                let (name, parameters) = range.split_once(';').unwrap_or((range, ""));
                let quality = parameters.split(';').find_map(|parameter| parameter.trim().strip_prefix("q="));
                (name.trim(), quality.map_or(1000, |quality| thousandths(quality.trim())))
            });
            let ranges = ranges.filter(|(name, _)| name.eq_ignore_ascii_case(media_type));
            ranges.map(|(_, quality)| quality).max().unwrap_or(0)
        };
        let page = quality("text/html");
        page > 0 && page >= quality("application/json")
    }

    /// The query string.
    pub fn query(&self) -> Query<'_> {
        Query { pairs: form_urlencoded::parse(self.parts.uri.query().unwrap_or("").as_bytes()).collect() }
    }

    /// The body read as JSON.
    ///
    /// # Errors
    /// As [`ramanujan_core::json::from_slice`]: 400 if malformed, 422 if it is not a `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json::from_slice(&self.body)
    }

    /// The body, read as a JSON object; an array of a type's members in order is none.
    ///
    /// # Errors
    /// As [`Request::json`].
    pub fn object<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        json::object(&self.body)
    }
}

/// A quality of RFC 9110 §12.4.2 in thousandths; 0 if it is none. Without floats, whose reader weighs 20 kB.
fn thousandths(quality: &str) -> u16 {
    let (whole, fraction) = quality.split_once('.').unwrap_or((quality, ""));
    if fraction.len() > 3 || !fraction.bytes().all(|digit| digit.is_ascii_digit()) {
        return 0;
    }
    match whole {
        "1" => 1000,
        "0" => format!("{fraction:0<3}").parse().unwrap_or(0),
        _ => 0,
    }
}

/// Decoded query parameters.
#[derive(Debug)]
pub struct Query<'a> {
    pairs: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl Query<'_> {
    /// Refuses parameters other than `known`, so that a misspelt one is not silently ignored.
    ///
    /// # Errors
    /// 422 `unknown-parameter` naming the parameter and the known ones; 422 `repeated-parameter`.
    pub fn only(&self, known: &[&str]) -> Result<&Self, Problem> {
        for (index, (name, _)) in self.pairs.iter().enumerate() {
            if !known.contains(&name.as_ref()) {
                let detail = format!("unknown query parameter {name:?}; known: {}", known.join(", "));
                return Err(Problem::new(Code::UnknownParameter, detail));
            }
            if self.pairs[..index].iter().any(|(earlier, _)| earlier == name) {
                return Err(Problem::new(Code::RepeatedParameter, format!("{name} is given twice")));
            }
        }
        Ok(self)
    }

    /// The value of a parameter, `None` if absent.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.pairs.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_ref())
    }

    /// The value of a parameter read as a `T`, `None` if absent.
    ///
    /// # Errors
    /// 422 `invalid-parameter` naming it.
    pub fn parse<T: FromStr<Err: Display + 'static>>(&self, name: &str) -> Result<Option<T>, Problem> {
        let invalid = |error| Problem::new(Code::InvalidParameter, format!("{name}: {}", reason(&error)));
        self.get(name).map(|text| text.parse().map_err(invalid)).transpose()
    }

    /// A page size: `limit`, at least 1, at most `max`; `default` if absent.
    ///
    /// # Errors
    /// 422 `invalid-parameter`.
    pub fn limit(&self, default: u64, max: u64) -> Result<u64, Problem> {
        match self.parse::<u64>("limit")? {
            None => Ok(default.min(max)),
            Some(limit) if (1..=max).contains(&limit) => Ok(limit),
            Some(_) => Err(Problem::new(Code::InvalidParameter, format!("limit must be 1 to {max}"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_that_cannot_be_read_is_refused_and_not_left_out() {
        let with = |values: &[&[u8]]| {
            let mut builder = http::Request::builder();
            for value in values {
                builder = builder.header("idempotency-key", http::HeaderValue::from_bytes(value).unwrap());
            }
            Request::new(builder.body(Vec::new()).unwrap())
        };
        assert_eq!(with(&[]).idempotency_key(), Ok(None));
        assert_eq!(with(&[b" k "]).idempotency_key(), Ok(Some("k")));
        assert_eq!(with(&[b"a key"]).idempotency_key(), Ok(Some("a key")));
        for values in
            [&["schlüssel".as_bytes()][..], &[b"\xff"], &[b"a\tkey"], &[b"a", b"b"], &[b""], &[&[b'k'; 256]]]
        {
            let request = with(values);
            assert_eq!(
                request.idempotency_key().unwrap_err().code,
                Code::InvalidIdempotencyKey,
                "{values:?}"
            );
        }
        assert_eq!(with(&[b"\xff"]).header("idempotency-key").unwrap_err().code, Code::InvalidHeader);
    }

    #[test]
    fn preferences_are_read_as_their_rfc_writes_them() {
        let wait = |values: &[&str]| {
            let builder = http::Request::builder();
            let builder = values.iter().fold(builder, |builder, value| builder.header("prefer", *value));
            Request::new(builder.body(Vec::new()).unwrap()).prefers("wait").map(str::to_owned)
        };
        for values in [
            &["wait=7"][..],
            &["respond-async, wait = \"7\"; x=1"],
            &["return=minimal", "Wait=7, wait=9"],
            &["waiting=1,,wait=7"],
        ] {
            assert_eq!(wait(values).as_deref(), Some("7"), "{values:?}");
        }
        assert_eq!(wait(&["wait"]).as_deref(), Some(""));
        assert_eq!(wait(&["return=minimal; wait=7"]), None, "a parameter of another preference");
        assert_eq!(wait(&[]), None);
    }

    fn wants_page(accept: &str) -> bool {
        let request = http::Request::builder().header("accept", accept).body(Vec::new()).unwrap();
        Request::new(request).wants_page()
    }

    #[test]
    fn a_page_is_for_those_who_name_it_and_not_json_above_it() {
        for accept in [
            "text/html",
            "text/html,*/*;q=0.8",
            "application/json;q=0.5, TEXT/HTML ; q=0.501",
            "text/html;q=1.000",
        ] {
            assert!(wants_page(accept), "{accept}");
        }
        for accept in
            ["", "*/*", "application/json", "text/html;q=0", "text/html;q=0.5, application/json;q=0.51"]
        {
            assert!(!wants_page(accept), "{accept}");
        }
        for malformed in ["q=2", "q=0.1234", "q=-1", "q=x", "q=0.-1"] {
            assert!(!wants_page(&format!("text/html;{malformed}")), "{malformed}");
        }
    }
}
