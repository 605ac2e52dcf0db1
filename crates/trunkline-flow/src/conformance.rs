//! What every source and every destination must keep, as tests that whoever writes one instantiates.
//!
//! The one rule: the suite knows the traits and nothing else. A subject says how what it reads or fills is made anew, as a process
//! that starts would, and what is in it; all else is asked through [`Source`](crate::Source) and [`Destination`](crate::Destination).
//! Read `conformance/sources.rs` and `conformance/destinations.rs`; where they are instantiated is
//! `crates/trunkline-components/tests/it/`.

mod destinations;
mod sources;

pub use destinations::{DestinationSubject, Keeps, destination};
pub use sources::{SourceSubject, source};

/// A sequence that looks like chance and is the same for the same seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        // xorshift64*, which needs a state other than zero.
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let high = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33;
        usize::try_from(high).unwrap_or(0) % most.max(1)
    }
}
