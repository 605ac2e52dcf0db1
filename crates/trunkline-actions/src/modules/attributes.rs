//! Custom attributes that the workspace does not have: refused, made, or left out, as the caller says.

use serde_json::{Map, Value, json};
use trunkline_client::Call;

use crate::{ActionError, Field, Problem, Run, Write};

/// The field that says what becomes of them.
pub(crate) fn field() -> Field {
    Field::choice(
        "unknown_attributes",
        &["fail", "create", "leave_out"],
        "What becomes of custom attributes that the workspace does not have.",
    )
    .default_to("fail")
}

/// The attributes that can be sent, once `policy` has been carried out for the others.
pub(crate) async fn settle(
    run: &mut Run,
    model: &str,
    given: &Map<String, Value>,
    policy: &str,
) -> Result<Map<String, Value>, ActionError> {
    if given.is_empty() {
        return Ok(Map::new());
    }
    let known = run
        .rows(Call::new("data_attributes.list").query("model", model), None)
        .await?;
    let is_known = |name: &str| {
        known
            .iter()
            .any(|one| one["custom"] == true && one["name"] == name && one["archived"] != true)
    };
    let unknown: Vec<&String> = given.keys().filter(|name| !is_known(name)).collect();
    match policy {
        "create" => {
            for name in &unknown {
                make(run, model, name, &given[*name]).await?;
            }
            Ok(given.clone())
        }
        "leave_out" => {
            for name in &unknown {
                run.note(format!(
                    "The workspace has no attribute {name:?}; it was left out."
                ));
            }
            let kept = given.iter().filter(|(name, _)| is_known(name));
            Ok(kept.map(|(name, value)| (name.clone(), value.clone())).collect())
        }
        _ if unknown.is_empty() => Ok(given.clone()),
        _ => {
            let names: Vec<String> = unknown.iter().map(|name| format!("{name:?}")).collect();
            Err(ActionError::refused(
                "TL0743",
                format!(
                    "the workspace has no custom attribute {} of a {model}",
                    names.join(", ")
                ),
                "Check the names (`trunkline lookup data_attributes`), or say `unknown_attributes=create` or `leave_out`.",
            ))
        }
    }
}

async fn make(run: &mut Run, model: &str, name: &str, value: &Value) -> Result<(), ActionError> {
    let Some(data_type) = type_of(value) else {
        let what = "names an attribute that is new; its value does not tell of which type it is";
        return Err(run.misfits(vec![Problem::new(format!("custom_attributes.{name}"), what)]));
    };
    run.note(format!(
        "The attribute {name:?} is new; it is made as {data_type}."
    ));
    run.write(
        Write::new("data_attributes.create")
            .makes_new()
            .payload(json!({ "name": name, "model": model, "data_type": data_type })),
    )
    .await?;
    Ok(())
}

fn type_of(value: &Value) -> Option<&'static str> {
    match value {
        Value::String(_) => Some("string"),
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("float"),
        Value::Number(_) => Some("integer"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
