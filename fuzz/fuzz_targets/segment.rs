//! See [`ramanujan_fuzz::files::segment`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::files::segment(data));
