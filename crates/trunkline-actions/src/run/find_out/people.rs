//! Contacts and their notes, looked for after a lost answer.

use serde_json::{Value, json};
use trunkline_client::{Call, ErrorKind};

use super::{Again, Found, again, parameter, same, same_text, sent, since};
use crate::{
    ActionError, KeptWrite, SEARCH_LAG,
    run::{Run, is_made_once},
};

/// A new contact: by who it is, else by the refusal of a second one, which names the first.
pub(super) async fn contact(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let named = ["external_id", "email"]
        .into_iter()
        .filter_map(|field| Some((field, sent(write, &format!("/{field}")).as_str()?)))
        .next();
    let Some((field, value)) = named else {
        return Ok(Found::unknown(
            "the contact has neither external id nor email, and so Intercom makes as many as it is sent",
        ));
    };
    let query = json!({ "query": { "field": field, "operator": "=", "value": value } });
    let found = run.rows(Call::new("contacts.search").body(query), None).await?;
    if !found.is_empty() {
        // One that was there before is another matter: sending it again tells of it.
        let made = found.into_iter().find(|contact| is_made_by(contact, write));
        return Ok(made.map_or(Found::NotDone, Found::Done));
    }
    if !is_made_once(&write.operation, write.payload.as_ref()) {
        let now = run.workspace().now() + run.ahead;
        if now.duration_since(write.at) > SEARCH_LAG {
            return Ok(Found::NotDone);
        }
        return Ok(Found::unknown(
            "the search does not show it yet, and of a lead that only has an address Intercom makes a second one; call again with the same key in ten minutes",
        ));
    }
    // A search does not show what is new for minutes. Sent again, the write is either done now or refused with the id.
    let error = match again(run, write).await? {
        Again::Done(answer) => return Ok(Found::Done(answer)),
        Again::Refused(error) => error,
    };
    let Some(id) = id_in(&error.message).filter(|_| error.kind == ErrorKind::Conflict) else {
        return Ok(Found::NotDone);
    };
    let made = run
        .find(Call::new("contacts.get").path("id", id))
        .await?
        .filter(|contact| is_made_by(contact, write));
    Ok(made.map_or(Found::NotDone, Found::Done))
}

/// Whether the write can have made this contact: made since, with everything that was sent. One that another call made a moment
/// before, with other values, is not to be taken for it, or these values would be lost.
fn is_made_by(contact: &Value, write: &KeptWrite) -> bool {
    let is_new = contact["created_at"].as_i64() >= Some(since(write));
    is_new && write.payload.as_ref().is_none_or(|sent| shows(contact, sent))
}

/// Whether everything that was sent is shown.
fn shows(shown: &Value, sent: &Value) -> bool {
    match (shown, sent) {
        (_, Value::Object(fields)) => fields.iter().all(|(name, value)| shows(&shown[name], value)),
        (Value::Null, Value::Null) => true,
        _ => same(sent, shown),
    }
}

/// The id of the contact that stands in the way, in the words of the refusal.
fn id_in(message: &str) -> Option<String> {
    let (_, rest) = message.split_once("id=")?;
    let id: String = rest.chars().take_while(char::is_ascii_alphanumeric).collect();
    (!id.is_empty()).then_some(id)
}

/// A new note: by its author and text, among the newest.
pub(super) async fn note(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    const NEWEST: usize = 50;
    let contact = parameter(write, "id");
    let notes = run
        .rows(Call::new("contacts.list_notes").path("id", contact), Some(NEWEST))
        .await?;
    let known: Vec<&Value> = write
        .before
        .iter()
        .filter_map(|before| before.pointer("/notes/data")?.as_array())
        .flatten()
        .map(|note| &note["id"])
        .collect();
    let admin = sent(write, "/admin_id");
    let written = notes.iter().find(|note| {
        same_text(sent(write, "/body"), &note["body"])
            && note["created_at"].as_i64() >= Some(since(write))
            && (admin.is_null() || same(admin, &note["author"]["id"]))
            && !known.iter().any(|id| same(id, &note["id"]))
    });
    Ok(written.cloned().map_or(Found::NotDone, Found::Done))
}

/// A merged lead is gone, whichever way the version says so.
pub(super) async fn merged(run: &mut Run, write: &KeptWrite) -> Result<Found, ActionError> {
    let (Some(from), Some(into)) = (sent(write, "/from").as_str(), sent(write, "/into").as_str()) else {
        return Ok(Found::NotDone);
    };
    let lead = run.read(Call::new("contacts.get").path("id", from)).await;
    match lead {
        // A link may have been followed to the user.
        Ok(lead) if same(&lead["id"], sent(write, "/from")) => Ok(Found::NotDone),
        Ok(user) => Ok(Found::Done(user)),
        Err(ActionError::Call(error)) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Gone) => {
            let user = run.find(Call::new("contacts.get").path("id", into)).await?;
            Ok(user.map_or(Found::NotDone, Found::Done))
        }
        Err(error) => Err(error),
    }
}
