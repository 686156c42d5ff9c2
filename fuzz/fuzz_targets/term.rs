//! See [`ramanujan_fuzz::files::term`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::files::term(data));
