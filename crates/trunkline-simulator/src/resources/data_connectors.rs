//! Data connectors: calls that workflows make to outside systems, with what came of them.

use serde_json::{Value, json};

use super::{Handler, common, records};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    texts,
    webhooks::{
        ordered::{Node, object},
        outbox::Subject,
        topic::Topic,
    },
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("data_connectors.list", Handler::Read(list)),
    ("data_connectors.get", Handler::Read(get)),
    ("data_connectors.create", Handler::Write(create)),
    ("data_connectors.update", Handler::Write(update)),
    ("data_connectors.delete", Handler::Write(delete)),
    (
        "data_connectors.list_execution_results",
        Handler::Read(list_execution_results),
    ),
    (
        "data_connectors.get_execution_result",
        Handler::Read(get_execution_result),
    ),
];

/// What a list shows of a connector.
const LISTED: [&str; 12] = [
    "type",
    "id",
    "name",
    "description",
    "state",
    "http_method",
    "direct_fin_usage",
    "created_by_admin_id",
    "updated_by_admin_id",
    "created_at",
    "updated_at",
    "execution_results_url",
];
/// What a body may set as it is.
const FIELDS: [&str; 13] = [
    "name",
    "description",
    "http_method",
    "url",
    "body",
    "direct_fin_usage",
    "audiences",
    "headers",
    "data_inputs",
    "customer_authentication",
    "bypass_authentication",
    "validate_missing_attributes",
    "token_ids",
];
const AUDIENCES: [&str; 3] = ["leads", "users", "visitors"];
const STATES: [&str; 2] = ["draft", "live"];
const METHODS: [&str; 5] = ["get", "post", "put", "delete", "patch"];
/// Why an execution may fail.
const ERROR_TYPES: [&str; 11] = [
    "request_configuration_error",
    "faraday_error",
    "3rd_party_error",
    "response_mapping_error",
    "token_refresh_error",
    "fin_action_response_formatting_error",
    "fin_action_identity_verification_error",
    "email_verification_error",
    "non_fin_standalone_action_identity_verification_error",
    "request_validation_error",
    "client_side_action_error",
];

fn unknown() -> Refusal {
    Refusal::new(404, "data_connector_not_found", "Data connector not found")
}

fn picked(row: &Value, fields: &[&str]) -> Value {
    let picked = fields
        .iter()
        .map(|field| ((*field).to_owned(), row[*field].clone()));
    Value::Object(picked.collect())
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let mut rows: Vec<(i64, Value)> = workspace
        .reference
        .lists
        .data_connectors
        .iter()
        .map(|row| (records::seconds(&row["updated_at"]), picked(row, &LISTED)))
        .collect();
    rows.sort_by_key(|(at, row)| std::cmp::Reverse((*at, row["id"].as_str().map(str::to_owned))));
    records::keyset_page(request, &rows, 20, 50)
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    if let Some(version) = request.query("state_version")
        && !STATES.contains(&version)
    {
        return Err(Refusal::invalid(
            "Invalid state_version. Must be one of: live, draft",
        ));
    }
    let rows = &workspace.reference.lists.data_connectors;
    records::one(request, rows, unknown)
}

fn check(body: &Value) -> Result<(), Refusal> {
    let invalid = |message: &str| Err(Refusal::new(422, "parameter_invalid", message));
    let outside = |field: &str, allowed: &[&str]| {
        body.get(field)
            .is_some_and(|value| !value.as_str().is_some_and(|text| allowed.contains(&text)))
    };
    if body["audiences"]
        .as_array()
        .is_some_and(|all| all.iter().any(|one| !AUDIENCES.iter().any(|known| one == known)))
    {
        return invalid("Invalid audiences. Must be a subset of: leads, users, visitors");
    }
    if outside("http_method", &METHODS) {
        return invalid("Http Method isn't an option");
    }
    if outside("state", &STATES) {
        return invalid("Invalid state. Must be one of: draft, live");
    }
    Ok(())
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    request
        .required("name")
        .map_err(|_| Refusal::new(422, "parameter_not_found", "Name is required"))?;
    check(&request.body)?;
    let id = workspace.reference.next_id().to_string();
    let admin = workspace.ids.admin(0).to_string();
    let stamp = reference::iso(request.now);
    let mut made = json!({
        "type": "data_connector",
        "id": id,
        "name": "",
        "description": "",
        "state": "draft",
        "url": Value::Null,
        "body": "",
        "headers": [],
        "http_method": "get",
        "direct_fin_usage": false,
        "audiences": [],
        "execution_type": "server_side",
        "configuration_response_type": "test_response_type",
        "data_transformation_type": "full_access",
        "client_function_name": Value::Null,
        "client_function_timeout_ms": 30_000,
        "data_inputs": [],
        "response_fields": [],
        "object_mappings": [],
        "token_ids": [],
        "customer_authentication": false,
        "bypass_authentication": false,
        "validate_missing_attributes": false,
        "created_by_admin_id": admin,
        "updated_by_admin_id": admin,
        "created_at": stamp,
        "updated_at": stamp,
        "execution_results_url": format!("/data_connectors/{id}/execution_results"),
    });
    common::copy(reference::fields(&mut made), &request.body, &FIELDS);
    workspace.reference.lists.data_connectors.push(made.clone());
    workspace.changed();
    Ok(Reply::with_status(201, &made))
}

/// Whether any workflow has called it, so that it cannot be taken away.
fn is_used(workspace: &Workspace, id: &Value) -> bool {
    workspace
        .reference
        .lists
        .executions
        .iter()
        .any(|execution| execution["data_connector_id"] == *id)
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &workspace.reference.lists.data_connectors;
    let place = records::place(rows, request.parameter("id"), unknown)?;
    check(&request.body)?;
    let id = rows[place]["id"].clone();
    if request.body["state"] == "draft" && is_used(workspace, &id) {
        return Err(Refusal::new(
            409,
            "data_connector_in_use",
            "Data connector is in use by other resources and cannot be set to draft",
        ));
    }
    let row = &mut workspace.reference.lists.data_connectors[place];
    common::copy(reference::fields(row), &request.body, &FIELDS);
    common::copy(reference::fields(row), &request.body, &["state"]);
    row["updated_at"] = json!(reference::iso(request.now));
    let shown = row.clone();
    workspace.changed();
    Ok(Reply::json(&shown))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &workspace.reference.lists.data_connectors;
    let place = records::place(rows, request.parameter("id"), unknown)?;
    let row = &rows[place];
    if is_used(workspace, &row["id"]) {
        return Err(Refusal::new(
            409,
            "data_connector_in_use",
            "Data connector is in use by other resources and cannot be deleted",
        ));
    }
    if row["state"] != "draft" {
        return Err(Refusal::new(
            409,
            "conflict",
            "Data connector must be in draft state to be deleted",
        ));
    }
    let gone = workspace.reference.lists.data_connectors.remove(place);
    workspace.changed();
    Ok(records::deleted(&gone["id"], "data_connector"))
}

/// The id of the connector in a path of two.
fn connector(workspace: &Workspace, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = request.parameter("data_connector_id");
    reference::find(&workspace.reference.lists.data_connectors, id)
        .map(|row| row["id"].clone())
        .ok_or_else(unknown)
}

/// A moment of the query, in unix seconds.
fn bound(request: &Request<'_>, name: &str) -> Result<Option<i64>, Refusal> {
    let read = |text: &str| {
        text.parse()
            .map_err(|_| Refusal::invalid(format!("{name} must be a Unix timestamp (integer)")))
    };
    request.query(name).map(read).transpose()
}

fn list_execution_results(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let connector = connector(workspace, request)?;
    let from = bound(request, "start_ts")?.unwrap_or(request.now - 3_600);
    let until = bound(request, "end_ts")?.unwrap_or(request.now);
    let error_type = request.query("error_type");
    if error_type.is_some_and(|asked| !ERROR_TYPES.contains(&asked)) {
        return Err(Refusal::invalid(format!(
            "Invalid error_type. Must be one of: {}",
            ERROR_TYPES.join(", ")
        )));
    }
    let success = request.query("success").map(|text| text == "true");
    let with_bodies = request.query("include_bodies") == Some("true");
    let mut rows: Vec<(i64, Value)> = workspace
        .reference
        .lists
        .executions
        .iter()
        .filter(|row| row["data_connector_id"] == connector)
        .filter(|row| success.is_none_or(|asked| row["success"] == asked))
        .filter(|row| error_type.is_none_or(|asked| row["error_type"] == asked))
        .map(|row| (records::seconds(&row["created_at"]), row.clone()))
        .filter(|(at, _)| from <= *at && *at <= until)
        .collect();
    if !with_bodies {
        for (_, row) in &mut rows {
            for field in ["request_body", "response_body", "raw_response_body"] {
                reference::fields(row).remove(field);
            }
        }
    }
    rows.sort_by_key(|(at, row)| std::cmp::Reverse((*at, row["id"].as_str().map(str::to_owned))));
    records::keyset_page(request, &rows, 10, 30)
}

fn get_execution_result(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let connector = connector(workspace, request)?;
    reference::find(&workspace.reference.lists.executions, request.parameter("id"))
        .filter(|row| row["data_connector_id"] == connector)
        .map(Reply::json)
        .ok_or_else(|| Refusal::new(404, "execution_result_not_found", "Execution result not found"))
}

/// A connector is run for a conversation; tells whether there is such a connector.
pub(crate) fn run(
    workspace: &mut Workspace,
    connector: Option<&str>,
    conversation: Option<u32>,
    works: bool,
    now: i64,
) -> bool {
    let connectors = &workspace.reference.lists.data_connectors;
    let found = match connector {
        Some(id) => reference::find(connectors, id),
        None => connectors.first(),
    };
    let Some(connector) = found.cloned() else {
        return false;
    };
    let number = workspace.reference.next_id();
    let took = 40 + texts::mix(workspace.seed, 94, number as u32) % 400;
    let conversation = conversation.map(|row| &workspace.conversations[row as usize]);
    let user = conversation
        .and_then(|held| held.contacts.first())
        .map(|contact| workspace.ids.contact(*contact));
    let conversation = conversation.map(|held| held.id(&workspace.ids));
    let (status, error) = if works {
        (json!(200), Value::Null)
    } else {
        (json!(502), json!("3rd_party_error"))
    };
    let answer = if works {
        json!("{\"status\":\"ok\"}")
    } else {
        Value::Null
    };
    let execution = json!({
        "type": "data_connector.execution",
        "id": number.to_string(),
        "data_connector_id": connector["id"],
        "success": works,
        "http_status": status,
        "http_method": connector["http_method"],
        "error_type": error,
        "error_message": if works { Value::Null } else { json!("The shop answered 502") },
        "execution_time_ms": took,
        "source_type": "workflow",
        "source_id": "67890",
        "conversation_id": conversation,
        "created_at": reference::iso(now),
        "request_url": connector["url"],
        "request_body": Value::Null,
        "response_body": answer,
        "raw_response_body": answer,
    });
    workspace.reference.lists.executions.insert(0, execution);
    workspace.changed();
    let item = object([
        ("type", "data_connector.execution".into()),
        ("id", number.to_string().into()),
        ("app_id", workspace.id_code.as_str().into()),
        ("action_id", (&connector["id"]).into()),
        ("action_name", (&connector["name"]).into()),
        ("success", works.into()),
        ("http_status", (&status).into()),
        // Notifications spell out what the list abbreviates.
        (
            "error_type",
            if works {
                Node::Null
            } else {
                "third_party_error".into()
            },
        ),
        ("execution_time_ms", took.into()),
        ("completed_at", reference::iso(now).into()),
        ("source_type", "workflow".into()),
        ("source_id", "67890".into()),
        ("conversation_id", conversation.into()),
        ("user_id", user.into()),
        ("admin_id", Node::Null),
    ]);
    workspace.happened(Topic::DataConnectorExecutionCompleted, Subject::Ready(item), now);
    true
}
