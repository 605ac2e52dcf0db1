//! Conversations, tickets and calls with their parts.
//!
//! The one rule: who wrote something need not exist any more: teammates and people leave, and what they wrote stays. Whom a
//! thread belongs to must exist.

use serde_json::{Value, json};

use super::{Loader, ai_agent};
use crate::{
    folder::{
        errors::FolderError,
        record::{Record, id_text},
    },
    workspace::{
        call::{Call, End, RINGING},
        conversation::{Assignee, Author, Conversation, Part, PartKind, State, Text},
        ticket::Ticket,
    },
};

/// A number that an id is, for the places where new ids begin.
fn numeric(value: &Value) -> u64 {
    id_text(value).and_then(|id| id.parse().ok()).unwrap_or(0)
}

fn written(body: Option<String>) -> Text {
    body.map_or(Text::None, |body| Text::Written(body.into()))
}

impl Loader {
    pub(super) fn conversations(&mut self) -> Result<(), FolderError> {
        for record in self.take("conversations") {
            self.one_conversation(record)?;
        }
        for record in self.take("deleted_conversations") {
            let id = record.id()?;
            let row = self.workspace.conversations.len() as u32;
            self.conversations.add(&record, &id, row)?;
            let at = record.time("deleted_at")?.unwrap_or(self.now);
            let mut gone = Conversation::new(row, 0, at, Text::None);
            gone.contacts.clear();
            gone.deleted = true;
            self.workspace.conversations.push(gone);
            self.workspace.deleted_conversations.push((row, at));
            self.brought.conversations.push(id);
        }
        Ok(())
    }

    fn one_conversation(&mut self, record: Record) -> Result<(), FolderError> {
        let id = record.id()?;
        let row = self.workspace.conversations.len() as u32;
        self.conversations.add(&record, &id, row)?;
        let created_at = record.time("created_at")?.unwrap_or(self.now);
        let source = record.inner("source", &json!(record.object("source")?))?;
        self.brought.largest_message = self.brought.largest_message.max(numeric(source.field("id")));
        let mut contacts = Vec::new();
        for id in record.ids("contacts")? {
            let contact = self.contact(&record, "contacts", &id)?;
            if !contacts.contains(&contact) {
                contacts.push(contact);
            }
        }
        let author = source.field("author");
        let author = if author.is_null() {
            None
        } else {
            Some(self.author(&source, author)?)
        };
        let first = contacts.first().copied().map(Author::Contact);
        let mut conversation = Conversation::new(row, 0, created_at, written(source.text("body")?));
        conversation.author = author.filter(|author| Some(*author) != first);
        conversation.redacted = source.flag("redacted")?.unwrap_or(false);
        conversation.contacts = contacts;
        conversation.updated_at = record.time("updated_at")?.unwrap_or(created_at);
        conversation.state = state(&record)?;
        conversation.read = record.flag("read")?.unwrap_or(false);
        conversation.priority = priority(&record)?;
        conversation.admin = self.assignee(&record, "admin_assignee_id")?;
        conversation.team = self.team_of(&record, "team_assignee_id")?;
        conversation.tags = self.tags_of(&record)?;
        conversation.title = record.text("title")?;
        conversation.snoozed_until = record.time("snoozed_until")?;
        conversation.rating = rating(&record)?;
        conversation.attributes = Some(Box::new(record.object("custom_attributes")?));
        for (place, part) in record.list("conversation_parts")?.iter().enumerate() {
            let part = record.inner(&format!("conversation_parts[{place}]"), part)?;
            self.brought.largest_part = self.brought.largest_part.max(numeric(part.field("id")));
            conversation.parts.push(self.part(&part, created_at)?);
        }
        conversation.ai_agent = ai_agent::of(&record, conversation.parts.len())?;
        if let Some(company) = id_text(&record.field("company")["id"]) {
            let company = self.company(&record, "company", &company)?;
            self.workspace
                .reference
                .extra
                .company_of_conversation
                .insert(row, company);
        }
        self.workspace.conversations.push(conversation);
        self.brought.conversations.push(id);
        self.conversation_records.insert(row, record);
        Ok(())
    }

    /// Who wrote something; the bot stands in for whoever is not there any more.
    fn author(&mut self, record: &Record, author: &Value) -> Result<Author, FolderError> {
        let Some(id) = id_text(&author["id"]) else {
            return Ok(Author::Bot);
        };
        Ok(match author["type"].as_str() {
            Some("admin" | "teammate") => {
                if self.admins.is_given && !self.admins.rows.contains_key(&id) {
                    return Ok(Author::Bot);
                }
                let is_new = !self.admins.rows.contains_key(&id);
                let number = self.admin(record, "author", &id)?;
                if is_new {
                    let made = &mut self.workspace.reference.admins[usize::from(number)];
                    made["name"] = author["name"].clone();
                    made["email"] = author["email"].clone();
                }
                Author::Admin(number)
            }
            Some("user" | "lead" | "contact") => {
                if self.contacts.is_given && !self.contacts.rows.contains_key(&id) {
                    return Ok(Author::Bot);
                }
                let row = self.contact(record, "author", &id)?;
                // A contact of whom only threads tell is called what they call it.
                if !self.contact_records.contains_key(&row) {
                    let made = &mut self.workspace.contacts[row as usize];
                    made.is_lead = author["type"] == "lead";
                    for field in ["name", "email"] {
                        if author[field].is_string() {
                            made.write(field, author[field].clone());
                        }
                    }
                }
                Author::Contact(row)
            }
            _ => Author::Bot,
        })
    }

    fn part(&mut self, record: &Record, since: i64) -> Result<Part, FolderError> {
        let author = self.author(record, record.field("author"))?;
        let kind = record
            .text("part_type")?
            .ok_or_else(|| record.wrong("part_type", "is missing"))?;
        let kind = match kind.as_str() {
            "comment" => PartKind::Comment,
            "note" => PartKind::Note,
            "quick_reply" => PartKind::QuickReply,
            "assignment" => PartKind::Assignment(self.assigned(record)),
            "open" => PartKind::Open,
            "close" => PartKind::Close,
            "snoozed" => PartKind::Snoozed,
            "priority_changed" => PartKind::Priority,
            "merged_primary_conversation" => PartKind::MergedPrimary,
            "ticket_attribute_updated_by_admin" => PartKind::TicketAttribute,
            "ticket_state_updated_by_admin" => self.state_change(record).unwrap_or(PartKind::Other),
            _ => PartKind::Other,
        };
        let at = record.time("created_at")?.unwrap_or(since);
        let mut part = Part::new(kind, author, at, written(record.text("body")?));
        part.redacted = record.flag("redacted")?.unwrap_or(false);
        Ok(part)
    }

    fn assigned(&self, record: &Record) -> Assignee {
        let assigned = record.field("assigned_to");
        let place = |index: &super::Index| index.rows.get(&id_text(&assigned["id"])?).map(|row| *row as u16);
        match assigned["type"].as_str() {
            Some("team") => place(&self.teams).map_or(Assignee::Nobody, Assignee::Team),
            Some("admin") => place(&self.admins).map_or(Assignee::Nobody, Assignee::Admin),
            _ => Assignee::Nobody,
        }
    }

    /// The first state of a category.
    fn state_of(&self, category: &Value) -> Option<u16> {
        let states = &self.workspace.reference.ticket_states;
        let place = states.iter().position(|state| state["category"] == *category)?;
        Some(place as u16)
    }

    fn state_change(&self, record: &Record) -> Option<PartKind> {
        Some(PartKind::TicketState {
            from: self.state_of(record.field("previous_ticket_state"))?,
            to: self.state_of(record.field("ticket_state"))?,
        })
    }

    pub(super) fn tickets(&mut self) -> Result<(), FolderError> {
        for record in self.take("tickets") {
            self.one_ticket(record)?;
        }
        Ok(())
    }

    fn one_ticket(&mut self, record: Record) -> Result<(), FolderError> {
        let id = record.id()?;
        let row = self.workspace.tickets.len() as u32;
        self.tickets.add(&record, &id, row)?;
        let created_at = record.time("created_at")?.unwrap_or(self.now);
        let mut contacts = Vec::new();
        for id in record.ids("contacts")? {
            contacts.push(self.contact(&record, "contacts", &id)?);
        }
        let conversation = self.conversations.rows.get(&id).copied();
        let mut ticket = Ticket {
            row,
            created_at,
            updated_at: record.time("updated_at")?.unwrap_or(created_at),
            deleted: false,
            conversation,
            generated: false,
            ticket_type: self.ticket_type(&record)?,
            state: self.ticket_state(&record)?,
            contacts,
            admin: self.assignee(&record, "admin_assignee_id")?,
            team: self.team_of(&record, "team_assignee_id")?,
            open: record.flag("open")?.unwrap_or(true),
            is_shared: record.flag("is_shared")?.unwrap_or(false),
            snoozed_until: record.time("snoozed_until")?,
            parts: Vec::new(),
            tags: Vec::new(),
            attributes: Some(Box::new(record.object("ticket_attributes")?)),
            kept: None,
        };
        for (place, part) in record.list("ticket_parts")?.iter().enumerate() {
            let part = record.inner(&format!("ticket_parts[{place}]"), part)?;
            self.brought.largest_ticket_part =
                self.brought.largest_ticket_part.max(numeric(part.field("id")));
            ticket.parts.push(self.part(&part, created_at)?);
        }
        self.last_change(&record, &mut ticket)?;
        for linked in record.list("linked_objects")? {
            if let (Some("conversation"), Some(id)) = (linked["type"].as_str(), id_text(&linked["id"])) {
                let conversation = self.conversation(&record, "linked_objects", &id)?;
                self.workspace
                    .reference
                    .extra
                    .links
                    .entry(row)
                    .or_default()
                    .push(conversation);
            }
        }
        if let Some(id) = record.reference("company_id")? {
            let company = self.company(&record, "company_id", &id)?;
            self.workspace
                .reference
                .extra
                .company_of_ticket
                .insert(row, company);
        }
        if let Some(conversation) = conversation {
            self.workspace.reference.extra.converted.insert(conversation, row);
        }
        self.brought
            .ticket_numbers
            .push(record.reference("ticket_id")?.unwrap_or_else(|| id.clone()));
        self.brought.tickets.push(id);
        self.workspace.tickets.push(ticket);
        self.ticket_records.insert(row, record);
        Ok(())
    }

    /// The last change of state, of which a ticket tells more than its part does.
    fn last_change(&self, record: &Record, ticket: &mut Ticket) -> Result<(), FolderError> {
        let previous = record.reference("previous_ticket_state_id")?;
        let previous = previous.and_then(|id| self.ticket_states.rows.get(&id).copied());
        let last = ticket
            .parts
            .iter_mut()
            .rev()
            .find_map(|part| match &mut part.kind {
                PartKind::TicketState { from, .. } => Some(from),
                _ => None,
            });
        if let (Some(previous), Some(from)) = (previous, last) {
            *from = previous as u16;
        }
        Ok(())
    }

    fn ticket_type(&mut self, record: &Record) -> Result<u16, FolderError> {
        let told = record.object("ticket_type")?;
        let id = told
            .get("id")
            .and_then(id_text)
            .or(record.reference("ticket_type_id")?);
        let Some(id) = id else { return Ok(0) };
        if let Some(place) = self.ticket_types.rows.get(&id) {
            return Ok(*place as u16);
        }
        if self.ticket_types.is_given {
            return Err(record.dangling("ticket_type", &id, "ticket_types"));
        }
        let place = self.workspace.reference.ticket_types.len();
        let mut made = json!({
            "type": "ticket_type", "id": id, "name": format!("Ticket type {id}"), "description": "", "icon": "🎟️",
            "archived": false, "is_internal": false, "category": "Customer",
            "ticket_type_attributes": { "type": "list", "data": [] },
        });
        for (name, value) in told {
            made[name] = value;
        }
        self.workspace.reference.ticket_types.push(made);
        self.ticket_types.rows.insert(id, place as u32);
        Ok(place as u16)
    }

    fn ticket_state(&mut self, record: &Record) -> Result<u16, FolderError> {
        let told = record.field("ticket_state").clone();
        let category = if told.is_string() {
            &told
        } else {
            &told["category"]
        };
        let id = id_text(&told["id"]).filter(|_| told.is_object());
        let Some(id) = id else {
            return Ok(self.state_of(category).unwrap_or(0));
        };
        if let Some(place) = self.ticket_states.rows.get(&id) {
            return Ok(*place as u16);
        }
        if self.ticket_states.is_given {
            return Err(record.dangling("ticket_state", &id, "ticket_states"));
        }
        let place = self.workspace.reference.ticket_states.len();
        self.workspace.reference.ticket_states.push(json!({
            "type": "ticket_state", "id": id, "category": category, "archived": false,
            "internal_label": told["internal_label"], "external_label": told["external_label"],
        }));
        self.ticket_states.rows.insert(id, place as u32);
        Ok(place as u16)
    }

    pub(super) fn calls(&mut self) -> Result<(), FolderError> {
        for record in self.take("calls") {
            let id = record.id()?;
            let row = self.workspace.calls.len() as u32;
            let missing = |field: &str| record.wrong(field, "is missing");
            let conversation = record.reference("conversation_id")?;
            let conversation = conversation.ok_or_else(|| missing("conversation_id"))?;
            let contact = record
                .reference("contact_id")?
                .ok_or_else(|| missing("contact_id"))?;
            let initiated_at = record
                .time("initiated_at")?
                .or(record.time("created_at")?)
                .unwrap_or(self.now);
            let is_missed = record.field("answered_at").is_null();
            let ended_at = record.time("ended_at")?.unwrap_or(initiated_at + RINGING);
            let call = Call {
                row,
                conversation: self.conversation(&record, "conversation_id", &conversation)?,
                contact: self.contact(&record, "contact_id", &contact)?,
                admin: self.assignee(&record, "admin_id")?.saturating_sub(1),
                is_inbound: record.text("direction")?.as_deref() != Some("outbound"),
                initiated_at,
                seconds: if is_missed {
                    0
                } else {
                    (ended_at - initiated_at - RINGING).max(0)
                },
                end: if is_missed { End::Missed } else { End::Answered },
                kept: None,
            };
            self.workspace.calls.push(call);
            self.brought.calls.push(id);
            self.call_records.insert(row, record);
        }
        Ok(())
    }
}

fn state(record: &Record) -> Result<State, FolderError> {
    Ok(match record.text("state")?.as_deref() {
        Some("open") => State::Open,
        Some("closed") => State::Closed,
        Some("snoozed") => State::Snoozed,
        Some(_) => return Err(record.wrong("state", "must be open, closed or snoozed")),
        None if record.flag("open")? == Some(false) => State::Closed,
        None => State::Open,
    })
}

/// The priority by the words of 2.16, or by those of the versions before.
fn priority(record: &Record) -> Result<u8, FolderError> {
    Ok(match record.text("priority")?.as_deref() {
        None | Some("none" | "not_priority") => 0,
        Some("low") => 1,
        Some("medium") => 2,
        Some("high" | "priority") => 3,
        Some("urgent") => 4,
        Some(_) => return Err(record.wrong("priority", "must be none, low, medium, high or urgent")),
    })
}

fn rating(record: &Record) -> Result<Option<(u8, i64)>, FolderError> {
    let rating = record.object("conversation_rating")?;
    let Some(score) = rating.get("rating").filter(|score| !score.is_null()) else {
        return Ok(None);
    };
    let score = score.as_u64().filter(|score| (1..=5).contains(score));
    let score =
        score.ok_or_else(|| record.wrong("conversation_rating.rating", "must be a number from 1 to 5"))?;
    let at = rating.get("created_at").and_then(Value::as_i64).unwrap_or(0);
    Ok(Some((score as u8, at)))
}
