//! See [`ramanujan_fuzz::verification::embedding`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::verification::embedding(data));
