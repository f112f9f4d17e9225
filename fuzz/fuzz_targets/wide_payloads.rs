#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| gradeline::foreign::run("wide_payloads", bytes));
