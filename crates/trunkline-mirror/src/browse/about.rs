//! What belongs to a contact, a company or a conversation: tags, companies, conversations, tickets, notes, events.
//!
//! The one rule: every question begins at an index, so that one person is found as quickly among a million as among ten.

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{BrowseError, Reader, reader::text, thread};

/// How many things of one kind are shown.
const MOST: u32 = 50;

/// What something is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum About {
    /// A contact.
    Contact,
    /// A company.
    Company,
    /// A conversation.
    Conversation,
}

/// Something that belongs to something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Related {
    /// What it is: the stream that it is of.
    pub stream: &'static str,
    /// Its id.
    pub id: String,
    /// What it is called.
    pub name: String,
    /// When it was, where that says something.
    pub at: Option<String>,
    /// How it is: a state, a kind.
    pub state: Option<String>,
    /// More of it: what a note says, as HTML that nobody has cleaned; what was told with an event.
    pub more: Option<String>,
}

/// A kind of things that belong to something: the stream, the tables that it needs, the question, which column is the name.
struct Kind {
    stream: &'static str,
    needs: &'static [&'static str],
    sql: &'static str,
    name: &'static [&'static str],
    at: &'static str,
    state: &'static str,
    more: &'static str,
}

const fn kind(stream: &'static str, needs: &'static [&'static str], sql: &'static str) -> Kind {
    Kind {
        stream,
        needs,
        sql,
        name: &["name"],
        at: "",
        state: "",
        more: "",
    }
}

const CONTACT: &[Kind] = &[
    kind(
        "companies",
        &["contact_companies", "companies"],
        "SELECT m.company_id AS id, c.* FROM contact_companies AS m LEFT JOIN companies AS c ON c.id = m.company_id \
         WHERE m.contact_id = ?1 AND m._deleted_at IS NULL",
    ),
    kind(
        "tags",
        &["contact_tags", "tags"],
        "SELECT m.tag_id AS id, t.* FROM contact_tags AS m LEFT JOIN tags AS t ON t.id = m.tag_id \
         WHERE m.contact_id = ?1 AND m._deleted_at IS NULL",
    ),
    kind(
        "segments",
        &["contact_segments", "segments"],
        "SELECT m.segment_id AS id, s.* FROM contact_segments AS m LEFT JOIN segments AS s ON s.id = m.segment_id \
         WHERE m.contact_id = ?1 AND m._deleted_at IS NULL",
    ),
    Kind {
        state: "consent_type",
        ..kind(
            "subscription_types",
            &["contact_subscriptions", "subscription_types"],
            "SELECT m.subscription_type_id AS id, m.consent_type, s.name FROM contact_subscriptions AS m \
             LEFT JOIN subscription_types AS s ON s.id = m.subscription_type_id \
             WHERE m.contact_id = ?1 AND m._deleted_at IS NULL",
        )
    },
    Kind {
        name: CONVERSATION_NAME,
        at: "updated_at",
        state: "state",
        ..kind(
            "conversations",
            &["conversation_contacts", "conversations"],
            "SELECT c.* FROM conversation_contacts AS m JOIN conversations AS c ON c.id = m.conversation_id \
             WHERE m.contact_id = ?1 AND m._deleted_at IS NULL AND c._deleted_at IS NULL ORDER BY c.updated_at DESC",
        )
    },
    Kind {
        name: &["title", "ticket_type_name", "ticket_id"],
        at: "updated_at",
        state: "ticket_state",
        ..kind(
            "tickets",
            &["ticket_contacts", "tickets"],
            "SELECT t.* FROM ticket_contacts AS m JOIN tickets AS t ON t.id = m.ticket_id \
             WHERE m.contact_id = ?1 AND m._deleted_at IS NULL AND t._deleted_at IS NULL ORDER BY t.updated_at DESC",
        )
    },
    Kind {
        name: &["author_name"],
        at: "created_at",
        more: "body",
        ..kind(
            "notes",
            &["notes"],
            "SELECT * FROM notes WHERE contact_id = ?1 AND _deleted_at IS NULL ORDER BY created_at DESC",
        )
    },
    Kind {
        name: &["event_name"],
        at: "created_at",
        more: "metadata",
        ..kind(
            "data_events",
            &["data_events"],
            "SELECT * FROM data_events WHERE contact_id = ?1 AND _deleted_at IS NULL ORDER BY created_at DESC",
        )
    },
    Kind {
        name: &["from_contact_id"],
        at: "merged_at",
        state: "from_role",
        ..kind(
            "contact_merges",
            &["contact_merges"],
            "SELECT from_contact_id AS id, * FROM contact_merges WHERE into_contact_id = ?1 AND _deleted_at IS NULL \
             ORDER BY merged_at DESC",
        )
    },
];

const COMPANY: &[Kind] = &[
    kind(
        "tags",
        &["company_tags", "tags"],
        "SELECT m.tag_id AS id, t.* FROM company_tags AS m LEFT JOIN tags AS t ON t.id = m.tag_id \
         WHERE m.company_id = ?1 AND m._deleted_at IS NULL",
    ),
    kind(
        "segments",
        &["company_segments", "segments"],
        "SELECT m.segment_id AS id, s.* FROM company_segments AS m LEFT JOIN segments AS s ON s.id = m.segment_id \
         WHERE m.company_id = ?1 AND m._deleted_at IS NULL",
    ),
    Kind {
        name: &["name", "email", "external_id"],
        at: "last_seen_at",
        state: "role",
        ..kind(
            "contacts",
            &["contact_companies", "contacts"],
            "SELECT c.* FROM contact_companies AS m JOIN contacts AS c ON c.id = m.contact_id \
             WHERE m.company_id = ?1 AND m._deleted_at IS NULL AND c._deleted_at IS NULL",
        )
    },
    Kind {
        name: CONVERSATION_NAME,
        at: "updated_at",
        state: "state",
        ..kind(
            "conversations",
            &["contact_companies", "conversation_contacts", "conversations"],
            "SELECT DISTINCT v.* FROM contact_companies AS m \
             JOIN conversation_contacts AS p ON p.contact_id = m.contact_id AND p._deleted_at IS NULL \
             JOIN conversations AS v ON v.id = p.conversation_id AND v._deleted_at IS NULL \
             WHERE m.company_id = ?1 AND m._deleted_at IS NULL AND (v.company_id IS NULL OR v.company_id = ?1) \
             ORDER BY v.updated_at DESC",
        )
    },
    Kind {
        name: &["author_name"],
        at: "created_at",
        more: "body",
        ..kind(
            "company_notes",
            &["company_notes"],
            "SELECT * FROM company_notes WHERE company_id = ?1 AND _deleted_at IS NULL ORDER BY created_at DESC",
        )
    },
];

const CONVERSATION: &[Kind] = &[
    Kind {
        name: &["name", "email", "external_id"],
        state: "role",
        at: "last_seen_at",
        ..kind(
            "contacts",
            &["conversation_contacts", "contacts"],
            "SELECT m.contact_id AS id, c.* FROM conversation_contacts AS m LEFT JOIN contacts AS c ON c.id = m.contact_id \
             WHERE m.conversation_id = ?1 AND m._deleted_at IS NULL",
        )
    },
    kind(
        "companies",
        &["companies", "conversations"],
        "SELECT c.* FROM conversations AS v JOIN companies AS c ON c.id = v.company_id WHERE v.id = ?1",
    ),
    Kind {
        at: "applied_at",
        ..kind(
            "tags",
            &["conversation_tags", "tags"],
            "SELECT m.tag_id AS id, m.applied_at, t.name FROM conversation_tags AS m LEFT JOIN tags AS t ON t.id = m.tag_id \
             WHERE m.conversation_id = ?1 AND m._deleted_at IS NULL",
        )
    },
    Kind {
        name: &["title", "ticket_type_name", "ticket_id"],
        at: "updated_at",
        state: "ticket_state",
        ..kind(
            "tickets",
            &["ticket_conversations", "tickets"],
            "SELECT t.* FROM ticket_conversations AS m JOIN tickets AS t ON t.id = m.ticket_id \
             WHERE m.conversation_id = ?1 AND m._deleted_at IS NULL AND t._deleted_at IS NULL",
        )
    },
    Kind {
        name: &["phone", "call_type"],
        at: "initiated_at",
        state: "state",
        ..kind(
            "calls",
            &["calls"],
            "SELECT * FROM calls WHERE conversation_id = ?1 AND _deleted_at IS NULL ORDER BY created_at",
        )
    },
];

/// What a conversation is called is made of several columns, by [`thread::title`].
const CONVERSATION_NAME: &[&str] = &[];

impl Reader {
    /// What belongs to it, kind by kind; at most fifty of each.
    ///
    /// # Errors
    /// When the mirror cannot be read, or it takes too long.
    pub fn related_to(&self, about: About, id: &str) -> Result<Vec<Related>, BrowseError> {
        let kinds = match about {
            About::Contact => CONTACT,
            About::Company => COMPANY,
            About::Conversation => CONVERSATION,
        };
        let held = self.held_tables()?;
        let mut related = Vec::new();
        for kind in kinds {
            if !kind
                .needs
                .iter()
                .all(|table| held.iter().any(|name| name == table))
            {
                continue;
            }
            let sql = format!("{} LIMIT {MOST}", kind.sql);
            for row in self.objects(&sql, &[id])? {
                related.push(kind.related(&row));
            }
        }
        Ok(related)
    }
}

impl Kind {
    fn related(&self, row: &Map<String, Value>) -> Related {
        let id = text(row, "id").unwrap_or_default();
        let name = if self.name.is_empty() {
            thread::title(row)
        } else {
            let named = self.name.iter().find_map(|name| text(row, name));
            named.unwrap_or_else(|| id.clone())
        };
        Related {
            stream: self.stream,
            name,
            at: text(row, self.at),
            state: text(row, self.state),
            more: text(row, self.more).filter(|more| more != "{}"),
            id,
        }
    }
}
