//! From records to rows, kind by kind: what others refer to comes first.
//!
//! The one rule: a workspace is built beside the one that is there, and only a whole one is given back. Read `load/people.rs` and
//! `load/threads.rs` for the rows, `load/settle.rs` for what is kept beside them.

mod ai_agent;
mod lists;
mod own;
mod people;
mod settle;
mod threads;

use std::collections::HashMap;

use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::{
    Folder,
    errors::FolderError,
    record::{Record, id_text},
};
use crate::{
    Options, generator,
    workspace::{
        Workspace,
        contact::{Contact, Life},
        conversation::{Conversation, Text},
        ids::{Brought, Ids},
        order::Order,
        people::Tag,
        reference::Reference,
    },
};

/// The rows of a kind by their ids.
#[derive(Debug, Default)]
struct Index {
    rows: HashMap<String, u32>,
    /// Whether the folder has a file of this kind; without one, whatever is referred to is made up.
    is_given: bool,
}

impl Index {
    fn add(&mut self, record: &Record, id: &str, row: u32) -> Result<(), FolderError> {
        match self.rows.insert(id.to_owned(), row) {
            None => Ok(()),
            Some(_) => Err(FolderError::Duplicate {
                file: record.file.to_string(),
                index: record.index,
                first: "a record of another file".to_owned(),
                id: id.to_owned(),
            }),
        }
    }
}

/// A workspace that is being loaded.
#[derive(Debug)]
struct Loader {
    folder: Folder,
    now: i64,
    workspace: Workspace,
    brought: Brought,
    contacts: Index,
    companies: Index,
    conversations: Index,
    tickets: Index,
    tags: Index,
    segments: Index,
    admins: Index,
    teams: Index,
    subscription_types: Index,
    ticket_types: Index,
    ticket_states: Index,
    /// The records of rows, by their rows, for what is kept of them.
    contact_records: HashMap<u32, Record>,
    company_records: HashMap<u32, Record>,
    conversation_records: HashMap<u32, Record>,
    ticket_records: HashMap<u32, Record>,
    call_records: HashMap<u32, Record>,
    /// Whether a file describes the attributes of people and companies.
    attributes_are_given: bool,
}

/// The workspace that a folder describes.
pub(super) fn workspace(
    folder: Folder,
    options: &Options,
    time_zone: TimeZone,
    now: i64,
) -> Result<Workspace, FolderError> {
    unique(&folder)?;
    let mut loader = Loader::new(folder, options, time_zone, now)?;
    loader.identity()?;
    loader.lists()?;
    loader.tags()?;
    loader.segments()?;
    loader.companies()?;
    loader.contacts()?;
    loader.notes()?;
    loader.conversations()?;
    loader.tickets()?;
    loader.calls()?;
    loader.events()?;
    loader.custom_objects()?;
    loader.own()?;
    loader.settle()?;
    Ok(loader.workspace)
}

/// Refuses a second record of an id, before anything is built.
fn unique(folder: &Folder) -> Result<(), FolderError> {
    for (name, records) in &folder.records {
        let mut seen: HashMap<String, usize> = HashMap::new();
        for record in records {
            let Some(id) = id_text(record.field("id")) else {
                continue;
            };
            // Attributes of different models may have one number, types of custom objects one counter each.
            let id = match *name {
                "data_attributes" => format!("{id} of {}", record.field("model")),
                "custom_objects" => format!("{id} of {}", record.field("type")),
                _ => id,
            };
            if let Some(first) = seen.insert(id.clone(), record.index) {
                return Err(FolderError::Duplicate {
                    file: record.file.to_string(),
                    index: record.index,
                    first: format!("record {first}"),
                    id,
                });
            }
        }
    }
    Ok(())
}

/// A number that an id must be where the platform has numbers.
fn number(record: &Record, field: &str, id: &str) -> Result<u64, FolderError> {
    id.parse().map_err(|_| record.wrong(field, "must be a number"))
}

impl Loader {
    fn new(folder: Folder, options: &Options, time_zone: TimeZone, now: i64) -> Result<Self, FolderError> {
        let seed = folder
            .own
            .get("seed")
            .and_then(Value::as_u64)
            .unwrap_or(options.seed);
        let nothing = Options {
            seed,
            contacts: 0,
            companies: 0,
            conversations: 0,
            tickets: 0,
            ..options.clone()
        };
        let mut workspace = generator::generate(&nothing, time_zone, now);
        workspace.contacts.clear();
        workspace.contact_order = Order::default();
        workspace.events.clear();
        workspace.tags.clear();
        workspace.segments.clear();
        let made = std::mem::take(&mut workspace.reference);
        workspace.reference = Reference {
            last_id: made.last_id,
            ..Reference::default()
        };
        let mut made = made;
        for name in super::lists::SETTINGS {
            if let (Some(from), Some(to)) = (
                super::lists::of(&mut made, name).map(std::mem::take),
                super::lists::of(&mut workspace.reference, name),
            ) {
                *to = from;
            }
        }
        let given = |name: &str| Index {
            is_given: folder.records.contains_key(name),
            ..Index::default()
        };
        Ok(Self {
            contacts: given("contacts"),
            companies: given("companies"),
            conversations: given("conversations"),
            tickets: given("tickets"),
            tags: given("tags"),
            segments: given("segments"),
            admins: given("admins"),
            teams: given("teams"),
            subscription_types: given("subscription_types"),
            ticket_types: given("ticket_types"),
            ticket_states: given("ticket_states"),
            folder,
            now,
            workspace,
            brought: Brought::default(),
            contact_records: HashMap::new(),
            company_records: HashMap::new(),
            conversation_records: HashMap::new(),
            ticket_records: HashMap::new(),
            call_records: HashMap::new(),
            attributes_are_given: false,
        })
    }

    /// Takes the records of a file out of the folder.
    fn take(&mut self, name: &str) -> Vec<Record> {
        self.folder.records.remove(name).unwrap_or_default()
    }

    fn contact(&mut self, record: &Record, field: &str, id: &str) -> Result<u32, FolderError> {
        if let Some(row) = self.contacts.rows.get(id) {
            return Ok(*row);
        }
        if self.contacts.is_given {
            return Err(record.dangling(field, id, "contacts"));
        }
        let row = self.workspace.contacts.len() as u32;
        let mut contact = Contact::new(row, self.now, false);
        contact.life = Life::Listed;
        self.workspace.contacts.push(contact);
        self.brought.contacts.push(id.to_owned());
        self.contacts.rows.insert(id.to_owned(), row);
        Ok(row)
    }

    fn company(&mut self, record: &Record, field: &str, id: &str) -> Result<u32, FolderError> {
        if let Some(row) = self.companies.rows.get(id) {
            return Ok(*row);
        }
        if self.companies.is_given {
            return Err(record.dangling(field, id, "companies"));
        }
        let row = self.workspace.companies.len() as u32;
        let mut company = crate::workspace::company::Company::new(row, self.now);
        company.write("company_id", json!(id));
        company.write("name", json!(format!("Company {id}")));
        self.workspace.companies.push(company);
        self.brought.companies.push(id.to_owned());
        self.companies.rows.insert(id.to_owned(), row);
        Ok(row)
    }

    fn conversation(&mut self, record: &Record, field: &str, id: &str) -> Result<u32, FolderError> {
        if let Some(row) = self.conversations.rows.get(id) {
            return Ok(*row);
        }
        if self.conversations.is_given {
            return Err(record.dangling(field, id, "conversations"));
        }
        let row = self.workspace.conversations.len() as u32;
        let mut conversation = Conversation::new(row, 0, self.now, Text::None);
        conversation.contacts.clear();
        self.workspace.conversations.push(conversation);
        self.brought.conversations.push(id.to_owned());
        self.conversations.rows.insert(id.to_owned(), row);
        Ok(row)
    }

    fn tag(&mut self, record: &Record, field: &str, id: &str, name: &Value) -> Result<u32, FolderError> {
        if let Some(row) = self.tags.rows.get(id) {
            return Ok(*row);
        }
        if self.tags.is_given {
            return Err(record.dangling(field, id, "tags"));
        }
        let row = self.workspace.tags.len() as u32;
        self.workspace.tags.push(Tag {
            id: number(record, field, id)?,
            name: name.as_str().map_or_else(|| format!("Tag {id}"), str::to_owned),
            deleted: false,
        });
        self.tags.rows.insert(id.to_owned(), row);
        Ok(row)
    }

    /// The tags of a record, as their rows.
    fn tags_of(&mut self, record: &Record) -> Result<Vec<u32>, FolderError> {
        let mut rows = Vec::new();
        for tag in record.list("tags")? {
            let id = id_text(&tag["id"])
                .ok_or_else(|| record.wrong("tags", "must be a list of objects with an id"))?;
            let row = self.tag(record, "tags", &id, &tag["name"])?;
            if !rows.contains(&row) {
                rows.push(row);
            }
        }
        Ok(rows)
    }

    fn admin(&mut self, record: &Record, field: &str, id: &str) -> Result<u16, FolderError> {
        if let Some(row) = self.admins.rows.get(id) {
            return Ok(*row as u16);
        }
        if self.admins.is_given {
            return Err(record.dangling(field, id, "admins"));
        }
        let place = self.workspace.reference.admins.len() as u16;
        let number = number(record, field, id)?;
        self.workspace.reference.admins.push(json!({
            "type": "admin",
            "id": id,
            "name": format!("Teammate {id}"),
            "email": format!("teammate{id}@example.com"),
            "job_title": Value::Null,
            "away_mode_enabled": false,
            "away_mode_reassign": false,
            "away_status_reason_id": Value::Null,
            "has_inbox_seat": true,
            "team_ids": [],
            "avatar": { "type": "avatar", "image_url": Value::Null },
            "team_priority_level": { "primary_team_ids": [], "secondary_team_ids": [] },
        }));
        self.admins.rows.insert(id.to_owned(), u32::from(place));
        self.brought.admins.push(number);
        Ok(place)
    }

    fn team(&mut self, record: &Record, field: &str, id: &str) -> Result<u16, FolderError> {
        if let Some(row) = self.teams.rows.get(id) {
            return Ok(*row as u16);
        }
        if self.teams.is_given {
            return Err(record.dangling(field, id, "teams"));
        }
        let place = self.workspace.reference.teams.len() as u16;
        let number = number(record, field, id)?;
        self.workspace.reference.teams.push(json!({
            "type": "team",
            "id": id,
            "name": format!("Team {id}"),
            "admin_ids": [],
            "admin_priority_level": { "primary_admin_ids": [], "secondary_admin_ids": [] },
        }));
        self.teams.rows.insert(id.to_owned(), u32::from(place));
        self.brought.teams.push(number);
        Ok(place)
    }

    /// The admin that a record names, as its number plus one; 0 for nobody.
    fn assignee(&mut self, record: &Record, field: &str) -> Result<u16, FolderError> {
        match record.reference(field)? {
            None => Ok(0),
            Some(id) => Ok(self.admin(record, field, &id)? + 1),
        }
    }

    /// The team that a record names, as its number plus one; 0 for none.
    fn team_of(&mut self, record: &Record, field: &str) -> Result<u16, FolderError> {
        match record.reference(field)? {
            None => Ok(0),
            Some(id) => Ok(self.team(record, field, &id)? + 1),
        }
    }

    /// Gives the rows the ids that they came with.
    fn name_rows(&mut self) {
        let brought = std::mem::take(&mut self.brought);
        self.workspace.ids = Ids::loaded(self.workspace.seed, brought);
    }
}
