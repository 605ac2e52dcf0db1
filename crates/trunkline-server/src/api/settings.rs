//! What this process rests on: how long things are kept, how much room they take, whether all is well, and the key of its secrets.
//!
//! The one rule: nothing here says where the outside could not look anyway: no path of this machine, no address of a database.

use std::{path::Path, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_flow::document::Span;
use trunkline_mirror::search;
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    data::look,
    given,
    read::Body,
    route::{Route, Verb},
};
use crate::{
    reply::Refusal,
    retention::{self, LEAST, MOST, Said, What},
    shared::Shared,
};

/// Below so many free bytes the disk is called full soon.
const LOW: u64 = 1 << 30;

/// How this process was started, and what was set since.
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
    /// The word for it, by which it is changed.
    pub(crate) name: &'static str,
    /// What.
    pub(crate) what: &'static str,
    /// How long, in seconds.
    pub(crate) seconds: u64,
    /// How long when nobody says anything, in seconds.
    pub(crate) usual_seconds: u64,
    /// The flag of `trunkline serve` that says otherwise.
    pub(crate) flag: &'static str,
    /// Who said so: `start` where the process was started with the flag, `set` where it was changed since, `usual` where nobody did.
    pub(crate) said: &'static str,
}

/// How long things are to be kept: as `14d` or `36h`, from an hour to ten years; null for what is usual. What is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RetentionChange)]
pub(crate) struct Keep {
    /// Notifications with their bodies.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) notifications: Option<Option<String>>,
    /// The request log.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) requests: Option<Option<String>>,
    /// Runs of mirrors, flows and actions, with dead letters, batches and the journal of what was written.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) runs: Option<Option<String>>,
    /// The audit log: who changed what.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) audit: Option<Option<String>>,
}

impl Keep {
    /// What is asked for something, if anything is.
    pub(crate) fn of(&mut self, what: What) -> &mut Option<Option<String>> {
        match what {
            What::Notifications => &mut self.notifications,
            What::Requests => &mut self.requests,
            What::Runs => &mut self.runs,
            What::Audit => &mut self.audit,
        }
    }
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
            Role::Admin,
            Verb::Patch,
            "/settings/retention",
            "settings.keep",
            "Says how long things are kept. What has been kept for longer is forgotten within minutes.",
            keep,
        )
        .takes::<Keep>()
        .answers::<Settings>(StatusCode::OK)
        .may_conflict(),
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

/// How this process was started, and what was set since.
pub(crate) async fn show(State(shared): State<Arc<Shared>>) -> Result<Json<Settings>, Refusal> {
    let options = &shared.options;
    let kept = retention::now(&shared).await?;
    let kinds = trunkline_components::kinds();
    Ok(Json(Settings {
        listens: options.listen.to_string(),
        public_url: options.public_url.as_ref().map(ToString::to_string),
        kept: kept
            .into_iter()
            .map(|(what, span, said)| KeptFor {
                name: what.word(),
                what: what.title(),
                seconds: span.as_secs(),
                usual_seconds: what.usual().as_secs(),
                flag: what.flag(),
                said: match said {
                    Said::AtStart => "start",
                    Said::Set => "set",
                    Said::Usual => "usual",
                },
            })
            .collect(),
        components: Components {
            sources: kinds.sources,
            transforms: kinds.transforms,
            destinations: kinds.destinations,
        },
    }))
}

/// Says how long things are kept; all of it, or nothing when something of it cannot be.
pub(crate) async fn keep(
    State(shared): State<Arc<Shared>>,
    Body(mut body): Body<Keep>,
) -> Result<Json<Settings>, Refusal> {
    let mut changes = Vec::new();
    for what in What::ALL {
        let Some(asked) = body.of(what).take() else {
            continue;
        };
        if what.fixed(&shared.options.retention).is_some() {
            let message = format!(
                "this process was started with {}, which comes first: start it without, and set it here",
                what.flag()
            );
            return Err(Refusal::new(StatusCode::CONFLICT, "TL0990", message).at(what.word()));
        }
        let seconds = asked.map(|text| seconds(what, &text)).transpose()?;
        changes.push((what.word(), seconds));
    }
    shared.store.set_retention(&changes).await?;
    show(State(shared)).await
}

/// A span as it was typed, if things can be kept for so long.
fn seconds(what: What, text: &str) -> Result<u32, Refusal> {
    let bad = |reason: String| Refusal::of_field(what.word(), reason);
    let span: Span = text.trim().parse().map_err(bad)?;
    if !(LEAST..=MOST).contains(&span.0) {
        return Err(bad("is not from an hour (1h) to ten years (3650d)".to_owned()));
    }
    u32::try_from(span.0.as_secs()).map_err(|_| bad("is too long".to_owned()))
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
