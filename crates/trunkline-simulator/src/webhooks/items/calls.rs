//! Calls: as the API shows them, as far as the topic says that they are.

use super::super::{ordered::Node, topic::Topic};
use crate::{presenter::View, resources::calls};

/// A call at the moment that the topic tells of.
pub(super) fn of_topic(view: View<'_>, topic: Topic, row: u32) -> Node {
    let Some(call) = view.workspace.calls.get(row as usize) else {
        return Node::Null;
    };
    let mut shown = Node::of(&calls::view(view.workspace, &view.workspace.address, call)).in_order(&FIELDS);
    let unknown: &[&str] = match topic {
        Topic::CallStarted => &[
            "answered_at",
            "ended_at",
            "recording_url",
            "transcription_url",
            "ended_reason",
        ],
        Topic::CallEnded => &["recording_url", "transcription_url"],
        Topic::CallRecordingAvailable => &["transcription_url"],
        _ => &[],
    };
    for field in unknown {
        shown.set(field, Node::Null);
    }
    match topic {
        Topic::CallStarted => {
            shown.set("state", "initiated");
            shown.set("updated_at", call.initiated_at);
        }
        Topic::CallEnded => shown.set("updated_at", call.ended_at()),
        _ => {}
    }
    shown
}

const FIELDS: [&str; 19] = [
    "type",
    "id",
    "conversation_id",
    "admin_id",
    "contact_id",
    "state",
    "initiated_at",
    "answered_at",
    "ended_at",
    "created_at",
    "updated_at",
    "recording_url",
    "transcription_url",
    "call_type",
    "direction",
    "ended_reason",
    "phone",
    "fin_recording_url",
    "fin_transcription_url",
];
