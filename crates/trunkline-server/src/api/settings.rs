//! What this process rests on: how long things are kept, how much room they take, whether all is well, and the key of its secrets.
//!
//! The one rule: nothing here says where the outside could not look anyway: no path of this machine, no address of a database.

use std::{path::Path, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use serde::Serialize;
use trunkline_mirror::search;
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    data::look,
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// Below so many free bytes the disk is called full soon.
const LOW: u64 = 1 << 30;

/// How this process was started.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Settings {
    /// Where it listens.
    pub(crate) listens: String,
    /// The address that the outside knows it by.
    pub(crate) public_url: Option<String>,
    /// How long things are kept.
    pub(crate) kept: Vec<KeptFor>,
    /// Components that flows can be made of.
    pub(crate) components: Components,
}

/// How long something is kept.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct KeptFor {
    /// What.
    pub(crate) what: &'static str,
    /// How long, in seconds.
    pub(crate) seconds: u64,
    /// The flag of `trunkline serve` that says otherwise; none where none does.
    pub(crate) flag: Option<&'static str>,
}

/// Components by their names.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = ComponentNames)]
pub(crate) struct Components {
    /// Sources.
    pub(crate) sources: Vec<&'static str>,
    /// Transforms.
    pub(crate) transforms: Vec<&'static str>,
    /// Destinations.
    pub(crate) destinations: Vec<&'static str>,
}

/// How much room things take.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Storage {
    /// What our own state is kept in: `sqlite` or `postgres`.
    pub(crate) store: &'static str,
    /// The format of its tables.
    pub(crate) store_format: u64,
    /// The room that it takes, in bytes.
    pub(crate) store_bytes: u64,
    /// What is left on the disk of the data folder, in bytes, where the system says so.
    pub(crate) free_bytes: Option<u64>,
    /// The mirrors.
    pub(crate) mirrors: Vec<MirrorRoom>,
}

/// How much room a mirror takes.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct MirrorRoom {
    /// Its name.
    pub(crate) name: String,
    /// The file and its log, in bytes.
    pub(crate) bytes: u64,
    /// The index of its search, in bytes.
    pub(crate) search_bytes: u64,
}

/// What was looked at.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Checks {
    /// Whether all of it is well.
    pub(crate) is_well: bool,
    /// One by one.
    pub(crate) items: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Check {
    /// What.
    pub(crate) what: &'static str,
    /// Whether it is well.
    pub(crate) is_well: bool,
    /// What was found.
    pub(crate) found: String,
}

/// How a change of keys went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Rotation)]
pub(crate) struct Rotated {
    /// How many secrets were sealed anew.
    pub(crate) secrets: usize,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/settings",
            "settings.show",
            "Says how this process was started: how long things are kept, what flows can be made of.",
            show,
        )
        .answers::<Settings>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/storage",
            "settings.storage",
            "Says how much room the store and the mirrors take, and how much is left.",
            storage,
        )
        .answers::<Storage>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/checks",
            "settings.checks",
            "Looks at what this process rests on, one by one.",
            checks,
        )
        .answers::<Checks>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/secret-rotations",
            "secrets.rotate",
            "Seals every secret under a new key and forgets the old one.",
            rotate,
        )
        .answers::<Rotated>(StatusCode::OK),
    ]
}

/// How this process was started.
pub(crate) async fn show(State(shared): State<Arc<Shared>>) -> Json<Settings> {
    let options = &shared.options;
    let kept = options.retention;
    let entry = |what, kept: std::time::Duration, flag| KeptFor {
        what,
        seconds: kept.as_secs(),
        flag,
    };
    let kinds = trunkline_components::kinds();
    Json(Settings {
        listens: options.listen.to_string(),
        public_url: options.public_url.as_ref().map(ToString::to_string),
        kept: vec![
            entry("Notifications", kept.notifications, Some("--keep-notifications")),
            entry("Requests", kept.requests, Some("--keep-requests")),
            entry("Runs and dead letters", kept.runs, Some("--keep-runs")),
            entry("Audit log", kept.audit, None),
        ],
        components: Components {
            sources: kinds.sources,
            transforms: kinds.transforms,
            destinations: kinds.destinations,
        },
    })
}

/// How much room things take.
pub(crate) async fn storage(State(shared): State<Arc<Shared>>) -> Result<Json<Storage>, Refusal> {
    let extent = shared.store.extent().await?;
    let mut mirrors = Vec::new();
    for mirror in shared.store.mirrors().await? {
        let path = look::file(&shared, &mirror.id).await?;
        mirrors.push(MirrorRoom {
            name: mirror.name,
            bytes: room(&path),
            search_bytes: room(&search::file_of(&path)),
        });
    }
    Ok(Json(Storage {
        store: extent.kind,
        store_format: extent.format,
        store_bytes: extent.bytes,
        free_bytes: free(&shared.options.data),
        mirrors,
    }))
}

/// Looks at what this process rests on.
pub(crate) async fn checks(State(shared): State<Arc<Shared>>) -> Result<Json<Checks>, Refusal> {
    let answers = shared.store.ping().await;
    let mut items = vec![Check {
        what: "Store",
        is_well: answers.is_ok(),
        found: answers.map_or_else(
            |error| format!("does not answer ({})", error.code()),
            |()| "answers".to_owned(),
        ),
    }];
    if let Some(bytes) = free(&shared.options.data) {
        items.push(Check {
            what: "Disk of the data folder",
            is_well: bytes >= LOW,
            found: format!("{} MiB are free", bytes >> 20),
        });
    }
    let folder = tokio::fs::metadata(&shared.options.data).await;
    let may_write = folder.is_ok_and(|folder| folder.is_dir() && !folder.permissions().readonly());
    items.push(Check {
        what: "Data folder",
        is_well: may_write,
        found: if may_write {
            "can be written"
        } else {
            "cannot be written"
        }
        .to_owned(),
    });
    Ok(Json(Checks {
        is_well: items.iter().all(|check| check.is_well),
        items,
    }))
}

/// Seals every secret under a new key.
pub(crate) async fn rotate(State(shared): State<Arc<Shared>>) -> Result<Json<Rotated>, Refusal> {
    let rotation = shared.store.rotate_keys().await?;
    Ok(Json(Rotated {
        secrets: rotation.secrets,
    }))
}

/// What a SQLite file and its log take.
fn room(path: &Path) -> u64 {
    ["", "-wal"]
        .iter()
        .map(|end| {
            let mut name = path.as_os_str().to_owned();
            name.push(end);
            std::fs::metadata(name).map_or(0, |metadata| metadata.len())
        })
        .sum()
}

/// What is left on the disk of a folder.
#[cfg(unix)]
fn free(folder: &Path) -> Option<u64> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    Some(disk.blocks_available().saturating_mul(disk.fragment_size()))
}

/// What is left on the disk of a folder is not asked of this system.
#[cfg(not(unix))]
fn free(_: &Path) -> Option<u64> {
    None
}
