//! See `trunkline_simulator::fuzzing::cursor_decoder`.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| trunkline_simulator::fuzzing::cursor_decoder(bytes));
