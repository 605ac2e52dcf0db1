//! The client side of OAuth: a person agrees in a browser, a code comes back, and the code becomes a token (facts 2.2).
//!
//! The one rule: a code, a secret and a token are `SecretString` from the first byte to the last; whatever a server says
//! about them is cleaned before it is shown or written down. Nothing here listens for the platform, keeps state or knows
//! the time: [`Endpoints::begin`] makes what must be remembered, [`read_callback`] reads what the browser brings back,
//! [`SignIn`] exchanges it, and [`Receiver`] is for a command line without a server.

mod answer;
mod app;
mod begin;
mod callback;
mod endpoints;
mod error;
mod receiver;
mod record;
mod sign_in;

pub use answer::Grant;
pub use app::AppCredentials;
pub use begin::{Begun, Pkce};
pub use callback::{CALLBACK_PATH, Callback, Outcome, read_callback, read_pasted, same_state};
pub use endpoints::Endpoints;
pub use error::{OAuthError, Told};
pub use receiver::Receiver;
pub use sign_in::{SignIn, SignInSettings};

#[cfg(test)]
mod tests;
