//! A note as the API shows it.

use serde_json::{Value, json};

use super::{View, parts, value};
use crate::{
    texts::{self, mix},
    workspace::{
        conversation::Author,
        people::{Note, Subject},
    },
};

/// Shows a note.
pub(crate) fn view(view: View<'_>, note: &Note) -> Value {
    let seed = view.workspace.seed;
    let text = note
        .body
        .clone()
        .unwrap_or_else(|| texts::note(mix(seed, 12, note.row)).to_owned());
    let body = if text.starts_with('<') {
        text
    } else {
        format!("<p>{text}</p>")
    };
    let admin = &view.workspace.reference.admins[usize::from(note.admin)];
    let mut author = value(&parts::author(view, Author::Admin(note.admin)));
    for field in ["away_mode_enabled", "away_mode_reassign"] {
        author[field] = admin[field].clone();
    }
    let (field, subject) = match note.subject {
        Subject::Contact(row) => (
            "contact",
            json!({ "type": "contact", "id": view.workspace.ids.contact(row) }),
        ),
        Subject::Company(row) => (
            "company",
            json!({ "type": "company", "id": view.workspace.ids.company(row) }),
        ),
    };
    let mut shown = json!({
        "type": "note",
        "id": note.id(&view.workspace.ids),
        "created_at": note.created_at,
        "author": author,
        "body": body,
    });
    shown[field] = subject;
    shown
}
