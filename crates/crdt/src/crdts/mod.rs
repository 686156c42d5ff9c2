//! The table of types: everything that differs from one type to the next and is not an algorithm.
//!
//! A type is a file of this folder, its `mod` line and its row in `each_type!`. From the rows come [`CrdtType`] and
//! its numbers (`crdt_type`), [`Op`] with its canonical bytes, its JSON, its columns in a store and its colour (`op`), [`State`]
//! (`any`), and what the streams take, what the load generator and the fuzzers begin with. `docs/types.md` has what
//! the types mean to a reader; a test compares its list with the table.
//!
//! [`CrdtType`]: crate::types::CrdtType
//! [`Op`]: crate::types::Op
//! [`State`]: crate::types::State

pub(crate) mod any;
pub(crate) mod applying;
pub(crate) mod crdt;
pub(crate) mod crdt_type;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod described;
mod ends;
pub(crate) mod event;
pub(crate) mod load;
#[cfg(not(target_family = "wasm"))]
pub(crate) mod member;
pub(crate) mod op;
mod operand;
pub(crate) mod operation;
mod show;

pub(crate) mod ew_flag;
pub(crate) mod g_counter;
pub(crate) mod json;
pub(crate) mod lww_register;
pub(crate) mod max_register;
pub(crate) mod mv_register;
pub(crate) mod or_set;
pub(crate) mod pn_counter;
pub(crate) mod tallied;
pub(crate) mod tap_state;
pub(crate) mod text;

/// Hands the rows of the table to another macro.
///
/// A row: the name in code, the number (in states; one more in envelopes, see `crdt_type`) and the name on the API; for a type
/// with a state the file that has it, which exports it as `State`; what its value is and what concurrent operations
/// make of it, in the words of `docs/types.md`. Then its operations: number and name in code, the fields with the kind
/// of operand that each is (`operand` has their places in JSON, bytes, columns and their limits), the name on the API,
/// and the colour: RED builds up, BLUE takes back; where the operand decides either of them, the names that there can be,
/// with their colours.
///
/// Numbers and names are for good: they are in stored deltas. Where two types share an operation's name, the request
/// or the document says which is meant, else it is the first here.
macro_rules! each_type {
    ($then:ident) => {
        $then! {
            /// A sequence of Unicode code points, edited by position.
            Text = 0 "text", value "the text", concurrent "all stay; insertions at one place do not interleave" {
                /// Inserts code points before the one at `position`.
                1 Insert { position: u64 as Position, text: String as Text } named "insert", RED;
                /// Deletes `length` code points from `position` on.
                2 Delete { position: u64 as Position, length: u64 as Length } named "delete", BLUE;
            }
            /// A counter that goes up and down.
            PnCounter = 1 "pn-counter", state pn_counter, value "increments less decrements", concurrent "add up" {
                /// Counts up.
                3 Increment { amount: u64 as Amount } named "increment", RED;
                /// Counts down.
                4 Decrement { amount: u64 as Amount } named "decrement", BLUE;
            }
            /// A counter that only goes up.
            GCounter = 2 "g-counter", state g_counter, value "sum", concurrent "add up" {
                /// Counts up.
                5 Grow { amount: u64 as Amount } named "increment", RED;
            }
            /// A set whose additions win over concurrent removals.
            OrSet = 3 "or-set", state or_set, value "sorted elements",
                concurrent "add wins: a removal removes the additions it has seen" {
                /// Adds an element.
                6 Add { element: Json as Value } named "add", RED;
                /// Removes the additions of an element that it has seen.
                7 Remove { element: Json as Value } named "remove", BLUE;
            }
            /// A value that the last writer decides.
            LwwRegister = 4 "lww-register", state lww_register, value "last value; `null` before the first",
                concurrent "the newer wins" {
                /// Replaces the value.
                8 SetLast { value: Json as Value } named "set", RED;
            }
            /// A value that keeps what was written concurrently.
            MvRegister = 5 "mv-register", state mv_register, value "sorted values, each once",
                concurrent "all stay until a set that has seen them" {
                /// Replaces the values that it has seen.
                9 SetEach { value: Json as Value } named "set", RED;
            }
            /// A JSON document: nested maps and lists with counters and texts as leaves.
            Json = 6 "json", state json, value "the document", concurrent "see below" {
                /// Edits what stands at a path.
                10 Edit(edit: Edit as AtPath) named_by edit.name(), edit.color(), among Edit::NAMES;
            }
            /// The phase of a document.
            TapState = 7 "tap-state", state tap_state, value "phase; `LIVE` at first",
                concurrent "the newer wins; all transitions are kept" {
                /// Enters a phase.
                11 Transition { to: TapPhase as Phase } named "transition", to.color(), among TapPhase::NAMES;
            }
            /// The greatest number that anybody has raised it to.
            MaxRegister = 8 "max-register", state max_register, value "greatest number; `null` before the first",
                concurrent "the greatest wins" {
                /// Raises the number to at least `value`.
                12 Raise { value: Number as Numeric } named "raise", RED;
            }
            /// A switch whose enabling wins over a concurrent disabling.
            EwFlag = 9 "ew-flag", state ew_flag, value "`true` or `false`; off at first",
                concurrent "enabling wins: a disabling undoes the enablings it has seen" {
                /// Switches on.
                13 Enable {} named "enable", RED;
                /// Undoes the enablings that it has seen.
                14 Disable {} named "disable", BLUE;
            }
        }
    };
}
pub(crate) use each_type;
