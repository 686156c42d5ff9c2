//! A component as a table of routes, with what every component answers: its description, its health, 404, 405.

use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;

use http::{HeaderValue, Method, header};
use ramanujan_core::time::format_rfc3339;
use ramanujan_core::{Code, Problem};
use serde_json::{Map, Value};

pub use crate::info::{Info, color_constants};

use crate::clock::now_millis;
use crate::request::Request;
use crate::response::{self, Response};
use crate::setting::{self, Fixed};
use crate::{log, router};

/// Largest request body where `MAX_BODY_BYTES` is not set: 1 MiB holds a thousand operations with room to spare.
pub const DEFAULT_MAX_BODY_BYTES: usize = 1 << 20;

/// Largest request body in bytes, from `MAX_BODY_BYTES`: of every component, by its own setting.
///
/// # Errors
/// 500 `invalid-setting` if the variable is not a number.
pub fn max_body() -> Result<usize, Problem> {
    setting::number("MAX_BODY_BYTES", DEFAULT_MAX_BODY_BYTES)
}

type HandlerFuture = Pin<Box<dyn Future<Output = Result<Response, Problem>>>>;
type Handler = Rc<dyn Fn(Request) -> HandlerFuture>;
type MembersFuture = Pin<Box<dyn Future<Output = Result<Map<String, Value>, Problem>>>>;
type Members = Rc<dyn Fn(Request) -> MembersFuture>;

struct Route {
    method: Method,
    pattern: &'static str,
    handler: Handler,
}

/// Routes and their handlers, with what every component answers besides.
///
/// ```
/// use http::Method;
/// use ramanujan_core::{Code, Problem};
/// use ramanujan_shell::native::{mount, send};
/// use ramanujan_shell::{Info, Request, Response, Service, call_json, ok};
/// use serde_json::{Map, Value, json};
///
/// /// `GET /greeter/{name}`: the members of the reply, behind `status: "ok"`.
/// async fn greet(request: Request) -> Result<Response, Problem> {
///     request.query().only(&[])?;
///     match request.param("name") {
///         "nobody" => Err(Problem::new(Code::UnknownAgent, "nobody is not there")),
///         name => ok(&json!({"greeting": format!("Hello, {name}")})),
///     }
/// }
///
/// fn service() -> Service {
///     Service::new(Info {
///         component: "greeter",
///         message: "Greeter ready",
///         base: "/greeter",
///         version: "1.0.0",
///         constants: Map::new,
///     })
///     .alias("/hello")
///     .get("/greeter/{name}", greet)
/// }
///
/// let reply = send(&service(), Method::GET, "/hello/Ann", "");
/// assert_eq!((reply.status, &reply.json["greeting"]), (200, &json!("Hello, Ann")));
///
/// // A problem is a document with a code (RFC 9457).
/// let refused = send(&service(), Method::GET, "/greeter/nobody", "");
/// assert_eq!((refused.status, &refused.json["code"]), (404, &json!("unknown-agent")));
///
/// // Components call each other by name; in a test, by what is mounted under that name.
/// mount("greeter", service());
/// let caller = Service::new(Info {
///     component: "caller",
///     message: "Caller ready",
///     base: "/caller",
///     version: "1.0.0",
///     constants: Map::new,
/// })
/// .health_check(async |_| call_json("greeter", Method::GET, "/greeter/health", None::<&Value>).await);
/// assert_eq!(send(&caller, Method::GET, "/caller/health", "").status, 200);
/// ```
pub struct Service {
    info: Info,
    identity: Vec<Fixed>,
    settings: Option<fn() -> Result<(), Problem>>,
    bases: Vec<&'static str>,
    routes: Vec<Route>,
    root_members: Option<Members>,
    health: Option<Members>,
    health_paths: Vec<&'static str>,
    page: Option<Page>,
}

/// The page of the base. Components without one do not carry the code that chooses it.
struct Page {
    wanted: fn(&Request) -> bool,
    handler: Handler,
}

impl Service {
    /// A service with `GET <base>` (description) and `GET <base>/health`.
    pub fn new(info: Info) -> Self {
        Service {
            bases: vec![info.base],
            identity: Vec::new(),
            settings: None,
            info,
            routes: Vec::new(),
            root_members: None,
            health: None,
            health_paths: Vec::new(),
            page: None,
        }
    }

    /// The variables by which a manifest says who the component is. Where one of them says that it is another, every
    /// request is answered with 500 `invalid-setting`.
    #[must_use]
    pub fn identity(mut self, identity: impl IntoIterator<Item = Fixed>) -> Self {
        self.identity.extend(identity);
        self
    }

    /// What reads all variables of the component, the `check` of its table: health asks it, so that a value which one
    /// seldom used route cannot work with is seen before a request meets it.
    #[must_use]
    pub fn settings(mut self, check: fn() -> Result<(), Problem>) -> Self {
        self.settings = Some(check);
        self
    }

    /// Serves everything below the canonical base also below `base`.
    #[must_use]
    pub fn alias(mut self, base: &'static str) -> Self {
        self.bases.push(base);
        self
    }

    /// Adds members to the description at the root that depend on the request or on what is stored.
    #[must_use]
    pub fn root_members<F, Fut>(mut self, members: F) -> Self
    where
        F: Fn(Request) -> Fut + 'static,
        Fut: Future<Output = Result<Map<String, Value>, Problem>> + 'static,
    {
        self.root_members = Some(Rc::new(move |request| Box::pin(members(request))));
        self
    }

    /// What the component looks at to say that it is well: its store, the components that it cannot do without. The
    /// members join the health reply; a problem becomes 503 with its detail as `reason`.
    #[must_use]
    pub fn health_check<F, Fut>(mut self, check: F) -> Self
    where
        F: Fn(Request) -> Fut + 'static,
        Fut: Future<Output = Result<Map<String, Value>, Problem>> + 'static,
    {
        self.health = Some(Rc::new(move |request| Box::pin(check(request))));
        self
    }

    /// Answers `GET <path>` as well with the health reply, outside of the component's own base.
    #[must_use]
    pub fn health_at(mut self, path: &'static str) -> Self {
        self.health_paths.push(path);
        self
    }

    /// Every route that the service answers, its description and its health first: `(method, pattern)`.
    pub fn routes(&self) -> Vec<(Method, String)> {
        let health = self.health_paths.iter().map(|path| (*path).to_owned());
        let own = [self.info.base.to_owned(), self.health_path()].into_iter().chain(health);
        let declared = self.routes.iter().map(|route| (route.method.clone(), route.pattern.to_owned()));
        own.map(|path| (Method::GET, path)).chain(declared).collect()
    }

    /// The base below which the service answers, and then its further names.
    pub fn bases(&self) -> &[&'static str] {
        &self.bases
    }

    fn health_path(&self) -> String {
        format!("{}/health", self.info.base.trim_end_matches('/'))
    }

    /// Answers `GET <base>` with a page to a client that wants one; others still get the description.
    #[must_use]
    pub fn page<F, Fut>(self, handler: F) -> Self
    where
        F: Fn(Request) -> Fut + 'static,
        Fut: Future<Output = Result<Response, Problem>> + 'static,
    {
        self.page_where(Request::wants_page, handler)
    }

    /// As [`Service::page`], for clients that `wanted` chooses.
    #[must_use]
    pub fn page_where<F, Fut>(mut self, wanted: fn(&Request) -> bool, handler: F) -> Self
    where
        F: Fn(Request) -> Fut + 'static,
        Fut: Future<Output = Result<Response, Problem>> + 'static,
    {
        let handler: Handler = Rc::new(move |request| Box::pin(handler(request)));
        self.page = Some(Page { wanted, handler });
        self
    }

    /// Adds a route. `pattern` is a full path (see [`crate::router`]); [`Service::alias`] applies to patterns that
    /// begin with the canonical base.
    #[must_use]
    pub fn route<F, Fut>(mut self, method: Method, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> Fut + 'static,
        Fut: Future<Output = Result<Response, Problem>> + 'static,
    {
        let handler: Handler = Rc::new(move |request| Box::pin(handler(request)));
        self.routes.push(Route { method, pattern, handler });
        self
    }

    /// [`Service::route`] for GET.
    #[must_use]
    pub fn get<F, Fut>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> Fut + 'static,
        Fut: Future<Output = Result<Response, Problem>> + 'static,
    {
        self.route(Method::GET, pattern, handler)
    }

    /// [`Service::route`] for POST.
    #[must_use]
    pub fn post<F, Fut>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> Fut + 'static,
        Fut: Future<Output = Result<Response, Problem>> + 'static,
    {
        self.route(Method::POST, pattern, handler)
    }

    /// [`Service::route`] for DELETE.
    #[must_use]
    pub fn delete<F, Fut>(self, pattern: &'static str, handler: F) -> Self
    where
        F: Fn(Request) -> Fut + 'static,
        Fut: Future<Output = Result<Response, Problem>> + 'static,
    {
        self.route(Method::DELETE, pattern, handler)
    }

    /// Largest request body in bytes, from `MAX_BODY_BYTES`.
    ///
    /// # Errors
    /// 500 `invalid-setting` if the variable is not a number.
    pub fn max_body(&self) -> Result<usize, Problem> {
        max_body()
    }

    /// Answers one request. Never fails: a problem becomes its document.
    pub async fn handle(&self, request: Request) -> Response {
        let head_only = request.parts.method == Method::HEAD;
        let mut response = match self.dispatch(request).await {
            Ok(response) => response,
            Err(problem) => {
                if problem.status >= 500 && problem.status != 501 {
                    log::problem(self.info.component, &problem);
                }
                let mut response = response::problem(&problem);
                if let Some(allow) = problem.extra.get("allow").and_then(Value::as_str)
                    && let Ok(allow) = HeaderValue::from_str(allow)
                {
                    response.headers_mut().insert(header::ALLOW, allow);
                }
                if matches!(problem.status, 429 | 503) {
                    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
                }
                response
            }
        };
        if head_only {
            *response.body_mut() = Vec::new().into();
        }
        response
    }

    async fn dispatch(&self, request: Request) -> Result<Response, Problem> {
        self.identity.iter().try_for_each(|variable| variable.check())?;
        let path = self.canonical(request.path());
        // HEAD is GET without the body (RFC 9110 §9.3.2).
        let method = match &request.parts.method {
            head if *head == Method::HEAD => Method::GET,
            other => other.clone(),
        };
        let mut candidates: Vec<_> = self
            .routes
            .iter()
            .filter_map(|route| {
                router::matches(route.pattern, &path).map(|(rank, params)| (rank, params, route))
            })
            .collect();
        let (own, health) = (self.is_base(&path), self.is_health(&path));
        if own || health {
            // The component's own two paths are literal, so a parameter such as `/crdt/{document}` yields to them.
            candidates.retain(|(rank, ..)| rank.is_literal());
        }
        let best = candidates.iter().map(|(rank, ..)| *rank).max();
        let mut allowed: Vec<Method> = Vec::new();
        for (rank, params, route) in candidates {
            if Some(rank) != best {
                continue;
            }
            if route.method == method {
                return (route.handler)(request.with_params(params)).await;
            }
            allowed.push(route.method.clone());
        }
        if allowed.is_empty() && !own && !health {
            let detail =
                format!("{} has no {}; GET {} lists its routes", self.info.component, path, self.info.base);
            return Err(Problem::new(Code::NoSuchRoute, detail));
        }
        if (own || health) && !allowed.contains(&Method::GET) {
            if method == Method::GET {
                return if own { self.root(request).await } else { self.health(request).await };
            }
            allowed.push(Method::GET);
        }
        if allowed.contains(&Method::GET) {
            allowed.push(Method::HEAD);
        }
        allowed.push(Method::OPTIONS);
        let allow = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        if method == Method::OPTIONS {
            let mut response = http::Response::new(Vec::new().into());
            *response.status_mut() = http::StatusCode::NO_CONTENT;
            if let Ok(allow) = HeaderValue::from_str(&allow) {
                response.headers_mut().insert(header::ALLOW, allow);
            }
            return Ok(response);
        }
        let detail = format!("{path} takes {allow}, not {method}");
        Err(Problem::new(Code::MethodNotAllowed, detail).with("allow", allow))
    }

    /// The path with an alias base replaced by the canonical one.
    fn canonical(&self, path: &str) -> String {
        let tail_under = |base: &str| match path.strip_prefix(base) {
            Some(tail) if tail.is_empty() || tail.starts_with('/') => Some(tail.to_owned()),
            _ => None,
        };
        let longest = self.bases.iter().filter_map(|base| Some((base.len(), tail_under(base)?))).max();
        match longest {
            // A pattern of the alias's own (e.g. an alias that is also a route) must still be found as it is.
            Some((_, tail)) if !self.routes.iter().any(|r| router::matches(r.pattern, path).is_some()) => {
                format!("{}{tail}", self.info.base)
            }
            _ => path.to_owned(),
        }
    }

    fn is_base(&self, path: &str) -> bool {
        path.trim_end_matches('/') == self.info.base.trim_end_matches('/')
    }

    fn is_health(&self, path: &str) -> bool {
        let path = path.trim_end_matches('/');
        self.health_paths.contains(&path)
            || path.strip_suffix("/health").is_some_and(|base| self.is_base(base))
    }

    /// The base itself: its page or its description.
    async fn root(&self, request: Request) -> Result<Response, Problem> {
        let Some(page) = &self.page else { return self.describe(request).await };
        let mut response = if (page.wanted)(&request) {
            (page.handler)(request).await?
        } else {
            self.describe(request).await?
        };
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
        Ok(response)
    }

    async fn describe(&self, request: Request) -> Result<Response, Problem> {
        let routes: Vec<String> =
            self.routes().into_iter().map(|(method, pattern)| format!("{method} {pattern}")).collect();
        let mut members = (self.info.constants)();
        members.insert("message".into(), self.info.message.into());
        members.insert("component".into(), self.info.component.into());
        members.insert("version".into(), self.info.version.into());
        // Below the component's own base, whichever alias was asked.
        members.insert("path".into(), self.below_base(request.path()).into());
        members.insert("request_size".into(), request.body.len().into());
        members.insert("routes".into(), routes.into());
        if let Some(more) = &self.root_members {
            members.extend(more(request).await?);
        }
        response::ok(&members)
    }

    fn below_base(&self, path: &str) -> String {
        let canonical = self.canonical(path);
        let tail = canonical.strip_prefix(self.info.base.trim_end_matches('/')).unwrap_or(&canonical);
        if tail.is_empty() { "/".to_owned() } else { tail.to_owned() }
    }

    async fn health(&self, request: Request) -> Result<Response, Problem> {
        let mut members = Map::new();
        members.insert("service".into(), self.info.component.into());
        members.insert("component".into(), self.info.component.into());
        members.insert("version".into(), self.info.version.into());
        members.insert("timestamp".into(), format_rfc3339(now_millis()).into());
        if let Some(check) = self.settings {
            check()?;
        }
        if let Some(check) = &self.health {
            members.extend(check(request).await.map_err(|problem| unwell(self.info.component, problem))?);
        }
        response::ok(&members)
    }
}

/// 503 `unhealthy` with the reason, whatever it was that failed; a wrong setting is what it is at every other route.
fn unwell(component: &str, problem: Problem) -> Problem {
    if problem.code == Code::InvalidSetting {
        return problem;
    }
    let detail = format!("{component} cannot do its work: {}", problem.detail);
    let mut unwell = Problem::new(Code::Unhealthy, detail);
    unwell.extra.clone_from(&problem.extra);
    // The members of another component's problem must not pass for this one's code.
    unwell.extra.remove("code");
    unwell.with("reason", problem.code.as_str()).caused_by(problem)
}
