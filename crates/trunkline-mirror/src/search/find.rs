//! Questions to the index: the best fits first, each with the place where it fits.
//!
//! The one rule: what somebody types is words, never a language: nothing of it can be wrong.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, params};
use serde::Serialize;
use utoipa::ToSchema;

use super::{FORMAT, fail, file_of, meta};
use crate::storage::StorageError;

/// How many words of a question are looked at.
const MOST_WORDS: usize = 20;
/// What stands before and after a hit in the text that SQLite gives.
const MARKS: [char; 2] = ['\u{2}', '\u{3}'];

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Whether everything that the mirror held at some time is in the index.
    pub is_whole: bool,
    /// How many records are in it.
    pub indexed: u64,
    /// The records that fit, best first.
    pub hits: Vec<Hit>,
    /// Whether there are more.
    pub is_cut: bool,
}

/// A record that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SearchHit)]
pub struct Hit {
    /// conversations, contacts or articles.
    pub stream: String,
    /// Its id.
    pub id: String,
    /// When it last changed.
    pub at: Option<String>,
    /// Its title or name.
    pub title: String,
    /// The place where it fits, piece by piece.
    pub pieces: Vec<Piece>,
}

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = SearchPiece)]
pub struct Piece {
    /// The text.
    pub text: String,
    /// Whether it is what was looked for.
    pub is_hit: bool,
}

/// Looks for words in the index of a mirror; nothing where there is none.
///
/// # Errors
/// When the index cannot be read.
pub fn find(
    mirror: &Path,
    words: &str,
    stream: Option<&str>,
    skip: u32,
    limit: u32,
) -> Result<Option<Found>, StorageError> {
    let path = file_of(mirror);
    if !path.is_file() {
        return Ok(None);
    }
    let fail = fail(&path);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(&path, flags).map_err(&fail)?;
    look(&connection, &question(words), stream, skip, limit).map_err(&fail)
}

fn look(
    connection: &Connection,
    question: &str,
    stream: Option<&str>,
    skip: u32,
    limit: u32,
) -> Result<Option<Found>, rusqlite::Error> {
    let is_made = connection
        .prepare("SELECT 1 FROM sqlite_schema WHERE name = 'places'")?
        .exists([])?;
    if !is_made || meta(connection, "format")?.as_deref() != Some(FORMAT) {
        return Ok(None);
    }
    let indexed: i64 = connection.query_row("SELECT count(*) FROM places", [], |row| row.get(0))?;
    let mut found = Found {
        is_whole: meta(connection, "position")?.is_some(),
        indexed: indexed.unsigned_abs(),
        ..Found::default()
    };
    if question.is_empty() {
        return Ok(Some(found));
    }
    let mut statement = connection.prepare(
        "SELECT p.stream, p.id, p.at, w.title, snippet(words, 1, char(2), char(3), '…', 24) FROM words AS w \
         JOIN places AS p ON p.number = w.rowid WHERE words MATCH ?1 AND (?2 IS NULL OR p.stream = ?2) \
         ORDER BY bm25(words, 6.0, 1.0), p.at DESC LIMIT ?3 OFFSET ?4",
    )?;
    let hits = statement.query_map(params![question, stream, limit + 1, skip], |row| {
        Ok(Hit {
            stream: row.get(0)?,
            id: row.get(1)?,
            at: row.get(2)?,
            title: row.get(3)?,
            pieces: pieces(&row.get::<_, String>(4)?),
        })
    })?;
    found.hits = hits.collect::<Result<_, _>>()?;
    found.is_cut = found.hits.len() > limit as usize;
    found.hits.truncate(limit as usize);
    Ok(Some(found))
}

/// What was typed, as the database reads it: every word has to be there, what stands in quotes side by side, and the last word may go on.
fn question(typed: &str) -> String {
    let mut words: Vec<String> = Vec::new();
    for (at, part) in typed.split('"').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words.retain(|word| word.chars().any(char::is_alphanumeric));
    words.truncate(MOST_WORDS);
    let goes_on = !typed.ends_with(['"', ' ']);
    let last = words.len().saturating_sub(1);
    let quoted: Vec<String> = words
        .iter()
        .enumerate()
        .map(|(at, word)| {
            let word: String = word.chars().filter(|letter| *letter != '\0').collect();
            let end = if at == last && goes_on { "*" } else { "" };
            format!("\"{word}\"{end}")
        })
        .collect();
    quoted.join(" ")
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for (at, part) in text.split(MARKS).enumerate() {
        if !part.is_empty() {
            pieces.push(Piece {
                text: part.to_owned(),
                is_hit: at % 2 == 1,
            });
        }
    }
    pieces
}
