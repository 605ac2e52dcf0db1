//! What Fin did in generated conversations: it answers first, and either that was enough or teammates take over.
//!
//! The one rule: all of it is drawn from the seed and the row, so that the rest of the workspace is the same with and without it.

use super::{QUIET, threads::Pair};
use crate::{
    texts::{
        mix,
        replies::{self, Turn},
    },
    workspace::{
        Workspace,
        ai_agent::{AiAgent, Answer, Content, Outcome, Rating, Source},
        conversation::{Author, Conversation, Part, PartKind, State, Text},
    },
};

/// In how many of a hundred conversations Fin takes part.
const SHARE: u64 = 35;
/// Threads that are longer have grown beyond what Fin would have begun.
const LONGEST: usize = 100;
/// After how many seconds Fin answers.
const ANSWERED: i64 = 4;

/// Lets Fin take part in a generated conversation, or not. `now` is when the story starts.
pub(super) fn take_part(workspace: &Workspace, conversation: &mut Conversation, pair: Pair, now: i64) {
    let row = conversation.row;
    let draw = |number: u64| mix(workspace.seed, 210 + number, row);
    if draw(0) % 100 >= SHARE || conversation.parts.len() > LONGEST {
        return;
    }
    let mut agent = joined(draw(1));
    conversation.ai_agent = Some(Box::new(agent.clone()));
    // Sometimes Fin is there and has no answer.
    if draw(2) % 12 == 0 {
        return;
    }
    answer(workspace, &mut agent, draw(3));
    let begun = conversation.created_at;
    let first = conversation.parts.first().map_or(i64::MAX, |part| part.at);
    let said = |turn| Text::Seeded(replies::number(pair.language, turn, draw(4) as u32));
    let spoken = Part::new(
        PartKind::Comment,
        Author::Bot,
        (begun + ANSWERED).min(first).min(begun.max(now - QUIET)),
        said(Turn::Answer),
    );
    let is_enough =
        conversation.state == State::Closed && (conversation.parts.is_empty() || draw(5).is_multiple_of(2));
    if is_enough {
        let is_confirmed = draw(6).is_multiple_of(3);
        let later = |seconds: i64| (begun + seconds).min(now - QUIET).max(spoken.at);
        let closed_at = later(900);
        let thanks = Part::new(
            PartKind::Comment,
            Author::Contact(pair.contact),
            later(300),
            said(Turn::Thanks),
        );
        let close = Part::new(PartKind::Close, Author::Bot, closed_at, Text::None);
        conversation.parts = vec![spoken];
        conversation.parts.extend(is_confirmed.then_some(thanks));
        conversation.parts.push(close);
        // Nobody of the team had anything to do with it.
        (conversation.admin, conversation.team, conversation.rating) = (0, 0, None);
        agent.told = is_confirmed.then_some(Outcome::Confirmed);
        agent.told.get_or_insert(Outcome::Assumed);
    } else {
        conversation.parts.insert(0, spoken);
        agent.told = agent
            .outcome(&conversation.parts)
            .map(|derived| match draw(7) % 4 {
                0 if derived == Outcome::Escalated => Outcome::NegativeFeedback,
                1 if derived == Outcome::Escalated => Outcome::ProcedureHandoff,
                _ => derived,
            });
    }
    agent.since = conversation.parts.len() as u32;
    let ended_at = conversation.parts.last().map_or(begun, |part| part.at);
    agent.rating = rating(agent.told, draw(8), ended_at);
    conversation.updated_at = ended_at;
    conversation.ai_agent = Some(Box::new(agent));
}

/// Fin, brought by one thing or another.
pub(crate) fn joined(draw: u64) -> AiAgent {
    match draw % 5 {
        0 => AiAgent::joined(Source::EssentialsPlanSetup, None),
        1 => AiAgent::joined(Source::Profile, Some("Website visitors")),
        _ => AiAgent::joined(Source::Workflow, Some("Fin answers first")),
    }
}

/// Fin has answered: in words of its own, from what it knows, or in words that were written for it.
pub(crate) fn answer(workspace: &Workspace, agent: &mut AiAgent, draw: u64) {
    let reference = &workspace.reference;
    if draw.is_multiple_of(8) {
        agent.answer = Some(Answer::Custom);
        return;
    }
    agent.answer = Some(Answer::Ai);
    let lists = [
        ("article", &reference.articles),
        ("content_snippet", &reference.lists.content_snippets),
    ];
    for (place, (kind, list)) in lists.into_iter().enumerate() {
        let draw = draw >> (8 * (place + 1));
        let is_used = place == 0 || draw.is_multiple_of(3);
        let Some(found) = list.get(draw as usize % list.len().max(1)).filter(|_| is_used) else {
            continue;
        };
        let id = found["id"].as_str().unwrap_or_default();
        let content = Content {
            kind: kind.into(),
            url: format!("/fin-ai-agent/content?content={kind}&id={id}").into(),
            title: found["title"].as_str().unwrap_or_default().into(),
            locale: found["locale"].as_str().unwrap_or("en").into(),
        };
        if !agent.content.contains(&content) {
            agent.content.push(content);
        }
    }
}

/// What somebody thought of it; most people say nothing.
fn rating(outcome: Option<Outcome>, draw: u64, at: i64) -> Option<Rating> {
    let (score, remark) = match outcome? {
        Outcome::Confirmed => (5, Some("Just what I needed")),
        Outcome::Assumed => (3 + (draw >> 8) % 3, None),
        Outcome::NegativeFeedback => (1 + (draw >> 8) % 2, Some("That did not help")),
        Outcome::Escalated | Outcome::ProcedureHandoff => return None,
    };
    draw.is_multiple_of(2).then(|| Rating {
        score: score as u8,
        remark: remark.map(Into::into),
        created_at: Some(at),
        updated_at: Some(at),
    })
}
