//! People who sign in to the console: list, invite, change the role, forget.
//!
//! The one rule: a link is shown in the answer that makes it and never again; and the last person with the role admin who can sign in
//! stays one, so that nobody locks everybody out.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_store::{Person, Role};
use utoipa::ToSchema;

use super::{
    given,
    keys::RoleName,
    read::{Body, Named},
    route::{Route, Verb},
};
use crate::{invitations, reply::Refusal, shared::Shared};

/// Somebody who may sign in.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Person)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The name to sign in with.
    pub(crate) name: String,
    /// What they may do.
    #[schema(value_type = RoleName)]
    pub(crate) role: Role,
    /// Whether they chose a password yet.
    pub(crate) has_password: bool,
    /// When they were invited.
    pub(crate) created_at: Timestamp,
    /// When they last signed in.
    pub(crate) signed_in_at: Option<Timestamp>,
}

/// Everybody.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct People {
    /// The people, by name.
    pub(crate) items: Vec<Shown>,
}

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPerson {
    /// The name to sign in with: an address of mail, or any short word.
    pub(crate) name: String,
    /// What they may do.
    pub(crate) role: RoleName,
}

/// Another role.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewRole {
    /// What they may do.
    pub(crate) role: RoleName,
}

/// Somebody, and the link by which they choose a password.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct Invited {
    /// The person.
    pub(crate) person: Shown,
    /// The link, shown this once: good once, for three days. It opens the console to whoever has it.
    pub(crate) url: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Admin,
            Verb::Get,
            "/people",
            "people.list",
            "Lists who may sign in to the console.",
            list,
        )
        .answers::<People>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/people",
            "people.invite",
            "Invites somebody to the console, by a link that is shown this once.",
            invite,
        )
        .takes::<NewPerson>()
        .answers::<Invited>(StatusCode::CREATED)
        .may_conflict(),
        Route::new(
            Role::Admin,
            Verb::Patch,
            "/people/{name}",
            "people.change",
            "Gives somebody another role, from now on, also where they are signed in.",
            change,
        )
        .takes::<NewRole>()
        .answers::<Shown>(StatusCode::OK)
        .may_conflict(),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/people/{name}/link",
            "people.link",
            "Makes a new link by which somebody chooses a password; earlier ones are over.",
            link,
        )
        .answers::<Invited>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Delete,
            "/people/{name}",
            "people.remove",
            "Forgets somebody and signs them out. The last one with the role admin stays.",
            remove,
        )
        .may_conflict(),
    ]
}

/// Everybody.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<People>, Refusal> {
    let people = shared.store.people().await?;
    Ok(Json(People {
        items: people.into_iter().map(Shown::from).collect(),
    }))
}

/// Invites somebody.
pub(crate) async fn invite(
    State(shared): State<Arc<Shared>>,
    Body(new): Body<NewPerson>,
) -> Result<(StatusCode, Json<Invited>), Refusal> {
    let person = shared
        .store
        .add_person(&new.name, new.role.into(), shared.clock.now())
        .await
        .map_err(given::at_field("name"))?;
    Ok((StatusCode::CREATED, Json(invited(&shared, person).await?)))
}

/// Gives somebody another role.
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(new): Body<NewRole>,
) -> Result<Json<Shown>, Refusal> {
    let role = Role::from(new.role);
    let person = shared.store.person(&name).await?;
    if role != Role::Admin {
        leaves_an_admin(&shared, &person).await?;
    }
    shared.store.set_role(&person.id, role).await?;
    Ok(Json(shared.store.person(&person.id).await?.into()))
}

/// Makes a new link.
pub(crate) async fn link(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Invited>, Refusal> {
    let person = shared.store.person(&name).await?;
    Ok(Json(invited(&shared, person).await?))
}

/// Forgets somebody.
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    let person = shared.store.person(&name).await?;
    leaves_an_admin(&shared, &person).await?;
    shared.store.remove_person(&person.id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn invited(shared: &Shared, person: Person) -> Result<Invited, Refusal> {
    let here = shared
        .options
        .reached_at()
        .map_err(|error| Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), error.to_string()))?;
    let url = invitations::invite(&shared.store, &person.id, &here, shared.clock.now()).await?;
    Ok(Invited {
        person: person.into(),
        url: url.into(),
    })
}

async fn leaves_an_admin(shared: &Shared, person: &Person) -> Result<(), Refusal> {
    if person.role != Role::Admin || !person.has_password {
        return Ok(());
    }
    let people = shared.store.people().await?;
    let others = people
        .iter()
        .any(|other| other.id != person.id && other.role == Role::Admin && other.has_password);
    if others {
        return Ok(());
    }
    let message =
        "this is the last person with the role `admin` who can sign in; give somebody else the role first";
    Err(Refusal::new(StatusCode::CONFLICT, "TL0930", message))
}

impl From<Person> for Shown {
    fn from(person: Person) -> Self {
        Self {
            id: person.id,
            name: person.name,
            role: person.role,
            has_password: person.has_password,
            created_at: person.created_at,
            signed_in_at: person.signed_in_at,
        }
    }
}
