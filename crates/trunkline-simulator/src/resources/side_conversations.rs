//! Side conversations: internal threads that teammates began from within a conversation; they can only be read.
//!
//! The one rule: they are made from the seed, for about one conversation in twenty that teammates took part in.

use serde_json::{Value, json};

use super::{Handler, common};
use crate::{
    paging::{self, LastPage},
    presenter::{self, parts},
    reply::{Answer, Reply},
    request::Request,
    texts::{
        mix,
        replies::{self, Turn},
    },
    workspace::{
        Workspace,
        conversation::{Author, Conversation},
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] =
    &[("conversations.list_side_conversations", Handler::Read(list))];

/// The first side conversation's id.
const FIRST: u64 = 31_000_000;

fn of<'r>(
    workspace: &'r Workspace,
    request: &'r Request<'_>,
    conversation: &'r Conversation,
) -> impl ExactSizeIterator<Item = Value> + 'r {
    let number = mix(workspace.seed, 180, conversation.row);
    let admin = conversation.parts.iter().find_map(|part| match part.author {
        Author::Admin(admin) => Some(admin),
        _ => None,
    });
    let count = match admin {
        Some(_) if conversation.is_generated() && number.is_multiple_of(20) => 1 + (number >> 8) % 2,
        _ => 0,
    };
    let first = admin.unwrap_or_default();
    (0..count as usize).map(move |place| {
        let id = FIRST + u64::from(conversation.row) * 10 + place as u64;
        let all: Vec<Value> = (0..2_u64)
            .map(|turn| {
                let at = conversation.created_at + 600 * (1 + place as i64) + 90 * turn as i64;
                let writer = if turn == 0 { first } else { (first + 1) % 11 };
                let side = if turn == 0 { Turn::Question } else { Turn::Answer };
                let line = replies::line(u64::from(replies::number("en", side, (number >> 16) as u32)));
                json!({
                    "type": "conversation_part",
                    "id": (id * 10 + turn).to_string(),
                    "part_type": "comment",
                    "body": format!("<p>{line}</p>"),
                    "author": presenter::value(&parts::author(request.view(workspace), Author::Admin(writer))),
                    "created_at": at,
                    "updated_at": at,
                })
            })
            .collect();
        json!({ "side_conversation_id": id.to_string(), "total_count": all.len(), "conversation_parts": all })
    })
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    let all = of(workspace, request, &workspace.conversations[row as usize]);
    let page = paging::offset(request, all, 25, 50, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list(
        "side_conversation.list",
        "side_conversations",
        page,
    )))
}
