//! HTTP as the outside sees it: routes, the headers a component receives, well-known answers, problem documents, and
//! the server loop. May use `instance` to run components; knows nothing of stores.

pub(crate) mod body;
pub(crate) mod dispatch;
pub(crate) mod headers;
pub(crate) mod problem;
mod refusal;
pub(crate) mod router;
pub(crate) mod serve;
pub(crate) mod turns;
