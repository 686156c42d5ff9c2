//! See [`ramanujan_fuzz::text::apply`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::text::apply(data));
