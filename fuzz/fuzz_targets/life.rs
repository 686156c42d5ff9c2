//! See [`ramanujan_fuzz::agents::life`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::agents::life(data));
