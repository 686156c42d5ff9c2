/// Whether a granted pattern covers a dotted name: `*` covers all, `graph.*` covers what lies below `graph.`, anything
/// else only itself. A `*` elsewhere is a plain character.
///
/// ```
/// use ramanujan_agents::life::covers;
///
/// assert!(covers("graph.*", "graph.read"));
/// assert!(!covers("graph.*", "graphics.read"));
/// assert!(!covers("graph.*", "graph"));
/// ```
pub fn covers(pattern: &str, name: &str) -> bool {
    if pattern == "*" {
        return true;
    }
    match pattern.strip_suffix('*') {
        // The dot stays in the prefix: without it `graph.*` would grant `graphics.read`.
        Some(prefix) if prefix.ends_with('.') => {
            name.strip_prefix(prefix).is_some_and(|below| !below.is_empty())
        }
        _ => pattern == name,
    }
}
