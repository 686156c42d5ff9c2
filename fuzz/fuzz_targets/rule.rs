//! See [`ramanujan_fuzz::egraph::rule`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::egraph::rule(data));
