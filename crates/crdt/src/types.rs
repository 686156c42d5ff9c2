//! The state-based view of every type but text: a state per type, what an operation does to it, and its join.
//!
//! [`Crdt`] is the trait that they share, [`State`] one state of whatever type; `docs/types.md` has the rules. No type
//! keeps tombstones: a state carries its version, and what the version covers but the state does not hold is gone.

use crate::crdts::each_type;

pub use crate::crdts::any::{JoinDiffError, State, TypeMismatch, difference, value_digest};
pub use crate::crdts::applying::Applying;
pub use crate::crdts::crdt::{ApplyError, CannotRestore, Crdt, Diff, TooEarly};
pub use crate::crdts::crdt_type::{About, CrdtType, UnknownType};
pub use crate::crdts::event::{Event, Past, Stamp};
pub use crate::crdts::load::{Load, json_bytes};
pub use crate::crdts::op::{Op, names_of};
pub use crate::crdts::operation::{Columns, Fields, OperationError};
pub use crate::crdts::tallied::{Tallied, Tally};

macro_rules! export {
    ($(
        $(#[doc = $doc:literal])+
        $Type:ident = $number:literal $name:literal, $(state $file:ident,)? value $value:literal,
        concurrent $concurrent:literal { $($operations:tt)* }
    )*) => {
        $($( pub use crate::crdts::$file::*; )?)*
    };
}

each_type!(export);
