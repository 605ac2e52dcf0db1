//! Phone calls, with what was said.

use super::{Table, json, records, text, time};

/// Calls. The list does not give transcripts: they are asked for once and kept in the record.
pub(super) const CALLS: Table = Table {
    indexes: &[("lacking", "(created_at) WHERE transcript IS NULL")],
    late_indexes: &[("conversation_id", "(conversation_id)")],
    ..records(
        "calls",
        "Phone calls, with what was said.",
        &[
            text("id", "id", "Intercom's id."),
            text("conversation_id", "conversation_id", "The call's conversation."),
            text("contact_id", "contact_id", "The contact."),
            text(
                "admin_id",
                "admin_id",
                "The teammate; empty when nobody answered.",
            ),
            text("call_type", "call_type", "phone and others."),
            text("direction", "direction", "inbound or outbound."),
            text("state", "state", "How far it is, such as completed."),
            text(
                "ended_reason",
                "ended_reason",
                "How it ended, such as answered or missed.",
            ),
            text("phone", "phone", "The contact's number."),
            time("created_at", "created_at", "When it was made."),
            time("updated_at", "updated_at", "When it last changed."),
            time("initiated_at", "initiated_at", "When it began to ring."),
            time("answered_at", "answered_at", "When somebody answered."),
            time("ended_at", "ended_at", "When it ended."),
            text(
                "recording_url",
                "recording_url",
                "Where its recording can be asked for.",
            ),
            text(
                "transcription_url",
                "transcription_url",
                "Where its transcript can be asked for as a text.",
            ),
            text(
                "fin_recording_url",
                "fin_recording_url",
                "The same for what the AI agent said and heard.",
            ),
            text(
                "fin_transcription_url",
                "fin_transcription_url",
                "The same for the AI agent's transcript.",
            ),
            json(
                "transcript",
                "transcript",
                "What was said: seconds from the start, who, what; empty until there is one.",
            ),
        ],
    )
};
