//! What each topic is about: which record, what happened to it, and the record itself where the item has it whole.
//!
//! The one rule: shapes are taken as they really come, with what is odd about them. Items of one family look alike, so the
//! family decides; a family that is not known gives a head without a stream.

use bytes::Bytes;
use jiff::Timestamp;
use trunkline_catalog::{Catalog, TopicChange};

use super::{
    decode::{Head, moment},
    errors::DecodeError,
    fields::Fields,
    record,
};
use crate::extract::List;

/// Topics that only apps of version 1.x are told of.
const OLD_TOPICS: [&str; 4] = [
    "contact.added_email",
    "contact.created",
    "contact.signed_up",
    "contact.updated",
];

/// What a topic is about.
pub(super) fn of(
    topic: &str,
    item: &Fields<'_>,
    told_at: Option<Timestamp>,
) -> Result<Vec<Head>, DecodeError> {
    if let Some(sign) = sign_of_old_version(topic, item) {
        return Err(DecodeError::OldVersion {
            topic: topic.to_owned(),
            sign,
        });
    }
    let change = Catalog::embedded()
        .topic(topic)
        .map_or(TopicChange::Other, |topic| topic.change);
    let told = Told {
        topic,
        item,
        change,
        told_at,
    };
    match topic.split('.').next().unwrap_or_default() {
        "contact" | "granular" => told.contact(),
        "visitor" => Ok(vec![Head {
            record: None,
            ..told.head("contacts", item, None)?
        }]),
        "company" => told.company(),
        "conversation" | "conversation_part" => told.conversation(),
        "ticket" => told.ticket(),
        "article" => told.one("articles", record::article),
        "admin" if topic.starts_with("admin.activity_log") => told.one("activity_logs", record::activity_log),
        "admin" => told.one("admins", record::admin),
        "call" => told.one("calls", record::alike),
        "event" => told.event(),
        _ => Ok(vec![told.nothing_kept()]),
    }
}

fn sign_of_old_version(topic: &str, item: &Fields<'_>) -> Option<&'static str> {
    if topic.starts_with("user.") || OLD_TOPICS.contains(&topic) {
        return Some("the topic is of that time");
    }
    ["conversation_message", "assignee"]
        .iter()
        .any(|field| topic.starts_with("conversation.") && item.has(field))
        .then_some("the conversation has an assignee or a message of its own")
}

/// A notification's topic and item.
struct Told<'a> {
    topic: &'a str,
    item: &'a Fields<'a>,
    change: TopicChange,
    told_at: Option<Timestamp>,
}

impl Told<'_> {
    fn lacks(&self, what: &'static str) -> DecodeError {
        DecodeError::NoRecord {
            topic: self.topic.to_owned(),
            what,
        }
    }

    /// The head of a record that has its id in `id`.
    fn head(
        &self,
        stream: &'static str,
        record: &Fields<'_>,
        whole: Option<fn(&Fields<'_>) -> Bytes>,
    ) -> Result<Head, DecodeError> {
        let id = record.id("id").ok_or_else(|| self.lacks("id"))?;
        Ok(Head {
            stream: Some(stream),
            id: Some(id),
            change: self.change,
            time: ["updated_at", "created_at"]
                .iter()
                .find_map(|name| moment(record, name))
                .or(self.told_at),
            record: whole.map(|whole| whole(record)),
            other: None,
        })
    }

    fn one(&self, stream: &'static str, whole: fn(&Fields<'_>) -> Bytes) -> Result<Vec<Head>, DecodeError> {
        Ok(vec![self.head(stream, self.item, Some(whole))?])
    }

    /// Something that no stream has.
    fn nothing_kept(&self) -> Head {
        Head {
            stream: None,
            id: self.item.id("id").or_else(|| self.item.id("request_id")),
            change: self.change,
            time: ["created_at", "timestamp"]
                .iter()
                .find_map(|name| moment(self.item, name))
                .or(self.told_at),
            record: None,
            other: None,
        }
    }

    /// A whole contact beside something else.
    fn beside(&self, change: TopicChange) -> Result<Head, DecodeError> {
        let contact = self.item.object("contact").ok_or_else(|| self.lacks("contact"))?;
        Ok(Head {
            change,
            ..self.head("contacts", &contact, whole_contact(&contact))?
        })
    }

    fn contact(&self) -> Result<Vec<Head>, DecodeError> {
        if !self.item.has("contact") {
            if self.change == TopicChange::Deleted {
                let head = self.head("contacts", self.item, None)?;
                return Ok(vec![Head {
                    time: self.told_at,
                    ..head
                }]);
            }
            let mut heads = vec![self.head("contacts", self.item, whole_contact(self.item))?];
            if let Some(gone) = self.item.object("merged_from").and_then(|from| from.id("id")) {
                heads.push(Head {
                    id: Some(gone),
                    time: self.told_at,
                    record: None,
                    other: heads[0].id.clone(),
                    ..heads[0].clone()
                });
            }
            return Ok(heads);
        }
        let mut heads = vec![self.beside(self.change)?];
        if let Some(tag) = self.item.object("tag") {
            let tag = self.head("tags", &tag, Some(record::tag))?;
            heads[0].other.clone_from(&tag.id);
            heads.push(Head {
                change: TopicChange::Updated,
                ..tag
            });
        }
        Ok(heads)
    }

    fn company(&self) -> Result<Vec<Head>, DecodeError> {
        if !self.item.has("company") {
            if self.change == TopicChange::Deleted {
                return Ok(vec![self.head("companies", self.item, None)?]);
            }
            return self.one("companies", record::company);
        }
        let company = self.item.object("company").ok_or_else(|| self.lacks("company"))?;
        let company = self.head("companies", &company, Some(record::company))?;
        let contact = Head {
            other: company.id.clone(),
            ..self.beside(self.change)?
        };
        let company = Head {
            change: TopicChange::Updated,
            ..company
        };
        Ok(vec![contact, company])
    }

    fn conversation(&self) -> Result<Vec<Head>, DecodeError> {
        if self.change == TopicChange::Deleted {
            let id = ["conversation_id", "id"]
                .iter()
                .find_map(|name| self.item.id(name));
            return Ok(vec![Head {
                stream: Some("conversations"),
                id: Some(id.ok_or_else(|| self.lacks("conversation_id"))?),
                change: self.change,
                time: self.told_at,
                record: None,
                other: None,
            }]);
        }
        if let Some(inner) = self.item.object("conversation") {
            // Rows of the platform's own tables: only the ids are of use.
            let model = inner.object("model");
            let id = model
                .as_ref()
                .and_then(|model| model.id("id"))
                .or_else(|| inner.id("id"));
            let contact = self.beside(TopicChange::Updated)?;
            return Ok(vec![
                Head {
                    stream: Some("conversations"),
                    id: Some(id.ok_or_else(|| self.lacks("conversation"))?),
                    change: self.change,
                    time: model
                        .as_ref()
                        .and_then(|model| moment(model, "updated_at"))
                        .or(self.told_at),
                    record: None,
                    other: contact.id.clone(),
                },
                contact,
            ]);
        }
        let conversation = self.head("conversations", self.item, Some(record::conversation))?;
        let parts = self.parts(
            "conversation_parts",
            self.item.raw("conversation_parts"),
            &conversation,
        );
        let tags = self.tags_added();
        Ok(std::iter::once(conversation).chain(parts).chain(tags).collect())
    }

    /// The tags that came to a conversation.
    fn tags_added(&self) -> Vec<Head> {
        let list = self
            .item
            .raw("tags_added")
            .and_then(List::read)
            .unwrap_or_default();
        let tags = list.items.iter().filter_map(|tag| Fields::read(tag).ok());
        tags.filter_map(|tag| {
            let head = self.head("tags", &tag, Some(record::tag)).ok()?;
            Some(Head {
                change: TopicChange::Updated,
                ..head
            })
        })
        .collect()
    }

    /// The parts in a list; what has no id is left out.
    fn parts(&self, stream: &'static str, list: Option<&str>, parent: &Head) -> Vec<Head> {
        let list = list.and_then(List::read).unwrap_or_default();
        list.items
            .iter()
            .filter_map(|part| Fields::read(part).ok())
            .filter_map(|part| self.part(stream, &part, parent).ok())
            .collect()
    }

    fn part(&self, stream: &'static str, part: &Fields<'_>, parent: &Head) -> Result<Head, DecodeError> {
        Ok(Head {
            change: TopicChange::Updated,
            other: parent.id.clone(),
            ..self.head(stream, part, Some(record::alike))?
        })
    }

    fn ticket(&self) -> Result<Vec<Head>, DecodeError> {
        let Some(ticket) = self.item.object("ticket") else {
            return self.one("tickets", record::alike);
        };
        if self.item.has("contact") {
            // The short shape: its attributes and its type are not what the API calls so.
            let contact = self.beside(TopicChange::Updated)?;
            let ticket = Head {
                time: self.told_at,
                other: contact.id.clone(),
                ..self.head("tickets", &ticket, None)?
            };
            return Ok(vec![ticket, contact]);
        }
        let head = self.head("tickets", &ticket, Some(record::alike))?;
        let part = match self.item.object("ticket_part") {
            Some(part) => Some(self.part("ticket_parts", &part, &head)?),
            None => None,
        };
        Ok(std::iter::once(head).chain(part).collect())
    }

    fn event(&self) -> Result<Vec<Head>, DecodeError> {
        let contact = self.item.id("intercom_user_id");
        // Without an id of its own an event is told apart by who, what and when.
        let id = self.item.id("id").or_else(|| {
            let (who, what, when) = (
                contact.as_ref()?,
                self.item.text("event_name")?,
                self.item.seconds("created_at")?,
            );
            Some(format!("{who}-{what}-{when}"))
        });
        Ok(vec![Head {
            stream: Some("data_events"),
            record: self.item.id("id").map(|_| record::event(self.item)),
            id: Some(id.ok_or_else(|| self.lacks("id"))?),
            change: self.change,
            time: moment(self.item, "created_at").or(self.told_at),
            other: contact,
        }])
    }
}

/// A contact is only whole when it says who it is.
fn whole_contact(contact: &Fields<'_>) -> Option<fn(&Fields<'_>) -> Bytes> {
    (contact.has("role") && contact.has("updated_at")).then_some(record::contact)
}
