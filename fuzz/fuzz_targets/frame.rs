//! See [`ramanujan_fuzz::sites::frame`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::sites::frame(data));
