//! The facts of each conversation that a report is about.
//!
//! The one rule: one conversation at a time, by its id: the view and the tables then use the indexes that their keys have,
//! and a report of a week does not read the parts of years.

use jiff::Timestamp;
use rusqlite::{Connection, Error, OptionalExtension as _, Row, types::Value};

use super::{
    has,
    names::{Choice, Chosen},
};
use crate::analytics::{
    figures::{Facts, State, Window},
    models::{self, Dialect},
};

/// Conversations that began before the window's end, but for those that were over before it began.
pub(super) fn facts(connection: &Connection, window: &Window, chosen: &Chosen) -> Result<Vec<Facts>, Error> {
    let expand = |text: &str| {
        models::expand(text, Dialect::Sqlite, &|table, column| {
            has(connection, table, column)
        })
    };
    let mut sql = expand(
        "SELECT conversations.id, {conversations.updated_at} FROM conversations \
         WHERE conversations._deleted_at IS NULL AND {conversations.created_at} < ? \
         AND ({conversations.created_at} >= ? OR COALESCE({conversations.state}, '') <> 'closed' \
         OR {conversations.updated_at} >= ?)",
    );
    let (from, to) = (window.from.to_string(), window.to.to_string());
    let mut values: Vec<Value> = [to, from.clone(), from].map(Value::Text).into();
    let mut narrow = |choice: &Option<Choice>, condition: &str| {
        if let Some(choice) = choice {
            let places = vec!["?"; choice.ids.len()].join(", ");
            sql.push_str(&condition.replace("IDS", &places));
            for _ in condition.matches("IDS") {
                values.extend(choice.ids.iter().cloned().map(Value::Text));
            }
        }
    };
    narrow(
        &chosen.team,
        &expand(" AND {conversations.team_assignee_id} IN (IDS)"),
    );
    narrow(
        &chosen.tag,
        " AND EXISTS (SELECT 1 FROM conversation_tags WHERE conversation_id = conversations.id \
         AND _deleted_at IS NULL AND tag_id IN (IDS))",
    );
    narrow(
        &chosen.company,
        &expand(
            " AND ({conversations.company_id} IN (IDS) OR ({conversations.company_id} IS NULL AND EXISTS \
             (SELECT 1 FROM conversation_contacts JOIN contact_companies \
             ON contact_companies.contact_id = conversation_contacts.contact_id \
             WHERE conversation_contacts.conversation_id = conversations.id \
             AND conversation_contacts._deleted_at IS NULL AND contact_companies._deleted_at IS NULL \
             AND contact_companies.company_id IN (IDS))))",
        ),
    );
    sql.push_str(" ORDER BY conversations.rowid");
    let mut statement = connection.prepare(&sql)?;
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let reader = Reader {
        connection,
        parts: expand(
            "SELECT {conversation_parts.created_at}, {conversation_parts.part_type}, {conversation_parts.state}, \
             {conversation_parts.author_type} FROM conversation_parts WHERE conversation_parts.conversation_id = ?1 \
             AND conversation_parts._deleted_at IS NULL \
             ORDER BY 1, length(conversation_parts.id), conversation_parts.id",
        ),
    };
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        let id: String = row.get(0)?;
        let updated_at = moment(row, 1)?;
        list.extend(reader.one(&id, updated_at)?);
    }
    Ok(list)
}

struct Reader<'c> {
    connection: &'c Connection,
    parts: String,
}

impl Reader<'_> {
    /// One conversation; nothing when it does not say when it began.
    fn one(&self, id: &str, updated_at: Option<Timestamp>) -> Result<Option<Facts>, Error> {
        let mut statement = self.connection.prepare_cached(
            "SELECT created_at, asked_at, begun_by, first_response_at, first_response_admin_id, resolved_at, \
             last_close_by_id, last_close_by_type, state, count_reopens, rating, rating_teammate_id, \
             admin_assignee_id, team_assignee_id, company_id, last_close_at \
             FROM conversation_metrics WHERE conversation_id = ?1",
        )?;
        let Some((mut facts, company, last_close_at)) = statement
            .query_row([id], |row| {
                let Some(created_at) = moment(row, 0)? else {
                    return Ok(None);
                };
                let state: Option<String> = row.get(8)?;
                let facts = Facts {
                    id: id.to_owned(),
                    created_at,
                    asked_at: moment(row, 1)?,
                    by_contact: row.get::<_, String>(2)? == "contact",
                    first_response_at: moment(row, 3)?,
                    first_response_by: row.get(4)?,
                    resolved_at: moment(row, 5)?,
                    closed_by: row.get(6)?,
                    closed_by_type: row.get(7)?,
                    state: state.as_deref().and_then(State::named).unwrap_or(State::Open),
                    reopens: row.get::<_, Option<i64>>(9)?.unwrap_or(0),
                    rating: row.get(10)?,
                    rated: row.get(11)?,
                    assignee: row.get(12)?,
                    team: row.get(13)?,
                    tags: Vec::new(),
                    companies: Vec::new(),
                    states: Vec::new(),
                };
                Ok(Some((facts, row.get::<_, Option<String>>(14)?, moment(row, 15)?)))
            })
            .optional()?
            .flatten()
        else {
            return Ok(None);
        };
        facts.tags = self.ids(
            "SELECT tag_id FROM conversation_tags WHERE conversation_id = ?1 AND _deleted_at IS NULL ORDER BY tag_id",
            id,
        )?;
        facts.companies = match company {
            Some(company) => vec![company],
            None => self.ids(
                "SELECT DISTINCT contact_companies.company_id FROM conversation_contacts \
                 JOIN contact_companies ON contact_companies.contact_id = conversation_contacts.contact_id \
                 WHERE conversation_contacts.conversation_id = ?1 AND conversation_contacts._deleted_at IS NULL \
                 AND contact_companies._deleted_at IS NULL ORDER BY 1",
                id,
            )?,
        };
        facts.states = self.states(&facts, last_close_at.or(updated_at))?;
        Ok(Some(facts))
    }

    fn ids(&self, sql: &str, id: &str) -> Result<Vec<String>, Error> {
        self.connection
            .prepare_cached(sql)?
            .query_map([id], |row| row.get(0))?
            .collect()
    }

    /// The states that a conversation went through. Where its parts do not lead to the state that it has, because not all of
    /// them are held, the last step is put where it is known to have ended.
    fn states(&self, facts: &Facts, ended: Option<Timestamp>) -> Result<Vec<(Timestamp, State)>, Error> {
        let mut states = vec![(facts.created_at, State::Open)];
        let mut statement = self.connection.prepare_cached(&self.parts)?;
        let mut rows = statement.query([&facts.id])?;
        while let Some(row) = rows.next()? {
            let (part, said, author): (Option<String>, Option<String>, Option<String>) =
                (row.get(1)?, row.get(2)?, row.get(3)?);
            let next = leads_to(part.as_deref(), said.as_deref(), author.as_deref());
            if let (Some(at), Some(next)) = (moment(row, 0)?, next)
                && states.last().is_some_and(|(_, state)| *state != next)
            {
                states.push((at.max(facts.created_at), next));
            }
        }
        if let Some((last, state)) = states.last().copied()
            && state != facts.state
        {
            states.push((ended.unwrap_or(last).max(last), facts.state));
        }
        Ok(states)
    }
}

/// The state that a part leads to, if it changes it.
fn leads_to(part: Option<&str>, said: Option<&str>, author: Option<&str>) -> Option<State> {
    let of_contact = matches!(author, Some("user" | "lead" | "contact" | "visitor"));
    match part? {
        "close" => Some(State::Closed),
        "snoozed" => Some(State::Snoozed),
        "open" | "unsnoozed" | "timer_unsnooze" => Some(State::Open),
        part if part.contains("_and_reopen") || part.contains("_and_unsnooze") => Some(State::Open),
        "comment" if of_contact => Some(State::Open),
        "comment" | "note" => None,
        _ => said.and_then(State::named),
    }
}

fn moment(row: &Row<'_>, place: usize) -> Result<Option<Timestamp>, Error> {
    let text: Option<String> = row.get(place)?;
    Ok(text.and_then(|text| text.parse().ok()))
}
