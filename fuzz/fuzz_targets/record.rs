//! See [`ramanujan_fuzz::deltas::record`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::deltas::record(data));
