//! An attribute of contacts or companies: defined, changed, put away and brought back.
//!
//! The one rule: an attribute is known by its name within its model; what Intercom cannot change (its type, its name) is
//! refused rather than passed over.

use serde_json::{Map, Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::Call;

use crate::{Action, ActionError, Field, Group, Input, Inverse, Problem, Run, Write, modules::refs::id_of};

const TYPES: &[&str] = &[
    "string", "integer", "float", "boolean", "datetime", "date", "options",
];

/// The modules of this family.
pub(crate) fn actions() -> Vec<Action> {
    let which = Group {
        name: "attribute",
        required: true,
    };
    vec![
        Action::module(
            "data_attributes.save",
            "Defines an attribute of contacts or companies, or changes one.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([
            Field::choice(
                "action",
                &["create", "update"],
                "Whether it is made or changed; left out, what is there is changed and what is not is made.",
            ),
            Field::choice(
                "model",
                &["contact", "company"],
                "Whose attribute it is; an attribute named by id needs none.",
            ),
            Field::text("name", "Its name; it cannot be changed.").in_group(which),
            Field::text("id", "The attribute to change, by id.")
                .in_group(which)
                .picked_from("data_attributes"),
            Field::choice(
                "data_type",
                TYPES,
                "The type of its values; it cannot be changed.",
            ),
            Field::text("label", "What teammates read; Intercom may keep its own."),
            Field::text("description", "What it is for."),
            Field::list("options", "The values to choose from, for the type options."),
            Field::flag("archived", "Whether it is put away."),
            Field::flag(
                "messenger_writable",
                "Whether contacts can set it by the Messenger.",
            ),
        ])
        .calls(&[
            "data_attributes.list",
            "data_attributes.create",
            "data_attributes.update",
        ]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let options = options(&input).map_err(|problem| run.misfits(vec![problem]))?;
    let held = held(run, &input).await?;
    match (input.text("action"), held) {
        (Some("create"), Some(_)) => Err(run.misfits(vec![Problem::new(
            "name",
            "is that of an attribute that exists; change it with `action=update`",
        )])),
        (Some("update"), None) => Err(missing()),
        (_, Some(held)) => update(run, &input, held, options).await,
        (_, None) if input.text("id").is_some() => Err(missing()),
        (_, None) => create(run, &input, options).await,
    }
}

fn missing() -> ActionError {
    ActionError::refused(
        "TL0743",
        "there is no such attribute",
        "Check its id, or its name and model (`trunkline lookup data_attributes`), or make it with `action=create`.",
    )
}

/// The words to choose from; given as texts or as {value}.
fn options(input: &Input) -> Result<Option<Vec<String>>, Problem> {
    let Some(given) = input.list("options") else {
        return Ok(None);
    };
    let mut words: Vec<String> = Vec::new();
    for (place, option) in given.iter().enumerate() {
        let word = match option {
            Value::String(word) => Some(word.clone()),
            Value::Number(number) => Some(number.to_string()),
            other => other["value"].as_str().map(str::to_owned),
        };
        match word.filter(|word| !word.trim().is_empty()) {
            Some(word) if !words.contains(&word) => words.push(word),
            Some(_) => return Err(Problem::new(format!("options[{place}]"), "stands twice")),
            None => {
                let what = "must be text, or an object with a `value`";
                return Err(Problem::new(format!("options[{place}]"), what));
            }
        }
    }
    match input.text("data_type") {
        None | Some("options" | "string") => Ok(Some(words)),
        Some(_) => Err(Problem::new("options", "belong to the type options alone")),
    }
}

/// The attribute as it is now, also when it is put away.
async fn held(run: &mut Run, input: &Input) -> Result<Option<Value>, ActionError> {
    let model = input.text("model");
    let mut problems = Vec::new();
    if model.is_none() && input.text("id").is_none() {
        problems.push(Problem::new("model", "is missing; it is one of contact, company"));
    }
    if input.text("name").is_some_and(|name| name.trim().is_empty()) {
        problems.push(Problem::new("name", "must not be empty"));
    }
    if !problems.is_empty() {
        return Err(run.misfits(problems));
    }
    for model in model.map_or_else(|| vec!["contact", "company"], |model| vec![model]) {
        let call = Call::new("data_attributes.list")
            .query("model", model)
            .query("include_archived", "true");
        let found = run.rows(call, None).await?.into_iter().find(|one| {
            let is_own = one["custom"] != false;
            match (input.text("id"), input.text("name")) {
                (Some(id), _) => id_of(one).as_deref() == Some(id),
                (None, name) => is_own && one["name"].as_str() == name,
            }
        });
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The words as a version takes them.
fn worded(run: &Run, words: &[String]) -> Value {
    if run.version() >= Version::V2_14 || run.version() == Version::V2_11 {
        words.iter().map(|word| json!({ "value": word })).collect()
    } else {
        json!(words)
    }
}

async fn create(run: &mut Run, input: &Input, options: Option<Vec<String>>) -> Result<Value, ActionError> {
    let data_type = match (input.text("data_type"), &options) {
        (Some(data_type), _) => data_type,
        (None, Some(_)) => "options",
        (None, None) => {
            let what = format!("is missing; it is one of {}", TYPES.join(", "));
            return Err(run.misfits(vec![Problem::new("data_type", what)]));
        }
    };
    if data_type == "options" && options.as_ref().is_none_or(Vec::is_empty) {
        let what = "are missing; an attribute of this type needs at least one";
        return Err(run.misfits(vec![Problem::new("options", what)]));
    }
    let mut body = input.only(&["name", "model", "label", "description", "messenger_writable"]);
    body.insert("data_type".to_owned(), json!(data_type));
    if let Some(words) = &options {
        body.insert("options".to_owned(), worded(run, words));
    }
    let made = run
        .write(
            Write::new("data_attributes.create")
                .makes_new()
                .payload(Value::Object(body)),
        )
        .await?;
    keeps_own_label(run, input, &made);
    if input.flag("archived") != Some(true) {
        return Ok(made);
    }
    // A new attribute cannot be made as one that is put away.
    let write = Write::new("data_attributes.update")
        .path("id", id_of(&made).unwrap_or_default())
        .payload(json!({ "archived": true }))
        .before(made);
    run.write(write).await
}

async fn update(
    run: &mut Run,
    input: &Input,
    held: Value,
    options: Option<Vec<String>>,
) -> Result<Value, ActionError> {
    let own_type = if held["options"].as_array().is_some_and(|all| !all.is_empty()) {
        "options"
    } else {
        held["data_type"].as_str().unwrap_or_default()
    };
    if let Some(data_type) = input.text("data_type")
        && data_type != own_type
        && held["data_type"] != data_type
    {
        let what = format!("cannot be changed; the attribute is of type {own_type}");
        return Err(run.misfits(vec![Problem::new("data_type", what)]));
    }
    let Some(id) = id_of(&held) else {
        let what = "is that of an attribute of Intercom's own, which cannot be changed";
        return Err(run.misfits(vec![Problem::new("name", what)]));
    };
    let mut body = input.only(&["label", "description", "archived", "messenger_writable"]);
    if let Some(words) = &options {
        body.insert("options".to_owned(), worded(run, words));
    }
    if body.is_empty() {
        run.note("Nothing was given that could be changed.");
        return Ok(held);
    }
    let inverse = Inverse::Call {
        operation: "data_attributes.update".to_owned(),
        path: vec![("id".to_owned(), id.clone())],
        payload: Some(Value::Object(earlier(run, &body, &held))),
    };
    let saved = run
        .write(
            Write::new("data_attributes.update")
                .path("id", id)
                .payload(Value::Object(body))
                .before(held)
                .put_back_by(inverse),
        )
        .await?;
    keeps_own_label(run, input, &saved);
    Ok(saved)
}

/// What was written over, in the form in which it is written.
fn earlier(run: &Run, body: &Map<String, Value>, held: &Value) -> Map<String, Value> {
    let old = |name: &String| {
        let value = held.get(name).cloned().unwrap_or_default();
        let words: Option<Vec<String>> = value.as_array().filter(|_| name == "options").map(|all| {
            all.iter()
                .filter_map(|one| one.as_str().map(str::to_owned))
                .collect()
        });
        (name.clone(), words.map_or(value, |words| worded(run, &words)))
    };
    body.keys().map(old).collect()
}

fn keeps_own_label(run: &mut Run, input: &Input, saved: &Value) {
    let wanted = input.text("label");
    if wanted.is_some() && saved["label"].as_str() != wanted {
        run.note("Intercom kept its own label; teammates can change it in Intercom.");
    }
}
