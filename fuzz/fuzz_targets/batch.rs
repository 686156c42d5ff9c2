//! See [`ramanujan_fuzz::deltas::batch`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::deltas::batch(data));
