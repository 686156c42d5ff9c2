//! Matching a path against the patterns of a service.
//!
//! A pattern is a path whose segments may be `{name}` (one segment) or, last, `{*name}` (the rest). Literal segments
//! win over parameters. A trailing slash and repeated slashes mean nothing.

/// How well a pattern fits, compared segment by segment: literal over parameter over rest over none. Two bits each, the
/// first segment's the highest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(u64);

impl Rank {
    const REST: u64 = 1;
    const PARAMETER: u64 = 2;
    const LITERAL: u64 = 3;
    const ALL_LITERAL: u64 = u64::MAX;

    /// With one segment more, the `at`-th; those after the 32nd decide nothing.
    fn with(self, at: u32, segment: u64) -> Self {
        Rank(self.0 | 62u32.checked_sub(2 * at).map_or(0, |shift| segment << shift))
    }

    /// Whether the pattern had no parameter.
    pub(crate) fn is_literal(self) -> bool {
        let segments = self.0.trailing_zeros() & !1;
        self.0.checked_shr(segments).unwrap_or(0) == Self::ALL_LITERAL.checked_shr(segments).unwrap_or(0)
    }
}

/// Parameters of `pattern` bound by `path`, with the rank of the match; `None` if it does not match.
pub(crate) fn matches(pattern: &'static str, path: &str) -> Option<(Rank, Vec<(&'static str, String)>)> {
    let mut segments = path.split('/').filter(|s| !s.is_empty());
    let mut params = Vec::new();
    let mut rank = Rank(0);
    for (at, expected) in (0..).zip(pattern.split('/').filter(|s| !s.is_empty())) {
        let parameter = expected.strip_prefix('{').and_then(|s| s.strip_suffix('}'));
        match parameter.map(|name| name.strip_prefix('*').ok_or(name)) {
            Some(Ok(rest)) => {
                let tail: Vec<_> = segments.map(decode).collect();
                params.push((rest, tail.join("/")));
                return Some((rank.with(at, Rank::REST), params));
            }
            Some(Err(name)) => {
                params.push((name, decode(segments.next()?)));
                rank = rank.with(at, Rank::PARAMETER);
            }
            None => {
                if segments.next()? != expected {
                    return None;
                }
                rank = rank.with(at, Rank::LITERAL);
            }
        }
    }
    segments.next().is_none().then_some((rank, params))
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
        let root = matches("/", "/").unwrap().0;
        let longer = matches("/crdt/merge/{*all}", "/crdt/merge").unwrap().0;
        assert!(longer > literal && rest > root);
        assert!(literal.is_literal() && root.is_literal());
        assert!(!parameter.is_literal() && !rest.is_literal() && !longer.is_literal());
    }
}
