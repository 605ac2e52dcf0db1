//! Custom attributes before they are sent: Intercom refuses a whole write for one name that it does not know.
//!
//! The one rule: what is wrong with any of them is found before the contact is looked for, all of it at once.

use std::sync::Arc;

use serde_json::{Map, Value, json};
use trunkline_client::ErrorKind;

use super::{
    shelf::List,
    values::{fit, guess},
};
use crate::{ActionError, Run, Workspace, Write};

/// What becomes of a custom attribute that the workspace does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unknown {
    /// The call is refused.
    Fail,
    /// The attribute is made, of the type that its value asks for.
    Create,
    /// Its value is not sent.
    LeaveOut,
}

impl Unknown {
    /// What the word for it says.
    pub(crate) fn of(word: Option<&str>) -> Self {
        match word {
            Some("create") => Self::Create,
            Some("leave_out") => Self::LeaveOut,
            _ => Self::Fail,
        }
    }
}

/// The custom attributes as they are sent.
pub(super) async fn settle(
    run: &mut Run,
    given: &Map<String, Value>,
    unknown: Unknown,
) -> Result<Map<String, Value>, ActionError> {
    let names: Vec<&str> = given.keys().map(String::as_str).collect();
    let workspace = run.workspace().clone();
    let at_hand = workspace.people().attributes.at_hand(&names, workspace.now());
    let list = match at_hand {
        Some(list) if unknown != Unknown::Create || missing(&list, given).is_empty() => list,
        _ => match look(run, &workspace, given, unknown).await {
            Ok(list) => list,
            // Whoever may not read the list may still write: then Intercom is the judge.
            Err(ActionError::Call(error))
                if unknown == Unknown::Fail
                    && matches!(error.kind, ErrorKind::Forbidden | ErrorKind::Unauthorized) =>
            {
                return Ok(given.clone());
            }
            Err(error) => return Err(error),
        },
    };
    check(run, &list, given, unknown)
}

/// Fetches the list, and makes what it lacks when that is wanted; one at a time in this process.
async fn look(
    run: &mut Run,
    workspace: &Workspace,
    given: &Map<String, Value>,
    unknown: Unknown,
) -> Result<Arc<List>, ActionError> {
    let shelf = &workspace.people().attributes;
    let names: Vec<&str> = given.keys().map(String::as_str).collect();
    let _turn = shelf.turn.lock().await;
    let mut list = match shelf.at_hand(&names, workspace.now()) {
        // Somebody else fetched it while this one waited.
        Some(list) => list,
        None => shelf.fetch(run).await?,
    };
    if unknown != Unknown::Create {
        return Ok(list);
    }
    for name in missing(&list, given) {
        let value = &given[name];
        // There is nothing to take away from an attribute that does not exist.
        if value.is_null() || value == "" {
            continue;
        }
        let Some(data_type) = guess(value).filter(|_| may_be_a_name(name)) else {
            return Err(misfit(&[format!(
                "`custom_attributes.{name}` cannot be made from what is given"
            )]));
        };
        let body = json!({ "name": name, "model": "contact", "data_type": data_type });
        let mut expected = body.clone();
        expected["id"] = json!("(new)");
        let made = run
            .write(
                Write::new("data_attributes.create")
                    .makes_new()
                    .payload(body)
                    .expecting(expected),
            )
            .await;
        match made {
            // What is only planned does not exist.
            Ok(made) if run.is_planning() => list = Arc::new(list.with(name, &made)),
            Ok(made) => list = shelf.add(&list, name, &made),
            Err(ActionError::Call(error)) if error.kind == ErrorKind::Invalid => {
                // Another process may have made it a moment ago.
                list = shelf.fetch(run).await?;
                if list.get(name).is_none() {
                    return Err(misfit(&[format!(
                        "`custom_attributes.{name}` cannot be made: {}",
                        error.message
                    )]));
                }
            }
            Err(error) => return Err(error),
        }
    }
    Ok(list)
}

/// The values in the form of their attributes, those of unknown ones by choice.
fn check(
    run: &mut Run,
    list: &List,
    given: &Map<String, Value>,
    unknown: Unknown,
) -> Result<Map<String, Value>, ActionError> {
    let (mut fitted, mut nameless, mut wrong) = (Map::new(), Vec::new(), Vec::new());
    for (name, value) in given {
        let Some(attribute) = list.get(name) else {
            match unknown {
                // A list of ids may tie the contact to custom objects, which are on no list of attributes.
                Unknown::Fail if value.is_array() => {
                    fitted.insert(name.clone(), value.clone());
                }
                Unknown::Fail => nameless.push(format!("`custom_attributes.{name}`")),
                Unknown::LeaveOut | Unknown::Create => run.note(format!(
                    "`custom_attributes.{name}` is left out: contacts of this workspace have no such attribute."
                )),
            }
            continue;
        };
        if !attribute.is_writable {
            wrong.push(format!(
                "`custom_attributes.{name}` is filled by Intercom and cannot be written"
            ));
            continue;
        }
        let zone = run.zone().clone();
        match fit(attribute, value, run.now(), &zone) {
            Ok(value) => {
                fitted.insert(name.clone(), value);
            }
            Err(what) => wrong.push(format!("`custom_attributes.{name}` {what}")),
        }
    }
    if !nameless.is_empty() {
        return Err(ActionError::refused(
            "TL0736",
            format!("contacts of this workspace have no {}", nameless.join(", ")),
            "Check the names (`trunkline call data_attributes.list model=contact`), or choose `unknown_attributes=create` or `leave_out`.",
        ));
    }
    if !wrong.is_empty() {
        return Err(misfit(&wrong));
    }
    Ok(fitted)
}

fn missing<'a>(list: &List, given: &'a Map<String, Value>) -> Vec<&'a str> {
    given
        .keys()
        .map(String::as_str)
        .filter(|name| list.get(name).is_none())
        .collect()
}

/// Intercom takes no dots in the name of an attribute, and none that is empty or endless.
fn may_be_a_name(name: &str) -> bool {
    !name.trim().is_empty() && name.len() <= 190 && !name.contains(['.', '$', '<', '>', '@', '!', '#'])
}

fn misfit(wrong: &[String]) -> ActionError {
    ActionError::refused(
        "TL0737",
        wrong.join("; "),
        "Give values of the attributes' own types; `trunkline call data_attributes.list model=contact` shows them.",
    )
}
