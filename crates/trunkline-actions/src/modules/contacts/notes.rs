//! A note on a contact: written, and read only where it stands.

use serde_json::Value;
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{
    Action, ActionError, Field, Input, Problem, Run, Write,
    modules::refs::{contact, id_of},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "contacts.add_note",
            "Writes a note on a contact.",
            Effect::Write,
            |run, input| Box::pin(add(run, input)),
        )
        .takes(Field::contact(true))
        .takes([
            Field::text("body", "What the note says; HTML is taken as it is.")
                .or_named(&["text"])
                .required(),
            Field::text("admin_id", "The teammate who writes it.").picked_from("admins"),
        ])
        .calls(&["contacts.search", "contacts.create_note"]),
        Action::module(
            "contacts.get_note",
            "Fetches a note, if it is one of this contact.",
            Effect::Read,
            |run, input| Box::pin(get(run, input)),
        )
        .takes(Field::contact(true))
        .takes([Field::text("note_id", "The note, by id.").required()])
        .calls(&["contacts.search", "notes.get"]),
    ]
}

async fn add(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    if input.text("body").is_none_or(|body| body.trim().is_empty()) {
        return Err(run.misfits(vec![Problem::new("body", "must not be empty")]));
    }
    let contact = contact(run, &input).await?;
    let mut write = Write::new("contacts.create_note")
        .path("id", &contact.id)
        .payload(Value::Object(input.only(&["body", "admin_id"])));
    if let Some(record) = contact.record {
        write = write.before(record);
    }
    run.write(write).await
}

async fn get(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let contact = contact(run, &input).await?;
    let id = input.text("note_id").unwrap_or_default();
    let note = run.read(Call::new("notes.get").path("id", id)).await?;
    let whose = note.get("contact").and_then(id_of);
    if whose.as_deref() == Some(contact.id.as_str()) {
        return Ok(note);
    }
    Err(ActionError::refused(
        "TL0739",
        match whose {
            Some(_) => "the note is on another contact",
            None => "the note is on no contact",
        },
        "Check both ids; `contacts.list_notes` lists the notes of a contact.",
    ))
}
