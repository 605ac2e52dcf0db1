//! A conversation as somebody at a desk reads it: messages of both sides, notes apart, changes of state as small lines.
//!
//! The one rule: what was written is given as the HTML that it was; whoever shows it cleans it first.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::{About, BrowseError, Reader, Related, reader::text, record::json_of};

/// The most parts that are shown; the newest, where there are more.
const PARTS: u32 = 1_000;

/// A conversation.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Thread {
    /// Intercom's id.
    pub id: String,
    /// Its title, its subject, or the beginning of what was first said.
    pub title: String,
    /// open, closed or snoozed.
    pub state: Option<String>,
    /// When it began.
    pub created_at: Option<String>,
    /// When the mirror found that it is gone.
    pub deleted_at: Option<String>,
    /// What is known of it: names and values.
    pub facts: Vec<Fact>,
    /// Its custom attributes.
    #[schema(value_type = Object)]
    pub custom: Map<String, Value>,
    /// Who takes part, its tags, its tickets, its calls.
    pub related: Vec<Related>,
    /// What happened, oldest first.
    pub entries: Vec<Entry>,
    /// How many parts the API says there are that the mirror does not hold.
    pub missing: u64,
    /// Whether older parts are gone from the API for good.
    pub is_truncated: bool,
    /// Whether older parts are held and not shown here.
    pub is_cut: bool,
}

/// Something that is known: a name and a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Fact {
    /// What it is.
    pub name: String,
    /// What is known.
    pub value: String,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ThreadEntryKind)]
pub enum EntryKind {
    /// A message, which both sides read.
    Message,
    /// A note, which only teammates read.
    Note,
    /// Something that changed.
    Change,
}

/// Whose an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ThreadSide)]
pub enum Side {
    /// The contact's.
    Theirs,
    /// A teammate's.
    Ours,
    /// A machine's.
    Machine,
}

/// Who did it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ThreadAuthor)]
pub struct Author {
    /// user, lead, admin, team or bot.
    pub kind: String,
    /// Their id.
    pub id: Option<String>,
    /// Their name, their e-mail address, or what they are.
    pub name: String,
}

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = ThreadEntry)]
pub struct Entry {
    /// The part's id; nothing for the first message.
    pub id: Option<String>,
    /// What it is.
    pub kind: EntryKind,
    /// Whose it is.
    pub side: Side,
    /// Who did it.
    pub author: Author,
    /// When.
    pub at: Option<String>,
    /// What was written, as HTML that nobody has cleaned.
    pub body: Option<String>,
    /// Whether it was blacked out.
    pub is_redacted: bool,
    /// What changed, in words.
    pub change: Option<String>,
    /// Files.
    pub files: Vec<File>,
}

/// A file of a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ThreadFile)]
pub struct File {
    /// Its name.
    pub name: String,
    /// Where it lay when it was read; such addresses end after half an hour.
    pub url: Option<String>,
    /// What kind of file it is.
    pub kind: Option<String>,
    /// Its size in bytes.
    pub size: Option<u64>,
}

/// The names of teammates and teams.
struct Names {
    admins: HashMap<String, String>,
    teams: HashMap<String, String>,
}

impl Reader {
    /// A conversation, whether it exists or is kept as deleted.
    ///
    /// # Errors
    /// When the mirror does not hold it.
    pub fn thread(&self, id: &str) -> Result<Thread, BrowseError> {
        let found = self.objects("SELECT * FROM conversations WHERE id = ?1", &[id])?;
        let row = found
            .into_iter()
            .next()
            .ok_or_else(|| BrowseError::not_found("conversation", id))?;
        let names = Names {
            admins: self.names("admins")?,
            teams: self.names("teams")?,
        };
        let mut files = self.files(id)?;
        let newest = format!(
            "SELECT * FROM (SELECT * FROM conversation_parts WHERE conversation_id = ?1 AND _deleted_at IS NULL \
             ORDER BY created_at DESC, length(id) DESC, id DESC LIMIT {PARTS}) ORDER BY created_at, length(id), id"
        );
        let parts = self.objects(&newest, &[id])?;
        let number = |name: &str| row.get(name).and_then(Value::as_u64);
        let held = number("_parts_held").unwrap_or(0).max(parts.len() as u64);
        let mut entries = vec![first(&row, files.remove("").unwrap_or_default())];
        entries.extend(parts.iter().map(|part| {
            let own = text(part, "id").and_then(|id| files.remove(&id));
            entry(part, &names, own.unwrap_or_default())
        }));
        Ok(Thread {
            title: title(&row),
            state: text(&row, "state"),
            created_at: text(&row, "created_at"),
            deleted_at: text(&row, "_deleted_at"),
            facts: facts(&row, &names),
            custom: match json_of(&row, "custom_attributes") {
                Some(Value::Object(custom)) => custom,
                _ => Map::new(),
            },
            related: self.related_to(About::Conversation, id)?,
            missing: number("_parts_stated").unwrap_or(0).saturating_sub(held),
            is_truncated: number("_truncated") == Some(1),
            is_cut: held > u64::from(PARTS),
            entries,
            id: id.to_owned(),
        })
    }

    fn names(&self, table: &str) -> Result<HashMap<String, String>, BrowseError> {
        let rows = self.objects(&format!("SELECT * FROM {table}"), &[])?;
        Ok(rows
            .iter()
            .filter_map(|row| Some((text(row, "id")?, text(row, "name")?)))
            .collect())
    }

    /// Files by the part that they came with; those of the first message by nothing.
    fn files(&self, id: &str) -> Result<HashMap<String, Vec<File>>, BrowseError> {
        let sql = "SELECT * FROM attachments WHERE conversation_id = ?1 AND _deleted_at IS NULL ORDER BY part_id, place";
        let mut files: HashMap<String, Vec<File>> = HashMap::new();
        if !self.holds("attachments")? {
            return Ok(files);
        }
        for row in self.objects(sql, &[id])? {
            files
                .entry(text(&row, "part_id").unwrap_or_default())
                .or_default()
                .push(File {
                    name: text(&row, "name").unwrap_or_else(|| "a file".to_owned()),
                    url: text(&row, "url"),
                    kind: text(&row, "content_type"),
                    size: row.get("filesize").and_then(Value::as_u64),
                });
        }
        Ok(files)
    }
}

/// What a conversation is called.
pub(super) fn title(row: &Map<String, Value>) -> String {
    const LONGEST: usize = 80;
    let said = ["title", "source_subject", "source_body_text"]
        .into_iter()
        .find_map(|name| text(row, name));
    let Some(said) = said else {
        return "A conversation without words".to_owned();
    };
    let line = plain(&said);
    let line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= LONGEST {
        return line;
    }
    format!("{}…", line.chars().take(LONGEST).collect::<String>().trim_end())
}

/// Titles and subjects may hold tags.
fn plain(text: &str) -> String {
    if text.contains('<') {
        crate::text::from_html(text)
    } else {
        text.to_owned()
    }
}

fn first(row: &Map<String, Value>, files: Vec<File>) -> Entry {
    let kind = text(row, "source_author_type").unwrap_or_default();
    let subject = text(row, "source_subject").map(|subject| plain(&subject));
    Entry {
        id: None,
        kind: EntryKind::Message,
        side: side(&kind, false),
        author: Author {
            name: author_name(row, "source_author_", &kind),
            id: text(row, "source_author_id"),
            kind,
        },
        at: text(row, "created_at"),
        body: text(row, "source_body"),
        is_redacted: is_set(row, "source_redacted"),
        change: subject.filter(|subject| !subject.trim().is_empty()),
        files,
    }
}

fn entry(part: &Map<String, Value>, names: &Names, files: Vec<File>) -> Entry {
    let what = text(part, "part_type").unwrap_or_default();
    let kind = text(part, "author_type").unwrap_or_default();
    let body = text(part, "body").filter(|body| !body.trim().is_empty());
    let is_written = body.is_some() || !files.is_empty() || what == "comment";
    let entry_kind = match (what.starts_with("note"), is_written) {
        (true, _) => EntryKind::Note,
        (false, true) => EntryKind::Message,
        (false, false) => EntryKind::Change,
    };
    let changes = !matches!(what.as_str(), "comment" | "note" | "");
    Entry {
        id: text(part, "id"),
        kind: entry_kind,
        side: side(&kind, is_set(part, "from_ai_agent")),
        author: Author {
            name: author_name(part, "author_", &kind),
            id: text(part, "author_id"),
            kind,
        },
        at: text(part, "created_at"),
        body,
        is_redacted: is_set(part, "redacted"),
        change: changes.then(|| change(&what, part, names)),
        files,
    }
}

/// What a part changed, in words.
fn change(what: &str, part: &Map<String, Value>, names: &Names) -> String {
    let to = || {
        let id = text(part, "assigned_to_id").unwrap_or_default();
        let known = match text(part, "assigned_to_type").as_deref() {
            Some("team") => names.teams.get(&id),
            _ => names.admins.get(&id).or_else(|| names.teams.get(&id)),
        };
        match known {
            Some(name) => format!("assigned it to {name}"),
            None if id.is_empty() || id == "0" => "took its assignment away".to_owned(),
            None => format!("assigned it to {id}"),
        }
    };
    match what {
        "close" => "closed it".to_owned(),
        "open" => "opened it again".to_owned(),
        "snoozed" => "put it to sleep".to_owned(),
        "unsnoozed" | "timer_unsnooze" => "woke it up".to_owned(),
        "assign_and_reopen" => format!("opened it again and {}", to()),
        "note_and_reopen" => "opened it again".to_owned(),
        "away_mode_assignment" => format!("{}, since whoever had it was away", to()),
        "assignment" | "default_assignment" | "assign_and_unsnooze" => to(),
        "participant_added" => "added somebody".to_owned(),
        "participant_removed" => "removed somebody".to_owned(),
        "conversation_rating_changed" => "rated it".to_owned(),
        "conversation_rating_remark_added" => "said why it was rated so".to_owned(),
        other => other.replace('_', " "),
    }
}

fn side(author: &str, is_ai: bool) -> Side {
    match author {
        _ if is_ai => Side::Machine,
        "user" | "lead" | "contact" | "visitor" => Side::Theirs,
        "bot" => Side::Machine,
        _ => Side::Ours,
    }
}

fn author_name(row: &Map<String, Value>, prefix: &str, kind: &str) -> String {
    ["name", "email"]
        .into_iter()
        .find_map(|what| text(row, &format!("{prefix}{what}")))
        .unwrap_or_else(|| {
            match kind {
                "user" | "lead" | "contact" | "visitor" => "A contact",
                "admin" | "team" => "A teammate",
                "bot" => "A bot",
                _ => "Somebody",
            }
            .to_owned()
        })
}

fn facts(row: &Map<String, Value>, names: &Names) -> Vec<Fact> {
    let named = |known: &HashMap<String, String>, column: &str| {
        text(row, column)
            .filter(|id| id != "0")
            .map(|id| known.get(&id).cloned().unwrap_or(id))
    };
    let rating = text(row, "rating").map(|rating| match text(row, "rating_remark") {
        Some(remark) => format!("{rating} of 5: {remark}"),
        None => format!("{rating} of 5"),
    });
    let facts = [
        ("Teammate", named(&names.admins, "admin_assignee_id")),
        ("Team", named(&names.teams, "team_assignee_id")),
        (
            "Priority",
            text(row, "priority").filter(|priority| priority != "none" && priority != "not_priority"),
        ),
        (
            "Channel",
            text(row, "channel_current").or_else(|| text(row, "source_type")),
        ),
        ("Page", text(row, "source_url")),
        ("Snoozed until", text(row, "snoozed_until")),
        ("Waiting since", text(row, "waiting_since")),
        ("Rating", rating),
        (
            "Service level",
            text(row, "sla_name").map(|name| match text(row, "sla_status") {
                Some(status) => format!("{name}: {status}"),
                None => name,
            }),
        ),
        (
            "AI agent",
            text(row, "ai_agent_resolution_state").map(|state| state.replace('_', " ")),
        ),
        ("Updated", text(row, "updated_at")),
    ];
    facts
        .into_iter()
        .filter_map(|(name, value)| {
            let name = name.to_owned();
            Some(Fact { name, value: value? })
        })
        .collect()
}

fn is_set(row: &Map<String, Value>, name: &str) -> bool {
    row.get(name).and_then(Value::as_i64) == Some(1)
}
