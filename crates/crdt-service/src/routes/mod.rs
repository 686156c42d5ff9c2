//! What the component answers over HTTP: requests are read here and nowhere else, and replies are shaped.

pub(crate) mod apply;
pub(crate) mod cache;
pub(crate) mod compare;
mod defer;
pub(crate) mod diff;
pub(crate) mod document;
mod encoded;
pub(crate) mod exchange;
pub(crate) mod freezes;
pub(crate) mod health;
pub(crate) mod history;
pub(crate) mod later;
mod lines;
pub(crate) mod list;
pub(crate) mod merge;
mod negotiate;
pub(crate) mod operations;
pub(crate) mod page;
mod posted;
mod records;
pub(crate) mod recover;
pub(crate) mod stored;
pub(crate) mod summary;
pub(crate) mod usage;
pub(crate) mod verify;
pub(crate) mod withdrawn;
