//! See [`ramanujan_fuzz::egraph::term`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::egraph::term(data));
