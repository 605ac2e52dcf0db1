//! Markdown files: what stands above the text (front matter, YAML) and the text itself, a record for each file.
//!
//! The one rule: a file is given again when what is in it has changed, and only then. The position holds a hash of each file that is
//! there, so nothing depends on clocks.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use serde_json::{Map, Value, json};
use trunkline_flow::{ComponentError, Item, document::Node};
use xxhash_rust::xxh3::xxh3_64;

use super::{Pieces, Settings, cannot, folder::is_finished, shown};

/// How many files are given at once.
const BATCH: usize = 50;
/// The largest file, in bytes.
const MAX_FILE: u64 = 8 << 20;
/// The largest front matter, in bytes.
const MAX_FRONT: usize = 256 << 10;
/// How deep folders are gone into.
const MAX_DEPTH: usize = 16;
/// The field that says which file a record is.
const FILE: &str = "file";

/// What tells that a file was not touched while it is followed.
type Stamp = (Option<SystemTime>, u64);

/// The Markdown files of a folder and of the folders in it, or one file.
pub(super) struct Documents {
    path: PathBuf,
    settings: Settings,
    /// Hashes of the files that were given, as far as they are still there.
    done: BTreeMap<String, String>,
    /// What they looked like when they were read.
    seen: BTreeMap<String, Stamp>,
}

impl Documents {
    pub(super) fn open(path: PathBuf, settings: Settings, place: &Value) -> Self {
        let done = place["files"].as_object().into_iter().flatten();
        Self {
            path,
            settings,
            done: done
                .filter_map(|(name, hash)| Some((name.clone(), hash.as_str()?.to_owned())))
                .collect(),
            seen: BTreeMap::new(),
        }
    }

    /// All files by their names below the folder, in the order of the names.
    fn files(&self) -> Result<BTreeMap<String, PathBuf>, ComponentError> {
        let mut files = BTreeMap::new();
        if self.path.is_dir() {
            gather(&self.path, "", 0, &mut files).map_err(|error| cannot(&self.path, &error))?;
        } else {
            std::fs::metadata(&self.path).map_err(|error| cannot(&self.path, &error))?;
            let name = self.path.file_name().unwrap_or_default().to_string_lossy();
            files.insert(name.into_owned(), self.path.clone());
        }
        Ok(files)
    }

    /// What a file gives, unless it is as it was; and its hash.
    fn item(&self, name: &str, path: &Path) -> Option<(Item, String)> {
        let read = read(path);
        let hash = match &read {
            Ok(bytes) => format!("{:016x}", xxh3_64(bytes)),
            Err(why) => format!("not read: {why}"),
        };
        if self.done.get(name) == Some(&hash) {
            return None;
        }
        let made = read.and_then(|bytes| record(&bytes, &self.settings.text));
        let item = match made {
            Ok(mut fields) => {
                fields.insert(FILE.to_owned(), json!({ "path": name, "hash": hash }));
                self.settings.record(fields.into())
            }
            Err(why) => Item::Broken {
                text: shown(name),
                error: ComponentError::reject(
                    "TL0950",
                    format!("{} cannot be taken: {why}", path.display()),
                    "Mend the file; it is read again when it has changed.",
                ),
            },
        };
        Some((item, hash))
    }
}

impl Pieces for Documents {
    fn next(&mut self) -> Result<Vec<Item>, ComponentError> {
        let files = self.files()?;
        self.done.retain(|name, _| files.contains_key(name));
        self.seen.retain(|name, _| files.contains_key(name));
        let mut items = Vec::new();
        for (name, path) in files {
            if items.len() == BATCH {
                break;
            }
            let stamp = std::fs::metadata(&path).map(|about| (about.modified().ok(), about.len()));
            if stamp
                .as_ref()
                .is_ok_and(|stamp| stamp.0.is_some() && self.seen.get(&name) == Some(stamp))
            {
                continue;
            }
            if let Some((item, hash)) = self.item(&name, &path) {
                items.push(item);
                self.done.insert(name.clone(), hash);
            }
            if let Ok(stamp) = stamp {
                self.seen.insert(name, stamp);
            }
        }
        Ok(items)
    }

    fn place(&self) -> Value {
        json!({ "files": self.done })
    }
}

/// Whether a name is one of a Markdown file.
pub(super) fn is_markdown(path: &Path) -> bool {
    path.extension()
        .is_some_and(|ending| ending.eq_ignore_ascii_case("md") || ending.eq_ignore_ascii_case("markdown"))
}

fn gather(folder: &Path, above: &str, depth: usize, files: &mut BTreeMap<String, PathBuf>) -> io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        if !is_finished(&name) {
            continue;
        }
        let (path, name) = (entry.path(), format!("{above}{name}"));
        // A link to a folder could lead back to where it stands.
        if entry.file_type()?.is_dir() {
            if depth < MAX_DEPTH {
                gather(&path, &format!("{name}/"), depth + 1, files)?;
            }
        } else if is_markdown(&path) && path.is_file() {
            files.insert(name, path);
        }
    }
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    let length = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if length > MAX_FILE {
        return Err(format!("it has {length} bytes, and at most {MAX_FILE} are read"));
    }
    std::fs::read(path).map_err(|error| error.to_string())
}

/// The fields of a file: those of its front matter, and its text.
fn record(bytes: &[u8], text_field: &str) -> Result<Map<String, Value>, String> {
    let text = std::str::from_utf8(bytes).map_err(|error| format!("it is not UTF-8: {error}"))?;
    let text = text
        .strip_prefix('\u{feff}')
        .unwrap_or(text)
        .replace("\r\n", "\n");
    let (mut fields, body) = match front(&text)? {
        Some((front, body)) => (front_matter(front)?, body),
        None => (Map::new(), text.as_str()),
    };
    for name in [FILE, text_field] {
        if fields.contains_key(name) {
            return Err(format!(
                "its front matter has the key {name}, under which the record has something else"
            ));
        }
    }
    let body = body.trim_start_matches('\n').trim_end();
    fields.insert(text_field.to_owned(), body.into());
    Ok(fields)
}

/// The front matter and what stands below it; none when the file begins with its text.
fn front(text: &str) -> Result<Option<(&str, &str)>, String> {
    let Some(rest) = text.strip_prefix("---\n") else {
        return Ok(None);
    };
    let mut at = 0;
    for line in rest.split_inclusive('\n') {
        if matches!(line.trim_end(), "---" | "...") {
            return Ok(Some((&rest[..at], &rest[at + line.len()..])));
        }
        at += line.len();
        if at > MAX_FRONT {
            return Err(format!("its front matter has more than {MAX_FRONT} bytes"));
        }
    }
    Err("it begins with ---, and no line --- ends its front matter".to_owned())
}

fn front_matter(text: &str) -> Result<Map<String, Value>, String> {
    if text.trim().is_empty() {
        return Ok(Map::new());
    }
    let node = Node::parse(text).map_err(|mistake| {
        // The line of `---` stands above.
        let (line, column) = (mistake.spot.line + 1, mistake.spot.column);
        format!("line {line}, column {column}: {}", mistake.message)
    })?;
    match node.to_json() {
        Value::Object(fields) => Ok(fields),
        _ => Err("its front matter has no keys".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: Result<Value, &str>) {
        let made = record(text.as_bytes(), "body");
        match (made, expected) {
            (Ok(made), Ok(expected)) => assert_eq!(Value::Object(made), expected, "{text:?}"),
            (Err(why), Err(part)) => assert!(why.contains(part), "{text:?}: {why}"),
            (made, expected) => panic!("{text:?}: {made:?} in place of {expected:?}"),
        }
    }

    #[test]
    fn front_matter_and_text_are_a_record() {
        check("", Ok(json!({ "body": "" })));
        check("# Hi\n\n---\nx\n", Ok(json!({ "body": "# Hi\n\n---\nx" })));
        check(
            "---\ntitle: Log in\ntags: [a, b]\nid: 7\n---\n\n# Hi\n",
            Ok(json!({ "title": "Log in", "tags": ["a", "b"], "id": 7, "body": "# Hi" })),
        );
        check(
            "\u{feff}---\r\ntitle: \"a: b\"\r\n...\r\nHi\r\n\r\nyou\r\n",
            Ok(json!({ "title": "a: b", "body": "Hi\n\nyou" })),
        );
        check("---\n---\nHi", Ok(json!({ "body": "Hi" })));
        check("---\n# only a remark\n---\nHi", Err("no keys"));
    }

    #[test]
    fn what_is_no_front_matter_says_where() {
        check("---\ntitle: x\n", Err("no line --- ends"));
        check("---\ntitle: 'x\n---\n", Err("line "));
        check("---\na: 1\na: 2\n---\n", Err("line 3"));
        check("---\n- a\n---\n", Err("no keys"));
        check("---\nbody: x\n---\n", Err("the key body"));
        check("---\nfile: x\n---\n", Err("the key file"));
        assert!(record(b"\xff\xfe", "body").unwrap_err().contains("UTF-8"));
    }
}
