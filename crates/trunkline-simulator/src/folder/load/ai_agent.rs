//! Fin's part in a loaded conversation.
//!
//! The one rule: the words of every version are read, and one that no version has is refused.

use serde_json::{Value, json};

use crate::{
    folder::{errors::FolderError, record::Record},
    workspace::ai_agent::{AiAgent, Answer, Content, Outcome, Rating, Source},
};

/// One of the words for something, by its name.
fn word<T: Copy, const N: usize>(
    record: &Record,
    field: &str,
    all: [T; N],
    name: fn(T) -> &'static str,
) -> Result<Option<T>, FolderError> {
    let Some(text) = record.text(field)? else {
        return Ok(None);
    };
    let known = all.into_iter().find(|word| name(*word) == text);
    known
        .map(Some)
        .ok_or_else(|| record.wrong(field, format!("must be one of {}", all.map(name).join(", "))))
}

/// What a conversation's record says of Fin; `parts` is how many of its parts that takes into account.
pub(super) fn of(record: &Record, parts: usize) -> Result<Option<Box<AiAgent>>, FolderError> {
    let has_part = record.flag("ai_agent_participated")?.unwrap_or(false);
    if record.field("ai_agent").is_null() && !has_part {
        return Ok(None);
    }
    let agent = record.inner("ai_agent", &json!(record.object("ai_agent")?))?;
    let told = agent.text("resolution_state")?;
    let told = told.map(|name| {
        Outcome::named(&name).ok_or_else(|| {
            let known = Outcome::ALL.map(Outcome::as_str).join(", ");
            agent.wrong("resolution_state", format!("must be one of {known}"))
        })
    });
    let content = agent.list("content_sources")?.iter().map(|source| Content {
        kind: text(source, "content_type"),
        url: text(source, "url"),
        title: text(source, "title"),
        locale: text(source, "locale"),
    });
    let content = content.collect();
    Ok(Some(Box::new(AiAgent {
        source: word(&agent, "source_type", Source::ALL, Source::as_str)?,
        title: agent.text("source_title")?.map(Into::into),
        answer: word(&agent, "last_answer_type", Answer::ALL, Answer::as_str)?,
        told: told.transpose()?,
        since: parts as u32,
        rating: rating(&agent)?,
        content,
    })))
}

fn text(source: &Value, name: &str) -> Box<str> {
    source[name].as_str().unwrap_or_default().into()
}

fn rating(agent: &Record) -> Result<Option<Rating>, FolderError> {
    let Some(score) = agent.number("rating")? else {
        return Ok(None);
    };
    let score = u8::try_from(score).ok().filter(|score| (1..=5).contains(score));
    Ok(Some(Rating {
        score: score.ok_or_else(|| agent.wrong("rating", "must be a number from 1 to 5"))?,
        remark: agent.text("rating_remark")?.map(Into::into),
        created_at: agent.time("created_at")?,
        updated_at: agent.time("updated_at")?,
    }))
}
