//! The files of a folder, each once, in the order of their names.
//!
//! The one rule: a file that is there is whole. Whoever fills the folder writes elsewhere, or under a name that is left out, and
//! moves the file into place; one that comes with an earlier name than others is read all the same.

use std::{collections::BTreeSet, io, path::PathBuf};

use serde_json::{Value, json};
use trunkline_flow::{ComponentError, Item};

use super::{Pieces, Settings, cannot, open};

/// Endings of files that somebody is still writing.
const UNFINISHED: [&str; 4] = [".tmp", ".part", ".partial", ".crdownload"];

/// Whether a name is not one that is left out.
pub(super) fn is_finished(name: &str) -> bool {
    !name.starts_with('.') && !UNFINISHED.iter().any(|ending| name.ends_with(ending))
}

pub(super) struct Folder {
    path: PathBuf,
    settings: Settings,
    /// Names of files that were read, as far as they are still there.
    done: BTreeSet<String>,
    /// The file that is being read.
    current: Option<(String, Box<dyn Pieces>)>,
    /// Where an earlier run stood, until that file is opened.
    resumed: Option<(String, Value)>,
    /// Where the last batch ended.
    place: Value,
}

impl Folder {
    pub(super) fn open(path: PathBuf, settings: Settings, place: &Value) -> Self {
        let done = place["done"].as_array().map(Vec::as_slice).unwrap_or_default();
        let resumed = place["file"]
            .as_str()
            .map(|file| (file.to_owned(), place["place"].clone()));
        Self {
            path,
            settings,
            done: done.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            current: None,
            resumed,
            place: place.clone(),
        }
    }

    /// The names of all files, in their order.
    fn names(&self) -> io::Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        for entry in std::fs::read_dir(&self.path)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            // Through links too.
            if is_finished(&name) && entry.path().is_file() {
                names.insert(name);
            }
        }
        Ok(names)
    }

    /// Opens the next file; none when all were read. What cannot be opened is given as broken.
    fn advance(&mut self) -> Result<Option<Item>, ComponentError> {
        let names = self.names().map_err(|error| cannot(&self.path, &error))?;
        self.done.retain(|name| names.contains(name));
        let first = self
            .resumed
            .take()
            .filter(|(name, _)| names.contains(name) && !self.done.contains(name));
        let (name, place) = match first {
            Some(first) => first,
            None => match names.into_iter().find(|name| !self.done.contains(name)) {
                Some(name) => (name, Value::Null),
                None => return Ok(None),
            },
        };
        match open(&self.path.join(&name), &self.settings, &place, true) {
            Ok(pieces) => {
                self.current = Some((name, pieces));
                Ok(None)
            }
            Err(error) => {
                let broken = Item::Broken {
                    text: name.clone(),
                    error: ComponentError {
                        verdict: trunkline_flow::Verdict::Reject,
                        ..error
                    },
                };
                self.done.insert(name);
                Ok(Some(broken))
            }
        }
    }
}

impl Pieces for Folder {
    fn next(&mut self) -> Result<Vec<Item>, ComponentError> {
        loop {
            let Some((name, pieces)) = &mut self.current else {
                let broken = self.advance()?;
                if let Some(broken) = broken {
                    self.place = json!({ "done": self.done });
                    return Ok(vec![broken]);
                }
                if self.current.is_none() {
                    return Ok(Vec::new());
                }
                continue;
            };
            let items = pieces.next()?;
            if !items.is_empty() {
                self.place = json!({ "file": name, "place": pieces.place(), "done": self.done });
                return Ok(items);
            }
            self.done.insert(name.clone());
            self.current = None;
        }
    }

    fn place(&self) -> Value {
        self.place.clone()
    }
}
