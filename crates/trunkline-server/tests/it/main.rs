//! The process over real sockets: what comes in, what is kept, what is refused.

mod api;
mod calls;
mod console;
mod harness;
mod mirrored;
mod receiver;
mod renewal;
mod request_log;
mod retention;
mod senders;
mod sign_in;
mod tls;
