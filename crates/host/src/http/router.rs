//! Which trigger answers a path.
//!
//! Exact routes come before wildcards, and of several wildcards the longest matches; `:name` takes one segment, a
//! final `/...` the rest. A trailing slash of path or route does not matter. Of two triggers with the same route the
//! later one wins. Private triggers have no route.

use anyhow::{Result, anyhow};
use http::HeaderValue;
use indexmap::IndexMap;

use crate::manifest::{Target, Trigger};
use crate::output;

/// Paths under this prefix are answered by the host itself.
pub(crate) const WELL_KNOWN: &str = "/.well-known/spin/";

/// The routable triggers of an application.
pub(crate) struct Router {
    routes: routefinder::Router<Entry>,
    /// In the manifest's order, for display.
    listed: Vec<Listed>,
}

struct Entry {
    target: Target,
    route: RouteValues,
}

/// A route as header values, made once.
#[derive(Debug, PartialEq)]
pub(crate) struct RouteValues {
    /// The route as the manifest gives it.
    pub(crate) raw: HeaderValue,
    /// The route below the application's base path.
    pub(crate) based: HeaderValue,
    /// The route as the manifest gives it, without a final wildcard.
    pub(crate) component: HeaderValue,
}

/// What a component sees as the route of a call from another component.
static CHAINED: RouteValues = RouteValues {
    raw: HeaderValue::from_static("/..."),
    based: HeaderValue::from_static("/..."),
    component: HeaderValue::from_static(""),
};

/// A route as the start message shows it.
pub(crate) struct Listed {
    /// Component id, or `static` for an answer without a component.
    pub(crate) name: String,
    /// Path, with ` (wildcard)` where it ends in one.
    pub(crate) route: String,
}

/// A path's trigger, and what the path says about it.
#[derive(Debug, PartialEq)]
pub(crate) struct RouteMatch<'a> {
    /// The trigger's route.
    pub(crate) route: &'a RouteValues,
    /// What the final wildcard took, beginning with `/` unless empty.
    pub(crate) path_info: String,
    /// `:name` segments.
    pub(crate) named: Vec<(String, String)>,
}

impl Router {
    /// The routes of `triggers`; of two with the same route the later one.
    ///
    /// # Errors
    /// When a route is malformed.
    pub(crate) fn new(triggers: &[Trigger]) -> Result<Self> {
        let mut unique: IndexMap<&str, &Target> = IndexMap::new();
        for trigger in triggers {
            if let Some(route) = &trigger.route {
                if let Some(replaced) = unique.insert(route, &trigger.target) {
                    let loser = name(replaced);
                    output::event(format_args!(
                        "warning: route {route} of {loser} is taken by a later trigger"
                    ));
                }
                if route.starts_with(WELL_KNOWN) {
                    output::event(format_args!(
                        "warning: route {route} is never reached; the host answers {WELL_KNOWN}*"
                    ));
                }
            }
        }
        let mut router = Router { routes: routefinder::Router::new(), listed: Vec::new() };
        for (raw_route, target) in unique {
            let based_route = based(raw_route);
            let (spec, shown) =
                match based_route.strip_suffix("/...").or_else(|| based_route.strip_suffix("/*")) {
                    Some(prefix) => (format!("{prefix}/*"), format!("{prefix} (wildcard)")),
                    None => (based_route.clone(), based_route.clone()),
                };
            router.listed.push(Listed { name: name(target).to_owned(), route: shown });
            let value = |text: &str| {
                HeaderValue::from_bytes(text.as_bytes()).map_err(|e| anyhow!("route {raw_route:?}: {e}"))
            };
            let route = RouteValues {
                raw: value(raw_route)?,
                based: value(&based_route)?,
                component: value(raw_route.strip_suffix("/...").unwrap_or(raw_route))?,
            };
            let entry = Entry { target: target.clone(), route };
            router.routes.add(spec.as_str(), entry).map_err(|e| anyhow!("route {raw_route:?}: {e}"))?;
        }
        Ok(router)
    }

    /// The trigger for `path`, if any.
    pub(crate) fn route<'a>(&'a self, path: &'a str) -> Option<(&'a Target, RouteMatch<'a>)> {
        let best = self.routes.best_match(path)?;
        let entry = best.handler();
        let captures = best.captures();
        // The matcher drops a trailing slash, components have always seen it.
        let path_info = match captures.wildcard() {
            None => String::new(),
            Some("") => if path.ends_with('/') { "/" } else { "" }.to_owned(),
            Some(rest) => format!("/{rest}{}", if path.ends_with('/') { "/" } else { "" }),
        };
        let found = RouteMatch {
            route: &entry.route,
            path_info,
            named: captures.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        };
        Some((&entry.target, found))
    }

    /// The routes in the manifest's order, for the start message.
    pub(crate) fn listed(&self) -> &[Listed] {
        &self.listed
    }
}

impl<'a> RouteMatch<'a> {
    /// What a component sees of a call from another component: the whole path, under the route `/...`.
    pub(crate) fn chained(path: &str) -> RouteMatch<'a> {
        RouteMatch { route: &CHAINED, path_info: path.to_owned(), named: Vec::new() }
    }
}

fn name(target: &Target) -> &str {
    match target {
        Target::Component(id) => id,
        Target::Static(_) => "static",
    }
}

/// Adds a missing leading slash and removes one trailing slash.
fn based(route: &str) -> String {
    let route = route.strip_suffix('/').unwrap_or(route);
    if route.is_empty() || route.starts_with('/') { route.to_owned() } else { format!("/{route}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn router(routes: &[(&str, &str)]) -> Router {
        let triggers: Vec<_> = routes
            .iter()
            .map(|(route, id)| Trigger {
                route: Some((*route).into()),
                target: Target::Component((*id).into()),
            })
            .collect();
        Router::new(&triggers).unwrap()
    }

    fn component<'a>(router: &'a Router, path: &'a str) -> Option<&'a str> {
        router.route(path).map(|(target, _)| name(target))
    }

    #[test]
    fn exact_before_wildcard_and_longest_first() {
        let router = router(&[("/...", "root"), ("/a/...", "a"), ("/a/b/...", "ab"), ("/a/b", "exact")]);
        assert_eq!(component(&router, "/"), Some("root"));
        assert_eq!(component(&router, "/x/y"), Some("root"));
        assert_eq!(component(&router, "/a"), Some("a"));
        assert_eq!(component(&router, "/a/c"), Some("a"));
        assert_eq!(component(&router, "/a/b"), Some("exact"));
        assert_eq!(component(&router, "/a/b/"), Some("exact"));
        assert_eq!(component(&router, "/a/b/c"), Some("ab"));
    }

    #[test]
    fn a_wildcard_takes_whole_segments() {
        let router = router(&[("/stream/red/...", "red"), ("/stream", "stream")]);
        assert_eq!(component(&router, "/stream/redder"), None);
        assert_eq!(component(&router, "/streams"), None);
        assert_eq!(component(&router, "/stream/red/a/b/"), Some("red"));
        assert_eq!(component(&router, "/other"), None);
    }

    #[test]
    fn path_info_is_what_the_wildcard_took() {
        let router = router(&[("/foo/...", "a"), ("/bar", "b")]);
        let info = |path| router.route(path).unwrap().1.path_info;
        assert_eq!(info("/foo"), "");
        assert_eq!(info("/foo/"), "/");
        assert_eq!(info("/foo/x"), "/x");
        assert_eq!(info("/foo/x/"), "/x/");
        assert_eq!(info("/bar"), "");
    }

    #[test]
    fn named_segments_are_captured() {
        let router = router(&[("/agent/:id/state", "a"), ("/agent/:id/...", "b")]);
        let (_, found) = router.route("/agent/7/state").unwrap();
        assert_eq!(found.named, [("id".to_owned(), "7".to_owned())]);
        let (target, found) = router.route("/agent/7/messages/x").unwrap();
        assert_eq!((name(target), found.path_info.as_str()), ("b", "/messages/x"));
        assert_eq!(found.route.raw, "/agent/:id/...");
        assert_eq!(found.route.component, "/agent/:id");
    }

    #[test]
    fn the_later_of_two_equal_routes_wins_and_private_ones_do_not_match() {
        let mut triggers = vec![
            Trigger { route: Some("/a".into()), target: Target::Component("one".into()) },
            Trigger { route: Some("/a".into()), target: Target::Component("two".into()) },
        ];
        triggers.push(Trigger { route: None, target: Target::Component("private".into()) });
        let router = Router::new(&triggers).unwrap();
        assert_eq!(component(&router, "/a"), Some("two"));
        assert_eq!(router.listed().len(), 1);
    }

    #[test]
    fn a_malformed_route_is_refused() {
        let triggers = [Trigger { route: Some("/a/:".into()), target: Target::Component("a".into()) }];
        assert!(Router::new(&triggers).is_err());
    }
}
