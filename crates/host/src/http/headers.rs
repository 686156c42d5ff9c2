//! The headers by which a component learns how it was reached: `spin-path-info`, `spin-full-url`,
//! `spin-matched-route`, `spin-base-path`, `spin-raw-component-route`, `spin-component-route`, `spin-client-addr` and
//! `spin-path-match-<name>`.

use std::net::SocketAddr;

use http::header::{CONNECTION, HOST, HeaderMap, HeaderName, HeaderValue};

use super::router::RouteMatch;
use crate::interfaces::outbound::chained_component;

/// Removes what concerns one connection only, and a `Host` that names another component of the application.
pub(crate) fn strip(headers: &mut HeaderMap) {
    headers.remove(CONNECTION);
    if headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .is_some_and(|host| chained_component(host).is_some())
    {
        headers.remove(HOST);
    }
}

/// Adds the routing headers; whatever a client sent under these names is replaced.
///
/// `path_and_query` is the request target, `client` the peer's address (`0.0.0.0:0` for a chained call).
pub(crate) fn add(headers: &mut HeaderMap, path_and_query: &str, found: &RouteMatch<'_>, client: SocketAddr) {
    let host = headers.get(HOST).map_or(&b"localhost"[..], HeaderValue::as_bytes);
    let full_url = [b"http://", host, path_and_query.as_bytes()].concat();
    let component_route = found.raw_route.strip_suffix("/...").unwrap_or(found.raw_route);
    set(headers, HeaderName::from_static("spin-path-info"), found.path_info.as_bytes());
    set(headers, HeaderName::from_static("spin-full-url"), &full_url);
    set(headers, HeaderName::from_static("spin-matched-route"), found.based_route.as_bytes());
    set(headers, HeaderName::from_static("spin-base-path"), b"/");
    set(headers, HeaderName::from_static("spin-raw-component-route"), found.raw_route.as_bytes());
    set(headers, HeaderName::from_static("spin-component-route"), component_route.as_bytes());
    set(headers, HeaderName::from_static("spin-client-addr"), client.to_string().as_bytes());
    for (name, value) in &found.named {
        let name = format!("spin-path-match-{}", name.replace('_', "-").to_ascii_lowercase());
        if let Ok(name) = HeaderName::try_from(name) {
            set(headers, name, value.as_bytes());
        }
    }
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &[u8]) {
    if let Ok(value) = HeaderValue::from_bytes(value) {
        headers.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_component_learns_how_it_was_reached() {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, HeaderValue::from_static("example.com:81"));
        headers.insert("spin-path-info", HeaderValue::from_static("forged"));
        let found = RouteMatch {
            raw_route: "/foo/:user_id/...",
            based_route: "/foo/:user_id/...",
            path_info: "/bar".into(),
            named: vec![("user_id".into(), "42".into())],
        };
        add(&mut headers, "/foo/42/bar?q=1", &found, SocketAddr::from(([127, 0, 0, 1], 9)));
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
        add(
            &mut headers,
            "/crdt/apply",
            &RouteMatch::chained("/crdt/apply"),
            SocketAddr::from(([0, 0, 0, 0], 0)),
        );
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
        strip(&mut headers);
        assert!(headers.is_empty());
        headers.insert(HOST, HeaderValue::from_static("example.com"));
        strip(&mut headers);
        assert_eq!(headers.len(), 1);
    }
}
