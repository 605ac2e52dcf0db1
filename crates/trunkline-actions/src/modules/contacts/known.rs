//! A contact that is read by its id before something is done to it.

use serde_json::Value;
use trunkline_client::{Call, ErrorKind};

use crate::{ActionError, Run};

/// The contact with this id; `field` is who named it.
pub(super) async fn by_id(run: &mut Run, field: &str, id: &str) -> Result<Value, ActionError> {
    match run.find(Call::new("contacts.get").path("id", id)).await {
        Ok(Some(contact)) => Ok(contact),
        Ok(None) => Err(ActionError::refused(
            "TL0730",
            format!("no contact has the id that `{field}` gives"),
            "Check it; a contact that was deleted, or merged before 2.16 could tell, has no id any more.",
        )),
        // Whoever took its place is another contact, and nobody asked for that one.
        Err(ActionError::Call(error)) if error.kind == ErrorKind::Gone => {
            let into = error.link.as_deref().and_then(|link| link.rsplit('/').next());
            Err(ActionError::refused(
                "TL0730",
                format!("the contact that `{field}` names was merged into another one"),
                into.map_or_else(
                    || "Name the contact that stayed.".to_owned(),
                    |into| format!("The one that stayed is {into}; name it if it is meant."),
                ),
            ))
        }
        Err(error) => Err(error),
    }
}
