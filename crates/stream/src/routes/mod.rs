//! What a stream answers: reads a request, asks the pure files and the neighbours, shapes the reply.

pub(crate) mod apply;
pub(crate) mod expression;
pub(crate) mod green;
mod history;
pub(crate) mod neighbours;
pub(crate) mod state;
pub(crate) mod verify;
