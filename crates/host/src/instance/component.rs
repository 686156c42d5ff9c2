//! A component ready to serve: its template with a pool of workers.

use std::sync::Arc;

use wasmtime::Engine;
use wasmtime_wasi_http::handler::{ProxyHandler, ProxyPre};

use super::state::State;
use super::template::Template;
use super::worker::Handler;

/// A component with its pool of workers.
#[derive(Clone)]
pub(crate) struct Component {
    /// What its instances are made of.
    pub(crate) template: Arc<Template>,
    /// Gives requests to instances, and makes instances as needed.
    pub(crate) handler: ProxyHandler<Handler>,
}

impl Component {
    /// `pre` is the compiled code with all its imports found.
    pub(crate) fn new(template: Template, pre: ProxyPre<State>, engine: Engine) -> Self {
        let template = Arc::new(template);
        let handler = ProxyHandler::new(Handler { template: template.clone(), pre, engine });
        Component { template, handler }
    }
}
