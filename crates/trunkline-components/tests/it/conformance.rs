//! Every source that can be read again, and every destination, held to the suite beside the traits.

mod destinations;
mod sources;
