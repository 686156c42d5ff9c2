//! What one component may use, whatever interfaces there are.
//!
//! An interface keeps what it grants in a type of its own. `Grants` holds one of each and gives it back by its type,
//! so that neither an instance's state nor its construction needs to know the interfaces.

use std::any::Any;

use anyhow::Result;
use http::{Request, Response};
use wasmtime_wasi::WasiCtxBuilder;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

/// What one component may use of one interface.
pub(crate) trait Grant: Any + Send + Sync {
    /// Gives it to a new instance. An interface that looks its grant up when it is called has nothing to do here.
    ///
    /// # Errors
    /// Where the machine no longer has what was granted, for instance a folder.
    fn prepare(&self, _instance: &mut Preparation) -> Result<()> {
        Ok(())
    }
}

/// All grants of one component.
pub(crate) struct Grants(Vec<Box<dyn Grant>>);

impl Grants {
    /// `grants` hold at most one of each type.
    pub(crate) fn new(grants: Vec<Box<dyn Grant>>) -> Self {
        Grants(grants)
    }

    /// The grant of type `T`. `None` means that nothing of the kind may be used.
    pub(crate) fn get<T: Grant>(&self) -> Option<&T> {
        self.0.iter().find_map(|grant| {
            let grant: &dyn Any = &**grant;
            grant.downcast_ref()
        })
    }

    /// Gives all of them to a new instance.
    pub(super) fn prepare(&self, instance: &mut Preparation) -> Result<()> {
        self.0.iter().try_for_each(|grant| grant.prepare(instance))
    }
}

/// An instance before its start: isolated, until grants open what they allow.
pub(crate) struct Preparation {
    /// Environment, files and sockets.
    pub(crate) wasi: WasiCtxBuilder,
    /// Who sends the HTTP requests of the component.
    pub(crate) hooks: Box<dyn WasiHttpHooks>,
}

impl Preparation {
    /// An instance that may do nothing but compute.
    pub(super) fn new() -> Self {
        let mut wasi = WasiCtxBuilder::new();
        wasi.allow_tcp(false).allow_udp(false);
        // Mounted files are local and small; a thread hop per read would cost more than the read.
        wasi.allow_blocking_current_thread(true);
        Preparation { wasi, hooks: Box::new(NoRequests) }
    }
}

/// Refuses every request.
struct NoRequests;

type Io = Box<dyn Future<Output = Result<(), Error>> + Send>;

impl WasiHttpHooks for NoRequests {
    fn send_request(
        &mut self,
        _request: Request<WasiBody>,
        _options: Option<RequestOptions>,
        _error: Io,
    ) -> Box<dyn Future<Output = Result<(Response<WasiBody>, Io), Error>> + Send> {
        Box::new(async { Err(Error::HttpRequestDenied) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Number(u32);
    struct Text(&'static str);
    impl Grant for Number {}
    impl Grant for Text {}

    #[test]
    fn a_grant_is_found_by_its_type_and_only_by_it() {
        let grants = Grants::new(vec![Box::new(Number(7)), Box::new(Text("x"))]);
        assert_eq!(grants.get::<Number>().map(|number| number.0), Some(7));
        assert_eq!(grants.get::<Text>().map(|text| text.0), Some("x"));
        assert!(Grants::new(vec![Box::new(Number(7))]).get::<Text>().is_none());
    }

    #[tokio::test]
    async fn without_a_grant_no_request_leaves() {
        use http_body_util::{BodyExt as _, Empty};

        let body = Empty::new().map_err(|never| match never {}).boxed_unsync();
        let request = Request::get("http://127.0.0.1:1/").body(body).unwrap();
        let mut preparation = Preparation::new();
        let sent = Box::into_pin(preparation.hooks.send_request(request, None, Box::new(async { Ok(()) })));
        assert!(matches!(sent.await, Err(Error::HttpRequestDenied)));
    }
}
