//! A tag on companies: put on or taken off, by the tag's id or name.
//!
//! The one rule: every company is looked at first, because from 2.16 on Intercom passes over those that it does not know.

use serde_json::{Value, json};
use trunkline_catalog::Effect;
use trunkline_client::Call;

use super::nowhere;
use crate::{
    Action, ActionError, Field, Input, Inverse, Problem, Run, Write,
    modules::{
        contacts::tag::tag_fields,
        refs::{id_of, tag_named},
    },
};

/// How many companies one call names at most.
const AT_ONCE: usize = 50;

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "companies.tag",
            "Puts a tag on companies, or takes it off.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([
            Field::list("company_ids", "The companies, by Intercom's ids; one or several.")
                .or_named(&["company_id", "companies"])
                .required()
                .picked_from("companies"),
        ])
        .takes(tag_fields())
        .calls(&["companies.get", "tags.get", "tags.list", "tags.upsert"]),
    ]
}

/// The tag that is meant.
struct Meant {
    name: String,
    id: Option<String>,
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let detaches = input.text("action") == Some("detach") || input.flag("untag") == Some(true);
    let wanted = ids(run, &input)?;
    let tag = meant(run, &input).await?;
    let mut turned = Vec::new();
    for id in &wanted {
        let company = run
            .find(Call::new("companies.get").path("id", id))
            .await?
            .ok_or_else(|| nowhere("company_ids"))?;
        if wears(&company, tag.id.as_deref()) == detaches {
            turned.push(id.clone());
        }
    }
    if turned.is_empty() {
        run.note(if detaches {
            "None of the companies has this tag; nothing was taken off."
        } else {
            "Every company has this tag already."
        });
        return Ok(Value::Null);
    }
    if tag.id.is_none() && input.flag("create_tag") == Some(false) {
        return Err(ActionError::refused(
            "TL0732",
            format!("there is no tag named {:?}", tag.name),
            "Check the name (`trunkline lookup tags`), or let it be made with `create_tag=true`.",
        ));
    }
    let mut answer = Value::Null;
    for some in turned.chunks(AT_ONCE) {
        answer = run
            .write(
                Write::new("tags.upsert")
                    .payload(body(&tag.name, some, detaches))
                    .before(json!({ "tag": tag.id, "companies": some, "tagged": detaches }))
                    .put_back_by(Inverse::Call {
                        operation: "tags.upsert".to_owned(),
                        path: Vec::new(),
                        payload: Some(body(&tag.name, some, !detaches)),
                    })
                    .expecting(json!({ "type": "tag", "id": tag.id, "name": tag.name })),
            )
            .await?;
    }
    if let Value::Object(answer) = &mut answer {
        answer.insert("companies".to_owned(), json!(turned));
    }
    Ok(answer)
}

fn ids(run: &Run, input: &Input) -> Result<Vec<String>, ActionError> {
    let given = input.list("company_ids").unwrap_or_default();
    let mut ids: Vec<String> = Vec::new();
    let mut problems = Vec::new();
    for (place, value) in given.iter().enumerate() {
        match value {
            Value::String(id) if !id.is_empty() && !ids.contains(id) => ids.push(id.clone()),
            Value::String(id) if !id.is_empty() => {}
            _ => problems.push(Problem::new(format!("company_ids[{place}]"), "must be an id")),
        }
    }
    if given.is_empty() {
        problems.push(Problem::new("company_ids", "must name at least one company"));
    }
    if problems.is_empty() {
        Ok(ids)
    } else {
        Err(run.misfits(problems))
    }
}

async fn meant(run: &mut Run, input: &Input) -> Result<Meant, ActionError> {
    if let Some(name) = input.text("tag_name") {
        return Ok(Meant {
            name: name.to_owned(),
            id: tag_named(run, name).await?,
        });
    }
    let id = input.text("tag_id").unwrap_or_default();
    let tag = run.read(Call::new("tags.get").path("id", id)).await?;
    Ok(Meant {
        name: tag["name"].as_str().unwrap_or_default().to_owned(),
        id: Some(id.to_owned()),
    })
}

fn wears(company: &Value, tag: Option<&str>) -> bool {
    let tags = company["tags"]["tags"].as_array();
    tag.is_some() && tags.is_some_and(|tags| tags.iter().any(|one| id_of(one).as_deref() == tag))
}

fn body(name: &str, companies: &[String], detaches: bool) -> Value {
    let companies: Vec<Value> = companies
        .iter()
        .map(|id| {
            if detaches {
                json!({ "id": id, "untag": true })
            } else {
                json!({ "id": id })
            }
        })
        .collect();
    json!({ "name": name, "companies": companies })
}
