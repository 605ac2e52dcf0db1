//! One visit of a browser: who it is, where it is, and what its next page has to say.
//!
//! The one rule: a token of a form is made of the browser's own word, which no other site knows, so a form that somebody else made
//! does not fit.

use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, header};
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use trunkline_store::Role;
use url::form_urlencoded;

use super::registry::Menu;
use crate::cookie;

/// The session's word, or that of a browser which is not signed in.
pub(super) const WORD: &str = "trunkline-session";
/// As long as a session can last.
pub(super) const WORD_SECONDS: u32 = 30 * 24 * 60 * 60;
const NOTE: &str = "trunkline-note";
const NOTE_SECONDS: u32 = 60;
/// The longest note, in letters.
const LONGEST_NOTE: usize = 500;
/// Set by the page's own script, so it is the one that scripts can read.
const THEME: &str = "trunkline-theme";

/// Somebody who is signed in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Who {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) role: Role,
}

/// What the next page says first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) is_good: bool,
    pub(crate) text: String,
}

/// One visit.
#[derive(Clone, Debug)]
pub(crate) struct Visit {
    /// What a proxy puts before our own paths.
    pub(super) base: String,
    /// Where the browser is, without that.
    pub(super) path: String,
    pub(super) person: Option<Who>,
    /// The browser's word; a new one when it brought none.
    pub(super) word: String,
    pub(super) is_new_word: bool,
    pub(super) is_https: bool,
    pub(super) note: Option<Note>,
    pub(super) theme: Option<&'static str>,
    pub(super) now: Timestamp,
    pub(super) menu: Arc<Menu>,
    /// Where the page's news come from.
    pub(super) live: Option<String>,
}

impl Visit {
    /// An own path, as a browser is told it.
    pub(crate) fn to(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// An own path with a name in it, whatever letters that has.
    pub(crate) fn at(&self, path: &str, name: &str) -> String {
        self.to(&named(path, name))
    }

    /// The time of this visit.
    pub(crate) const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether whoever visits may do what needs this role.
    pub(crate) fn may(&self, role: Role) -> bool {
        self.person.as_ref().is_some_and(|who| who.role >= role)
    }

    /// What whoever visits may do; nobody may do the least.
    pub(crate) fn role(&self) -> Role {
        self.person.as_ref().map_or(Role::Read, |who| who.role)
    }

    /// Who visits; nobody's name is empty.
    pub(crate) fn name(&self) -> &str {
        self.person.as_ref().map_or("", |who| &who.name)
    }

    /// What a form carries to show that it is ours.
    pub(crate) fn token(&self) -> String {
        token(&self.word)
    }

    /// Whether a form carries the right token.
    pub(super) fn is_own(&self, given: &str) -> bool {
        !self.is_new_word && bool::from(self.token().as_bytes().ct_eq(given.as_bytes()))
    }

    /// Gives the browser what it has to keep, and takes back what it has shown.
    pub(super) fn leave(&self, response: &mut Response) {
        let sets_word = response
            .headers()
            .get_all(header::SET_COOKIE)
            .iter()
            .any(|value| value.to_str().is_ok_and(|text| text.contains(WORD)));
        if self.is_new_word && !sets_word {
            let kept = cookie::set(WORD, &self.word, WORD_SECONDS, self.is_https);
            response.headers_mut().append(header::SET_COOKIE, kept);
        }
        if self.note.is_some() && !response.status().is_redirection() {
            let gone = cookie::set(NOTE, "", 0, self.is_https);
            response.headers_mut().append(header::SET_COOKIE, gone);
        }
    }

    /// Keeps a note for the next page.
    pub(super) fn leave_note(&self, response: &mut Response, note: &Note) {
        let text: String = note.text.chars().take(LONGEST_NOTE).collect();
        let kind = if note.is_good { "good" } else { "bad" };
        let value: String = form_urlencoded::byte_serialize(text.as_bytes()).collect();
        let kept = cookie::set(NOTE, &format!("{kind}.{value}"), NOTE_SECONDS, self.is_https);
        response.headers_mut().append(header::SET_COOKIE, kept);
    }

    /// Somebody who looks at a sample.
    #[cfg(test)]
    pub(super) fn sample(role: Option<Role>, menu: &Arc<Menu>) -> Self {
        Self {
            base: "/prefix".to_owned(),
            path: "/sample".to_owned(),
            person: role.map(|role| Who {
                id: "0".to_owned(),
                name: "ann@example.com".to_owned(),
                role,
            }),
            word: "ab".repeat(32),
            is_new_word: false,
            is_https: true,
            note: None,
            theme: None,
            now: "2026-03-01T12:00:00Z".parse().expect("a moment"),
            menu: Arc::clone(menu),
            live: None,
        }
    }
}

/// A path with a name in place of its first braces.
pub(crate) fn named(path: &str, name: &str) -> String {
    let escaped: String = form_urlencoded::byte_serialize(name.as_bytes()).collect();
    // A space in a path is not a plus.
    let escaped = escaped.replace('+', "%20");
    match (path.find('{'), path.find('}')) {
        (Some(from), Some(to)) if from < to => format!("{}{escaped}{}", &path[..from], &path[to + 1..]),
        _ => path.to_owned(),
    }
}

/// What the last page left for this one to say.
pub(super) fn note(headers: &HeaderMap) -> Option<Note> {
    let value = cookie::read(headers, NOTE, |value| !value.is_empty())?;
    let (kind, text) = value.split_once('.')?;
    let text = form_urlencoded::parse(format!("t={text}").as_bytes())
        .next()?
        .1
        .into_owned();
    Some(Note {
        is_good: kind == "good",
        text: text
            .chars()
            .filter(|letter| !letter.is_control())
            .take(LONGEST_NOTE)
            .collect(),
    })
}

/// The theme that was chosen; none is the system's.
pub(super) fn theme(headers: &HeaderMap) -> Option<&'static str> {
    let chosen = cookie::read(headers, THEME, |value| matches!(value, "light" | "dark"))?;
    Some(if chosen == "dark" { "dark" } else { "light" })
}

fn token(word: &str) -> String {
    Sha256::digest(format!("form of {word}").as_bytes()).iter().fold(
        String::with_capacity(64),
        |mut text, byte| {
            use std::fmt::Write as _;
            // Writing into a string does not fail.
            write!(text, "{byte:02x}").ok();
            text
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_a_path_stays_one_part_of_it() {
        for (name, expected) in [
            ("acme", "/connections/acme/test"),
            ("a b", "/connections/a%20b/test"),
            ("../x?y#z", "/connections/..%2Fx%3Fy%23z/test"),
            ("ü{id}", "/connections/%C3%BC%7Bid%7D/test"),
        ] {
            assert_eq!(named("/connections/{name}/test", name), expected);
        }
    }
}
