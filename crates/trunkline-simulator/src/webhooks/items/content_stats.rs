//! What contacts did with outbound content. Only webhooks show it.

use super::{
    super::ordered::{Node, object},
    contacts, zulu,
};
use crate::{
    presenter::View,
    workspace::content::{Answer, Sight},
};

/// What a contact did with a piece of content, and the contact.
pub(super) fn sight(view: View<'_>, sight: &Sight, at: i64) -> Node {
    let kind = sight.kind;
    let mut stat = object([
        ("id", sight.id.into()),
        ("content_type", kind.name.into()),
        ("content_id", kind.content_id().into()),
        ("stat_type", sight.stat.into()),
        ("ruleset_id", kind.ruleset_id().into()),
        ("content_title", sight.title.as_str().into()),
        ("ruleset_version_id", (-1_i64).into()),
        ("receipt_id", sight.receipt.into()),
        (
            "tags",
            object([
                ("type", "list".into()),
                ("has_more", false.into()),
                ("data", Node::List(Vec::new())),
                ("total_count", 0_i64.into()),
            ]),
        ),
    ]);
    if kind.is_of_series() {
        stat.set("series_id", kind.content_id());
        stat.set("series_title", sight.title.as_str());
        stat.set("node_id", 3_i64);
    }
    match (sight.stat, sight.answers()) {
        ("answer", [first, ..]) => stat.set("answer", answered(first, at)),
        ("completion", answers @ [_, ..]) => {
            let all: Vec<Node> = answers.iter().map(|answer| answered(answer, at)).collect();
            stat.set("answers", all);
        }
        _ => {}
    }
    object([
        ("type", kind.topic.as_str().into()),
        ("created_at", zulu(at.into())),
        ("content_stat", stat),
        ("contact", contacts::whole(view, sight.contact)),
    ])
}

fn answered(answer: &Answer, at: i64) -> Node {
    object([
        ("answered_at", zulu(at.into())),
        ("question_id", answer.question_id.into()),
        ("question_text", answer.question.into()),
        ("response", answer.response.into()),
    ])
}
