//! A file for each record: Markdown with front matter, or JSON.
//!
//! The one rule: a file is whole or as it was before. It is written beside its place under a name that nobody reads, synced, and moved
//! into place; what is there already is not touched.

use std::{
    collections::BTreeSet,
    fs::File,
    io::{self, Write as _},
    path::{Component, Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::BoxFuture;
use serde_json::{Map, Value, json};
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record,
    document::{Jq, Mistake, Node},
};

use super::{Format, Settings, failed};
use crate::Site;

/// The longest part of a name, in bytes.
const LONGEST: usize = 200;
/// Words that YAML does not take for text.
const RESERVED: [&str; 9] = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];

pub(super) struct Each {
    folder: PathBuf,
    name: Jq,
    delete_when: Option<Jq>,
    is_markdown: bool,
    text: String,
    site: Site,
    /// Folders in which something was moved since they were synced.
    moved: Arc<Mutex<BTreeSet<PathBuf>>>,
}

/// What becomes of a file.
enum Change {
    Put { name: String, text: String },
    Delete { name: String },
}

/// Takes the settings of a flow's file, when they ask for a file each.
pub(super) fn build(node: &Node, settings: &Settings, site: &Site) -> Result<Option<Each>, Mistake> {
    let wrong = |key: &str, message: &str, advice: &str| {
        let spot = node.get(key).map_or(node.spot, |value| value.spot);
        Err(Mistake::new(spot, message, advice))
    };
    let Some(name) = &settings.each else {
        for key in ["delete_when", "text"] {
            if node.get(key).is_some() {
                let message = format!("{key} is for a file of each record");
                return wrong(key, &message, "Leave it out, or add `each:`.");
            }
        }
        return match settings.format {
            Some(Format::Markdown | Format::Json) => wrong(
                "format",
                "a file of this form holds one record",
                "Add `each:`, an expression for the name of each record's file.",
            ),
            _ => Ok(None),
        };
    };
    if matches!(settings.format, Some(Format::Jsonl | Format::Csv)) {
        let advice = "Use `markdown` or `json`, or leave `each` out.";
        return wrong("format", "a file of this form holds many records", advice);
    }
    if settings.columns.is_some() {
        return wrong("columns", "only a table has columns", "Leave it out.");
    }
    for key in ["folder", "keep"] {
        if node.get(key).is_some() {
            let message = format!("with `each`, {key} has no meaning");
            return wrong(
                key,
                &message,
                "Let `each` give the folder too, such as `'\"a/\\(.id).md\"'`.",
            );
        }
    }
    Ok(Some(Each {
        folder: site.path(&settings.path),
        name: name.clone(),
        delete_when: settings.delete_when.clone(),
        is_markdown: settings.format == Some(Format::Markdown),
        text: settings.text.clone().unwrap_or_else(|| "body".to_owned()),
        site: site.clone(),
        moved: Arc::default(),
    }))
}

impl Each {
    fn change(&self, record: &Record) -> Result<Change, ComponentError> {
        let now = (self.site.now)();
        let name = self.name.key(record, now)?.unwrap_or_default();
        check(&name).map_err(|why| {
            ComponentError::reject(
                "TL0951",
                format!("{name:?} cannot be the name of this record's file: {why}"),
                "Let `each` give a name below the folder, such as `'\"\\(.id).md\"'`.",
            )
        })?;
        if let Some(delete) = &self.delete_when
            && delete.holds(record, now)?
        {
            return Ok(Change::Delete { name });
        }
        let text = if self.is_markdown {
            markdown(&record.value, &self.text)?
        } else {
            format!("{:#}\n", record.value)
        };
        Ok(Change::Put { name, text })
    }
}

/// Whether a name stays below the folder and is one that is read.
pub(super) fn check(name: &str) -> Result<(), &'static str> {
    if name.is_empty() {
        return Err("it is empty");
    }
    if name.contains(['\\', '\0']) {
        return Err("it has a letter that names of files do not have");
    }
    if name.ends_with('/') {
        return Err("it is a folder's");
    }
    for part in Path::new(name).components() {
        let Component::Normal(part) = part else {
            return Err("it leads out of the folder");
        };
        let part = part.to_string_lossy();
        if part.starts_with('.') {
            return Err("a part of it begins with a dot");
        }
        if part.len() > LONGEST {
            return Err("a part of it is too long");
        }
    }
    Ok(())
}

/// A document: all fields but the text as front matter, and the text below.
fn markdown(value: &Value, text_field: &str) -> Result<String, ComponentError> {
    let unfit = |why: &str| {
        ComponentError::reject(
            "TL0952",
            format!("this record cannot be a Markdown file: {why}"),
            "Make an object of it with `map`, with text in the field that `text` names.",
        )
    };
    let Value::Object(fields) = value else {
        return Err(unfit("it is no object"));
    };
    let body = match fields.get(text_field) {
        None | Some(Value::Null) => "",
        Some(Value::String(text)) => text.trim_start_matches('\n').trim_end(),
        Some(_) => return Err(unfit(&format!("its field {text_field} is no text"))),
    };
    let mut made = front(fields, text_field);
    if !body.is_empty() {
        made.push('\n');
        made.push_str(body);
        made.push('\n');
    }
    Ok(made)
}

/// Every JSON value is YAML too.
fn front(fields: &Map<String, Value>, text_field: &str) -> String {
    let mut made = "---\n".to_owned();
    for (name, value) in fields.iter().filter(|(name, _)| *name != text_field) {
        let is_plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
            && name
                .chars()
                .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-'))
            && !RESERVED.contains(&name.to_ascii_lowercase().as_str());
        let name = if is_plain {
            name.clone()
        } else {
            Value::from(name.as_str()).to_string()
        };
        made.push_str(&format!("{name}: {value}\n"));
    }
    made.push_str("---\n");
    made
}

/// Moves a file into place, unless it is there as it should be; the folder in which something changed.
fn put(path: &Path, text: &str) -> io::Result<Option<PathBuf>> {
    if std::fs::read(path).is_ok_and(|there| there == text.as_bytes()) {
        return Ok(None);
    }
    let folder = path.parent().unwrap_or(Path::new("."));
    std::fs::create_dir_all(folder)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = folder.join(format!(".{name}.tmp"));
    let mut file = File::create(&beside)?;
    file.write_all(text.as_bytes())?;
    file.sync_data()?;
    std::fs::rename(&beside, path)?;
    Ok(Some(folder.to_owned()))
}

fn delete(path: &Path) -> io::Result<Option<PathBuf>> {
    match std::fs::remove_file(path) {
        Ok(()) => Ok(path.parent().map(Path::to_owned)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

impl Destination for Each {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        let changes: Vec<_> = records.iter().map(|record| self.change(record)).collect();
        let (root, moved) = (self.folder.clone(), Arc::clone(&self.moved));
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || {
                let one = |change: Result<Change, ComponentError>| -> Delivered {
                    let (path, done) = match change? {
                        Change::Put { name, text } => {
                            let path = root.join(name);
                            let done = put(&path, &text);
                            (path, done)
                        }
                        Change::Delete { name } => {
                            let path = root.join(name);
                            let done = delete(&path);
                            (path, done)
                        }
                    };
                    let folder = done.map_err(|error| failed(&path, &error))?;
                    moved
                        .lock()
                        .unwrap_or_else(PoisonError::into_inner)
                        .extend(folder);
                    Ok(None)
                };
                changes.into_iter().map(one).collect::<Vec<_>>()
            });
            done.await.unwrap_or_else(|error| {
                let error = failed(&self.folder, &io::Error::other(error));
                records.iter().map(|_| Err(error.clone())).collect()
            })
        })
    }

    fn most_at_once(&self) -> usize {
        100
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        Ok(match self.change(record)? {
            Change::Put { name, text } => json!({ "file": name, "text": text }),
            Change::Delete { name } => json!({ "delete": name }),
        })
    }

    fn settle(&self) -> BoxFuture<'_, Result<(), ComponentError>> {
        let folders = std::mem::take(&mut *self.moved.lock().unwrap_or_else(PoisonError::into_inner));
        let moved = Arc::clone(&self.moved);
        Box::pin(async move {
            if folders.is_empty() {
                return Ok(());
            }
            let done = tokio::task::spawn_blocking(move || {
                for folder in &folders {
                    if let Err(error) = File::open(folder).and_then(|folder| folder.sync_all()) {
                        let error = failed(folder, &error);
                        moved
                            .lock()
                            .unwrap_or_else(PoisonError::into_inner)
                            .extend(folders);
                        return Err(error);
                    }
                }
                Ok(())
            });
            done.await
                .unwrap_or_else(|error| Err(failed(&self.folder, &io::Error::other(error))))
        })
    }
}
