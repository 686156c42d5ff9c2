//! The headers by which a component learns how it was reached: `spin-path-info`, `spin-full-url`,
//! `spin-matched-route`, `spin-base-path`, `spin-raw-component-route`, `spin-component-route`, `spin-client-addr` and
//! `spin-path-match-<name>`.

use bytes::Bytes;
use http::Uri;
use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};
use http::uri::PathAndQuery;

use super::router::RouteMatch;
use crate::interfaces::outbound::chaining::chained_component;

/// Removes what concerns one connection only, and a `Host` that names a component of the application, which it gives
/// back.
pub(crate) fn strip(headers: &mut HeaderMap) -> Option<HeaderValue> {
    headers.remove(CONNECTION);
    let host = headers.get(HOST)?.to_str().ok()?;
    chained_component(host)?;
    headers.remove(HOST)
}

const PATH_INFO: HeaderName = HeaderName::from_static("spin-path-info");
const FULL_URL: HeaderName = HeaderName::from_static("spin-full-url");
const MATCHED_ROUTE: HeaderName = HeaderName::from_static("spin-matched-route");
const BASE_PATH: HeaderName = HeaderName::from_static("spin-base-path");
const RAW_COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-raw-component-route");
const COMPONENT_ROUTE: HeaderName = HeaderName::from_static("spin-component-route");
const CLIENT_ADDR: HeaderName = HeaderName::from_static("spin-client-addr");

/// Adds the routing headers; whatever a client sent under these names is replaced.
///
/// `client` is the peer's address (`0.0.0.0:0` for a chained call).
pub(crate) fn add(headers: &mut HeaderMap, uri: &Uri, found: &RouteMatch<'_>, client: &HeaderValue) {
    headers.reserve(7 + found.named.len());
    let host = headers.get(HOST).map_or(&b"localhost"[..], HeaderValue::as_bytes);
    let target = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let full_url = [b"http://", host, target.as_bytes()].concat();
    set(headers, PATH_INFO, found.path_info.clone());
    set(headers, FULL_URL, full_url);
    headers.insert(MATCHED_ROUTE, found.route.based.clone());
    headers.insert(BASE_PATH, HeaderValue::from_static("/"));
    headers.insert(RAW_COMPONENT_ROUTE, found.route.raw.clone());
    headers.insert(COMPONENT_ROUTE, found.route.component.clone());
    headers.insert(CLIENT_ADDR, client.clone());
    for (name, value) in &found.named {
        let name = format!("spin-path-match-{}", name.replace('_', "-").to_ascii_lowercase());
        if let Ok(name) = HeaderName::try_from(name) {
            set(headers, name, value.clone());
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: impl Into<Bytes>) {
    if let Ok(value) = HeaderValue::from_maybe_shared(value.into()) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::router::RouteValues;

    #[test]
    fn a_component_learns_how_it_was_reached() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("example.com:81"));
        headers.insert("spin-path-info", HeaderValue::from_static("forged"));
        let route = RouteValues {
            raw: HeaderValue::from_static("/foo/:user_id/..."),
            based: HeaderValue::from_static("/foo/:user_id/..."),
            component: HeaderValue::from_static("/foo/:user_id"),
        };
        let found = RouteMatch {
            route: &route,
            path_info: "/bar".into(),
            named: vec![("user_id".into(), "42".into())],
        };
        let client = HeaderValue::from_static("127.0.0.1:9");
        add(&mut headers, &Uri::from_static("/foo/42/bar?q=1"), &found, &client);
        let get = |name: &str| headers[name].to_str().unwrap();
        assert_eq!(get("spin-path-info"), "/bar");
        assert_eq!(get("spin-full-url"), "http://example.com:81/foo/42/bar?q=1");
        assert_eq!(get("spin-matched-route"), "/foo/:user_id/...");
        assert_eq!(get("spin-base-path"), "/");
        assert_eq!(get("spin-raw-component-route"), "/foo/:user_id/...");
        assert_eq!(get("spin-component-route"), "/foo/:user_id");
        assert_eq!(get("spin-client-addr"), "127.0.0.1:9");
        assert_eq!(get("spin-path-match-user-id"), "42");
    }

    #[test]
    fn a_chained_call_shows_the_whole_path() {
        let mut headers = HeaderMap::new();
        let uri = Uri::from_static("http://a.spin.internal/crdt/apply");
        add(&mut headers, &uri, &RouteMatch::chained("/crdt/apply"), &HeaderValue::from_static("0.0.0.0:0"));
        assert_eq!(headers["spin-path-info"], "/crdt/apply");
        assert_eq!(headers["spin-matched-route"], "/...");
        assert_eq!(headers["spin-component-route"], "");
        assert_eq!(headers["spin-full-url"], "http://localhost/crdt/apply");
        assert_eq!(headers["spin-client-addr"], "0.0.0.0:0");
    }

    #[test]
    fn connection_headers_and_internal_hosts_are_stripped() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("crdt-service.spin.internal"));
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        assert_eq!(strip(&mut headers).unwrap(), "crdt-service.spin.internal");
        assert!(headers.is_empty());
        headers.insert(HOST, HeaderValue::from_static("example.com"));
        assert_eq!(strip(&mut headers), None);
        assert_eq!(headers.len(), 1);
    }
}
