//! See [`ramanujan_fuzz::collections::vectors`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::collections::vectors(data));
