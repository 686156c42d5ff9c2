//! See [`ramanujan_fuzz::verification::vectors`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::verification::vectors(data));
