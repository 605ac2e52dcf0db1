//! The port through which processes agree who makes a contact that Intercom itself would make twice.
//!
//! The one rule: whoever is about to make such a contact reserves its identity first, and says afterwards which contact it is. What was
//! left open is found out before another one is made. Whoever composes a process brings the adapter beside the journal's; read
//! `modules/contacts/upsert/reserved.rs` for who calls this.

use std::fmt;

use jiff::{SignedDuration, Timestamp};

use crate::JournalFuture;

/// How long Intercom's search may not show a new contact, generously.
pub const SEARCH_LAG: SignedDuration = SignedDuration::from_mins(10);

/// An identity of which a contact is about to be made.
#[derive(Clone, Debug)]
pub struct NewReservation {
    /// The identity, written as everybody who means it writes it.
    pub identity: String,
    /// The run that makes the contact.
    pub run: String,
    /// Whether Intercom refuses a second contact like it.
    pub is_guarded: bool,
    /// When it is asked for.
    pub at: Timestamp,
}

/// The right to make the contact of an identity. Dropped, it ends by itself after a while, and what came of it is open.
pub trait Reservation: Send + fmt::Debug {
    /// Says that what was left open is found out, and that this run makes the contact now; an error means that it was lost.
    fn begin<'a>(&'a mut self, run: &'a str, is_guarded: bool) -> JournalFuture<'a, ()>;

    /// Says which contact the identity leads to.
    fn settle(self: Box<Self>, contact: String, at: Timestamp) -> JournalFuture<'static, ()>;

    /// Says that no contact was made.
    fn give_back(self: Box<Self>) -> JournalFuture<'static, ()>;

    /// Says that it is over, and open whether a contact was made.
    fn leave(self: Box<Self>, at: Timestamp) -> JournalFuture<'static, ()>;
}

/// A creation of which nobody knows what became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOpen {
    /// The run that it was of.
    pub run: String,
    /// Whether Intercom refuses a second contact like it.
    pub is_guarded: bool,
}

/// What became of the wish to reserve an identity.
#[derive(Debug)]
pub enum Reserved {
    /// It is ours.
    Ours(Box<dyn Reservation>),
    /// It is ours, and this has to be found out first.
    Left(Box<dyn Reservation>, LeftOpen),
    /// It led to this contact a moment ago.
    Led(String),
    /// Somebody is about to make the contact.
    Busy,
}

/// What became of a contact to which an identity may lead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whereabouts {
    /// It was put away.
    Archived,
    /// It came back.
    Back,
    /// It is there no more.
    Gone,
}

/// Who is about to make contacts, and which ones identities led to a moment ago.
pub trait Identities: Send + Sync + fmt::Debug {
    /// Reserves an identity, unless somebody has it.
    fn reserve(&self, new: NewReservation) -> JournalFuture<'_, Reserved>;

    /// Forgets that an identity led to a contact which does not have it.
    fn led_nowhere<'a>(&'a self, identity: &'a str, contact: &'a str) -> JournalFuture<'a, ()>;

    /// Hears what became of a contact.
    fn heard<'a>(&'a self, contact: &'a str, whereabouts: Whereabouts) -> JournalFuture<'a, ()>;
}

/// For a process that shares nothing: it takes turns by itself, so every identity is free.
#[derive(Clone, Copy, Debug, Default)]
pub struct Alone;

impl Identities for Alone {
    fn reserve(&self, _: NewReservation) -> JournalFuture<'_, Reserved> {
        Box::pin(async { Ok(Reserved::Ours(Box::new(Self))) })
    }

    fn led_nowhere<'a>(&'a self, _: &'a str, _: &'a str) -> JournalFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn heard<'a>(&'a self, _: &'a str, _: Whereabouts) -> JournalFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }
}

impl Reservation for Alone {
    fn begin<'a>(&'a mut self, _: &'a str, _: bool) -> JournalFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn settle(self: Box<Self>, _: String, _: Timestamp) -> JournalFuture<'static, ()> {
        Box::pin(async { Ok(()) })
    }

    fn give_back(self: Box<Self>) -> JournalFuture<'static, ()> {
        Box::pin(async { Ok(()) })
    }

    fn leave(self: Box<Self>, _: Timestamp) -> JournalFuture<'static, ()> {
        Box::pin(async { Ok(()) })
    }
}
