//! `file`: the records of a file of JSON lines, from where the last run came to.
//!
//! The one rule: a line without its end is not read yet: whoever writes the file may be in the middle of it. A file that has become
//! shorter is another one, and is read from its beginning.

use std::{
    fs::File,
    io::{self, BufRead as _, BufReader, Seek as _, SeekFrom},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_flow::{
    Batch, ComponentError, Cursor, Head, Item, Occasion, Read, Reader, Record, Source,
    document::{Mistake, Node, read},
};

use crate::{Site, registry::SourceKind};

pub(crate) const KIND: SourceKind = SourceKind {
    name: "file",
    summary: "Gives the lines of a file of JSON lines, from where the last run came to.",
    is_rereadable: true,
    is_endless: |node| node.get("follow").is_some_and(|follow| follow.to_json() == true),
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How many lines are given at once.
const BATCH: usize = 500;
/// The longest line, in bytes.
const MAX_LINE: usize = 16 << 20;
/// How often a file that is followed is looked at.
const PAUSE: Duration = Duration::from_millis(500);

/// Gives the lines of a file of JSON lines.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The file. Relative paths begin at the flow's file.
    path: String,
    /// Whether it waits for more lines at its end.
    #[serde(default)]
    follow: bool,
    /// The stream that its records are said to be of.
    #[serde(default)]
    stream: Option<String>,
}

struct Lines {
    settings: Settings,
    path: PathBuf,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let settings: Settings = read(node)?;
    let path = site.path(&settings.path);
    Ok(Arc::new(Lines { settings, path }))
}

impl Source for Lines {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        Box::pin(async move {
            let of = |key: &str| cursor.as_ref().and_then(|cursor| cursor.0[key].as_u64());
            let reader = Following {
                at: of("at").unwrap_or(0),
                line: of("line").unwrap_or(0),
                path: self.path.clone(),
                settings: self.settings.clone(),
                file: None,
            };
            tokio::task::spawn_blocking(move || reader.opened())
                .await
                .unwrap_or_else(|error| Err(cannot(&self.path, &io::Error::other(error))))
                .map(|reader| Box::new(Opened(Some(reader))) as Box<dyn Reader>)
        })
    }

    fn is_endless(&self) -> bool {
        self.settings.follow
    }
}

/// Taken out while it is read on a thread of its own.
struct Opened(Option<Following>);

struct Following {
    path: PathBuf,
    settings: Settings,
    file: Option<BufReader<File>>,
    /// Bytes and lines before what comes next.
    at: u64,
    line: u64,
}

impl Following {
    fn opened(mut self) -> Result<Self, ComponentError> {
        let open = || -> io::Result<(File, u64)> {
            let file = File::open(&self.path)?;
            let length = file.metadata()?.len();
            Ok((file, length))
        };
        let (mut file, length) = open().map_err(|error| cannot(&self.path, &error))?;
        if length < self.at {
            (self.at, self.line) = (0, 0);
        }
        file.seek(SeekFrom::Start(self.at))
            .map_err(|error| cannot(&self.path, &error))?;
        self.file = Some(BufReader::with_capacity(256 << 10, file));
        Ok(self)
    }

    fn next(&mut self) -> Result<Read, ComponentError> {
        let mut items = Vec::new();
        while items.len() < BATCH {
            let Some(line) = self.line_behind()? else { break };
            items.extend(self.item(&line));
        }
        if items.is_empty() {
            return Ok(if self.settings.follow {
                Read::Idle(PAUSE)
            } else {
                Read::End
            });
        }
        let behind = Some(Cursor(json!({ "at": self.at, "line": self.line })));
        Ok(Read::Batch(Batch { items, behind }))
    }

    /// The next whole line, without its end; the last line of a file that is not followed needs no end.
    fn line_behind(&mut self) -> Result<Option<Vec<u8>>, ComponentError> {
        let Some(file) = self.file.as_mut() else {
            return Ok(None);
        };
        let mut line = Vec::new();
        let read = io::Read::take(&mut *file, MAX_LINE as u64 + 1)
            .read_until(b'\n', &mut line)
            .map_err(|error| cannot(&self.path, &error))?;
        if read == 0 {
            return Ok(None);
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
        let is_whole = line.last() == Some(&b'\n');
        if !is_whole && self.settings.follow {
            let back = i64::try_from(line.len()).unwrap_or(0);
            file.seek_relative(-back)
                .map_err(|error| cannot(&self.path, &error))?;
            return Ok(None);
        }
        self.at += line.len() as u64;
        self.line += 1;
        if is_whole {
            line.pop();
        }
        Ok(Some(line))
    }

    fn item(&self, line: &[u8]) -> Option<Item> {
        let line = line
            .strip_prefix(b"\xef\xbb\xbf")
            .filter(|_| self.line == 1)
            .unwrap_or(line);
        if line.trim_ascii().is_empty() {
            return None;
        }
        Some(match serde_json::from_slice::<Value>(line) {
            Ok(value) => Item::Record(Record::new(value).with_head(Head {
                stream: self.settings.stream.clone(),
                ..Head::default()
            })),
            Err(error) => Item::Broken {
                text: String::from_utf8_lossy(line).chars().take(2_000).collect(),
                error: ComponentError::reject(
                    "TL0845",
                    format!(
                        "line {} of {} is no JSON: {error}",
                        self.line,
                        self.path.display()
                    ),
                    "Mend the line, and redrive its dead letter.",
                ),
            },
        })
    }
}

impl Reader for Opened {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            let Some(mut following) = self.0.take() else {
                return Ok(Read::End);
            };
            let done = tokio::task::spawn_blocking(move || {
                let next = following.next();
                (following, next)
            });
            match done.await {
                Ok((following, next)) => {
                    self.0 = Some(following);
                    next
                }
                Err(error) => Err(ComponentError::stop(
                    "TL0844",
                    format!("reading the file broke off: {error}"),
                    "This is a fault of Trunkline; please report it.",
                )),
            }
        })
    }
}

fn cannot(path: &std::path::Path, error: &io::Error) -> ComponentError {
    ComponentError::stop(
        "TL0844",
        format!("{} cannot be read: {error}", path.display()),
        "Check the path; relative ones begin at the flow's file.",
    )
}
