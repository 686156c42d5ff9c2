//! Matching a path against the patterns of a service.
//!
//! A pattern is a path whose segments may be `{name}` (one segment) or, last, `{*name}` (the rest). Literal segments
//! win over parameters. A trailing slash and repeated slashes mean nothing.

/// How well a pattern fits, compared segment by segment: literal over parameter over rest.
type Rank = Vec<u8>;

/// Parameters of `pattern` bound by `path`, with the rank of the match; `None` if it does not match.
pub(crate) fn matches(pattern: &'static str, path: &str) -> Option<(Rank, Vec<(&'static str, String)>)> {
    let mut segments = path.split('/').filter(|s| !s.is_empty());
    let mut params = Vec::new();
    let mut rank = Rank::new();
    for expected in pattern.split('/').filter(|s| !s.is_empty()) {
        let parameter = expected.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
        match parameter.map(|name| name.strip_prefix('*').ok_or(name)) {
            Some(Ok(rest)) => {
                let tail: Vec<_> = segments.map(decode).collect();
                rank.push(0);
                params.push((rest, tail.join("/")));
                return Some((rank, params));
            }
            Some(Err(name)) => {
                params.push((name, decode(segments.next()?)));
                rank.push(1);
            }
            None => {
                if segments.next()? != expected {
                    return None;
                }
                rank.push(2);
            }
        }
    }
    segments.next().is_none().then_some((rank, params))
}

/// Whether the pattern had no parameter.
pub(crate) fn is_literal(rank: &[u8]) -> bool {
    rank.iter().all(|segment| *segment == 2)
}

fn decode(segment: &str) -> String {
    if !segment.contains('%') {
        return segment.to_owned();
    }
    // In a path "+" is itself, so it is protected from the form decoder.
    let protected = segment.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(protected.as_bytes())
        .next()
        .map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bound(pattern: &'static str, path: &str) -> Option<Vec<(&'static str, String)>> {
        matches(pattern, path).map(|(_, params)| params)
    }

    #[test]
    fn binds_parameters() {
        assert_eq!(bound("/crdt/{id}/history", "/crdt/d/history/"), Some(vec![("id", "d".into())]));
        assert_eq!(bound("/crdt/{id}", "/crdt/a%20b+c"), Some(vec![("id", "a b+c".into())]));
        assert_eq!(bound("/n/{*subject}", "/n/agent/0"), Some(vec![("subject", "agent/0".into())]));
        assert_eq!(bound("/", "/"), Some(vec![]));
        assert_eq!(bound("/crdt/{id}", "/crdt"), None);
        assert_eq!(bound("/crdt", "/crdt/d"), None);
    }

    #[test]
    fn literal_outranks_parameter() {
        let literal = matches("/crdt/merge", "/crdt/merge").unwrap().0;
        let parameter = matches("/crdt/{id}", "/crdt/merge").unwrap().0;
        let rest = matches("/{*all}", "/crdt/merge").unwrap().0;
        assert!(literal > parameter && parameter > rest);
    }
}
