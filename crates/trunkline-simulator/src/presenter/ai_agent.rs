//! Fin's part in a conversation as the API shows it.
//!
//! The one rule: 2.15 named the outcomes anew; every other field has one name at all versions.

use serde::Serialize;
use trunkline_catalog::Version;

use super::View;
use crate::workspace::{
    ai_agent::{Answer, Content, Source},
    conversation::{Author, Conversation},
};

/// Fin's part, in the platform's order of fields.
#[derive(Debug, Serialize)]
pub(crate) struct AiAgentView<'a> {
    source_type: Option<&'static str>,
    source_title: Option<&'a str>,
    last_answer_type: Option<&'static str>,
    resolution_state: Option<&'static str>,
    rating: Option<u8>,
    rating_remark: Option<&'a str>,
    created_at: Option<i64>,
    updated_at: Option<i64>,
    content_sources: ContentSources<'a>,
}

#[derive(Debug, Serialize)]
struct ContentSources<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    total_count: usize,
    content_sources: Vec<ContentSource<'a>>,
}

#[derive(Debug, Serialize)]
struct ContentSource<'a> {
    content_type: &'a str,
    url: &'a str,
    title: &'a str,
    locale: &'a str,
}

/// How Fin's part ended, as versions since 2.15 call it and as those before do.
pub(crate) fn outcomes(conversation: &Conversation) -> Option<[&'static str; 2]> {
    let agent = conversation.ai_agent.as_deref()?;
    let outcome = agent.outcome(&conversation.parts)?;
    Some([outcome.as_str(), outcome.before_2_15()])
}

/// Shows Fin's part, if it had one.
pub(super) fn view<'a>(view: View<'_>, conversation: &'a Conversation) -> Option<AiAgentView<'a>> {
    let agent = conversation.ai_agent.as_deref()?;
    let rating = agent.rating.as_ref();
    let show = |content: &'a Content| ContentSource {
        content_type: &content.kind,
        url: &content.url,
        title: &content.title,
        locale: &content.locale,
    };
    Some(AiAgentView {
        source_type: agent.source.map(Source::as_str),
        source_title: agent.title.as_deref(),
        last_answer_type: agent.answer.map(Answer::as_str),
        resolution_state: outcomes(conversation)
            .map(|[new, old]| if view.version >= Version::V2_15 { new } else { old }),
        rating: rating.map(|rating| rating.score),
        rating_remark: rating.and_then(|rating| rating.remark.as_deref()),
        created_at: rating.and_then(|rating| rating.created_at),
        updated_at: rating.and_then(|rating| rating.updated_at),
        content_sources: ContentSources {
            kind: "content_source.list",
            total_count: agent.content.len(),
            content_sources: agent.content.iter().map(show).collect(),
        },
    })
}

/// Whether the part at an index is Fin's, and whether a machine worded it.
pub(crate) fn wrote(conversation: &Conversation, index: usize) -> (bool, bool) {
    let part = &conversation.parts[index];
    let agent = conversation
        .ai_agent
        .as_deref()
        .filter(|_| part.author == Author::Bot && part.speaks());
    let is_worded = agent.is_some_and(|agent| agent.answer == Some(Answer::Ai));
    (agent.is_some(), is_worded)
}
