//! JSON lines of a file, from a byte on.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom},
    path::{Path, PathBuf},
};

use serde_json::{Value, json};
use trunkline_flow::{ComponentError, Item};

use super::{BATCH, BYTES, Pieces, Settings, cannot, shown};

/// The longest line, in bytes.
const MAX_LINE: usize = 16 << 20;
/// What is kept for the next line, in bytes.
const LINE: usize = 64 << 10;

pub(super) struct Lines {
    path: PathBuf,
    settings: Settings,
    file: BufReader<File>,
    /// Whether the last line needs no end.
    is_whole: bool,
    /// Bytes and lines before what comes next.
    at: u64,
    line: u64,
    /// The line that is looked at, without its end.
    text: Vec<u8>,
}

impl Lines {
    pub(super) fn open(
        path: &Path,
        settings: &Settings,
        place: &Value,
        is_whole: bool,
    ) -> Result<Self, ComponentError> {
        let mut at = place["at"].as_u64().unwrap_or(0);
        let mut line = place["line"].as_u64().unwrap_or(0);
        let mut open = || -> io::Result<File> {
            let mut file = File::open(path)?;
            if file.metadata()?.len() < at {
                (at, line) = (0, 0);
            }
            file.seek(SeekFrom::Start(at))?;
            Ok(file)
        };
        let file = open().map_err(|error| cannot(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            settings: settings.clone(),
            file: BufReader::with_capacity(256 << 10, file),
            is_whole,
            at,
            line,
            text: Vec::new(),
        })
    }

    /// Goes to the next whole line; whether there is one.
    fn go_on(&mut self) -> Result<bool, ComponentError> {
        let line = &mut self.text;
        line.clear();
        let read = (&mut self.file)
            .take(MAX_LINE as u64 + 1)
            .read_until(b'\n', line)
            .map_err(|error| cannot(&self.path, &error))?;
        if read == 0 {
            return Ok(false);
        }
        if line.len() > MAX_LINE {
            return Err(ComponentError::stop(
                "TL0844",
                format!(
                    "line {} of {} has more than {MAX_LINE} bytes",
                    self.line + 1,
                    self.path.display()
                ),
                "Is it a file of JSON lines? Each record must be a line of its own.",
            ));
        }
        let has_end = line.last() == Some(&b'\n');
        if !has_end && !self.is_whole {
            let back = i64::try_from(line.len()).unwrap_or(0);
            self.file
                .seek_relative(-back)
                .map_err(|error| cannot(&self.path, &error))?;
            return Ok(false);
        }
        self.at += line.len() as u64;
        self.line += 1;
        if has_end {
            line.pop();
        }
        Ok(true)
    }

    /// What stands in the line; nothing in an empty one.
    fn item(&self) -> Option<Item> {
        let line = self.text.as_slice();
        let line = line
            .strip_prefix(b"\xef\xbb\xbf")
            .filter(|_| self.line == 1)
            .unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return None;
        }
        Some(match serde_json::from_slice::<Value>(line) {
            Ok(value) => self.settings.record(value),
            Err(error) => {
                let words = error.to_string();
                let why = words.rfind(" at line ").map_or(words.as_str(), |at| &words[..at]);
                Item::Broken {
                    text: shown(&String::from_utf8_lossy(line)),
                    error: ComponentError::reject(
                        "TL0845",
                        format!(
                            "line {}, column {} of {} is no JSON: {why}",
                            self.line,
                            error.column(),
                            self.path.display()
                        ),
                        "Mend the line, and redrive its dead letter.",
                    ),
                }
            }
        })
    }
}

impl Pieces for Lines {
    fn next(&mut self) -> Result<Vec<Item>, ComponentError> {
        let mut items = Vec::new();
        let begin = self.at;
        // Nothing at all would say that there is no more.
        while (items.is_empty() || items.len() < BATCH && self.at - begin < BYTES) && self.go_on()? {
            items.extend(self.item());
        }
        // A line that is much longer than others leaves nothing behind.
        self.text.shrink_to(LINE);
        Ok(items)
    }

    fn place(&self) -> Value {
        json!({ "at": self.at, "line": self.line })
    }
}
