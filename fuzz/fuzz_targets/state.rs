//! See [`ramanujan_fuzz::states::state`].

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| ramanujan_fuzz::states::state(data));
