//! A conversation as a thread; what belongs to a contact or a company.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use trunkline_mirror::browse::{About, Record, Related, Thread};
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{PATIENCE, look};
use crate::{
    api::{
        read::Named,
        route::{Route, Verb},
    },
    reply::Refusal,
    shared::Shared,
};

/// A contact or a company with what belongs to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Portrait {
    /// Its own record.
    pub(crate) record: Record,
    /// What belongs to it, kind by kind; at most fifty of each.
    pub(crate) related: Vec<Related>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/conversations/{id}",
            "data.conversation",
            "Shows a conversation as a thread. What was written is HTML that nobody has cleaned.",
            conversation,
        )
        .answers::<Thread>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/contacts/{id}",
            "data.contact",
            "Shows a contact with companies, tags, conversations, tickets, notes and events.",
            contact,
        )
        .answers::<Portrait>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/companies/{id}",
            "data.company",
            "Shows a company with its contacts, their conversations, tags and notes.",
            company,
        )
        .answers::<Portrait>(StatusCode::OK),
    ]
}

/// A conversation.
pub(crate) async fn conversation(
    State(shared): State<Arc<Shared>>,
    Named((name, id)): Named<(String, String)>,
) -> Result<Json<Thread>, Refusal> {
    look::look(&shared, &name, PATIENCE, move |reader| reader.thread(&id))
        .await
        .map(Json)
}

/// A contact.
pub(crate) async fn contact(
    state: State<Arc<Shared>>,
    Named((name, id)): Named<(String, String)>,
) -> Result<Json<Portrait>, Refusal> {
    portrait(state, name, id, "contacts", About::Contact).await
}

/// A company.
pub(crate) async fn company(
    state: State<Arc<Shared>>,
    Named((name, id)): Named<(String, String)>,
) -> Result<Json<Portrait>, Refusal> {
    portrait(state, name, id, "companies", About::Company).await
}

async fn portrait(
    State(shared): State<Arc<Shared>>,
    name: String,
    id: String,
    stream: &'static str,
    about: About,
) -> Result<Json<Portrait>, Refusal> {
    look::look(&shared, &name, PATIENCE, move |reader| {
        let record = reader.record(stream, &id)?;
        let related = reader.related_to(about, &id)?;
        Ok(Portrait { record, related })
    })
    .await
    .map(Json)
}
