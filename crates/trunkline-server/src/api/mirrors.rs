//! Mirrors: list, add, show, pause, let go on, run now, forget. `runs.rs` has their runs.
//!
//! The one rule: a mirror that is added here writes into the data folder, to a file of its own; a path that leads anywhere else
//! is for whoever has the command line.

use std::{
    collections::BTreeMap,
    path::{Component, Path},
    sync::Arc,
};

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_catalog::Catalog;
use trunkline_mirror::storage::ColumnRef;
use trunkline_store::{Mirror, MirrorDetails, NewMirror, Role};
use utoipa::ToSchema;

use super::{
    given,
    read::{Body, Named},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// The shortest and the longest time between two runs, in seconds.
const INTERVALS: std::ops::RangeInclusive<u64> = 10..=31 * 24 * 60 * 60;
/// The longest path of a target.
const LONGEST_PATH: usize = 200;
/// Our own files in the data folder.
const OWN_FILES: [&str; 3] = ["trunkline.db", "secret.key", "trunkline.toml"];
/// The most streams, types or columns that can be named.
const MOST_NAMES: usize = 500;

/// A mirror.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Mirror)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The name that people use.
    pub(crate) name: String,
    /// The name of its connection.
    pub(crate) connection: String,
    /// The streams; all when none are named.
    pub(crate) streams: Option<Vec<String>>,
    /// The types of custom objects.
    pub(crate) custom_objects: Vec<String>,
    /// Where to, such as `sqlite:mirror.db`.
    pub(crate) to: String,
    /// Seconds between the beginnings of two runs.
    pub(crate) interval_seconds: u64,
    /// Whether every version of every row is kept.
    pub(crate) keeps_history: bool,
    /// Columns that are left out, as `stream.column`.
    pub(crate) exclude: Vec<String>,
    /// Columns that are stored only as a hash.
    pub(crate) hash: Vec<String>,
    /// Whether notifications are applied as they come.
    pub(crate) follows_webhooks: bool,
    /// Whether somebody paused it.
    pub(crate) is_paused: bool,
    /// When the next run is due.
    pub(crate) next_run_at: Timestamp,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it last changed.
    pub(crate) updated_at: Timestamp,
}

/// All mirrors.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Mirrors {
    /// The mirrors, by name.
    pub(crate) items: Vec<Shown>,
}

/// A mirror to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewMirror)]
pub(crate) struct New {
    /// The name to give it.
    pub(crate) name: String,
    /// The connection, by its name; the default one when none is named.
    pub(crate) connection: Option<String>,
    /// The streams; all when none are named.
    pub(crate) streams: Option<Vec<String>>,
    /// The types of custom objects.
    #[serde(default)]
    pub(crate) custom_objects: Vec<String>,
    /// Where to: `sqlite:FILE`, a path in the data folder without `..`.
    pub(crate) to: String,
    /// Seconds between the beginnings of two runs, from 10 to 2678400; 600 when it is left out.
    #[serde(default = "ten_minutes")]
    #[schema(minimum = 10, maximum = 2_678_400)]
    pub(crate) interval_seconds: u64,
    /// Whether every version of every row is kept.
    #[serde(default)]
    pub(crate) keeps_history: bool,
    /// Columns to leave out, as `stream.column`.
    #[serde(default)]
    pub(crate) exclude: Vec<String>,
    /// Columns to store only as a hash.
    #[serde(default)]
    pub(crate) hash: Vec<String>,
    /// Whether notifications are applied as they come; they are when it is left out.
    #[serde(default = "yes")]
    pub(crate) follows_webhooks: bool,
}

const fn ten_minutes() -> u64 {
    600
}

const fn yes() -> bool {
    true
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors",
            "mirrors.list",
            "Lists the mirrors that are kept by this process and those that share its store.",
            list,
        )
        .answers::<Mirrors>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/mirrors",
            "mirrors.add",
            "Adds a mirror. Its first run is due at once.",
            add,
        )
        .takes::<New>()
        .answers::<Shown>(StatusCode::CREATED)
        .may_conflict(),
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}",
            "mirrors.show",
            "Shows a mirror.",
            show,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Delete,
            "/mirrors/{name}",
            "mirrors.remove",
            "Forgets a mirror and its runs. What it wrote stays.",
            remove,
        ),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/mirrors/{name}/pause",
            "mirrors.pause",
            "Begins no more runs of a mirror for now.",
            pause,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/mirrors/{name}/resume",
            "mirrors.resume",
            "Lets a paused mirror go on. Its next run is due at once.",
            resume,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/mirrors/{name}/run",
            "mirrors.run",
            "Makes a mirror's next run due now.",
            run,
        )
        .answers::<Shown>(StatusCode::ACCEPTED)
        .may_conflict(),
    ]
}

/// All mirrors.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Mirrors>, Refusal> {
    let names: BTreeMap<String, String> = shared
        .store
        .connections()
        .await?
        .into_iter()
        .map(|connection| (connection.id, connection.name))
        .collect();
    let items = shared
        .store
        .mirrors()
        .await?
        .into_iter()
        .map(|mirror| {
            let connection = names.get(&mirror.connection).cloned();
            Shown::of(mirror, connection.unwrap_or_default())
        })
        .collect();
    Ok(Json(Mirrors { items }))
}

/// One mirror.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    Ok(Json(shown(&shared, &name).await?))
}

/// Adds a mirror.
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    check(&new)?;
    let connection = match &new.connection {
        Some(name) => {
            let found = shared.store.connection(name).await;
            found.map_err(given::at_field("connection"))?
        }
        None => {
            let reason = "is not given, and no connection is the default";
            let default = shared.store.default_connection().await?;
            default.ok_or_else(|| Refusal::of_field("connection", reason))?
        }
    };
    let new = NewMirror {
        name: new.name,
        connection: connection.id,
        details: MirrorDetails {
            streams: new.streams,
            custom_objects: new.custom_objects,
            to: new.to,
            interval_seconds: new.interval_seconds,
            keeps_history: new.keeps_history,
            exclude: new.exclude,
            hash: new.hash,
            follows_webhooks: new.follows_webhooks,
        },
    };
    let added = shared
        .store
        .add_mirror(&new, shared.clock.now())
        .await
        .map_err(given::at_field("name"))?;
    shared.wake.call();
    let shown = Shown::of(added, connection.name);
    Ok((StatusCode::CREATED, Json(shown)))
}

/// Forgets a mirror.
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    shared.store.remove_mirror(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Begins no more runs of a mirror.
pub(crate) async fn pause(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    shared.store.pause_mirror(&name, true, shared.clock.now()).await?;
    Ok(Json(shown(&shared, &name).await?))
}

/// Lets a mirror go on.
pub(crate) async fn resume(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    shared
        .store
        .pause_mirror(&name, false, shared.clock.now())
        .await?;
    shared.wake.call();
    Ok(Json(shown(&shared, &name).await?))
}

/// Makes a mirror's next run due.
pub(crate) async fn run(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let mirror = shared.store.mirror(&name).await?;
    if mirror.is_paused {
        let message = format!("the mirror `{}` is paused; let it go on first", mirror.name);
        return Err(Refusal::new(StatusCode::CONFLICT, "TL0633", message));
    }
    shared
        .store
        .run_mirror_now(&mirror.id, shared.clock.now())
        .await?;
    shared.wake.call();
    Ok((StatusCode::ACCEPTED, Json(shown(&shared, &mirror.id).await?)))
}

async fn shown(shared: &Shared, name: &str) -> Result<Shown, Refusal> {
    let mirror = shared.store.mirror(name).await?;
    let connection = shared.store.connection(&mirror.connection).await?.name;
    Ok(Shown::of(mirror, connection))
}

fn check(new: &New) -> Result<(), Refusal> {
    check_target(&new.to)?;
    if !INTERVALS.contains(&new.interval_seconds) {
        let reason = format!("is not from {} to {}", INTERVALS.start(), INTERVALS.end());
        return Err(Refusal::of_field("interval_seconds", reason));
    }
    let catalog = Catalog::embedded();
    let named = new.streams.as_deref().unwrap_or_default();
    if new.streams.is_some() && named.is_empty() {
        let reason = "names no stream; leave it out for all of them";
        return Err(Refusal::of_field("streams", reason));
    }
    for (field, names) in [
        ("streams", named),
        ("custom_objects", new.custom_objects.as_slice()),
        ("exclude", new.exclude.as_slice()),
        ("hash", new.hash.as_slice()),
    ] {
        if names.len() > MOST_NAMES {
            return Err(Refusal::of_field(
                field,
                format!("has more than {MOST_NAMES} names"),
            ));
        }
        for (index, name) in names.iter().enumerate() {
            let reason = match field {
                "streams" if catalog.stream(name).is_none() => "is not a stream",
                "exclude" | "hash" if !is_column(catalog, name) => "is not `stream.column`",
                _ if name.is_empty() || name.chars().any(char::is_control) => "is not a name",
                _ => continue,
            };
            return Err(Refusal::of_field(&format!("{field}[{index}]"), reason));
        }
    }
    Ok(())
}

fn is_column(catalog: &Catalog, name: &str) -> bool {
    name.parse::<ColumnRef>()
        .is_ok_and(|column| catalog.stream(&column.stream).is_some())
}

/// A file of its own in the data folder.
fn check_target(to: &str) -> Result<(), Refusal> {
    let bad = |reason: &str| Err(Refusal::of_field("to", reason));
    let Some(path) = to.strip_prefix("sqlite:") else {
        return bad("is not `sqlite:FILE`");
    };
    let is_plain = !path.is_empty()
        && path.len() <= LONGEST_PATH
        && !path.ends_with('/')
        && !path
            .chars()
            .any(|letter| letter.is_control() || "\\:?*".contains(letter))
        && Path::new(path)
            .components()
            .all(|part| matches!(part, Component::Normal(_)));
    if !is_plain {
        return bad("is not the path of a file in the data folder: relative, without `.` and `..`");
    }
    let last = Path::new(path)
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    if OWN_FILES.iter().any(|own| {
        last.get(..own.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(own))
    }) {
        return bad("is a file of Trunkline's own");
    }
    Ok(())
}

impl Shown {
    fn of(mirror: Mirror, connection: String) -> Self {
        let details = mirror.details;
        Self {
            id: mirror.id,
            name: mirror.name,
            connection,
            streams: details.streams,
            custom_objects: details.custom_objects,
            to: details.to,
            interval_seconds: details.interval_seconds,
            keeps_history: details.keeps_history,
            exclude: details.exclude,
            hash: details.hash,
            follows_webhooks: details.follows_webhooks,
            is_paused: mirror.is_paused,
            next_run_at: mirror.next_run_at,
            created_at: mirror.created_at,
            updated_at: mirror.updated_at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mirror_added_from_afar_stays_in_the_data_folder() {
        for good in [
            "sqlite:mirror.db",
            "sqlite:acme/all.db",
            "sqlite:..db",
            "sqlite:m ü.db",
        ] {
            assert!(check_target(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "mirror.db",
            "sqlite:",
            "postgres://u:p@h/d",
            "sqlite:/etc/passwd",
            "sqlite:../mirror.db",
            "sqlite:a/../../b.db",
            "sqlite:./mirror.db",
            "sqlite:a/",
            "sqlite:..",
            "sqlite:file:mirror.db?mode=memory",
            "sqlite::memory:",
            "sqlite:a\\..\\b",
            "sqlite:a\u{0}b",
            "sqlite:a\nb",
            "sqlite:trunkline.db",
            "sqlite:Trunkline.db-wal",
            "sqlite:secret.key",
        ] {
            let refusal = check_target(bad).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("to"), "{bad}");
        }
        assert!(check_target(&format!("sqlite:{}", "a".repeat(500))).is_err());
    }
}
