//! Several sites in one thread: each with its own database, components and variables, reached by others at an address.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::Path;
use std::rc::Rc;

use super::{outbound, sqlite, variables};
use crate::elsewhere::Unreached;
use crate::request::Request;
use crate::service::Service;

/// What belongs to a site.
#[derive(Clone, Default)]
struct State {
    database: sqlite::Database,
    services: outbound::Services,
    variables: HashMap<String, String>,
}

impl State {
    /// Puts it into the thread, and gives what was there.
    fn put(self) -> State {
        State {
            database: sqlite::exchange(self.database),
            services: outbound::exchange(self.services),
            variables: variables::exchange(self.variables),
        }
    }
}

/// A site. Clones are the same one.
///
/// ```
/// use http::Method;
/// use ramanujan_shell::fetch::{Limits, Unreached, call_address};
/// use ramanujan_shell::native::site::{Site, silence};
/// use ramanujan_shell::native::{mount, send};
/// use ramanujan_shell::{Info, Service, ok};
///
/// fn service() -> Service {
///     let info = Info {
///         component: "greeter", message: "", base: "/greeter", version: "1", constants: serde_json::Map::new,
///     };
///     Service::new(info).get("/greeter/hello", async |_| ok(&serde_json::json!({"greeting": "Hello"})))
/// }
///
/// let vienna = Site::new();
/// vienna.within(|| mount("greeter", service()));
/// vienna.listen("vienna.example:3000", "greeter");
/// let call = || {
///     let limits = Limits { timeout_ms: 1000, most: 1000 };
///     let address = "http://vienna.example:3000/greeter/hello";
///     pollster::block_on(call_address(Method::GET, address, &[], Vec::new(), limits))
/// };
/// let porto = Site::new();
/// assert_eq!(porto.within(call).unwrap().status(), 200);
/// silence("vienna.example:3000");
/// assert!(matches!(porto.within(call), Err(Unreached::Failed(_))));
/// ```
#[derive(Clone, Default)]
pub struct Site(Rc<RefCell<State>>);

/// Leaves a site, also by a panic.
struct Within<'a> {
    site: &'a Site,
    outside: State,
}

impl Drop for Within<'_> {
    fn drop(&mut self) {
        let inside = std::mem::take(&mut self.outside).put();
        *self.site.0.borrow_mut() = inside;
    }
}

impl Site {
    /// A site with an empty database in memory.
    ///
    /// # Panics
    /// If SQLite cannot make one.
    pub fn new() -> Self {
        let site = Site::default();
        site.within(sqlite::open_in_memory);
        site
    }

    /// A site with the database in `file`.
    ///
    /// # Panics
    /// If SQLite cannot open it.
    pub fn in_file(file: &Path) -> Self {
        let site = Site::default();
        site.within(|| sqlite::open_file(file));
        site
    }

    /// Does something as this site: the thread has its database, components and variables meanwhile.
    pub fn within<R>(&self, act: impl FnOnce() -> R) -> R {
        let state = self.0.borrow().clone();
        let within = Within { site: self, outside: state.put() };
        let result = act();
        drop(within);
        result
    }

    /// Makes one of its components answer at an address, a host with a port.
    ///
    /// # Panics
    /// When it is called and is not mounted.
    pub fn listen(&self, authority: &str, component: &str) {
        let (site, component) = (self.clone(), component.to_owned());
        listen(authority, move |request| {
            site.within(|| {
                let services = outbound::services();
                let service: &Rc<Service> = services.get(&component).expect("a component of this name");
                pollster::block_on(async {
                    let (parts, body) = service.handle(Request::new(request)).await.into_parts();
                    Ok(http::Response::from_parts(parts, outbound::whole(body).await))
                })
            })
        });
    }
}

/// Makes `answer` answer at an address of this thread, a host with a port: another implementation, a liar, a broken line.
pub fn listen(
    authority: &str,
    answer: impl Fn(http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, Unreached> + 'static,
) {
    outbound::listen(authority, Some(Rc::new(answer)));
}

/// Nobody answers at the address any more.
pub fn silence(authority: &str) {
    outbound::listen(authority, None);
}
