//! What is told, in words.
//!
//! The one rule: a message says what it is about in its first line, and what to do in its last, with a command.

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trunkline_flow::{Head, Record};
use trunkline_store::{AlertNotice, NoticeWord};

use super::conditions::{DEAD_LETTERS, FLOW_FAILED, MIRROR_STALE, NEEDS_GRANT, SILENT};

/// The most alerts that a message lists in words; the rest is counted.
const MOST_LINES: usize = 20;

/// What is so, in a line.
#[must_use]
pub fn title(kind: &str, subject: &str, facts: &Value) -> String {
    let since = facts["since"].as_str().unwrap_or("some time");
    match kind {
        FLOW_FAILED => match facts["code"].as_str() {
            Some(code) => format!("the flow {subject} fails with {code}"),
            None => format!("the flow {subject} fails"),
        },
        DEAD_LETTERS => {
            let codes: Vec<String> = facts["codes"]
                .as_object()
                .into_iter()
                .flatten()
                .map(|(code, count)| format!("{count} with {code}"))
                .collect();
            format!(
                "{} dead letters of the flow {subject} wait ({})",
                facts["count"],
                codes.join(", ")
            )
        }
        NEEDS_GRANT => format!("the connection {subject} needs a new grant"),
        MIRROR_STALE => format!("the mirror {subject} is stale: no run has ended well since {since}"),
        SILENT => format!("no webhook has come for the connection {subject} since {since}"),
        _ => format!("{kind}: {subject}"),
    }
}

/// What is so no longer, in a line.
fn title_of_end(kind: &str, subject: &str) -> String {
    match kind {
        FLOW_FAILED => format!("the flow {subject} does not fail any more"),
        DEAD_LETTERS => format!("few dead letters of the flow {subject} are left"),
        NEEDS_GRANT => format!("the connection {subject} works again"),
        MIRROR_STALE => format!("the mirror {subject} is up to date again"),
        SILENT => format!("webhooks come again for the connection {subject}"),
        _ => format!("over: {kind}: {subject}"),
    }
}

/// What to do, in a line.
pub(crate) fn advice(kind: &str, subject: &str) -> String {
    match kind {
        FLOW_FAILED => format!("`trunkline flow runs {subject}` says why."),
        DEAD_LETTERS => format!("`trunkline flow dead-letters --flow {subject}` lists them."),
        NEEDS_GRANT => format!("Grant access again with `trunkline connect {subject} --replace`."),
        MIRROR_STALE => format!("`trunkline mirrors runs {subject}` shows its runs."),
        SILENT => {
            "Look at the subscription in the Developer Hub; `trunkline notifications list` shows what came."
                .to_owned()
        }
        _ => String::new(),
    }
}

/// One message for all that a channel is to be told now.
pub(super) fn message(notices: &[AlertNotice], now: Timestamp) -> Record {
    let mut lines = Vec::new();
    let mut alerts = Vec::new();
    for notice in notices {
        let facts: Value = serde_json::from_str(&notice.facts).unwrap_or_default();
        let title = match notice.word {
            NoticeWord::Ended => title_of_end(&notice.kind, &notice.subject),
            NoticeWord::Began | NoticeWord::Reminder => title(&notice.kind, &notice.subject, &facts),
        };
        let advice = advice(&notice.kind, &notice.subject);
        let line = match notice.word {
            NoticeWord::Began => format!("{}. {advice}", capital(&title)),
            NoticeWord::Reminder => format!("Still, since {}: {title}. {advice}", notice.began_at),
            NoticeWord::Ended => format!("Over: {title}."),
        };
        lines.push(line);
        alerts.push(json!({
            "id": notice.alert,
            "kind": notice.kind,
            "subject": notice.subject,
            "word": notice.word,
            "title": title,
            "advice": advice,
            "began_at": notice.began_at,
            "facts": facts,
        }));
    }
    let subject = match alerts.as_slice() {
        [one] => format!("Trunkline: {}", one["title"].as_str().unwrap_or_default()),
        several => format!("Trunkline: {} alerts", several.len()),
    };
    if lines.len() > MOST_LINES {
        let more = lines.len() - MOST_LINES;
        lines.truncate(MOST_LINES);
        lines.push(format!("And {more} more: `trunkline alerts list`."));
    }
    let id = notices.first().map(|notice| notice.id.clone());
    record(&subject, &lines.join("\n"), alerts, id, now)
}

/// What a test of a channel says.
pub(super) fn test(channel: &str, now: Timestamp) -> Record {
    let text = format!("This is a test of the channel {channel}: alerts of Trunkline arrive here.");
    record("Trunkline: a test", &text, Vec::new(), None, now)
}

fn record(subject: &str, text: &str, alerts: Vec<Value>, id: Option<String>, now: Timestamp) -> Record {
    let value = Map::from_iter([
        ("subject".to_owned(), subject.into()),
        ("text".to_owned(), text.into()),
        ("alerts".to_owned(), alerts.into()),
        ("sent_at".to_owned(), now.to_string().into()),
    ]);
    Record::new(value.into()).with_head(Head {
        stream: Some("alerts".to_owned()),
        id,
        updated_at: Some(now),
        branch: None,
    })
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
