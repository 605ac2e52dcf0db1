//! The seven end models: views over the mirror's tables that have names in place of ids and minutes in place of moments.
//!
//! The one rule: one text for SQLite, PostgreSQL and DuckDB. The `.sql` files beside this one are plain SQL but for braces, and
//! [`Model::sql`] says what stands in their place. They use only what SQLite has had since 3.28, because people open a
//! mirror with whatever `sqlite3` their machine has, and a view that it cannot read would keep it from the whole file.

/// A database that the views can be written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite: times are text, lists are JSON text.
    Sqlite,
    /// PostgreSQL: times are `timestamptz` or text, lists are `jsonb` or text, yes and no are numbers or booleans.
    Postgres,
    /// DuckDB over Parquet: times are text, lists are JSON text, yes and no are booleans.
    DuckDb,
}

/// One end model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Model {
    /// Its name, also the view's.
    pub name: &'static str,
    /// What a row of it is.
    pub summary: &'static str,
    text: &'static str,
}

macro_rules! model {
    ($name:literal, $summary:literal) => {
        Model {
            name: $name,
            summary: $summary,
            text: include_str!(concat!("models/", $name, ".sql")),
        }
    };
}

/// The end models; one that another uses stands before it.
pub const MODELS: [Model; 7] = [
    model!(
        "conversation_metrics",
        "One row a conversation: moments, minutes and counts."
    ),
    model!(
        "conversation_enhanced",
        "One row a conversation: names in place of ids."
    ),
    model!(
        "contact_enhanced",
        "One row a contact: owner, companies, tags, segments."
    ),
    model!("company_enhanced", "One row a company: contacts, tags, segments."),
    model!(
        "company_metrics",
        "One row a company: what its conversations took."
    ),
    model!(
        "admin_metrics",
        "One row a teammate: first responses, closes, ratings."
    ),
    model!(
        "article_enhanced",
        "One row an article: author, collection, help center."
    ),
];

/// The table that [`super::hours`] fills, made before the views; without rows their `office_` columns are empty.
pub const OFFICE_MINUTES: &str = "CREATE TABLE IF NOT EXISTS _trunkline_office_minutes (
    conversation_id TEXT NOT NULL PRIMARY KEY,
    schedule_id TEXT,
    to_first_response DOUBLE PRECISION,
    to_first_close DOUBLE PRECISION,
    to_resolution DOUBLE PRECISION
)";

/// What begins each view's text, so that a view of somebody else's is told from one of these.
pub const MARK: &str = "/* made by Trunkline */";

/// An answer to the contact: a teammate wrote something that the contact sees. A part that closes, opens or assigns
/// carries the text of an answer that was sent with it.
const ANSWER: &str = "({conversation_parts.author_type} = 'admin' \
    AND COALESCE(CAST({conversation_parts.from_ai_agent} AS INTEGER), 0) = 0 AND {SAID})";
const FROM_CONTACT: &str =
    "({conversation_parts.author_type} IN ('user', 'lead', 'contact', 'visitor') AND {SAID})";
const ASSIGNMENT: &str = "({conversation_parts.part_type} LIKE 'assign%' \
    OR {conversation_parts.part_type} IN ('default_assignment', 'away_mode_assignment'))";
const REOPENING: &str =
    "({conversation_parts.part_type} IN ('open', 'assign_and_reopen', 'note_and_reopen'))";
const SAID: &str = "({conversation_parts.part_type} IN ('comment', 'quick_reply', 'assignment', 'assign_and_reopen', \
    'assign_and_unsnooze', 'open', 'close', 'snoozed') AND {conversation_parts.body} <> '')";
/// Where bodies are left out of the mirror: only the types that never come without one.
const SAID_BY_TYPE: &str = "({conversation_parts.part_type} IN ('comment', 'quick_reply'))";

impl Model {
    /// The view's `SELECT`. `has` says whether a table has a column: one that was left out of the mirror is empty here.
    #[must_use]
    pub fn sql(&self, dialect: Dialect, has: &dyn Fn(&str, &str) -> bool) -> String {
        expand(self.text, dialect, has)
    }

    /// The statement that makes the view. In PostgreSQL it also replaces an older one of the same columns, in DuckDB any older one.
    #[must_use]
    pub fn create(&self, dialect: Dialect, has: &dyn Fn(&str, &str) -> bool) -> String {
        let create = match dialect {
            Dialect::Sqlite => "CREATE VIEW",
            Dialect::Postgres | Dialect::DuckDb => "CREATE OR REPLACE VIEW",
        };
        format!(
            "{create} {} AS {MARK}\n{}",
            self.name,
            self.sql(dialect, has).trim_end()
        )
    }
}

/// Everything that makes the end models in a database that has the mirror's tables, in order.
#[must_use]
pub fn statements(dialect: Dialect, has: &dyn Fn(&str, &str) -> bool) -> Vec<String> {
    let mut list = vec![OFFICE_MINUTES.to_owned()];
    list.extend(MODELS.iter().map(|model| model.create(dialect, has)));
    list
}

/// Whether a statement keeps its plan when it is asked again with other values. Otherwise SQLite prepares the whole view anew
/// for each conversation, which takes far longer than looking at it.
///
/// # Errors
/// When the connection does not take it.
pub(crate) fn keep_plans(connection: &rusqlite::Connection, keep: bool) -> Result<(), rusqlite::Error> {
    connection
        .set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, keep)
        .map(drop)
}

/// Puts SQL in the place of each pair of braces.
pub(super) fn expand(text: &str, dialect: Dialect, has: &dyn Fn(&str, &str) -> bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (inside, after) = after.split_once('}').unwrap_or((after, ""));
        out.push_str(before);
        out.push_str(&one(inside, dialect, has));
        rest = after;
    }
    out.push_str(rest);
    out
}

fn one(inside: &str, dialect: Dialect, has: &dyn Fn(&str, &str) -> bool) -> String {
    let known = |name: &str| match name {
        "ANSWER" => Some(ANSWER),
        "FROM_CONTACT" => Some(FROM_CONTACT),
        "ASSIGNMENT" => Some(ASSIGNMENT),
        "REOPENING" => Some(REOPENING),
        "SAID" if has("conversation_parts", "body") => Some(SAID),
        "SAID" => Some(SAID_BY_TYPE),
        _ => None,
    };
    if let Some(text) = known(inside) {
        return expand(text, dialect, has);
    }
    if let Some((from, to)) = inside
        .strip_prefix("minutes ")
        .and_then(|rest| rest.split_once(" | "))
    {
        return minutes(dialect, from, to);
    }
    if let Some(value) = inside.strip_prefix("list ") {
        return match dialect {
            Dialect::Sqlite => format!("group_concat({value}, ', ')"),
            Dialect::Postgres | Dialect::DuckDb => format!("string_agg({value}, ', ')"),
        };
    }
    if let Some(value) = inside.strip_prefix("own ") {
        // The same in every row of the group: SQLite takes it as it is, which is much quicker; PostgreSQL wants an aggregate.
        let value = column(value, has);
        return match dialect {
            Dialect::Sqlite => value,
            Dialect::Postgres | Dialect::DuckDb => format!("max({value})"),
        };
    }
    if let Some(list) = inside.strip_prefix("first ") {
        let list = column(list, has);
        return match dialect {
            Dialect::Sqlite => format!("json_extract({list}, '$[0]')"),
            Dialect::Postgres => format!("(CAST({list} AS jsonb) ->> 0)"),
            Dialect::DuckDb => format!("json_extract_string({list}, '$[0]')"),
        };
    }
    column(inside, has)
}

/// `table.column`, or `alias.table.column`.
fn column(name: &str, has: &dyn Fn(&str, &str) -> bool) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    match parts[..] {
        [table, column] | [_, table, column] if !has(table, column) => "NULL".to_owned(),
        [alias, _, column] => format!("{alias}.{column}"),
        _ => name.to_owned(),
    }
}

/// Minutes with two decimals; empty when one of the moments is.
fn minutes(dialect: Dialect, from: &str, to: &str) -> String {
    match dialect {
        Dialect::Sqlite => format!(
            "round((CAST(strftime('%s', {to}) AS INTEGER) - CAST(strftime('%s', {from}) AS INTEGER)) / 60.0, 2)"
        ),
        Dialect::Postgres => format!(
            "CAST(round(CAST(extract(epoch FROM CAST({to} AS timestamptz) - CAST({from} AS timestamptz)) / 60 \
             AS numeric), 2) AS double precision)"
        ),
        Dialect::DuckDb => format!(
            "round((epoch(CAST({to} AS TIMESTAMPTZ)) - epoch(CAST({from} AS TIMESTAMPTZ))) / 60.0, 2)"
        ),
    }
}

#[cfg(test)]
mod tests;
