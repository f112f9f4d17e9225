#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradeline::foreign::run("dtls", bytes));
