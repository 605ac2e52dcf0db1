//! Object storage as a place for a flow's files; `trunkline_mirror::objects` is the storage itself.
//!
//! The one rule: who may write is said by the environment, under the names that the vendors' own tools read or those that the flow
//! gives; none of it is ever shown.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::sync::OnceCell;
use trunkline_flow::ComponentError;
use trunkline_mirror::objects::{self, Address, Error, Objects, Options};

use crate::{
    Site,
    text::{Env, Secrets},
};

/// A setting of the storage, or the variable of the environment that holds it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum Setting {
    /// The variable of the environment that holds it.
    Held(Env),
    /// As it stands here.
    Plain(String),
}

/// Settings by their names.
pub(super) type Settings = BTreeMap<String, Setting>;

/// A place in a bucket.
pub(super) struct Bucket {
    address: Address,
    settings: Settings,
    site: Site,
    open: OnceCell<Objects>,
}

impl Bucket {
    /// The place that a path names; or which part of it is wrong (a setting, or the path), how, and what to do.
    pub(super) fn new(
        path: &str,
        settings: Settings,
        site: &Site,
    ) -> Result<Self, (Option<String>, String, &'static str)> {
        let advice = "Write `s3://bucket/folder`, `gs://bucket/folder` or `az://container/folder`.";
        let address = Address::read(path).map_err(|message| (None, message, advice))?;
        for (name, setting) in &settings {
            if !address.knows(name) {
                let message = format!("this storage has no setting {name}");
                let advice = "Such as `endpoint`, `region`, `access_key_id` for S3; docs/flows/destinations.md has more.";
                return Err((Some(name.clone()), message, advice));
            }
            if objects::is_secret(name) && matches!(setting, Setting::Plain(_)) {
                let message = format!("{name} is a secret, and stands in the environment");
                return Err((Some(name.clone()), message, "Write `{ env: NAME }`."));
            }
        }
        Ok(Self {
            address,
            settings,
            site: site.clone(),
            open: OnceCell::new(),
        })
    }

    /// Where it is, without secrets.
    fn name(&self) -> &str {
        self.address.name()
    }

    /// What the storage is told, and what of it must not be shown.
    fn options(&self) -> Result<(Options, Secrets), ComponentError> {
        let mut options = Options::new();
        let mut secrets = Secrets::default();
        for name in self.address.variables() {
            let Some(value) = (self.site.secrets)(name).filter(|value| !value.expose_secret().is_empty())
            else {
                continue;
            };
            if objects::is_secret(name) {
                secrets.add(value.clone(), format!("{{env: {name}}}"));
            }
            options.insert(name.to_ascii_lowercase(), value);
        }
        for (name, setting) in &self.settings {
            let value = match setting {
                Setting::Plain(value) => value.clone().into(),
                Setting::Held(held) => held.value(&self.site, &mut secrets)?,
            };
            // What the flow says stands above the environment, whatever name it has there.
            options.retain(|known: &String, _| !known.contains(name.as_str()));
            options.insert(name.clone(), value);
        }
        Ok((options, secrets))
    }

    /// The storage, opened; and what must not be shown.
    async fn objects(&self) -> Result<(&Objects, Secrets), ComponentError> {
        let (options, secrets) = self.options()?;
        let open = || async {
            Objects::open(&self.address, options).map_err(|error| {
                ComponentError::stop(
                    "TL0896",
                    format!(
                        "{} cannot be used: {}",
                        self.name(),
                        secrets.hide(&error.to_string())
                    ),
                    "Check the settings under `storage` and the variables of the environment.",
                )
            })
        };
        let objects = self.open.get_or_try_init(open).await?;
        Ok((objects, secrets))
    }

    /// Brings an object to its place.
    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), ComponentError> {
        let (objects, secrets) = self.objects().await?;
        let brought = objects.put(name, bytes).await;
        brought.map_err(|error| self.failed(&error, &secrets))
    }

    /// The names of the objects that are there.
    pub(super) async fn names(&self) -> Result<Vec<String>, ComponentError> {
        let (objects, secrets) = self.objects().await?;
        objects
            .names()
            .await
            .map_err(|error| self.failed(&error, &secrets))
    }

    /// Takes an object away.
    pub(super) async fn delete(&self, name: &str) -> Result<(), ComponentError> {
        let (objects, secrets) = self.objects().await?;
        objects
            .delete(name)
            .await
            .map_err(|error| self.failed(&error, &secrets))
    }

    fn failed(&self, error: &Error, secrets: &Secrets) -> ComponentError {
        let message = format!(
            "{} cannot be written: {}",
            self.name(),
            secrets.hide(&error.to_string())
        );
        match error {
            Error::NotFound { .. } => ComponentError::stop(
                "TL0897",
                message,
                "Make the bucket, or mend its name; Trunkline makes none.",
            ),
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => ComponentError::stop(
                "TL0897",
                message,
                "Check the keys in the environment, and that they may write into this bucket.",
            ),
            _ => ComponentError::retry(
                "TL0897",
                message,
                "If it stays so, check the endpoint, the region and the keys in the environment.",
            ),
        }
    }
}
