//! `trunkline scopes`: the fewest permissions to tick for what somebody means to do.
//!
//! The one rule: what is printed is enough for everything that was chosen, and nothing in it is needless. The sums are the
//! catalog's; this file reads names and prints.

use std::{collections::BTreeSet, process::ExitCode};

use serde::Serialize;
use trunkline_actions::Action;
use trunkline_catalog::{Catalog, Need, Permission, PermissionName, Stream, fewest, permission, permissions};
use trunkline_components::{Asks, asks};

use super::{flow, streams};
use crate::{
    cli,
    failure::Failure,
    output::{self, json},
};

/// What to tick, and why.
#[derive(Debug, Serialize)]
pub(crate) struct Scopes {
    /// The permissions, in the order of the Developer Hub.
    pub(crate) permissions: Vec<Tick>,
    /// Permissions without which a chosen stream is read, but not whole.
    pub(crate) advisable: Vec<Advice>,
    /// Names that were given, with what they are today.
    pub(crate) understood: Vec<Understood>,
    /// What was chosen and works with any token.
    pub(crate) without_permission: Vec<String>,
}

/// One permission to tick.
#[derive(Debug, Serialize)]
pub(crate) struct Tick {
    pub(crate) permission: &'static str,
    pub(crate) group: &'static str,
    pub(crate) needed_for: Vec<String>,
    pub(crate) allows: &'static str,
}

/// One permission that makes streams whole.
#[derive(Debug, Serialize)]
pub(crate) struct Advice {
    pub(crate) permission: &'static str,
    pub(crate) completes: Vec<&'static str>,
    pub(crate) cost: &'static str,
}

/// A name that was given.
#[derive(Debug, Serialize)]
pub(crate) struct Understood {
    pub(crate) given: String,
    pub(crate) permission: &'static str,
    /// `label`, `in_refusals` or `alias`: Intercom itself has no permission of an alias's name.
    pub(crate) name_is: &'static str,
}

/// Something that was chosen, with what it needs.
struct Chosen {
    name: String,
    needs: Vec<Need>,
}

/// Prints the fewest permissions for what was chosen; for every stream when nothing was.
pub(crate) fn run(arguments: &cli::Scopes) -> Result<ExitCode, Failure> {
    let scopes = scopes(arguments)?;
    if arguments.json {
        json::print(&scopes)?;
    } else {
        output::permissions::print_scopes(&scopes)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn scopes(arguments: &cli::Scopes) -> Result<Scopes, Failure> {
    let catalog = Catalog::embedded();
    let mut asked = Asks {
        actions: arguments.actions.clone(),
        topics: arguments.topics.clone(),
        streams: arguments.streams.clone(),
    };
    for path in &arguments.flows {
        let of_flow = asks(&flow::check::read(path)?.document);
        asked.actions.extend(of_flow.actions);
        asked.topics.extend(of_flow.topics);
        asked.streams.extend(of_flow.streams);
    }
    let mut chosen = Vec::new();
    for name in &asked.streams {
        let name = name.trim();
        if name == "*" {
            chosen.extend(catalog.streams().iter().map(|stream| of_stream(catalog, stream)));
            continue;
        }
        let stream = catalog
            .stream(name)
            .ok_or_else(|| streams::unknown(catalog, name))?;
        chosen.push(of_stream(catalog, stream));
    }
    for name in &asked.actions {
        chosen.extend(actions(name.trim())?.into_iter().map(|action| {
            Chosen {
                name: action.id.to_owned(),
                needs: action
                    .operations
                    .iter()
                    .filter_map(|id| Need::of_operation(catalog.operation(id)?))
                    .collect(),
            }
        }));
    }
    chosen.extend(
        catalog
            .expand_topics(&asked.topics)?
            .into_iter()
            .map(|topic| Chosen {
                name: topic.name.to_owned(),
                needs: Need::of_topic(topic).into_iter().collect(),
            }),
    );
    let understood = arguments
        .names
        .iter()
        .map(|name| understand(name))
        .collect::<Result<Vec<_>, _>>()?;
    if chosen.is_empty() && understood.is_empty() && arguments.flows.is_empty() {
        chosen.extend(catalog.streams().iter().map(|stream| of_stream(catalog, stream)));
    }
    chosen.extend(understood.iter().map(|understood| Chosen {
        name: understood.given.clone(),
        needs: vec![Need::of_label(understood.permission)],
    }));
    let needs: BTreeSet<Need> = chosen.iter().flat_map(|chosen| &chosen.needs).cloned().collect();
    let ticks = fewest(&needs);
    Ok(Scopes {
        advisable: advisable(&ticks, &chosen),
        permissions: ticks.iter().map(|permission| tick(permission, &chosen)).collect(),
        without_permission: each_once(
            chosen
                .iter()
                .filter(|chosen| chosen.needs.is_empty())
                .map(|chosen| chosen.name.as_str()),
        ),
        understood,
    })
}

fn of_stream(catalog: &Catalog, stream: &Stream) -> Chosen {
    Chosen {
        name: stream.name.to_owned(),
        needs: Need::of_stream(catalog, stream),
    }
}

/// One action, or all of a family. A module needs what the operations that it may call need.
fn actions(name: &str) -> Result<Vec<&'static Action>, Failure> {
    if let Some(family) = name.strip_suffix(".*") {
        let of_family: Vec<&Action> = trunkline_actions::actions()
            .iter()
            .filter(|action| action.family() == family)
            .collect();
        if !of_family.is_empty() {
            return Ok(of_family);
        }
    }
    Ok(vec![trunkline_actions::action(name)?])
}

fn understand(name: &str) -> Result<Understood, Failure> {
    let Some((found, how)) = permission(name) else {
        return Err(unknown(name));
    };
    Ok(Understood {
        given: name.to_owned(),
        permission: found.label,
        name_is: match how {
            PermissionName::Label => "label",
            PermissionName::InRefusals => "in_refusals",
            PermissionName::Alias => "alias",
        },
    })
}

fn unknown(name: &str) -> Failure {
    let words: Vec<String> = name
        .split(|character: char| !character.is_alphanumeric())
        .map(str::to_lowercase)
        .filter(|word| word.len() > 3 && !matches!(word.as_str(), "read" | "write" | "list"))
        .map(|word| word.trim_end_matches('s').to_owned())
        .collect();
    let near: Vec<String> = permissions()
        .iter()
        .filter(|known| {
            let label = known.label.to_lowercase();
            words.iter().any(|word| label.contains(word))
        })
        .take(4)
        .map(|known| format!("\"{}\"", known.label))
        .collect();
    let advice = if near.is_empty() {
        "docs/reference/permissions.md lists them all.".to_owned()
    } else {
        format!(
            "Near it: {}. docs/reference/permissions.md lists them all.",
            near.join(", ")
        )
    };
    Failure::usage("TL0011", format!("there is no permission {name:?}"), advice)
}

fn tick(permission: &Permission, chosen: &[Chosen]) -> Tick {
    let needs_it = |chosen: &&Chosen| chosen.needs.iter().any(|need| permission.serves(need));
    Tick {
        permission: permission.label,
        group: permission.group.as_str(),
        needed_for: each_once(chosen.iter().filter(needs_it).map(|chosen| chosen.name.as_str())),
        allows: permission.allows,
    }
}

fn advisable(ticks: &[&Permission], chosen: &[Chosen]) -> Vec<Advice> {
    permissions()
        .iter()
        .filter(|permission| !ticks.iter().any(|tick| tick.label == permission.label))
        .filter_map(|permission| {
            let is_chosen = |stream: &&&str| chosen.iter().any(|chosen| chosen.name == **stream);
            let completes: Vec<&str> = permission.completes.iter().filter(is_chosen).copied().collect();
            (!completes.is_empty()).then_some(Advice {
                permission: permission.label,
                completes,
                cost: permission.cost,
            })
        })
        .collect()
}

fn each_once<'n>(names: impl Iterator<Item = &'n str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names
        .filter(|name| seen.insert(*name))
        .map(str::to_owned)
        .collect()
}
