//! See [`ramanujan_fuzz::verification::skill`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::verification::skill(data));
