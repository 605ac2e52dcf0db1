//! What the parts of a conversation amount to, in one pass over them.

use super::conversation::{Author, Conversation, PartKind};

/// The moments and counts of a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statistics {
    pub(crate) created_at: i64,
    pub(crate) first_contact_reply_at: Option<i64>,
    pub(crate) first_assignment_at: Option<i64>,
    pub(crate) first_admin_reply_at: Option<i64>,
    pub(crate) first_close_at: Option<i64>,
    pub(crate) last_assignment_at: Option<i64>,
    pub(crate) last_assignment_admin_reply_at: Option<i64>,
    pub(crate) last_contact_reply_at: Option<i64>,
    pub(crate) last_admin_reply_at: Option<i64>,
    pub(crate) last_close_at: Option<i64>,
    /// The number of the admin who closed it last.
    pub(crate) last_closed_by: Option<u16>,
    pub(crate) median_time_to_reply: Option<i64>,
    pub(crate) count_reopens: u32,
    pub(crate) count_assignments: u32,
    /// The parts and the first message.
    pub(crate) count_conversation_parts: u32,
}

impl Statistics {
    /// The statistics of a conversation.
    pub(crate) fn of(conversation: &Conversation) -> Self {
        let is_inbound = conversation.author.is_none();
        let mut found = Self {
            created_at: conversation.created_at,
            first_contact_reply_at: is_inbound.then_some(conversation.created_at),
            count_conversation_parts: conversation.parts.len() as u32 + 1,
            ..Self::default()
        };
        let mut waiting = is_inbound.then_some(conversation.created_at);
        let mut waits: Vec<i64> = Vec::new();
        for part in &conversation.parts {
            match part.kind {
                PartKind::Assignment(_) => {
                    found.count_assignments += 1;
                    found.first_assignment_at.get_or_insert(part.at);
                    found.last_assignment_at = Some(part.at);
                    found.last_assignment_admin_reply_at = None;
                }
                PartKind::Close => {
                    found.first_close_at.get_or_insert(part.at);
                    found.last_close_at = Some(part.at);
                    if let Author::Admin(number) = part.author {
                        found.last_closed_by = Some(number);
                    }
                }
                PartKind::Open => found.count_reopens += 1,
                _ => {}
            }
            let speaks = part.speaks();
            match part.author {
                Author::Contact(_) if speaks => {
                    found.first_contact_reply_at.get_or_insert(part.at);
                    found.last_contact_reply_at = Some(part.at);
                    waiting.get_or_insert(part.at);
                }
                Author::Admin(_) if speaks => {
                    found.first_admin_reply_at.get_or_insert(part.at);
                    found.last_admin_reply_at = Some(part.at);
                    if found.last_assignment_at.is_some() {
                        found.last_assignment_admin_reply_at.get_or_insert(part.at);
                    }
                    waits.extend(waiting.take().map(|since| part.at - since));
                }
                _ => {}
            }
        }
        waits.sort_unstable();
        found.median_time_to_reply = waits.get(waits.len() / 2).copied();
        found
    }

    /// Seconds from the beginning to a moment.
    pub(crate) fn since(&self, moment: Option<i64>) -> Option<i64> {
        moment.map(|moment| moment - self.created_at)
    }

    /// A field by the name that searches use, without its prefix; the outer `None` when there is no such field.
    pub(crate) fn field(&self, admin: impl Fn(u16) -> u64, name: &str) -> Option<Option<i64>> {
        Some(match name {
            "time_to_assignment" => self.since(self.first_assignment_at),
            "time_to_admin_reply" => self.since(self.first_admin_reply_at),
            "time_to_first_close" => self.since(self.first_close_at),
            "time_to_last_close" => self.since(self.last_close_at),
            "median_time_to_reply" => self.median_time_to_reply,
            "first_contact_reply_at" => self.first_contact_reply_at,
            "first_assignment_at" => self.first_assignment_at,
            "first_admin_reply_at" => self.first_admin_reply_at,
            "first_close_at" => self.first_close_at,
            "last_assignment_at" => self.last_assignment_at,
            "last_assignment_admin_reply_at" => self.last_assignment_admin_reply_at,
            "last_contact_reply_at" => self.last_contact_reply_at,
            "last_admin_reply_at" => self.last_admin_reply_at,
            "last_close_at" => self.last_close_at,
            "last_closed_by_id" => self.last_closed_by.map(|number| admin(number) as i64),
            "count_reopens" => Some(i64::from(self.count_reopens)),
            "count_assignments" => Some(i64::from(self.count_assignments)),
            "count_conversation_parts" => Some(i64::from(self.count_conversation_parts)),
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workspace::conversation::{Assignee, Part, Text};

    #[test]
    fn moments_and_counts_follow_from_the_parts() {
        let mut conversation = Conversation::new(0, 5, 100, Text::Seeded(1));
        let part = |kind, author, at| Part::new(kind, author, at, Text::Seeded(0));
        let assignment = Part::new(
            PartKind::Assignment(Assignee::Admin(1)),
            Author::Admin(0),
            110,
            Text::None,
        );
        conversation.parts = vec![
            assignment,
            part(PartKind::Comment, Author::Admin(1), 130),
            part(PartKind::Comment, Author::Contact(5), 150),
            part(PartKind::Note, Author::Admin(1), 155),
            part(PartKind::Comment, Author::Admin(1), 250),
            Part::new(PartKind::Close, Author::Admin(2), 260, Text::None),
            Part::new(PartKind::Open, Author::Admin(2), 270, Text::None),
            Part::new(PartKind::Close, Author::Admin(1), 280, Text::None),
        ];
        let found = Statistics::of(&conversation);
        for (field, expected) in [
            ("time_to_assignment", Some(10)),
            ("time_to_admin_reply", Some(30)),
            ("time_to_first_close", Some(160)),
            ("time_to_last_close", Some(180)),
            ("median_time_to_reply", Some(100)),
            ("last_contact_reply_at", Some(150)),
            ("last_assignment_admin_reply_at", Some(130)),
            ("last_admin_reply_at", Some(250)),
            ("count_reopens", Some(1)),
            ("count_assignments", Some(1)),
            ("count_conversation_parts", Some(9)),
        ] {
            assert_eq!(found.field(u64::from, field), Some(expected), "{field}");
        }
        assert_eq!(found.last_closed_by, Some(1));
        assert_eq!(found.field(u64::from, "shoe_size"), None);
    }
}
