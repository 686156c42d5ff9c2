//! Bytes: how everything of this crate is written and read back.
//!
//! `bytes` has integers, texts and dots; `column` rows of them, compressed or not; `container` the envelope of an
//! encoding; `canonical` the bytes of a state, which are equal exactly for equal states. The ground of the crate: it
//! knows no delta, no value and no type of document. What it writes is described in `docs/encoding.md`.

mod bytes;
mod canonical;
mod column;
pub(crate) mod container;
mod deflate;
mod error;

pub use bytes::{Bytes, put_dot, put_text, put_uint};
pub use canonical::{Reader, Writer};
pub use column::Effort;
pub use error::DecodeError;

pub(crate) use bytes::{unzigzag, zigzag};
pub(crate) use column::{Column, ColumnWriter, Expansion, put_column, put_raw};
pub(crate) use error::malformed;
