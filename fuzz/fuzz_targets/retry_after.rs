#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bento::fuzzed::retry_after(data));
