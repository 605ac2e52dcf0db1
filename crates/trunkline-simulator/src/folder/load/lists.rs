//! Settings and content: lists whose records are kept as they are, checked where others point at them.

use serde_json::{Value, json};

use super::{Loader, number};
use crate::{
    folder::{
        errors::FolderError,
        lists::{NAMES, of},
        record::{Record, id_text},
    },
    workspace::reference::fields,
};

/// Lists that are useless when empty: an empty file is as good as none.
const NEVER_EMPTY: [&str; 3] = ["admins", "ticket_states", "ticket_types"];

impl Loader {
    /// Fills the lists from their files.
    pub(super) fn lists(&mut self) -> Result<(), FolderError> {
        for name in NAMES {
            let Some(records) = self.folder.records.remove(name) else {
                continue;
            };
            if records.is_empty() && NEVER_EMPTY.contains(&name) {
                continue;
            }
            let rows = records
                .into_iter()
                .map(|record| row(name, record))
                .collect::<Result<Vec<_>, _>>()?;
            self.parents(name, &rows)?;
            if let Some(list) = of(&mut self.workspace.reference, name) {
                *list = rows.into_iter().map(|(_, row)| row).collect();
            }
        }
        self.number_lists();
        Ok(())
    }

    /// Collections that articles and collections lie in, and teammates of teams.
    fn parents(&self, name: &str, rows: &[(Record, Value)]) -> Result<(), FolderError> {
        let (field, target, held) = match name {
            "articles" => ("parent_ids", "collections", &self.workspace.reference.collections),
            "teams" => ("admin_ids", "admins", &self.workspace.reference.admins),
            _ => return Ok(()),
        };
        // The files are read in the order of their names, `collections` behind `articles`.
        let later = self.folder.records.get(target);
        for (record, row) in rows {
            for id in row[field].as_array().into_iter().flatten().filter_map(id_text) {
                let is_held = match later {
                    Some(records) => records
                        .iter()
                        .any(|record| id_text(record.field("id")).as_ref() == Some(&id)),
                    None => held.iter().any(|row| id_text(&row["id"]).as_ref() == Some(&id)),
                };
                let is_given = later.is_some() || (target == "admins" && self.admins.is_given);
                if is_given && !is_held {
                    return Err(record.dangling(field, &id, target));
                }
            }
        }
        Ok(())
    }

    /// Remembers the places of what rows refer to, and where new numbers begin.
    fn number_lists(&mut self) {
        let lists = &self.workspace.reference;
        for (rows, index) in [
            (&lists.admins, &mut self.admins),
            (&lists.teams, &mut self.teams),
            (&lists.subscription_types, &mut self.subscription_types),
            (&lists.ticket_types, &mut self.ticket_types),
            (&lists.ticket_states, &mut self.ticket_states),
        ] {
            index.rows = rows
                .iter()
                .zip(0..)
                .filter_map(|(row, place)| Some((id_text(&row["id"])?, place)))
                .collect();
        }
        let numbers = |rows: &[Value]| -> Vec<u64> {
            rows.iter()
                .filter_map(|row| id_text(&row["id"])?.parse().ok())
                .collect()
        };
        self.brought.admins = numbers(&lists.admins);
        self.brought.teams = numbers(&lists.teams);
        let mut largest = lists.last_id;
        // Teammates and teams draw from numbers of their own.
        for name in NAMES
            .into_iter()
            .filter(|name| !matches!(*name, "admins" | "teams"))
        {
            let rows = crate::folder::lists::rows(&self.workspace.reference, name);
            largest = largest.max(
                numbers(rows)
                    .into_iter()
                    .filter(|id| *id < 1 << 53)
                    .max()
                    .unwrap_or(0),
            );
        }
        let attributes = self.workspace.reference.ticket_types.iter().flat_map(|kind| {
            let rows = kind["ticket_type_attributes"]["data"].as_array();
            rows.map_or_else(Vec::new, |rows| numbers(rows))
        });
        largest = largest.max(attributes.filter(|id| *id < 1 << 53).max().unwrap_or(0));
        self.workspace.reference.last_id = largest;
    }
}

/// A record as its list holds it.
fn row(name: &str, mut record: Record) -> Result<(Record, Value), FolderError> {
    if name == "data_attributes" {
        for field in ["name", "model"] {
            if record.text(field)?.is_none() {
                return Err(record.wrong(field, "is missing"));
            }
        }
    } else {
        let id = record.id()?;
        if matches!(name, "admins" | "teams") {
            number(&record, "id", &id)?;
        }
    }
    match name {
        // What the API adds to its answers is added again.
        "ticket_states" => {
            record.fields.remove("ticket_types");
            if record.text("category")?.is_none() {
                return Err(record.wrong("category", "is missing"));
            }
        }
        "ticket_types" => {
            record.fields.remove("ticket_states");
        }
        "articles" => {
            if !record.fields.contains_key("parent_ids") {
                let parent = record.fields.remove("parent_id").filter(|id| !id.is_null());
                record.fields.remove("parent_type");
                record.fields.insert(
                    "parent_ids".to_owned(),
                    json!(parent.into_iter().collect::<Vec<_>>()),
                );
            }
            record.list("parent_ids")?;
        }
        "teams" => {
            record.list("admin_ids")?;
        }
        _ => {}
    }
    let mut row = Value::Object(record.fields.clone());
    for (field, value) in defaults(name) {
        fields(&mut row).entry(field).or_insert(value);
    }
    Ok((record, row))
}

/// Fields that the simulator looks at, for records that lack them.
fn defaults(name: &str) -> Vec<(&'static str, Value)> {
    match name {
        "admins" => vec![
            ("type", json!("admin")),
            ("name", Value::Null),
            ("email", Value::Null),
            ("away_mode_enabled", json!(false)),
            ("away_mode_reassign", json!(false)),
            ("has_inbox_seat", json!(true)),
            ("team_ids", json!([])),
        ],
        "teams" => vec![("type", json!("team")), ("admin_ids", json!([]))],
        "ticket_states" => vec![
            ("type", json!("ticket_state")),
            ("internal_label", Value::Null),
            ("external_label", Value::Null),
            ("archived", json!(false)),
        ],
        "ticket_types" => vec![
            ("type", json!("ticket_type")),
            ("category", json!("Customer")),
            ("archived", json!(false)),
            ("ticket_type_attributes", json!({ "type": "list", "data": [] })),
        ],
        "subscription_types" => vec![
            ("type", json!("subscription")),
            ("consent_type", json!("opt_out")),
        ],
        "articles" => vec![("type", json!("article")), ("state", json!("draft"))],
        _ => Vec::new(),
    }
}
