//! Where a sync goes: the mirror file, and what is brought up to it after each run.
//!
//! The one rule: the text of a target may hold a password, so it is never repeated; only what the target calls itself is.

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rand::{Rng as _, rand_core::UnwrapErr, rngs::SysRng};
use secrecy::SecretString;
use trunkline_client::{Clock as _, SystemClock};
use trunkline_mirror::{
    feed, objects,
    targets::{
        Moment, Target as _, TargetError, TargetReport, bring_up, lake::Lake, parquet::Folder, postgres,
    },
};
use trunkline_server::{IDLE_READER, Target as MirrorTarget};
use trunkline_store::Store;

use crate::{failure::Failure, output::progress, settings};

/// The password of a PostgreSQL target whose address has none: the variable that PostgreSQL's own tools read.
const PASSWORD: &str = "PGPASSWORD";

/// The mirror file and its targets.
#[derive(Debug)]
pub(crate) struct Places {
    /// The mirror.
    pub(crate) mirror: PathBuf,
    /// The folder to make if there is none: the data folder, when the mirror's place was not named.
    folder: Option<PathBuf>,
    targets: Vec<Place>,
}

#[derive(Debug)]
enum Place {
    Postgres(Box<postgres::Postgres>),
    Parquet(Box<Folder>),
    Lake(Box<Lake>),
}

impl Places {
    /// A mirror without targets.
    pub(crate) fn none(mirror: &Path) -> Self {
        Self {
            mirror: mirror.to_path_buf(),
            folder: None,
            targets: Vec::new(),
        }
    }

    /// The places from the flags or the settings file; `data` is the data folder.
    pub(crate) fn of(flags: &[String], file: &settings::File, data: &Path) -> Result<Self, Failure> {
        let texts = if flags.is_empty() { &file.to } else { flags };
        if texts.is_empty() {
            return Err(Failure::usage(
                "TL0003",
                "no target is given",
                "Say where the mirror goes, for example `--to sqlite:mirror.db`.",
            ));
        }
        let mut mirror = None;
        let mut targets: Vec<Place> = Vec::new();
        for text in texts {
            match place(text)? {
                Some(place) => {
                    if targets.iter().any(|held| held.name() == place.name()) {
                        return Err(twice(place.name()));
                    }
                    targets.push(place);
                }
                None => {
                    let MirrorTarget::Sqlite(path) = text.parse()?;
                    if mirror.replace(path).is_some() {
                        return Err(twice("the mirror file"));
                    }
                }
            }
        }
        let folder = mirror.is_none().then(|| data.to_path_buf());
        Ok(Self {
            mirror: mirror.unwrap_or_else(|| data.join("mirror.db")),
            folder,
            targets,
        })
    }

    /// Makes the data folder if the mirror goes there.
    pub(crate) fn make_folder(&self) -> Result<(), Failure> {
        self.folder.as_deref().map_or(Ok(()), Store::make_folder)?;
        Ok(())
    }

    /// Brings every target up to the mirror; one that fails stops no other.
    pub(crate) async fn bring_up(&mut self, shows: bool) -> Vec<Result<TargetReport, Failure>> {
        let mut outcomes = Vec::new();
        for place in &mut self.targets {
            let spinner = progress::waiting(shows, &format!("bringing {} up to the mirror", place.name()));
            outcomes.push(place.bring_up(&self.mirror).await.map_err(Failure::from));
            spinner.finish_and_clear();
        }
        if let Err(error) = forget_idle(&self.mirror) {
            tracing::warn!(%error, "targets that never came back could not be forgotten");
        }
        outcomes
    }
}

impl Place {
    fn name(&self) -> &str {
        match self {
            Self::Postgres(target) => target.name(),
            Self::Parquet(target) => target.name(),
            Self::Lake(target) => target.name(),
        }
    }

    async fn bring_up(&mut self, mirror: &Path) -> Result<TargetReport, TargetError> {
        let moment = Moment {
            now: SystemClock.now(),
            feed: unique(),
        };
        match self {
            Self::Postgres(target) => bring_up(mirror, target.as_mut(), &moment).await,
            Self::Parquet(target) => bring_up(mirror, target.as_mut(), &moment).await,
            Self::Lake(target) => bring_up(mirror, target.as_mut(), &moment).await,
        }
    }
}

/// What went well, and the first failure.
pub(crate) fn split(outcomes: Vec<Result<TargetReport, Failure>>) -> (Vec<TargetReport>, Option<Failure>) {
    let mut reports = Vec::new();
    let mut failure = None;
    for outcome in outcomes {
        match outcome {
            Ok(report) => reports.push(report),
            Err(error) => failure = failure.or(Some(error)),
        }
    }
    (reports, failure)
}

/// The target that a text names; nothing when it is a mirror file's.
fn place(text: &str) -> Result<Option<Place>, Failure> {
    Ok(match text.split_once(':') {
        Some(("postgres" | "postgresql", _)) => Some(Place::Postgres(Box::new(server(text)?))),
        Some(("parquet", place)) if objects::is_address(place) => {
            let environment = |name: &str| std::env::var(name).ok().map(SecretString::from);
            Some(Place::Lake(Box::new(Lake::new(place, environment)?)))
        }
        Some(("parquet", folder)) => Some(Place::Parquet(Box::new(Folder::new(Path::new(folder))?))),
        _ => None,
    })
}

fn server(text: &str) -> Result<postgres::Postgres, Failure> {
    let mut address: postgres::Address = text.parse()?;
    if address.config.get_password().is_none()
        && let Ok(password) = std::env::var(PASSWORD)
    {
        address.config.password(password);
    }
    let tls =
        trunkline_store::postgres_tls(&mut address.config).map_err(|reason| TargetError::Unreachable {
            target: address.name().to_owned(),
            reason,
        })?;
    Ok(match tls {
        Some(tls) => postgres::Postgres::new(address, tls),
        None => postgres::Postgres::without_tls(address),
    })
}

fn forget_idle(mirror: &Path) -> Result<(), trunkline_mirror::storage::StorageError> {
    let before: Timestamp = SystemClock.now() - IDLE_READER;
    feed::forget_idle(mirror, before)
}

/// What no other mirror file has.
fn unique() -> String {
    let mut bytes = [0; 16];
    UnwrapErr(SysRng).fill_bytes(&mut bytes);
    format!("{:032x}", u128::from_be_bytes(bytes))
}

fn twice(what: &str) -> Failure {
    Failure::usage(
        "TL0003",
        format!("{what} is named twice"),
        "Name each place once; a mirror has one file and any number of targets.",
    )
}
