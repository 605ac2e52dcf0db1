//! The actions from outside, without a workspace: what they are called, here and elsewhere.

mod guides;
mod names;
mod spell;
