//! Actions: find them, read what they take, call them.
//!
//! The one rule: the API, the command line and programs call through the same `trunkline_actions::Workspace`; nothing is checked or
//! done here that is not done there.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use http::StatusCode;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trunkline_actions::{Action, ActionError, CallOptions, Outcome, Plan, Returns, Spelled, time::TimeForm};
use trunkline_client::{Disposition, ErrorKind};
use trunkline_store::{Role, StoreError};
use utoipa::ToSchema;

use super::{
    given,
    guard::Caller,
    read::{Body, Named, Query},
    route::{Route, Verb},
};
use crate::{ServerError, reply::Refusal, shared::Shared};

/// An action, in a line.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Action)]
pub(crate) struct Line {
    /// Its id, such as `contacts.upsert`.
    pub(crate) id: &'static str,
    /// What it does.
    pub(crate) summary: &'static str,
    /// `read`, `idempotent_write`, `write` or `destructive`.
    pub(crate) effect: &'static str,
    /// Whether it is an operation of Intercom's API as it is.
    pub(crate) is_operation: bool,
}

/// Some actions.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Actions {
    /// The actions, by id.
    pub(crate) items: Vec<Line>,
}

/// Which actions.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Search {
    /// Words that each must mention, by our names or by those of other connectors.
    #[serde(default)]
    pub(crate) words: String,
}

/// An action with its fields.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionPage {
    /// The action.
    #[serde(flatten)]
    pub(crate) line: Line,
    /// The JSON Schema of its input.
    #[schema(value_type = Object)]
    pub(crate) input: Value,
    /// What it takes, field by field.
    pub(crate) fields: Vec<Field>,
    /// What comes back: `one` object, or `rows`.
    pub(crate) returns: &'static str,
    /// The first version of the API that has it.
    pub(crate) since: &'static str,
    /// The last version of the API that has it.
    pub(crate) until: &'static str,
    /// The operations that it may call.
    pub(crate) operations: Vec<&'static str>,
    /// What other connectors call it and its fields.
    pub(crate) names: Vec<OtherName>,
}

/// A field of an action.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ActionField)]
pub(crate) struct Field {
    /// Its name; dotted within an object, with `[]` after a list.
    pub(crate) name: &'static str,
    /// Where its value goes: `path`, `query` or `payload` of an operation, or `module`.
    pub(crate) place: &'static str,
    /// Its type.
    #[serde(rename = "type")]
    pub(crate) kind: &'static str,
    /// For a time, the form in which it is sent.
    pub(crate) time: Option<&'static str>,
    /// Whether the action is refused without it.
    pub(crate) required: bool,
    /// The allowed values; none when any is allowed.
    pub(crate) choices: Vec<&'static str>,
    /// Fields of one group exclude each other.
    pub(crate) group: Option<&'static str>,
    /// Whether one of its group must be given.
    pub(crate) group_required: bool,
    /// The list from which a value is picked, a name of `GET /lookups`.
    pub(crate) lookup: Option<&'static str>,
    /// One line on it; empty for what the catalog generates.
    pub(crate) help: &'static str,
    /// What it is when it is not given.
    pub(crate) default: Option<&'static str>,
    /// The first version of the API that has it.
    pub(crate) since: &'static str,
    /// The last version of the API that has it.
    pub(crate) until: &'static str,
    /// For a body with alternatives, the number of the alternative, from 1; 0 when it belongs to all.
    pub(crate) alternative: u8,
}

/// What another connector calls an action.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct OtherName {
    /// The connector.
    pub(crate) system: &'static str,
    /// Its module.
    pub(crate) module: &'static str,
    /// A field of the module; empty for the module itself.
    pub(crate) field: &'static str,
    /// The fields that answer it here.
    pub(crate) our_fields: Vec<&'static str>,
    /// What is different.
    pub(crate) note: &'static str,
}

/// A call in other languages.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Spelling {
    /// A command for a shell.
    pub(crate) command: String,
    /// A request to this API, by curl, with the key in `TRUNKLINE_KEY`.
    pub(crate) http: String,
    /// An expression of Rust.
    pub(crate) rust: String,
    /// A destination of a flow, as YAML.
    pub(crate) flow: String,
}

/// A call of an action.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Call {
    /// The connection, by its name; the default one when none is named.
    pub(crate) connection: Option<String>,
    /// The fields.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) input: Map<String, Value>,
    /// A key of the caller's own: the same call with the same key runs once.
    pub(crate) key: Option<String>,
    /// Where a time without a zone is, such as `Europe/Dublin`; UTC when it is left out.
    pub(crate) time_zone: Option<String>,
    /// Whether names that the catalog does not know are sent.
    #[serde(default)]
    pub(crate) allow_unknown: bool,
}

/// What came of a call.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Outcome)]
pub(crate) struct Done {
    /// The run, under which its writes are kept; none when it wrote nothing.
    pub(crate) run: Option<String>,
    /// The action's id.
    pub(crate) action: String,
    /// What it gives.
    pub(crate) output: Value,
    /// What a person should know beside it.
    pub(crate) notes: Vec<String>,
    /// How many calls read.
    pub(crate) reads: u32,
    /// How many calls changed something.
    pub(crate) writes: u32,
    /// Whether this is what an earlier call with the same key gave.
    pub(crate) repeated: bool,
}

/// What a call would do. It is given back as it is to be applied.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Plan)]
pub(crate) struct Planned {
    /// The plan: the writes, field by field, with the calls and seconds that they take.
    #[schema(value_type = Object)]
    pub(crate) plan: Plan,
}

/// A plan to apply.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Apply {
    /// The connection, by its name; the default one when none is named.
    pub(crate) connection: Option<String>,
    /// The plan, as it was given.
    #[schema(value_type = Object)]
    pub(crate) plan: Plan,
    /// A key of the caller's own: the same plan with the same key is applied once.
    pub(crate) key: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/actions",
            "actions.list",
            "Finds actions: modules, and every operation of Intercom's API.",
            list,
        )
        .asks::<Search>()
        .answers::<Actions>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/actions/{id}",
            "actions.show",
            "Shows an action with what it takes.",
            show,
        )
        .answers::<ActionPage>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/actions/{id}",
            "actions.call",
            "Calls an action.",
            call,
        )
        .takes::<Call>()
        .answers::<Done>(StatusCode::OK)
        .may_conflict()
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/actions/{id}/plan",
            "actions.plan",
            "Finds out what a call of an action would do, by reading alone.",
            plan,
        )
        .takes::<Call>()
        .answers::<Planned>(StatusCode::OK)
        .may_conflict()
        .asks_intercom(),
        Route::new(
            Role::Read,
            Verb::Post,
            "/actions/{id}/spell",
            "actions.spell",
            "Spells a call as a command, as a request over HTTP, in Rust, and as a destination of a flow. Nothing is called.",
            spell,
        )
        .takes::<Call>()
        .answers::<Spelling>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/plans/apply",
            "plans.apply",
            "Does exactly what a plan says, unless the workspace has moved on since.",
            apply,
        )
        .takes::<Apply>()
        .answers::<Done>(StatusCode::OK)
        .may_conflict()
        .asks_intercom(),
    ]
}

/// The actions that mention all words.
pub(crate) async fn list(Query(search): Query<Search>) -> Json<Actions> {
    let items = trunkline_actions::search(&search.words)
        .into_iter()
        .map(Line::of)
        .collect();
    Json(Actions { items })
}

/// One action.
pub(crate) async fn show(Named(id): Named<String>) -> Result<Json<ActionPage>, Refusal> {
    let action = trunkline_actions::action(&id)?;
    let (since, until) = action.versions;
    Ok(Json(ActionPage {
        line: Line::of(action),
        input: trunkline_actions::input_schema(action),
        fields: action.fields.iter().map(Field::of).collect(),
        returns: match action.returns {
            Returns::One => "one",
            Returns::Rows => "rows",
        },
        since: since.as_str(),
        until: until.as_str(),
        operations: action.operations.clone(),
        names: trunkline_actions::names_of(action.id)
            .map(|name| OtherName {
                system: name.system,
                module: name.module,
                field: name.field,
                our_fields: name.our_fields().collect(),
                note: name.note,
            })
            .collect(),
    }))
}

/// A call in other languages.
pub(crate) async fn spell(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Body(call): Body<Call>,
) -> Result<Json<Spelling>, Refusal> {
    let spelled = Spelled {
        action: trunkline_actions::action(&id)?,
        connection: call.connection.as_deref(),
        input: &call.input,
        time_zone: call.time_zone.as_deref(),
    };
    let address = shared.options.reached_at()?;
    Ok(Json(Spelling {
        command: spelled.command(),
        http: spelled.http(address.as_str()),
        rust: spelled.rust(),
        flow: spelled.flow(),
    }))
}

/// Calls an action.
pub(crate) async fn call(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named<String>,
    Body(call): Body<Call>,
) -> Result<Json<Done>, Refusal> {
    trunkline_actions::action(&id)?;
    let options = options(&call, &caller)?;
    let (connection, workspace) = shared.workspaces.of(call.connection.as_deref()).await?;
    let input = Value::Object(call.input);
    let work = async move { workspace.call(&id, input, options).await };
    Ok(Json(Done::of(shared.workspaces.run(&connection, work).await?)))
}

/// What a call would do.
pub(crate) async fn plan(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named<String>,
    Body(call): Body<Call>,
) -> Result<Json<Planned>, Refusal> {
    trunkline_actions::action(&id)?;
    let options = options(&call, &caller)?;
    let (connection, workspace) = shared.workspaces.of(call.connection.as_deref()).await?;
    let input = Value::Object(call.input);
    let work = async move { workspace.plan(&id, input, options).await };
    let plan = shared.workspaces.run(&connection, work).await?;
    Ok(Json(Planned { plan }))
}

/// Does what a plan says.
pub(crate) async fn apply(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Body(apply): Body<Apply>,
) -> Result<Json<Done>, Refusal> {
    let options = CallOptions {
        key: apply.key,
        by_whom: by_whom(&caller),
        ..CallOptions::default()
    };
    let (connection, workspace) = shared.workspaces.of(apply.connection.as_deref()).await?;
    let work = async move { workspace.apply(&apply.plan, options).await };
    Ok(Json(Done::of(shared.workspaces.run(&connection, work).await?)))
}

fn options(call: &Call, caller: &Caller) -> Result<CallOptions, Refusal> {
    let zone = match call.time_zone.as_deref() {
        Some(name) => TimeZone::get(name)
            .map_err(|_| Refusal::of_field("time_zone", "is not a time zone such as Europe/Dublin"))?,
        None => TimeZone::UTC,
    };
    Ok(CallOptions {
        key: call.key.clone(),
        zone,
        allow_unknown: call.allow_unknown,
        by_whom: by_whom(caller),
        ..CallOptions::default()
    })
}

/// Who calls, for the journal.
pub(super) fn by_whom(caller: &Caller) -> String {
    match (&caller.person, &caller.key) {
        (Some(name), _) => name.clone(),
        (None, Some(name)) => format!("key {name}"),
        (None, None) => "this machine".to_owned(),
    }
}

impl Line {
    fn of(action: &Action) -> Self {
        Self {
            id: action.id,
            summary: action.summary,
            effect: action.effect.as_str(),
            is_operation: action.is_operation(),
        }
    }
}

impl Field {
    fn of(field: &trunkline_actions::Field) -> Self {
        let (since, until) = field.versions;
        Self {
            name: field.name,
            place: field.place.as_str(),
            kind: field.field_type.as_str(),
            time: field.time.map(TimeForm::as_str),
            required: field.required,
            choices: field.choices.clone(),
            group: field.group.map(|group| group.name),
            group_required: field.group.is_some_and(|group| group.required),
            lookup: field.lookup,
            help: field.help,
            default: field.default,
            since: since.as_str(),
            until: until.as_str(),
            alternative: field.alternative,
        }
    }
}

impl Done {
    pub(super) fn of(outcome: Outcome) -> Self {
        Self {
            run: outcome.run,
            action: outcome.action.to_owned(),
            output: outcome.output,
            notes: outcome.notes,
            reads: outcome.reads,
            writes: outcome.writes,
            repeated: outcome.repeated,
        }
    }
}

impl From<ActionError> for Refusal {
    fn from(error: ActionError) -> Self {
        let status = match &error {
            ActionError::Unknown { .. } => StatusCode::NOT_FOUND,
            ActionError::KeyTaken { .. }
            | ActionError::KeyBusy { .. }
            | ActionError::OutcomeUnknown { .. }
            | ActionError::Moved { .. } => StatusCode::CONFLICT,
            ActionError::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
            ActionError::Call(call) => match (call.kind, call.disposition()) {
                (ErrorKind::RateLimited, _) => StatusCode::SERVICE_UNAVAILABLE,
                (_, Disposition::Reject | Disposition::Halt) => StatusCode::UNPROCESSABLE_ENTITY,
                _ => StatusCode::BAD_GATEWAY,
            },
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        let refusal = Self::new(status, error.code(), error.to_string());
        match &error {
            ActionError::Input { problems, .. } => {
                let blamed = |field: &str| format!("input.{field}");
                let refusal = match problems.as_slice() {
                    [only] => refusal.at(&blamed(&only.field)),
                    _ => refusal,
                };
                refusal.at_each(
                    problems
                        .iter()
                        .map(|problem| (blamed(&problem.field), problem.what.clone())),
                )
            }
            _ => refusal,
        }
    }
}

impl From<ServerError> for Refusal {
    fn from(error: ServerError) -> Self {
        let error = match error {
            ServerError::Store(error @ StoreError::NotFound { .. }) => {
                return given::at_field("connection")(error);
            }
            ServerError::Store(error) => return error.into(),
            error => error,
        };
        let status = match &error {
            ServerError::NoConnection => {
                let reason = "is not given, and no connection is the default";
                return Self::of_field("connection", reason);
            }
            ServerError::NoToken { .. }
            | ServerError::NeedsGrant { .. }
            | ServerError::Paused { .. }
            | ServerError::NoApp { .. } => StatusCode::CONFLICT,
            _ => StatusCode::BAD_GATEWAY,
        };
        Self::new(status, error.code(), error.to_string())
    }
}
