//! See [`ramanujan_fuzz::egraph::facts`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::egraph::facts(data));
