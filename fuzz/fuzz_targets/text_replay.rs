//! See [`ramanujan_fuzz::replicas::replay`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::replicas::replay(data));
