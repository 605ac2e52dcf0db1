//! Every simulated operation, by resource. A resource is one file; its operations are one table at the file's top.

pub(crate) mod activity_logs;
pub(crate) mod admins;
mod articles;
mod attribute_values;
mod audiences;
mod banners;
pub(crate) mod bulk_jobs;
pub(crate) mod calls;
mod collections;
pub(crate) mod common;
pub(crate) mod companies;
mod company_search;
mod contact_activities;
mod contact_lists;
pub(crate) mod contact_merges;
pub(crate) mod contacts;
mod content;
mod content_exports;
mod content_import_sources;
mod content_snippets;
mod conversation_attributes;
pub(crate) mod conversation_reads;
pub(crate) mod conversations;
pub(crate) mod custom_object_instances;
mod data_attributes;
pub(crate) mod data_connectors;
pub(crate) mod data_events;
pub(crate) mod ecommerce;
mod external_pages;
pub(crate) mod fin;
mod fin_voice;
mod folders;
mod help_center_sections;
mod internal_articles;
pub(crate) mod ip_allowlist;
mod lists;
mod messages;
mod news_items;
mod notes;
mod office_hours_exceptions;
mod office_hours_schedules;
mod outbound_messages;
mod phone_call_redirects;
mod records;
mod reporting_exports;
mod secure_mode_secrets;
mod side_conversations;
mod subscription_types;
pub(crate) mod tags;
mod ticket_reads;
mod ticket_types;
mod tickets;
pub(crate) mod visitors;
mod workflows;

use std::{collections::HashMap, sync::LazyLock};

use crate::{reply::Answer, request::Request, workspace::Workspace};

/// What answers an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Handler {
    /// Changes nothing; many may run at once.
    Read(fn(&Workspace, &Request<'_>) -> Answer),
    /// May change the workspace.
    Write(fn(&mut Workspace, &Request<'_>) -> Answer),
}

/// The tables of all resources.
const TABLES: &[&[(&str, Handler)]] = &[
    activity_logs::HANDLERS,
    admins::HANDLERS,
    articles::HANDLERS,
    audiences::HANDLERS,
    banners::HANDLERS,
    bulk_jobs::HANDLERS,
    calls::HANDLERS,
    collections::HANDLERS,
    help_center_sections::HANDLERS,
    companies::HANDLERS,
    company_search::HANDLERS,
    contact_activities::HANDLERS,
    contact_lists::HANDLERS,
    contact_merges::HANDLERS,
    contacts::HANDLERS,
    content::HANDLERS,
    content_exports::HANDLERS,
    content_import_sources::HANDLERS,
    content_snippets::HANDLERS,
    conversation_attributes::HANDLERS,
    conversation_reads::HANDLERS,
    conversations::HANDLERS,
    custom_object_instances::HANDLERS,
    data_attributes::HANDLERS,
    data_connectors::HANDLERS,
    data_events::HANDLERS,
    ecommerce::HANDLERS,
    external_pages::HANDLERS,
    fin::HANDLERS,
    fin_voice::HANDLERS,
    folders::HANDLERS,
    internal_articles::HANDLERS,
    ip_allowlist::HANDLERS,
    lists::HANDLERS,
    messages::HANDLERS,
    news_items::HANDLERS,
    notes::HANDLERS,
    office_hours_exceptions::HANDLERS,
    office_hours_schedules::HANDLERS,
    outbound_messages::HANDLERS,
    phone_call_redirects::HANDLERS,
    reporting_exports::HANDLERS,
    secure_mode_secrets::HANDLERS,
    side_conversations::HANDLERS,
    subscription_types::HANDLERS,
    tags::HANDLERS,
    ticket_reads::HANDLERS,
    ticket_types::HANDLERS,
    tickets::HANDLERS,
    visitors::HANDLERS,
    workflows::HANDLERS,
];

static HANDLERS: LazyLock<HashMap<&'static str, Handler>> =
    LazyLock::new(|| TABLES.iter().flat_map(|table| table.iter().copied()).collect());

/// What answers the operation with this id, if it is simulated.
pub(crate) fn handler(operation: &str) -> Option<Handler> {
    HANDLERS.get(operation).copied()
}

#[cfg(test)]
mod tests {
    use rand::{RngExt as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use serde_json::{Value, json};
    use trunkline_catalog::{Catalog, Operation};

    use super::*;
    use crate::testing::TestSim;

    /// Something that a careless caller might send.
    fn anything(known: &[String], depth: u32, rng: &mut ChaCha8Rng) -> Value {
        match rng.random_range(0..if depth == 0 { 8 } else { 11 }) {
            0 => Value::Null,
            1 => json!(rng.random_bool(0.5)),
            2 => json!([-3, 0, 1_700_000_000, i64::MAX, i64::MIN][rng.random_range(0..5)]),
            3 => json!(-0.5),
            4 => json!(""),
            5 => json!("ünïcode <b>&"),
            6 | 7 => json!(known[rng.random_range(0..known.len())]),
            8 => json!([anything(known, depth - 1, rng), anything(known, depth - 1, rng)]),
            _ => {
                json!({ "id": anything(known, depth - 1, rng), "type": anything(known, depth - 1, rng), "value": 1 })
            }
        }
    }

    /// A body with some of the operation's fields, mostly of the right type.
    fn body(operation: &Operation, known: &[String], rng: &mut ChaCha8Rng) -> Value {
        let mut body = json!({});
        for field in &operation.body_fields {
            if field.name.contains(['.', '[']) || rng.random_bool(0.2) {
                continue;
            }
            body[field.name] = match field.enumeration.as_slice() {
                [] => anything(known, 2, rng),
                words => json!(words[rng.random_range(0..words.len())]),
            };
        }
        body
    }

    #[test]
    fn whatever_is_sent_gets_an_answer() {
        let sim = TestSim::new();
        let mut rng = ChaCha8Rng::seed_from_u64(11);
        let mut known: Vec<String> = ["0", "1", "last", "admin", "user", "comment", "=", "name"]
            .map(str::to_owned)
            .to_vec();
        for path in [
            "/contacts",
            "/conversations",
            "/companies",
            "/admins",
            "/teams",
            "/tags",
            "/ticket_types",
            "/ticket_states",
            "/articles",
        ] {
            let (_, list) = sim.json("GET", path, None);
            let rows = list
                .as_object()
                .unwrap()
                .values()
                .find_map(Value::as_array)
                .unwrap();
            known.extend(
                rows.iter()
                    .take(3)
                    .map(|row| row["id"].as_str().unwrap().to_owned()),
            );
        }
        for operation in Catalog::embedded().operations() {
            let sim = TestSim {
                version: operation.versions.1.as_str(),
                ..TestSim::new()
            };
            for _ in 0..40 {
                let path: Vec<&str> = operation
                    .path
                    .split('/')
                    .map(|part| {
                        if part.starts_with('{') {
                            known[rng.random_range(0..known.len())].as_str()
                        } else {
                            part
                        }
                    })
                    .collect();
                let query = format!(
                    "?page={}&per_page={}",
                    rng.random_range(-1..4),
                    rng.random_range(-1..400)
                );
                let body = body(operation, &known, &mut rng);
                let reply = sim.call(
                    operation.method.as_str(),
                    &format!("{}{query}", path.join("/")),
                    Some(&body),
                );
                assert!(reply.status != 500, "{} {body}", operation.id);
                let is_json = reply.body.is_empty() || serde_json::from_slice::<Value>(&reply.body).is_ok();
                assert!(
                    is_json || reply.content_type != "application/json; charset=utf-8",
                    "{} {body}",
                    operation.id
                );
            }
        }
    }

    #[test]
    fn every_operation_of_every_version_is_simulated() {
        let missing: Vec<&str> = Catalog::embedded()
            .operations()
            .iter()
            .map(|operation| operation.id)
            .filter(|id| handler(id).is_none())
            .collect();
        assert_eq!(missing, Vec::<&str>::new());
    }

    #[test]
    fn every_handler_answers_an_operation_of_the_catalog_and_only_one_does() {
        for (operation, _) in TABLES.iter().flat_map(|table| table.iter()) {
            assert!(Catalog::embedded().operation(operation).is_some(), "{operation}");
        }
        assert_eq!(
            HANDLERS.len(),
            TABLES.iter().map(|table| table.len()).sum::<usize>()
        );
    }
}
