//! Names and ids: what was chosen by name, and what ids are called.
//!
//! The one rule: a name that two things have means both of them; an id that nothing is known of is its own name.

use std::{cell::RefCell, collections::HashMap};

use rusqlite::{Connection, Error, OptionalExtension as _};

use super::Question;
use crate::analytics::{
    ReportError,
    figures::{Kind, Names},
};

/// What a report is narrowed to: the name to show, and the ids that it means.
pub(super) struct Chosen {
    pub(super) team: Option<Choice>,
    pub(super) tag: Option<Choice>,
    pub(super) company: Option<Choice>,
}

pub(super) struct Choice {
    name: String,
    pub(super) ids: Vec<String>,
}

/// How many names an error tells.
const SOME: i64 = 10;

impl Chosen {
    /// The inner error is about what was written.
    pub(super) fn new(
        connection: &Connection,
        question: &Question,
    ) -> Result<Result<Self, ReportError>, Error> {
        let find = |kind, text: &Option<String>| match text {
            None => Ok(Ok(None)),
            Some(text) => choice(connection, kind, text).map(|found| found.map(Some)),
        };
        let (team, tag, company) = (
            find(Kind::Team, &question.team)?,
            find(Kind::Tag, &question.tag)?,
            find(Kind::Company, &question.company)?,
        );
        Ok((|| {
            Ok(Self {
                team: team?,
                tag: tag?,
                company: company?,
            })
        })())
    }

    pub(super) fn team_name(&self) -> Option<String> {
        self.team.as_ref().map(|choice| choice.name.clone())
    }

    pub(super) fn tag_name(&self) -> Option<String> {
        self.tag.as_ref().map(|choice| choice.name.clone())
    }

    pub(super) fn company_name(&self) -> Option<String> {
        self.company.as_ref().map(|choice| choice.name.clone())
    }
}

fn table(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::Admin => ("admins", "teammate"),
        Kind::Team => ("teams", "team"),
        Kind::Tag => ("tags", "tag"),
        Kind::Company => ("companies", "company"),
    }
}

fn choice(connection: &Connection, kind: Kind, text: &str) -> Result<Result<Choice, ReportError>, Error> {
    let (table, what) = table(kind);
    // The column with your own id stands beside Intercom's.
    let own = if kind == Kind::Company && super::has(connection, table, "company_id") {
        " OR company_id = ?1"
    } else {
        ""
    };
    let name = if super::has(connection, table, "name") {
        "name"
    } else {
        "NULL"
    };
    let found: Vec<(String, String)> = connection
        .prepare(&format!(
            "SELECT id, COALESCE({name}, id) FROM {table} WHERE _deleted_at IS NULL \
             AND (id = ?1{own} OR lower({name}) = lower(?1)) ORDER BY id"
        ))?
        .query_map([text], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    if let Some((_, name)) = found.first() {
        return Ok(Ok(Choice {
            name: name.clone(),
            ids: found.into_iter().map(|(id, _)| id).collect(),
        }));
    }
    let known: Vec<String> = connection
        .prepare(&format!(
            "SELECT COALESCE({name}, id) FROM {table} WHERE _deleted_at IS NULL ORDER BY 1 LIMIT ?1"
        ))?
        .query_map([SOME], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    Ok(Err(ReportError::UnknownName {
        what,
        name: text.to_owned(),
        known,
    }))
}

/// Names, looked up once each.
pub(super) struct Book<'c> {
    connection: &'c Connection,
    known: RefCell<HashMap<(Kind, String), String>>,
}

impl<'c> Book<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        Self {
            connection,
            known: RefCell::default(),
        }
    }

    fn look_up(&self, kind: Kind, id: &str) -> Result<Option<String>, Error> {
        let name: Option<Option<String>> = self
            .connection
            .prepare_cached(&format!("SELECT name FROM {} WHERE id = ?1", table(kind).0))?
            .query_row([id], |row| row.get(0))
            .optional()?;
        Ok(name.flatten())
    }
}

impl Names for Book<'_> {
    fn name(&self, kind: Kind, id: &str) -> String {
        let key = (kind, id.to_owned());
        if let Some(name) = self.known.borrow().get(&key) {
            return name.clone();
        }
        // Names that are left out of the mirror, or of what it never heard of, are ids.
        let found = self
            .look_up(kind, id)
            .ok()
            .flatten()
            .filter(|name| !name.is_empty());
        let name = found.unwrap_or_else(|| id.to_owned());
        self.known.borrow_mut().insert(key, name.clone());
        name
    }
}
