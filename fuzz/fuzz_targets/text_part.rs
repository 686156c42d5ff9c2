//! See [`ramanujan_fuzz::text::part`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::text::part(data));
