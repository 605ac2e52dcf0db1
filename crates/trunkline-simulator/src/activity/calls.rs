//! Phone calls that come in and go out.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{any_admin, any_contact};
use crate::workspace::{
    Workspace,
    call::{Call, End},
    conversation::{Conversation, Text},
};

/// How a call is to be.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted {
    pub(crate) contact: u32,
    /// The admin's number.
    pub(crate) admin: u16,
    pub(crate) is_inbound: bool,
    /// How long people talk; 0 when nobody answers.
    pub(crate) seconds: i64,
    /// What the first message of the call's conversation is made from.
    pub(crate) text: u32,
}

/// A call takes place and is over at `now`, with its recording and its transcript; gives the call's row.
pub(crate) fn take_place(workspace: &mut Workspace, wanted: Wanted, now: i64) -> u32 {
    let row = workspace.calls.len() as u32;
    let mut call = Call {
        row,
        conversation: workspace.conversations.len() as u32,
        contact: wanted.contact,
        admin: wanted.admin,
        is_inbound: wanted.is_inbound,
        initiated_at: now,
        seconds: wanted.seconds,
        end: if wanted.seconds > 0 {
            End::Answered
        } else {
            End::Missed
        },
        kept: None,
    };
    // The recording is there a second after the end.
    call.initiated_at = now - (call.ended_at() + 1 - call.initiated_at);
    let conversation = Conversation::new(
        call.conversation,
        call.contact,
        call.initiated_at,
        Text::Seeded(wanted.text),
    );
    workspace.conversations.push(conversation);
    let (conversation, began) = (call.conversation, call.initiated_at);
    workspace.calls.push(call);
    workspace.touch_conversation(conversation, now);
    workspace.tell_beginning(conversation, began);
    workspace.tell_phone_call(row);
    row
}

pub(super) fn rang(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let wanted = Wanted {
        contact,
        admin: any_admin(workspace, rng),
        is_inbound: rng.random_bool(0.5),
        seconds: if rng.random_bool(0.8) {
            rng.random_range(30..900)
        } else {
            0
        },
        text: rng.random(),
    };
    take_place(workspace, wanted, now);
    Some(if wanted.seconds > 0 {
        "a call was taken"
    } else {
        "a call was missed"
    })
}
