//! The variables of the component. `MAX_BODY_BYTES` is shell's.

use ramanujan_shell::setting::Fixed;

use crate::algorithm::Algorithm;

ramanujan_shell::settings! {
    /// Which interface the component is.
    INTERFACE: String = "colors".to_owned();
    /// The procedure where a request names none; `gay-jl-` may stand before its name.
    ALGORITHM: Algorithm = Algorithm::GoldenSpiral;
}

/// The variable that says which interface the component is.
pub const IDENTITY: [Fixed; 1] = [INTERFACE.only("colors")];
