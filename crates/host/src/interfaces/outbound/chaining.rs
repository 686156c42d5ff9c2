//! Service chaining: hosts that name components of the application, and the application as its components see it.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};

use futures::future::BoxFuture;
use http::{Request, Response};
use wasmtime_wasi_http::WasiBody;

/// Hosts below this domain name components of the application.
pub(super) const CHAINING_SUFFIX: &str = ".spin.internal";

/// The component that `host` (with or without a port) names, if it is an internal one.
pub(crate) fn chained_component(host: &str) -> Option<&str> {
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    host.strip_suffix(CHAINING_SUFFIX).filter(|component| !component.is_empty() && !component.contains('.'))
}

/// The running application.
pub(crate) trait Application: Send + Sync {
    /// Where it listens, once it does.
    fn own_address(&self) -> Option<SocketAddr>;

    /// A call from one component to another. `None`: there is no such component with a trigger.
    fn chained(
        self: Arc<Self>,
        component: String,
        request: Request<WasiBody>,
    ) -> BoxFuture<'static, Option<Response<WasiBody>>>;
}

/// A way to the application for its own components, made before it is complete.
#[derive(Clone, Default)]
pub(crate) struct AppRef(Arc<OnceLock<Weak<dyn Application>>>);

impl AppRef {
    /// From now on this refers to `app`.
    pub(crate) fn set<A: Application + 'static>(&self, app: &Arc<A>) {
        let app: Weak<A> = Arc::downgrade(app);
        let _ = self.0.set(app);
    }

    /// The application, while it lives.
    pub(super) fn get(&self) -> Option<Arc<dyn Application>> {
        self.0.get()?.upgrade()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_hosts_name_a_component() {
        assert_eq!(chained_component("crdt-service.spin.internal"), Some("crdt-service"));
        assert_eq!(chained_component("crdt-service.spin.internal:80"), Some("crdt-service"));
        assert_eq!(chained_component("a.b.spin.internal"), None);
        assert_eq!(chained_component(".spin.internal"), None);
        assert_eq!(chained_component("spin.internal"), None);
        assert_eq!(chained_component("example.com"), None);
    }
}
