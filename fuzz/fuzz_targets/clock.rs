//! See [`ramanujan_fuzz::vocabulary::clock`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::vocabulary::clock(data));
