//! See `trunkline_simulator::fuzzing::search_compiler`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trunkline_simulator::fuzzing::search_compiler(bytes));
