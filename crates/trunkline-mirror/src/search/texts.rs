//! What is read of a record for the index: its title and its words.
//!
//! The one rule: a column that a mirror leaves out, or keeps only as a hash, is not there or says nothing, and that is no error.

use rusqlite::{Connection, Error, OptionalExtension as _, types::ValueRef};

/// The most of one record that is searched, in bytes.
const MOST: usize = 200_000;

/// A stream that is searched: the table, the columns of its title and its words, its time.
pub(super) struct Searched {
    pub(super) stream: &'static str,
    title: &'static [&'static str],
    body: &'static [&'static str],
}

/// The streams that are searched.
pub(super) const SEARCHED: [Searched; 3] = [
    Searched {
        stream: "conversations",
        title: &["title", "source_subject"],
        body: &["source_body_text", "source_author_name", "source_author_email"],
    },
    Searched {
        stream: "contacts",
        title: &["name"],
        body: &[
            "email",
            "phone",
            "external_id",
            "city",
            "country",
            "custom_attributes",
        ],
    },
    Searched {
        stream: "articles",
        title: &["title"],
        body: &["description", "body_text"],
    },
];

/// The stream that is searched in which a change of a table is found.
pub(super) fn searched_in(table: &str) -> Option<&'static Searched> {
    let stream = if table == "conversation_parts" {
        "conversations"
    } else {
        table
    };
    SEARCHED.iter().find(|searched| searched.stream == stream)
}

/// What is searched of one record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Text {
    pub(super) at: Option<String>,
    pub(super) title: String,
    pub(super) body: String,
}

impl Searched {
    /// The text of a record that exists.
    pub(super) fn text(&self, mirror: &Connection, id: &str) -> Result<Option<Text>, Error> {
        let columns = present(
            mirror,
            self.stream,
            self.title.iter().chain(self.body).chain(&["updated_at"]),
        )?;
        let sql = format!(
            "SELECT {} FROM {} WHERE id = ?1 AND _deleted_at IS NULL",
            columns
                .iter()
                .map(|name| format!("\"{name}\""))
                .chain(["1".to_owned()])
                .collect::<Vec<_>>()
                .join(", "),
            self.stream
        );
        let found = mirror
            .prepare_cached(&sql)?
            .query_row([id], |row| {
                let mut text = Text {
                    at: None,
                    title: String::new(),
                    body: String::new(),
                };
                for (at, name) in columns.iter().enumerate() {
                    let ValueRef::Text(value) = row.get_ref(at)? else {
                        continue;
                    };
                    let value = String::from_utf8_lossy(value);
                    if *name == "updated_at" {
                        text.at = Some(value.into_owned());
                    } else if self.title.contains(name) {
                        append(&mut text.title, &plain(&value));
                    } else if *name == "custom_attributes" {
                        append(&mut text.body, &values(&value));
                    } else {
                        append(&mut text.body, &value);
                    }
                }
                Ok(text)
            })
            .optional()?;
        let Some(mut text) = found else {
            return Ok(None);
        };
        if self.stream == "conversations" {
            add_parts(mirror, id, &mut text.body)?;
        }
        Ok(Some(text))
    }
}

/// What was said after the first message.
fn add_parts(mirror: &Connection, id: &str, body: &mut String) -> Result<(), Error> {
    if present(mirror, "conversation_parts", std::iter::once(&"body_text"))?.is_empty() {
        return Ok(());
    }
    let mut statement = mirror.prepare_cached(
        "SELECT body_text FROM conversation_parts WHERE conversation_id = ?1 AND _deleted_at IS NULL \
         AND body_text <> '' ORDER BY created_at, id",
    )?;
    let mut rows = statement.query([id])?;
    while let Some(row) = rows.next()? {
        if body.len() >= MOST {
            break;
        }
        append(body, row.get_ref(0)?.as_str().unwrap_or_default());
    }
    Ok(())
}

/// Those of some columns that a table of this file has.
fn present<'n>(
    mirror: &Connection,
    table: &str,
    wanted: impl Iterator<Item = &'n &'static str>,
) -> Result<Vec<&'static str>, Error> {
    let mut statement = mirror.prepare_cached("SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2")?;
    let mut present = Vec::new();
    for name in wanted {
        if statement.exists([table, name])? {
            present.push(*name);
        }
    }
    Ok(present)
}

fn append(text: &mut String, more: &str) {
    if text.len() < MOST && !more.is_empty() {
        if !text.is_empty() {
            text.push('\n');
        }
        let room = MOST.saturating_sub(text.len());
        text.push_str(&more[..more.floor_char_boundary(room)]);
    }
}

fn plain(text: &str) -> String {
    if text.contains('<') {
        crate::text::from_html(text)
    } else {
        text.to_owned()
    }
}

/// The values of an object, without its names.
fn values(json: &str) -> String {
    let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(json).unwrap_or_default();
    let texts: Vec<String> = object
        .into_iter()
        .filter_map(|(_, value)| match value {
            serde_json::Value::String(text) => Some(text),
            serde_json::Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
        .collect();
    texts.join("\n")
}
