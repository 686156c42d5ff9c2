//! Code from rules: Rust, LLVM IR and OpenQASM 3. Pure: rules in, text out.
//!
//! [`program`] turns rules into straight-line steps over numbered places, once for all three languages; [`rust`],
//! [`llvm`] and [`qasm`] write the steps down. What each text computes is said at its module and in the README. Names
//! reach a text only as string literals and comments in escaped ASCII, never as identifiers: no name can break out.

pub mod llvm;
pub mod program;
pub mod qasm;
pub mod rust;

use std::str::FromStr;

use program::Program;

/// A language that rules are turned into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    Rust,
    Llvm,
    Qasm,
}

impl Target {
    pub const ALL: [Target; 3] = [Target::Rust, Target::Llvm, Target::Qasm];

    pub fn as_str(self) -> &'static str {
        match self {
            Target::Rust => "rust",
            Target::Llvm => "llvm",
            Target::Qasm => "qasm",
        }
    }

    /// The program in this language.
    pub fn write(self, program: &Program) -> String {
        match self {
            Target::Rust => rust::write(program),
            Target::Llvm => llvm::write(program),
            Target::Qasm => qasm::write(program),
        }
    }
}

impl FromStr for Target {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let known = Target::ALL.into_iter().find(|target| text.eq_ignore_ascii_case(target.as_str()));
        known.ok_or_else(|| "one of rust, llvm, qasm".to_owned())
    }
}

/// `text` in ASCII without quotes, line ends or anything that a reader of code could take for something else.
fn escaped(text: &str) -> String {
    text.escape_default().to_string()
}
