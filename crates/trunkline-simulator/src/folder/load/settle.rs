//! What is kept of records beyond their rows, once every row has its id: the difference between what a row shows and what its
//! record says.

use serde_json::{Map, Value};
use trunkline_catalog::Version;

use super::Loader;
use crate::{
    files::Addresses,
    folder::{errors::FolderError, record::id_text},
    habits::Habits,
    presenter::{View, companies, contacts, conversations, parts, tickets, value},
    resources::{calls, visitors},
    workspace::{contact::Life, kept::Kept},
};

/// What rows hold themselves or work out.
const CONTACT: &[&str] = &[
    "type",
    "id",
    "workspace_id",
    "role",
    "external_id",
    "email",
    "email_domain",
    "phone",
    "name",
    "avatar",
    "owner_id",
    "created_at",
    "updated_at",
    "signed_up_at",
    "last_seen_at",
    "last_replied_at",
    "last_contacted_at",
    "unsubscribed_from_emails",
    "language_override",
    "custom_attributes",
    "tags",
    "notes",
    "companies",
    "opted_out_subscription_types",
    "opted_in_subscription_types",
    "life",
];
const VISITOR: &[&str] = &[
    "type",
    "id",
    "user_id",
    "email",
    "phone",
    "name",
    "app_id",
    "last_request_at",
    "created_at",
    "updated_at",
    "custom_attributes",
];
const COMPANY: &[&str] = &[
    "type",
    "id",
    "company_id",
    "app_id",
    "name",
    "remote_created_at",
    "created_at",
    "updated_at",
    "monthly_spend",
    "user_count",
    "size",
    "website",
    "industry",
    "plan",
    "tags",
    "segments",
    "custom_attributes",
    "notes",
];
const CONVERSATION: &[&str] = &[
    "type",
    "id",
    "created_at",
    "updated_at",
    "waiting_since",
    "snoozed_until",
    "source",
    "contacts",
    "first_contact_reply",
    "admin_assignee_id",
    "team_assignee_id",
    "open",
    "state",
    "read",
    "tags",
    "priority",
    "statistics",
    "teammates",
    "title",
    "custom_attributes",
    "ticket",
    "linked_objects",
    "company",
    "ai_agent",
    "ai_agent_participated",
    "conversation_parts",
];
const SOURCE: &[&str] = &["body", "redacted"];
const AI_AGENT: &[&str] = &[
    "source_type",
    "source_title",
    "last_answer_type",
    "resolution_state",
    "rating",
    "rating_remark",
    "created_at",
    "updated_at",
    "content_sources",
];
const TICKET: &[&str] = &[
    "type",
    "id",
    "ticket_id",
    "category",
    "ticket_attributes",
    "ticket_state",
    "ticket_type",
    "contacts",
    "admin_assignee_id",
    "team_assignee_id",
    "created_at",
    "updated_at",
    "open",
    "snoozed_until",
    "linked_objects",
    "ticket_parts",
    "is_shared",
    "company_id",
    "previous_ticket_state_id",
    "ticket_state_internal_label",
    "ticket_state_external_label",
];
const PART: &[&str] = &["type", "body", "created_at", "redacted"];
const CALL: &[&str] = &[
    "type",
    "id",
    "conversation_id",
    "contact_id",
    "initiated_at",
    "direction",
    "recording_url",
    "transcription_url",
    "transcript_status",
];

/// The fields of a record that its row shows otherwise and does not hold.
fn differing(shown: &Value, record: &Map<String, Value>, held: &[&str]) -> Map<String, Value> {
    let differs = |(name, value): &(&String, &Value)| {
        !held.contains(&name.as_str()) && shown.get(name.as_str()) != Some(*value)
    };
    let kept = record.iter().filter(differs);
    kept.map(|(name, value)| (name.clone(), value.clone())).collect()
}

fn kept(fields: Map<String, Value>) -> Kept {
    (!fields.is_empty()).then(|| Box::new(fields))
}

/// Kept fields of a part; its id is always kept, as text.
fn part(shown: &Value, record: &Value) -> Kept {
    let record = record.as_object()?;
    let mut fields = differing(shown, record, PART);
    if shown["body"] == Value::Null {
        // A body of null and none at all are different things to tickets.
        fields.extend(
            record
                .get("body")
                .filter(|body| body.is_null() && shown.get("body").is_none())
                .map(|body| ("body".to_owned(), body.clone())),
        );
    }
    if let Some(id) = record.get("id").and_then(id_text) {
        fields.insert("id".to_owned(), Value::String(id));
    }
    kept(fields)
}

impl Loader {
    /// Names the rows, keeps what they do not hold, and puts them in order.
    pub(super) fn settle(&mut self) -> Result<(), FolderError> {
        self.name_rows();
        self.keep_people();
        self.keep_threads();
        let workspace = &mut self.workspace;
        for contact in &workspace.contacts {
            let names = &mut workspace.reference.extra.written_names;
            names.remember(contact, workspace.seed);
            if contact.is_listed() {
                workspace.contact_order.insert(contact.updated_at, contact.row);
            }
        }
        let newest = workspace.contacts.iter().map(|contact| contact.indexed_at).max();
        workspace.reference.extra.last_indexed_at = newest.unwrap_or(0);
        for conversation in workspace.conversations.iter().filter(|row| row.is_listed()) {
            workspace
                .conversation_order
                .insert(conversation.updated_at, conversation.row);
        }
        for ticket in &workspace.tickets {
            workspace.ticket_order.insert(ticket.updated_at, ticket.row);
        }
        workspace
            .deleted_conversations
            .sort_by_key(|(row, at)| (*at, *row));
        workspace.revision = 0;
        Ok(())
    }

    fn keep_people(&mut self) {
        let habits = Habits::default();
        for (row, record) in std::mem::take(&mut self.contact_records) {
            let view = View {
                workspace: &self.workspace,
                version: Version::V2_16,
                habits: &habits,
                files: Addresses::bare(),
            };
            let contact = &self.workspace.contacts[row as usize];
            let fields = if contact.life == Life::Visitor {
                differing(&visitors::view(&self.workspace, contact), &record.fields, VISITOR)
            } else {
                let shown = value(&contacts::view(view, contact));
                let mut fields = differing(&shown, &record.fields, CONTACT);
                // Segments go by the language, so it is kept even where the seed would give the same.
                let language = record.fields.get("browser_language").cloned().unwrap_or_default();
                fields.insert("browser_language".to_owned(), language);
                fields
            };
            self.workspace.contacts[row as usize].kept = kept(fields);
        }
        for (row, record) in std::mem::take(&mut self.company_records) {
            let view = View {
                workspace: &self.workspace,
                version: Version::V2_16,
                habits: &habits,
                files: Addresses::bare(),
            };
            let shown = companies::view(view, &self.workspace.companies[row as usize]);
            self.workspace.companies[row as usize].kept = kept(differing(&shown, &record.fields, COMPANY));
        }
    }

    fn keep_threads(&mut self) {
        let habits = Habits {
            five_hundred_parts: false,
            ..Habits::default()
        };
        for (row, record) in std::mem::take(&mut self.conversation_records) {
            self.keep_attributes(row);
            let view = View {
                workspace: &self.workspace,
                version: Version::V2_16,
                habits: &habits,
                files: Addresses::bare(),
            };
            let conversation = &self.workspace.conversations[row as usize];
            let shown = value(&conversations::whole(view, conversation));
            let mut fields = differing(&shown, &record.fields, CONVERSATION);
            if let Some(source) = record.field("source").as_object() {
                let mut source = differing(&shown["source"], source, SOURCE);
                if let Some(id) = record.field("source").get("id").and_then(id_text) {
                    source.insert("id".to_owned(), Value::String(id));
                }
                fields.insert("source".to_owned(), Value::Object(source));
            }
            if let Some(agent) = record.field("ai_agent").as_object() {
                let agent = differing(&shown["ai_agent"], agent, AI_AGENT);
                if !agent.is_empty() {
                    fields.insert("ai_agent".to_owned(), Value::Object(agent));
                }
            }
            let rows = record.list("conversation_parts").unwrap_or_default();
            let all: Vec<Kept> = rows
                .iter()
                .enumerate()
                .map(|(index, row)| part(&value(&parts::of_conversation(view, conversation, index)), row))
                .collect();
            let conversation = &mut self.workspace.conversations[row as usize];
            conversation.kept = kept(fields);
            for (part, kept) in conversation.parts.iter_mut().zip(all) {
                part.kept = kept;
            }
        }
        for (row, record) in std::mem::take(&mut self.ticket_records) {
            let view = View {
                workspace: &self.workspace,
                version: Version::V2_16,
                habits: &habits,
                files: Addresses::bare(),
            };
            let ticket = &self.workspace.tickets[row as usize];
            let fields = differing(&value(&tickets::view(view, ticket)), &record.fields, TICKET);
            let rows = record.list("ticket_parts").unwrap_or_default();
            let all: Vec<Kept> = rows
                .iter()
                .enumerate()
                .map(|(index, row)| part(&value(&parts::of_ticket(view, ticket, index)), row))
                .collect();
            let ticket = &mut self.workspace.tickets[row as usize];
            ticket.kept = kept(fields);
            for (part, kept) in ticket.parts.iter_mut().zip(all) {
                part.kept = kept;
            }
        }
        for (row, record) in std::mem::take(&mut self.call_records) {
            let shown = calls::view(&self.workspace, "", &self.workspace.calls[row as usize]);
            self.workspace.calls[row as usize].kept = kept(differing(&shown, &record.fields, CALL));
        }
    }

    /// Takes out of a conversation's attributes what it works out itself.
    fn keep_attributes(&mut self, row: u32) {
        const FILES: &str = "Has attachments";
        let conversation = &mut self.workspace.conversations[row as usize];
        let has_files = conversation.parts.iter().any(|part| part.files.is_some());
        if let Some(attributes) = &mut conversation.attributes
            && attributes.get(FILES) == Some(&Value::Bool(has_files))
        {
            attributes.remove(FILES);
        }
    }
}
