//! Where contacts went that were merged into others (facts 1.4, 2.16).
//!
//! The one rule: whoever vanished is asked for once, right after it was found missing, and never many at a time.

use trunkline_client::{Call, CallError, ErrorKind};

use super::{context::Context, errors::Halt};
use crate::storage::Change;

/// How many vanished contacts are asked for after a pass.
const AT_MOST: u64 = 200;

/// The contact that a link such as `</contacts/abc>; rel="canonical"` names.
fn target(link: &str) -> Option<&str> {
    let (_, id) = link.rsplit_once("/contacts/")?;
    let end = id.find(['>', ';', '?', '/', '"', ' ']).unwrap_or(id.len());
    Some(&id[..end]).filter(|id| !id.is_empty())
}

/// What an answer that a contact is gone means.
pub(crate) fn gone(id: String, error: &CallError) -> Change {
    match error.link.as_deref().and_then(target).filter(|new| *new != id) {
        Some(new) if error.kind == ErrorKind::Gone => Change::Alias {
            stream: "contacts",
            new_id: new.to_owned(),
            old_id: id,
        },
        _ => Change::Vanished {
            stream: "contacts",
            ids: vec![id],
        },
    }
}

/// Asks for the contacts that a pass found missing where they went.
pub(crate) async fn find(ctx: &Context<'_>, vanished: u64) -> Result<(), Halt> {
    let limit = i64::try_from(vanished.min(AT_MOST)).unwrap_or(0);
    let ids: Vec<String> = ctx
        .storage
        .read(move |connection| {
            connection
                .prepare_cached(
                    "SELECT id FROM contacts WHERE _deleted_at IS NOT NULL AND id NOT IN \
                     (SELECT old_id FROM _trunkline_aliases WHERE stream = 'contacts') \
                     ORDER BY _deleted_at DESC LIMIT ?1",
                )?
                .query_map([limit], |row| row.get(0))?
                .collect()
        })
        .await?;
    let mut changes = Vec::new();
    for id in ids {
        match ctx
            .call("contacts", Call::new("contacts.get").path("id", &id))
            .await
        {
            Err(error) if error.kind == ErrorKind::Gone => changes.push(gone(id, &error)),
            // Archived contacts can still be read; deleted ones are not found. Both are marked already.
            Ok(_) => {}
            Err(error) if error.kind == ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
    }
    if !changes.is_empty() {
        ctx.write("contacts", changes, None).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_target_of_a_merge_is_read_from_every_form_of_link() {
        for (link, expected) in [
            ("</contacts/5ba682d2>; rel=\"canonical\"", Some("5ba682d2")),
            ("/contacts/5ba682d2", Some("5ba682d2")),
            (
                "<https://api.eu.intercom.io/contacts/5ba682d2?x=1>; rel=canonical",
                Some("5ba682d2"),
            ),
            ("</contacts/>", None),
            ("</companies/1>", None),
            ("", None),
        ] {
            assert_eq!(target(link), expected, "{link}");
        }
    }
}
