//! Any sequence of upserts over a few identities, held against a model of what must come of it.
