//! Articles of the help center, created or changed.
//!
//! The one rule: an article has no id of the caller's own, so without Intercom's id its title says which one it is. Several of one title
//! are never guessed between.

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::Call;

use super::refs::{acting_admin, id_of};
use crate::{Action, ActionError, Field, Input, Run, Write};

/// What goes into the body as it is.
const PLAIN: [&str; 6] = [
    "title",
    "description",
    "body",
    "body_markdown",
    "state",
    "parent_type",
];
/// What goes into the body as a number.
const IDS: [&str; 2] = ["parent_id", "author_id"];

pub(crate) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "articles.upsert",
            "Creates an article, or changes the one with this id or this title.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(upsert(run, input)),
        )
        .takes([
            Field::text(
                "article_id",
                "The article, by Intercom's id; without it the one with this title.",
            )
            .or_named(&["id"])
            .picked_from("articles"),
            Field::text("title", "Its title.").required(),
            Field::text("description", "What stands below the title in lists."),
            Field::text("body", "Its text, as HTML."),
            Field::text("body_markdown", "Its text, as Markdown; in place of `body`.").since(Version::V2_16),
            Field::choice(
                "state",
                &["draft", "published"],
                "Whether customers see it; a new one is a draft unless told.",
            ),
            Field::text(
                "author_id",
                "Who wrote it; of a new article the teammate whose token it is, unless told.",
            )
            .picked_from("admins"),
            Field::text("parent_id", "The collection or section that it stands in."),
            Field::choice(
                "parent_type",
                &["collection", "section"],
                "What the parent is; a collection unless told.",
            ),
        ])
        .calls(&[
            "articles.get",
            "articles.list",
            "articles.create",
            "articles.update",
            "me.get",
        ]),
    ]
}

async fn upsert(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let title = input.text("title").unwrap_or_default();
    if title.trim().is_empty() {
        return Err(run.misfit("title", "must not be empty"));
    }
    if input.text("body").is_some() && input.text("body_markdown").is_some() {
        return Err(run.misfit("body_markdown", "cannot be given together with `body`"));
    }
    let mut body = input.only(&PLAIN);
    for name in IDS {
        if let Some(id) = input.text(name) {
            let number: u64 = id
                .parse()
                .map_err(|_| run.misfit(name, "must be an id of Intercom, which is a number"))?;
            body.insert(name.to_owned(), json!(number));
        }
    }
    match existing(run, &input, title).await? {
        Some(article) => {
            let id = id_of(&article).unwrap_or_default();
            if let Some(parent) = body.get_mut("parent_id") {
                // A number where an article is made, text where one is changed.
                *parent = parent.to_string().into();
            }
            let write = Write::new("articles.update")
                .path("id", id)
                .payload(body.into())
                .before(article);
            run.write(write).await
        }
        None => {
            if !body.contains_key("author_id") {
                let author = acting_admin(run, None).await?;
                let number: Option<u64> = author.parse().ok();
                body.insert("author_id".to_owned(), json!(number));
            }
            let write = Write::new("articles.create").payload(body.into()).makes_new();
            run.write(write).await
        }
    }
}

/// The article that is meant, where there is one.
async fn existing(run: &mut Run, input: &Input, title: &str) -> Result<Option<Value>, ActionError> {
    if let Some(id) = input.text("article_id") {
        let found = run.find(Call::new("articles.get").path("id", id)).await?;
        return found.map(Some).ok_or_else(|| {
            ActionError::refused(
                "TL0953",
                format!("there is no article {id}"),
                "Check the id, or leave it out: the title then says which article it is.",
            )
        });
    }
    let is_it = |row: &Value| {
        row["title"]
            .as_str()
            .is_some_and(|own| own.trim() == title.trim())
    };
    let mut found = run.rows_that(Call::new("articles.list"), None, &is_it).await?;
    match found.len() {
        0 | 1 => Ok(found.pop()),
        _ => {
            let ids: Vec<String> = found.iter().filter_map(id_of).collect();
            Err(ActionError::refused(
                "TL0953",
                format!("several articles have this title: {}", ids.join(", ")),
                "Name the one that is meant by article_id.",
            ))
        }
    }
}
