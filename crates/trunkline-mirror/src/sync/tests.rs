//! Runs against a scripted transport.
