//! The simulator's own file: what the API does not show of a workspace. All of it may be missing.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::Loader;
use crate::{
    folder::{
        FORMAT, OWN,
        errors::FolderError,
        record::{Record, id_text},
    },
    workspace::{
        contact::Life,
        extra::{EventSummary, OutboundMessage},
        people::{Rule, Segment},
    },
};

impl Loader {
    /// The file as a record, for its fields and its errors.
    fn file(&self) -> Record {
        Record {
            file: format!("{OWN}.json").into(),
            index: 1,
            within: String::new(),
            fields: self.folder.own.clone(),
        }
    }

    /// The objects of one of its lists, as records.
    fn entries(&self, name: &str) -> Result<Vec<Record>, FolderError> {
        let file = self.file();
        let all = file.list(name)?.iter().enumerate();
        all.map(|(place, entry)| file.inner(&format!("{name}[{place}]"), entry))
            .collect()
    }

    /// Who the workspace is.
    pub(super) fn identity(&mut self) -> Result<(), FolderError> {
        let file = self.file();
        match file.number("format")? {
            Some(format) if format != FORMAT as i64 => return Err(FolderError::Newer(format.unsigned_abs())),
            _ => {}
        }
        let workspace = &mut self.workspace;
        if let Some(code) = file.text("id_code")? {
            workspace.id_code = code;
        }
        if let Some(name) = file.text("name")? {
            workspace.name = name;
        }
        if let Some(at) = file.time("created_at")? {
            workspace.created_at = at;
        }
        if let Some(last) = file.number("last_id")? {
            workspace.reference.last_id = workspace.reference.last_id.max(last.unsigned_abs());
        }
        if let Some(zone) = file.text("time_zone")? {
            workspace.time_zone = jiff::tz::TimeZone::get(&zone)
                .map_err(|_| file.wrong("time_zone", format!("must be a time zone, which {zone} is not")))?;
            workspace.zone_name = zone;
        }
        self.attributes_are_given = self.folder.records.contains_key("data_attributes");
        Ok(())
    }

    /// The contacts that no list shows any more.
    pub(super) fn gone_contacts(&self) -> Result<Vec<(Record, Life)>, FolderError> {
        self.entries("gone_contacts")?
            .into_iter()
            .map(|record| {
                let life = match record.text("life")?.as_deref() {
                    Some("archived") => Life::Archived,
                    Some("deleted") => Life::Deleted,
                    Some("merged") => Life::Merged,
                    _ => return Err(record.wrong("life", "must be archived, deleted or merged")),
                };
                Ok((record, life))
            })
            .collect()
    }

    /// The rule of a segment; without one it holds whom the files say.
    pub(super) fn rule(&self, record: &Record, id: &str) -> Result<Rule, FolderError> {
        let file = self.file();
        let rules = file.object("segments")?;
        let told = &rules.get(id).cloned().unwrap_or(Value::Null);
        let number = |field: &str| told[field].as_i64();
        let rule = match told["rule"].as_str() {
            Some("leads") => Some(Rule::Leads),
            Some("language") => told["language"]
                .as_str()
                .map(|language| Rule::Language(language.into())),
            Some("companies") => number("least").map(|least| Rule::Companies(least.unsigned_abs() as usize)),
            Some("size") => number("least").map(Rule::Size),
            Some("spend") => number("least").map(Rule::Spend),
            _ => None,
        };
        Ok(rule.unwrap_or(Rule::Members {
            is_of_leads: record.text("person_type")?.is_some_and(|kind| kind != "user"),
            contacts: BTreeSet::new(),
            companies: BTreeSet::new(),
        }))
    }

    /// Puts a company into a segment that says so only by its members.
    pub(super) fn join_segment(
        &mut self,
        record: &Record,
        id: &str,
        company: u32,
    ) -> Result<(), FolderError> {
        if !self.segments.rows.contains_key(id) {
            if self.segments.is_given {
                return Err(record.dangling("segments", id, "segments"));
            }
            let row = self.workspace.segments.len() as u32;
            self.segments.rows.insert(id.to_owned(), row);
            self.workspace.segments.push(Segment {
                id: id.to_owned(),
                name: format!("Segment {id}"),
                rule: Rule::Members {
                    is_of_leads: false,
                    contacts: BTreeSet::new(),
                    companies: BTreeSet::new(),
                },
                created_at: self.now,
                updated_at: self.now,
            });
        }
        let row = self.segments.rows[id] as usize;
        if let Rule::Members { companies, .. } = &mut self.workspace.segments[row].rule {
            companies.insert(company);
        }
        Ok(())
    }

    /// Everything else of the file.
    pub(super) fn own(&mut self) -> Result<(), FolderError> {
        self.describe_attributes(self.attributes_are_given);
        self.own_people()?;
        self.own_threads()?;
        self.own_content()
    }

    fn needed(record: &Record, field: &str) -> Result<String, FolderError> {
        record
            .reference(field)?
            .ok_or_else(|| record.wrong(field, "is missing"))
    }

    fn contact_of(&mut self, record: &Record, field: &str) -> Result<u32, FolderError> {
        let id = Self::needed(record, field)?;
        self.contact(record, field, &id)
    }

    fn own_people(&mut self) -> Result<(), FolderError> {
        let file = self.file();
        for id in file.ids("blocked_contacts")? {
            let row = self.contact(&file, "blocked_contacts", &id)?;
            self.workspace.contacts[row as usize].blocked = true;
        }
        let members = file.object("segments")?;
        for (id, told) in &members {
            let Some(row) = self.segments.rows.get(id).copied() else {
                return Err(file.dangling("segments", id, "segments"));
            };
            let ids: Vec<String> = told["contacts"]
                .as_array()
                .into_iter()
                .flatten()
                .filter_map(id_text)
                .collect();
            for id in ids {
                let contact = self.contact(&file, "segments", &id)?;
                if let Rule::Members { contacts, .. } = &mut self.workspace.segments[row as usize].rule {
                    contacts.insert(contact);
                }
            }
        }
        for entry in self.entries("merges")? {
            let (from, into) = (self.contact_of(&entry, "from")?, self.contact_of(&entry, "into")?);
            let at = entry.time("at")?.unwrap_or(self.now);
            self.workspace.merges.insert(from, (into, at));
        }
        for entry in self.entries("failed_merges")? {
            let (from, into) = (self.contact_of(&entry, "from")?, self.contact_of(&entry, "into")?);
            let at = entry.time("at")?.unwrap_or(self.now);
            self.workspace
                .reference
                .extra
                .failed_merges
                .push((from, into, at));
        }
        for entry in self.entries("role_changes")? {
            let contact = self.contact_of(&entry, "contact")?;
            let at = entry.time("at")?.unwrap_or(self.now);
            let is_lead = entry.flag("is_lead")?.unwrap_or(false);
            self.workspace
                .reference
                .extra
                .role_changes
                .push((contact, at, is_lead));
        }
        for entry in self.entries("event_summaries")? {
            let contact = self.contact_of(&entry, "contact")?;
            let first = entry.time("first")?.unwrap_or(self.now);
            let told = EventSummary {
                contact,
                name: Self::needed(&entry, "name")?,
                first,
                last: entry.time("last")?.unwrap_or(first),
                count: entry.number("count")?.unwrap_or(1).unsigned_abs(),
            };
            self.workspace.reference.extra.event_summaries.push(told);
        }
        Ok(())
    }

    fn own_threads(&mut self) -> Result<(), FolderError> {
        let file = self.file();
        for id in file.ids("archived_conversations")? {
            let row = self.conversation(&file, "archived_conversations", &id)?;
            self.workspace.conversations[row as usize].archived = true;
        }
        for entry in self.entries("merged_conversations")? {
            let mut end = |field: &str| -> Result<u32, FolderError> {
                let id = Self::needed(&entry, field)?;
                self.conversation(&entry, field, &id)
            };
            let (from, into) = (end("from")?, end("into")?);
            self.workspace
                .reference
                .extra
                .merged_conversations
                .insert(from, into);
        }
        for entry in self.entries("ticket_tags")? {
            let id = Self::needed(&entry, "ticket")?;
            let Some(row) = self.tickets.rows.get(&id).copied() else {
                return Err(entry.dangling("ticket", &id, "tickets"));
            };
            self.workspace.tickets[row as usize].tags = self.tags_of(&entry)?;
        }
        for entry in self.entries("outbound_messages")? {
            let id = Self::needed(&entry, "conversation")?;
            let sent = OutboundMessage {
                contact: self.contact_of(&entry, "contact")?,
                conversation: self.conversation(&entry, "conversation", &id)?,
                template: entry.text("template")?.unwrap_or_default(),
                sent_at: entry.time("sent_at")?.unwrap_or(self.now),
            };
            self.workspace.reference.extra.outbound_messages.push(sent);
        }
        Ok(())
    }

    fn own_content(&mut self) -> Result<(), FolderError> {
        let file = self.file();
        let named = file.list("custom_object_types")?.iter().enumerate();
        let named = named.map(|(place, name)| {
            let name = name.as_str().filter(|name| !name.is_empty());
            let wrong = || file.wrong(format!("custom_object_types[{place}]"), "must be text");
            name.map(str::to_owned).ok_or_else(wrong)
        });
        let mut types = named.collect::<Result<Vec<String>, FolderError>>()?;
        if !types.is_empty() {
            let lists = &mut self.workspace.reference.lists;
            let of_records = lists.custom_objects.iter().map(|object| object.kind.to_string());
            types.extend(of_records);
            types.sort_unstable();
            types.dedup();
            lists.custom_object_types = types;
        }
        for entry in self.entries("custom_object_contacts")? {
            let contact = self.contact_of(&entry, "contact")?;
            let (kind, id) = (Self::needed(&entry, "type")?, Self::needed(&entry, "id")?);
            let objects = &mut self.workspace.reference.lists.custom_objects;
            let object = objects
                .iter_mut()
                .find(|object| object.id.to_string() == id && *object.kind == *kind)
                .ok_or_else(|| entry.dangling("id", &id, "custom_objects"))?;
            object.contact = Some(contact);
        }
        let objects = |name: &str| -> Result<Vec<Value>, FolderError> {
            let all = file.list(name)?.iter().enumerate();
            all.map(|(place, entry)| {
                file.inner(&format!("{name}[{place}]"), entry)
                    .map(|_| entry.clone())
            })
            .collect()
        };
        let extra = &mut self.workspace.reference.extra;
        extra.jobs = objects("jobs")?;
        extra.sights = file.number("sights")?.unwrap_or(0).unsigned_abs();
        extra.messages_sent = file.number("messages_sent")?.unwrap_or(0).unsigned_abs();
        for (article, draft) in file.object("drafts")? {
            let Value::Object(draft) = draft else {
                return Err(file.wrong(format!("drafts.{article}"), "must be an object"));
            };
            extra.drafts.insert(article, draft);
        }
        for (article, versions) in file.object("versions")? {
            let Some(versions) = versions.as_array().filter(|all| all.iter().all(Value::is_object)) else {
                return Err(file.wrong(format!("versions.{article}"), "must be a list of objects"));
            };
            extra.versions.insert(article, versions.clone());
        }
        let lists = &mut self.workspace.reference.lists;
        lists.dismissals = file
            .list("dismissals")?
            .iter()
            .filter_map(Value::as_u64)
            .collect();
        let allowlist: Map<String, Value> = file.object("ip_allowlist")?;
        lists.ip_allowlist.enabled = allowlist.get("enabled") == Some(&json!(true));
        let entries = allowlist.get("entries").and_then(Value::as_array);
        lists.ip_allowlist.entries = entries
            .into_iter()
            .flatten()
            .filter_map(|entry| entry.as_str().map(str::to_owned))
            .collect();
        Ok(())
    }
}
