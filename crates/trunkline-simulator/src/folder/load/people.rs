//! Tags, segments, companies, contacts and what hangs on them.

use serde_json::{Value, json};

use super::{Loader, number};
use crate::{
    folder::{
        errors::FolderError,
        record::{Record, id_text},
    },
    workspace::{
        Event,
        company::Company,
        contact::{Contact, Life},
        lists::CustomObject,
        people::{Note, Segment, Subject, Tag},
    },
};

/// Fields of a contact that are written as they are.
const WRITTEN: [&str; 5] = ["name", "email", "phone", "external_id", "language_override"];
const TIMES: [&str; 4] = [
    "signed_up_at",
    "last_seen_at",
    "last_replied_at",
    "last_contacted_at",
];

impl Loader {
    pub(super) fn tags(&mut self) -> Result<(), FolderError> {
        for record in self.take("tags") {
            let id = record.id()?;
            let row = self.workspace.tags.len() as u32;
            self.workspace.tags.push(Tag {
                id: number(&record, "id", &id)?,
                name: record
                    .text("name")?
                    .ok_or_else(|| record.wrong("name", "is missing"))?,
                deleted: false,
            });
            self.tags.add(&record, &id, row)?;
        }
        Ok(())
    }

    pub(super) fn segments(&mut self) -> Result<(), FolderError> {
        for record in self.take("segments") {
            let id = record.id()?;
            let created_at = record.time("created_at")?.unwrap_or(self.now);
            let row = self.workspace.segments.len() as u32;
            self.segments.add(&record, &id, row)?;
            let rule = self.rule(&record, &id)?;
            self.workspace.segments.push(Segment {
                id,
                name: record.text("name")?.unwrap_or_default(),
                rule,
                created_at,
                updated_at: record.time("updated_at")?.unwrap_or(created_at),
            });
        }
        Ok(())
    }

    pub(super) fn companies(&mut self) -> Result<(), FolderError> {
        for record in self.take("companies") {
            let id = record.id()?;
            let row = self.workspace.companies.len() as u32;
            self.companies.add(&record, &id, row)?;
            let created_at = record.time("created_at")?.unwrap_or(self.now);
            let mut company = Company::new(row, created_at);
            company.updated_at = record.time("updated_at")?.unwrap_or(created_at);
            company.size = record.number("size")?;
            company.monthly_spend = match record.field("monthly_spend") {
                // Some accounts have spend with cents.
                Value::Number(spend) => spend.as_f64().unwrap_or(0.0) as i64,
                _ => record.number("monthly_spend")?.unwrap_or(0),
            };
            let own = record.text("company_id")?.unwrap_or_else(|| id.clone());
            company.write("company_id", json!(own));
            for field in ["name", "website", "industry"] {
                if let Some(text) = record.text(field)? {
                    company.write(field, json!(text));
                }
            }
            if let Some(plan) = record.object("plan")?.get("name").filter(|name| name.is_string()) {
                company.write("plan", plan.clone());
            }
            let began = record.time("remote_created_at")?;
            company.write("remote_created_at", json!(began));
            let attributes = record.object("custom_attributes")?;
            company.attributes = Some(Box::new(attributes));
            company.tags = self.tags_of(&record)?;
            for id in record.ids("segments")? {
                self.join_segment(&record, &id, row)?;
            }
            self.workspace.companies.push(company);
            self.brought.companies.push(id);
            self.company_records.insert(row, record);
        }
        Ok(())
    }

    /// Contacts that lists show, then those that are gone but spoken of, then visitors.
    pub(super) fn contacts(&mut self) -> Result<(), FolderError> {
        for record in self.take("contacts") {
            self.one_contact(record, Life::Listed)?;
        }
        for (record, life) in self.gone_contacts()? {
            self.one_contact(record, life)?;
        }
        for record in self.take("visitors") {
            self.one_visitor(record)?;
        }
        Ok(())
    }

    fn one_contact(&mut self, record: Record, life: Life) -> Result<(), FolderError> {
        let id = record.id()?;
        let row = self.workspace.contacts.len() as u32;
        self.contacts.add(&record, &id, row)?;
        let created_at = record.time("created_at")?.unwrap_or(self.now);
        let is_lead = match record.text("role")?.as_deref() {
            None | Some("user") => false,
            Some("lead") => true,
            Some(_) => return Err(record.wrong("role", "must be user or lead")),
        };
        let mut contact = Contact::new(row, created_at, is_lead);
        contact.updated_at = record.time("updated_at")?.unwrap_or(created_at);
        contact.life = life;
        for field in WRITTEN {
            if let Some(text) = record.text(field)? {
                contact.write(field, json!(text));
            }
        }
        for field in TIMES {
            if let Some(at) = record.time(field)? {
                contact.write(field, json!(at));
            }
        }
        if let Some(image) = record
            .object("avatar")?
            .get("image_url")
            .filter(|url| url.is_string())
        {
            contact.write("avatar", image.clone());
        }
        if record.flag("unsubscribed_from_emails")?.unwrap_or(false) {
            contact.write("unsubscribed_from_emails", json!(true));
        }
        contact.attributes = Some(Box::new(record.object("custom_attributes")?));
        contact.owner = self.assignee(&record, "owner_id")?;
        contact.tags = self.tags_of(&record)?;
        for id in record.ids("companies")? {
            let company = self.company(&record, "companies", &id)?;
            if !contact.companies.contains(&company) {
                contact.companies.push(company);
                self.workspace.companies[company as usize].contacts.push(row);
            }
        }
        for (field, is_in) in [
            ("opted_out_subscription_types", false),
            ("opted_in_subscription_types", true),
        ] {
            for id in record.ids(field)? {
                contact
                    .consents
                    .push((self.subscription_type(&record, field, &id)?, is_in));
            }
        }
        self.workspace.contacts.push(contact);
        self.brought.contacts.push(id);
        self.contact_records.insert(row, record);
        Ok(())
    }

    fn one_visitor(&mut self, record: Record) -> Result<(), FolderError> {
        let id = record.id()?;
        let row = self.workspace.contacts.len() as u32;
        self.contacts.add(&record, &id, row)?;
        let created_at = record.time("created_at")?.unwrap_or(self.now);
        let mut visitor = Contact::new(row, created_at, true);
        visitor.life = Life::Visitor;
        visitor.updated_at = record.time("updated_at")?.unwrap_or(created_at);
        for (field, as_field) in [
            ("user_id", "external_id"),
            ("email", "email"),
            ("phone", "phone"),
            ("name", "name"),
        ] {
            if let Some(text) = record.text(field)?.filter(|text| !text.is_empty()) {
                visitor.write(as_field, json!(text));
            }
        }
        visitor.attributes = Some(Box::new(record.object("custom_attributes")?));
        self.workspace.contacts.push(visitor);
        self.brought.contacts.push(id);
        self.contact_records.insert(row, record);
        Ok(())
    }

    fn subscription_type(&mut self, record: &Record, field: &str, id: &str) -> Result<u16, FolderError> {
        if let Some(place) = self.subscription_types.rows.get(id) {
            return Ok(*place as u16);
        }
        if self.subscription_types.is_given {
            return Err(record.dangling(field, id, "subscription_types"));
        }
        let place = self.workspace.reference.subscription_types.len();
        let translation = json!({ "name": format!("Subscription {id}"), "description": "", "locale": "en" });
        self.workspace.reference.subscription_types.push(json!({
            "type": "subscription",
            "id": id,
            "state": "live",
            "consent_type": if field.starts_with("opted_in") { "opt_in" } else { "opt_out" },
            "default_translation": translation,
            "translations": [translation],
            "content_types": ["email"],
        }));
        self.subscription_types.rows.insert(id.to_owned(), place as u32);
        Ok(place as u16)
    }

    pub(super) fn notes(&mut self) -> Result<(), FolderError> {
        for record in self.take("notes") {
            let row = self.workspace.notes.len() as u32;
            let id = record.id()?;
            let subject = |field: &str| id_text(&record.field(field)["id"]);
            let subject = match (subject("contact"), subject("company")) {
                (Some(id), _) => Subject::Contact(self.contact(&record, "contact", &id)?),
                (None, Some(id)) => Subject::Company(self.company(&record, "company", &id)?),
                (None, None) => return Err(record.wrong("contact", "is missing, and so is company")),
            };
            let admin = match id_text(&record.field("author")["id"]) {
                Some(id) => self.admin(&record, "author", &id)?,
                None => 0,
            };
            self.workspace.notes.push(Note {
                row,
                subject,
                admin,
                created_at: record.time("created_at")?.unwrap_or(self.now),
                body: Some(record.text("body")?.unwrap_or_default()),
            });
            self.brought.notes.push(id);
            if let Subject::Contact(contact) = subject {
                self.workspace.contacts[contact as usize].notes.push(row);
            }
        }
        self.order_notes();
        Ok(())
    }

    /// Notes in the order of the contact that has them: its record shows the newest first.
    fn order_notes(&mut self) {
        for (row, record) in &self.contact_records {
            let ids = record.ids("notes").unwrap_or_default();
            let place = |note: &u32| {
                let id = &self.brought.notes[*note as usize];
                ids.iter().position(|held| held == id).unwrap_or(usize::MAX)
            };
            let notes = &mut self.workspace.contacts[*row as usize].notes;
            notes.sort_by_key(|note| std::cmp::Reverse(place(note)));
        }
    }

    pub(super) fn events(&mut self) -> Result<(), FolderError> {
        for record in self.take("events") {
            let named = ["intercom_user_id", "user_id", "email"];
            let id = named
                .iter()
                .find_map(|field| Some((*field, id_text(record.field(field))?)));
            let contact = match id {
                Some(("intercom_user_id", id)) => self.contact(&record, "intercom_user_id", &id)?,
                Some((field, text)) => self
                    .called(field, &text)
                    .ok_or_else(|| record.dangling(field, &text, "contacts"))?,
                None => return Err(record.wrong("intercom_user_id", "is missing")),
            };
            let name = record.text("event_name")?;
            self.workspace.events.push(Event {
                contact,
                name: name.ok_or_else(|| record.wrong("event_name", "is missing"))?,
                created_at: record.time("created_at")?.unwrap_or(self.now),
                metadata: record.object("metadata")?,
                id: id_text(record.field("id")).map(Into::into),
            });
        }
        Ok(())
    }

    fn called(&self, field: &str, text: &str) -> Option<u32> {
        let seed = self.workspace.seed;
        let found = self.workspace.contacts.iter().find(|contact| {
            let held = if field == "email" {
                contact.email(seed)
            } else {
                contact.external_id(seed)
            };
            held.as_deref() == Some(text)
        });
        found.map(|contact| contact.row)
    }

    /// Instances, and by them the types that the workspace has; without any it has the simulator's own.
    pub(super) fn custom_objects(&mut self) -> Result<(), FolderError> {
        let mut types = Vec::new();
        for record in self.take("custom_objects") {
            let id = record.id()?;
            let kind = record.text("type")?.filter(|kind| !kind.is_empty());
            let kind = kind.ok_or_else(|| record.wrong("type", "is missing"))?;
            if !types.contains(&kind) {
                types.push(kind.clone());
            }
            let attributes = record.object("custom_attributes")?;
            let mut named = attributes.values().filter_map(Value::as_str);
            let contact = named.find_map(|id| self.contacts.rows.get(id).copied());
            let created_at = record.time("created_at")?.unwrap_or(self.now);
            let object = CustomObject {
                id: number(&record, "id", &id)?,
                kind: kind.into(),
                external_id: record.reference("external_id")?,
                external_created_at: record.time("external_created_at")?,
                external_updated_at: record.time("external_updated_at")?,
                created_at,
                updated_at: record.time("updated_at")?.unwrap_or(created_at),
                attributes,
                contact,
            };
            self.workspace.reference.lists.custom_objects.push(object);
        }
        if !types.is_empty() {
            self.workspace.reference.lists.custom_object_types = types;
        }
        Ok(())
    }

    /// Attributes that the loaded people and companies have and no file describes.
    pub(super) fn describe_attributes(&mut self, is_given: bool) {
        if is_given {
            return;
        }
        let contacts = self
            .workspace
            .contacts
            .iter()
            .map(|row| ("contact", &row.attributes));
        let companies = self
            .workspace
            .companies
            .iter()
            .map(|row| ("company", &row.attributes));
        const UNTOLD: &str = "";
        let mut found: Vec<(&str, String, &str)> = Vec::new();
        for (model, attributes) in contacts.chain(companies) {
            for (name, value) in attributes.iter().flat_map(|map| map.iter()) {
                let kind = match value {
                    // What was cleared tells nothing of its type.
                    Value::Null => UNTOLD,
                    Value::Bool(_) => "boolean",
                    Value::Number(number) if number.is_f64() => "float",
                    Value::Number(_) => "integer",
                    _ => "string",
                };
                let known = found
                    .iter_mut()
                    .find(|(held, known, _)| *held == model && known == name);
                match known {
                    None => found.push((model, name.clone(), kind)),
                    // What is now whole and now not is a number; whatever else differs is text.
                    Some((.., held)) if *held == UNTOLD => *held = kind,
                    Some((.., held)) if *held != kind && kind != UNTOLD => {
                        let is_number = |kind: &str| matches!(kind, "integer" | "float");
                        *held = if is_number(held) && is_number(kind) {
                            "float"
                        } else {
                            "string"
                        };
                    }
                    Some(_) => {}
                }
            }
        }
        for (model, name, kind) in found {
            let kind = if kind == UNTOLD { "string" } else { kind };
            let held = self.workspace.reference.data_attributes.iter();
            if held
                .clone()
                .any(|row| row["model"] == model && row["name"] == name)
            {
                continue;
            }
            let id = self.workspace.reference.next_id();
            let admin = self.workspace.reference.admins[0]["id"].clone();
            self.workspace.reference.data_attributes.push(json!({
                "type": "data_attribute", "id": id, "model": model, "name": name,
                "full_name": format!("custom_attributes.{name}"), "label": name, "description": "",
                "data_type": kind, "api_writable": true, "ui_writable": true, "messenger_writable": false,
                "custom": true, "archived": false, "admin_id": admin,
                "created_at": self.now, "updated_at": self.now,
            }));
        }
    }
}
