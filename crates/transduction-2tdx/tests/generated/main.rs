//! Generated code against the real tools: rustc, llvm-as, opt, llc with a C compiler, and the OpenQASM 3 parser. Each
//! program is run and must do what `POST /skill/apply` does, for fixed and for random rules, over random terms.

mod llvm;
mod qasm;
mod rules;
mod rust;
mod term;
mod tools;
