//! See `trunkline_simulator::fuzzing::intake`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trunkline_simulator::fuzzing::intake(bytes));
