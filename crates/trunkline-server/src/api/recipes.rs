//! Recipes: the flows that are shipped, what they need, and their texts filled in.
//!
//! The one rule: nothing is put into the store here; a filled text is put, or tried, like any other.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    given,
    read::{Body, Named},
    route::{Route, Verb},
};
use crate::{
    flows::environment,
    recipes::{self, About, AboutFlow, Filling, RECIPES, Recipe},
    reply::Refusal,
    shared::Shared,
};

/// A recipe, in a line.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RecipeSummary)]
pub(crate) struct Line {
    /// Its name.
    pub(crate) name: String,
    /// What people call it.
    pub(crate) title: String,
    /// What its first flow does.
    pub(crate) summary: String,
    /// How many flows it has.
    pub(crate) flows: u64,
}

/// All recipes.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Recipes {
    /// The recipes, by name.
    pub(crate) items: Vec<Line>,
}

/// A recipe, whole.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Recipe)]
pub(crate) struct Whole {
    /// Its name.
    pub(crate) name: String,
    /// What people call it.
    pub(crate) title: String,
    /// What has to be there, a line each.
    pub(crate) needs: Vec<String>,
    /// Its README, as Markdown.
    pub(crate) readme: String,
    /// Its flows, the first one first.
    pub(crate) flows: Vec<OneFlow>,
}

/// A flow of a recipe.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RecipeFlow)]
pub(crate) struct OneFlow {
    /// Its file, which names it within the recipe.
    pub(crate) file: String,
    /// What the flow is called, as it is shipped.
    pub(crate) name: String,
    /// What it does.
    pub(crate) summary: String,
    /// Variables of the environment that it reads secrets from, and whether this process has them.
    pub(crate) environment: BTreeMap<String, bool>,
    /// What is filled in.
    pub(crate) values: Vec<Blank>,
    /// Its text, as it is shipped.
    pub(crate) text: String,
    /// Records to try it with.
    pub(crate) records: Vec<Value>,
}

/// A value to fill in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RecipeValue)]
pub(crate) struct Blank {
    /// Its name.
    pub(crate) name: String,
    /// What it is.
    pub(crate) label: String,
    /// What belongs in.
    pub(crate) hint: String,
    /// What stands there as it is shipped.
    pub(crate) usual: String,
}

/// How a flow of a recipe is filled in.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RecipeFilling)]
pub(crate) struct Fill {
    /// The flow's file; `flow.yaml` when it is left out.
    pub(crate) file: Option<String>,
    /// What the flow is to be called; as it is shipped when it is left out.
    pub(crate) name: Option<String>,
    /// The connection, by its name, for every part that means a workspace; the default one when it is left out.
    pub(crate) connection: Option<String>,
    /// The values, by their names; as it is shipped where one is left out.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) values: BTreeMap<String, String>,
}

/// A text that is filled in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RecipeText)]
pub(crate) struct Filled {
    /// The whole text.
    pub(crate) text: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/recipes",
            "recipes.list",
            "Lists the recipes: flows that are shipped, ready to be filled in.",
            list,
        )
        .answers::<Recipes>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/recipes/{name}",
            "recipes.show",
            "Shows a recipe: what it needs, its flows, what is to be filled in.",
            show,
        )
        .answers::<Whole>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/recipes/{name}/fill",
            "recipes.fill",
            "Fills a flow of a recipe in. The text is not kept: it can be tried, and put, like any other.",
            fill,
        )
        .takes::<Fill>()
        .answers::<Filled>(StatusCode::OK),
    ]
}

/// All recipes.
pub(crate) async fn list() -> Json<Recipes> {
    let line = |recipe: &Recipe| {
        let about = recipe.about()?;
        Some(Line {
            name: recipe.name.to_owned(),
            title: about.title,
            summary: recipe.summary().to_owned(),
            flows: about.flows.len() as u64,
        })
    };
    Json(Recipes {
        items: RECIPES.iter().filter_map(line).collect(),
    })
}

/// One recipe.
pub(crate) async fn show(Named(name): Named<String>) -> Result<Json<Whole>, Refusal> {
    let (recipe, about) = named(&name)?;
    Ok(Json(Whole {
        name,
        readme: recipe.readme().to_owned(),
        flows: about.flows.iter().map(|flow| one(recipe, flow)).collect(),
        title: about.title,
        needs: about.needs,
    }))
}

/// Fills a flow in.
pub(crate) async fn fill(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(asked): Body<Fill>,
) -> Result<Json<Filled>, Refusal> {
    let (recipe, about) = named(&name)?;
    let file = asked.file.as_deref().unwrap_or("flow.yaml");
    let flow = about
        .flows
        .iter()
        .find(|flow| flow.file == file)
        .ok_or_else(|| Refusal::of_field("file", "is no flow of this recipe"))?;
    if let Some(connection) = &asked.connection {
        shared
            .store
            .connection(connection)
            .await
            .map_err(given::at_field("connection"))?;
    }
    if asked.name.as_deref().is_some_and(|name| !is_name(name)) {
        let reason = "is not up to 60 small letters, digits and hyphens, as in urgent-to-tier-two";
        return Err(Refusal::of_field("name", reason));
    }
    let filling = Filling {
        name: asked.name,
        connection: asked.connection,
        values: asked.values,
    };
    match recipes::fill(recipe, flow, &filling) {
        Ok(text) => Ok(Json(Filled { text })),
        Err((value, reason)) => Err(Refusal::of_field(&format!("values.{value}"), reason)),
    }
}

fn is_name(name: &str) -> bool {
    let is_letter = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '-';
    (1..=60).contains(&name.len()) && name.chars().all(is_letter) && !name.starts_with('-')
}

fn named(name: &str) -> Result<(&'static Recipe, About), Refusal> {
    let found = Recipe::of(name).and_then(|recipe| Some((recipe, recipe.about()?)));
    found.ok_or_else(|| {
        let message = format!("there is no recipe `{name}`");
        Refusal::new(StatusCode::NOT_FOUND, "TL0955", message)
    })
}

fn one(recipe: &'static Recipe, flow: &AboutFlow) -> OneFlow {
    let text = recipe.file(&flow.file).unwrap_or_default();
    let is_set = environment();
    let called = text.lines().next().and_then(|line| line.strip_prefix("flow: "));
    let input = flow.input.as_deref().and_then(|input| recipe.file(input));
    OneFlow {
        file: flow.file.clone(),
        name: called.unwrap_or(recipe.name).to_owned(),
        summary: recipes::summary(text).to_owned(),
        environment: flow
            .environment
            .iter()
            .map(|name| (name.clone(), is_set(name).is_some()))
            .collect(),
        values: flow
            .values
            .iter()
            .map(|blank| Blank {
                name: blank.name.clone(),
                label: blank.label.clone(),
                hint: blank.hint.clone(),
                usual: blank.usual.clone(),
            })
            .collect(),
        text: text.to_owned(),
        records: input.and_then(recipes::records).unwrap_or_default(),
    }
}
