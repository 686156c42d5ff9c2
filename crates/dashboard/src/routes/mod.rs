//! The routes, by subject.

mod collect;
pub(crate) mod description;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod figures;
pub(crate) mod page;
