//! See [`ramanujan_fuzz::collections::vote`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::collections::vote(data));
