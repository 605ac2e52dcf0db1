//! The mirror as Parquet in object storage: an object for each table, and a manifest that names them.
//!
//! The one rule: an object is never written over. A round brings new ones under new names, and the manifest, which is put in place
//! last and only if nobody else did meanwhile, makes them count all at once; who reads by the manifest sees one moment of the mirror.
//! Read `lake/manifest.rs` for it.

mod manifest;

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use futures::StreamExt as _;
use jiff::Timestamp;
use parquet::errors::ParquetError;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::runtime::Handle;

use super::{
    Appetite, CellKind, Chunks, Counts, Extent, Moment, Standing, TableShape, Target, TargetError,
    parquet::write_rows,
    views::{self, Columns},
};
use crate::{
    feed::Position,
    objects::{Address, Error, Objects, Options, Version, is_secret},
};
use manifest::{FORMAT, Held, Manifest};

const MANIFEST: &str = "_trunkline.json";
/// How many objects are taken away at once.
const AT_ONCE: usize = 8;

/// A copy in object storage.
#[derive(Debug)]
pub struct Lake {
    name: String,
    /// Where its objects are, as readers write it.
    base: String,
    objects: Objects,
    secrets: Secrets,
    round: Option<Round>,
}

/// What errors may not repeat.
#[derive(Clone, Debug, Default)]
struct Secrets(Vec<SecretString>);

/// A round that is not committed.
#[derive(Debug)]
struct Round {
    manifest: Manifest,
    /// The manifest that it began from.
    held: Option<Version>,
    /// What is there.
    names: Vec<String>,
    /// What no other round has in its names.
    token: String,
    now: Timestamp,
    /// The columns of the tables.
    columns: Columns,
}

impl Lake {
    /// A copy at an address such as `s3://bucket/folder`. `environment` says who writes, by the names of variables.
    ///
    /// # Errors
    /// When there can be none at the address.
    pub fn new(text: &str, environment: impl Fn(&str) -> Option<SecretString>) -> Result<Self, TargetError> {
        let address = Address::read(text).map_err(|reason| TargetError::Address { reason })?;
        let mut options = Options::new();
        let mut secrets = Secrets::default();
        for name in address.variables() {
            let Some(value) = environment(name).filter(|value| !value.expose_secret().is_empty()) else {
                continue;
            };
            if is_secret(name) {
                secrets.0.push(value.clone());
            }
            options.insert(name.to_ascii_lowercase(), value);
        }
        let objects = Objects::open(&address, options).map_err(|error| TargetError::Address {
            reason: secrets.hide(&error.to_string()),
        })?;
        Ok(Self {
            secrets,
            ..Self::over(address.name(), objects)
        })
    }

    /// A copy among these objects, whose place is called so.
    #[must_use]
    pub fn over(base: &str, objects: Objects) -> Self {
        Self {
            name: format!("parquet:{base}"),
            base: base.to_owned(),
            objects,
            secrets: Secrets::default(),
            round: None,
        }
    }

    fn fail(&self, doing: &str) -> impl Fn(Error) -> TargetError + Send + use<> {
        let (target, doing, secrets) = (self.name.clone(), doing.to_owned(), self.secrets.clone());
        move |error| failed(&target, &doing, &error, &secrets)
    }

    fn round(&mut self) -> Result<&mut Round, TargetError> {
        self.round.as_mut().ok_or_else(|| TargetError::Failed {
            target: self.name.clone(),
            doing: "writing".to_owned(),
            reason: "no round has begun".to_owned(),
        })
    }

    /// What follows from a committed manifest. None of it can fail the round: the next one does it again.
    async fn tidy(&self, round: &Round) {
        let place = |(table, held)| {
            let held: &Held = held;
            (table, format!("{}/{}", self.base, held.object))
        };
        let text = views::text(round.manifest.tables.iter().map(place), &round.columns);
        if let Err(error) = self.objects.put(views::FILE, text.into_bytes()).await {
            tracing::warn!(error = %self.fail("write its views")(error), "the views are those of an earlier round");
        }
        let mut left = round.names.clone();
        left.retain(|name| round.manifest.is_left(name));
        let delete = |name: String| {
            let objects = self.objects.clone();
            async move { objects.delete(&name).await }
        };
        let mut outcomes = futures::stream::iter(left).map(delete).buffer_unordered(AT_ONCE);
        while let Some(outcome) = outcomes.next().await {
            if let Err(error) = outcome {
                tracing::warn!(error = %self.fail("take away an old object")(error), "an old object stays");
            }
        }
    }
}

impl Target for Lake {
    fn name(&self) -> &str {
        &self.name
    }

    fn appetite(&self) -> Appetite {
        Appetite::Tables
    }

    async fn begin(&mut self, moment: &Moment) -> Result<Standing, TargetError> {
        self.round = None;
        let found = self.objects.get(MANIFEST).await;
        let found = found.map_err(self.fail("read its manifest"))?;
        let names = self.objects.names().await;
        let names = names.map_err(self.fail("list its objects"))?;
        let read = found.as_ref().map(|(bytes, _)| Manifest::read(bytes));
        let manifest = read.transpose().map_err(|found| TargetError::Newer {
            target: self.name.clone(),
            found,
            known: FORMAT,
        })?;
        let manifest = manifest.flatten().unwrap_or_else(|| Manifest::after(&names));
        let standing = manifest.standing();
        self.round = Some(Round {
            manifest,
            held: found.map(|(_, version)| version),
            names,
            token: moment.feed.chars().filter(char::is_ascii_alphanumeric).collect(),
            now: moment.now,
            columns: Columns::new(),
        });
        Ok(standing)
    }

    async fn prepare(&mut self, shapes: &[TableShape]) -> Result<BTreeSet<String>, TargetError> {
        let round = self.round()?;
        round.columns = views::columns(shapes);
        let is_there = |shape: &&TableShape| {
            let held = round.manifest.tables.get(&shape.name);
            held.is_some_and(|held| round.names.contains(&held.object))
        };
        let missing = shapes.iter().filter(|shape| !is_there(shape));
        Ok(missing.map(|shape| shape.name.clone()).collect())
    }

    async fn write(&mut self, shape: &TableShape, _: Extent, chunks: Chunks) -> Result<Counts, TargetError> {
        let doing = format!("write `{}`", shape.name);
        let (fail, target) = (self.fail(&doing), self.name.clone());
        let round = self.round()?;
        let (next, now) = (round.manifest.round + 1, round.now);
        let object = manifest::object(&shape.name, next, &round.token);
        let mut upload = self.objects.upload(&object, Handle::current());
        let owned = shape.clone();
        let written = tokio::task::spawn_blocking(move || {
            let rows = write_rows(&mut upload, &owned, chunks, |error| match inner(error) {
                Ok(error) => fail(error),
                Err(reason) => TargetError::Failed {
                    target: target.clone(),
                    doing: doing.clone(),
                    reason,
                },
            });
            match rows {
                Ok(rows) => upload.finish().map(|()| rows).map_err(fail),
                Err(error) => {
                    upload.abandon();
                    Err(error)
                }
            }
        });
        let rows = written.await.map_err(|error| TargetError::Failed {
            target: self.name.clone(),
            doing: format!("writing `{}`", shape.name),
            reason: error.to_string(),
        })??;
        let round = self.round()?;
        round.manifest.put(&shape.name, Held { object, rows }, now);
        if shape.custom.is_some() {
            let columns: BTreeMap<String, CellKind> = shape
                .columns
                .iter()
                .skip(shape.key.len())
                .map(|column| (column.name.clone(), column.kind))
                .collect();
            round.manifest.custom.insert(shape.name.clone(), columns);
        }
        Ok(Counts {
            rewritten: rows,
            ..Counts::default()
        })
    }

    async fn commit(&mut self, workspace: &str, position: &Position) -> Result<(), TargetError> {
        let round = self.round()?;
        let now = round.now;
        round.manifest.hold(workspace, position, now);
        let Some(round) = self.round.take() else {
            return Ok(());
        };
        let text = round.manifest.text().into_bytes();
        let placed = self.objects.replace(MANIFEST, text, round.held.as_ref()).await;
        placed.map_err(self.fail("write its manifest"))?;
        self.tidy(&round).await;
        Ok(())
    }
}

impl Secrets {
    fn hide(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, secret| {
            text.replace(secret.expose_secret(), "***")
        })
    }
}

/// The storage's error inside one of writing Parquet; otherwise what that one says.
fn inner(error: ParquetError) -> Result<Error, String> {
    let ParquetError::External(source) = error else {
        return Err(error.to_string());
    };
    let error = source
        .downcast::<io::Error>()
        .map_err(|source| source.to_string())?;
    let told = error.to_string();
    let Some(source) = error.into_inner() else {
        return Err(told);
    };
    source.downcast::<Error>().map(|error| *error).map_err(|_| told)
}

fn failed(target: &str, doing: &str, error: &Error, secrets: &Secrets) -> TargetError {
    let target = target.to_owned();
    let doing = doing.to_owned();
    let reason = secrets.hide(&error.to_string());
    match error {
        Error::AlreadyExists { .. } | Error::Precondition { .. } => TargetError::Busy { target },
        Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => TargetError::Forbidden {
            target,
            doing,
            reason,
        },
        // Of a listing, only the text says it.
        _ if matches!(error, Error::NotFound { .. }) || reason.contains("404 Not Found") => {
            TargetError::Unreachable {
                target,
                reason: format!("there is no such bucket ({reason})"),
            }
        }
        _ => TargetError::Failed {
            target,
            doing: format!("trying to {doing}"),
            reason,
        },
    }
}
