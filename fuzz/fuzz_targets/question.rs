//! See [`ramanujan_fuzz::sites::question`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::sites::question(data));
