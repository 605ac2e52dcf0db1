//! `trunkline people`: who may sign in to the console.

use std::process::ExitCode;

use serde::Serialize;
use trunkline_server::invite;
use trunkline_store::{Person, Role, Store};

use super::serve::public_url;
use crate::{
    cli::{self, PeopleCommand},
    failure::Failure,
    output::{json, tables},
    store,
};

/// A link that was just made; shown this once.
#[derive(Serialize)]
struct Invited<'p> {
    person: &'p Person,
    url: &'p str,
}

/// Does what is asked of people.
pub(crate) async fn run(arguments: cli::People) -> Result<ExitCode, Failure> {
    let store = store::open(&arguments.data).await?;
    let outcome = act(&store, arguments.command, arguments.json).await;
    store.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn act(store: &Store, command: PeopleCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        PeopleCommand::List => list(&store.people().await?, as_json),
        PeopleCommand::Remove { name } => {
            store.remove_person(&name).await?;
            json::line(&format!("{name} can no longer sign in."))
        }
        PeopleCommand::Invite { name, role, reached } => {
            let role: Role = role.parse()?;
            public_url(&reached.public_url)?;
            let person = store.add_person(&name, role, store::now()).await?;
            link(store, &person, &reached, as_json).await
        }
        PeopleCommand::Link { name, reached } => {
            let person = store.person(&name).await?;
            link(store, &person, &reached, as_json).await
        }
    }
}

async fn link(store: &Store, person: &Person, reached: &cli::Reached, as_json: bool) -> Result<(), Failure> {
    let here = public_url(&reached.public_url)?;
    let url = invite(store, &person.id, &here, store::now()).await?;
    if as_json {
        let url = url.as_str();
        return json::print(&Invited { person, url });
    }
    json::line(url.as_str())?;
    json::line(&format!(
        "With this link {} chooses a password; it is good once, for three days.",
        person.name
    ))
}

fn list(people: &[Person], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json::print(&people);
    }
    if people.is_empty() {
        return json::line(
            "Nobody may sign in yet. Invite somebody with `trunkline people invite NAME --role admin`.",
        );
    }
    let mut table = tables::new(&["name", "role", "password", "last signed in"]);
    for person in people {
        table.add_row([
            person.name.clone(),
            person.role.to_string(),
            if person.has_password { "yes" } else { "not yet" }.to_owned(),
            person
                .signed_in_at
                .map_or_else(String::new, super::connections::moment),
        ]);
    }
    json::line(&table.to_string())
}
