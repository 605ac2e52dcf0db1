//! Object storage as a place for files: S3 and what speaks like it, Google Cloud Storage, Azure.
//!
//! The one rule: who may write is said by the environment, under the names that the vendors' own tools read or those that the flow
//! gives; none of it is ever shown. An object is there as a whole or not at all.

use std::collections::BTreeMap;

use object_store::{
    Error, ObjectStore, ObjectStoreExt as _, WriteMultipart, aws::AmazonS3ConfigKey, azure::AzureConfigKey,
    gcp::GoogleConfigKey, parse_url_opts, path::Path,
};
use schemars::JsonSchema;
use secrecy::ExposeSecret as _;
use serde::Deserialize;
use tokio::sync::OnceCell;
use trunkline_flow::ComponentError;
use url::Url;

use crate::{
    Site,
    text::{Env, Secrets},
};

/// Larger files are brought in parts of this size.
const PART: usize = 8 << 20;

/// The variables that are looked at, under which the vendors' own tools find the same.
const S3: &[&str] = &[
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_ENDPOINT_URL",
    "AWS_ENDPOINT_URL_S3",
    "AWS_ROLE_ARN",
    "AWS_ROLE_SESSION_NAME",
    "AWS_WEB_IDENTITY_TOKEN_FILE",
    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
];
const GOOGLE: &[&str] = &[
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GOOGLE_SERVICE_ACCOUNT",
    "GOOGLE_SERVICE_ACCOUNT_KEY",
];
const AZURE: &[&str] = &[
    "AZURE_STORAGE_ACCOUNT_NAME",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "AZURE_STORAGE_ENDPOINT",
    "AZURE_CLIENT_ID",
    "AZURE_CLIENT_SECRET",
    "AZURE_TENANT_ID",
    "AZURE_FEDERATED_TOKEN_FILE",
];

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

/// Whose storage it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vendor {
    S3,
    Google,
    Azure,
}

/// A place in a bucket.
pub(super) struct Bucket {
    url: Url,
    vendor: Vendor,
    settings: Settings,
    site: Site,
    open: OnceCell<(Box<dyn ObjectStore>, Path)>,
}

/// Whether a path is one in object storage.
pub(super) fn is_one(path: &str) -> bool {
    path.split_once("://")
        .is_some_and(|(scheme, _)| vendor(scheme).is_some())
}

fn vendor(scheme: &str) -> Option<Vendor> {
    match scheme {
        "s3" | "s3a" => Some(Vendor::S3),
        "gs" => Some(Vendor::Google),
        "az" | "azure" | "abfs" | "abfss" => Some(Vendor::Azure),
        _ => None,
    }
}

/// Whether what a setting holds must not be shown.
fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "secret", "token", "credentials"]
        .iter()
        .any(|word| name.contains(word))
        && !name.ends_with("_file")
        && !name.ends_with("_uri")
}

impl Vendor {
    const fn variables(self) -> &'static [&'static str] {
        match self {
            Self::S3 => S3,
            Self::Google => GOOGLE,
            Self::Azure => AZURE,
        }
    }

    fn knows(self, name: &str) -> bool {
        match self {
            Self::S3 => name.parse::<AmazonS3ConfigKey>().is_ok(),
            Self::Google => name.parse::<GoogleConfigKey>().is_ok(),
            Self::Azure => name.parse::<AzureConfigKey>().is_ok(),
        }
    }
}

impl Bucket {
    /// The place that a path names; or which part of it is wrong (a setting, or the path), how, and what to do.
    pub(super) fn new(
        path: &str,
        settings: Settings,
        site: &Site,
    ) -> Result<Self, (Option<String>, String, &'static str)> {
        let advice = "Write `s3://bucket/folder`, `gs://bucket/folder` or `az://container/folder`.";
        let url = Url::parse(path).map_err(|error| (None, format!("this is no address: {error}"), advice))?;
        let vendor = vendor(url.scheme()).filter(|_| url.host_str().is_some_and(|host| !host.is_empty()));
        let has_more = url.query().is_some() || url.fragment().is_some() || !url.username().is_empty();
        let Some(vendor) = vendor.filter(|_| !has_more && url.password().is_none()) else {
            return Err((None, "this is no place in object storage".to_owned(), advice));
        };
        for (name, setting) in &settings {
            if !vendor.knows(name) {
                let message = format!("this storage has no setting {name}");
                let advice = "Such as `endpoint`, `region`, `access_key_id` for S3; docs/flows/destinations.md has more.";
                return Err((Some(name.clone()), message, advice));
            }
            if is_secret(name) && matches!(setting, Setting::Plain(_)) {
                let message = format!("{name} is a secret, and stands in the environment");
                return Err((Some(name.clone()), message, "Write `{ env: NAME }`."));
            }
        }
        Ok(Self {
            url,
            vendor,
            settings,
            site: site.clone(),
            open: OnceCell::new(),
        })
    }

    /// Where it is, without secrets.
    fn name(&self) -> &str {
        self.url.as_str()
    }

    /// What the storage is told, and what of it must not be shown.
    fn options(&self) -> Result<(BTreeMap<String, String>, Secrets), ComponentError> {
        let mut options = BTreeMap::new();
        let mut secrets = Secrets::default();
        for name in self.vendor.variables() {
            let Some(value) = (self.site.secrets)(name).filter(|value| !value.expose_secret().is_empty())
            else {
                continue;
            };
            if is_secret(name) {
                secrets.add(value.clone(), format!("{{env: {name}}}"));
            }
            options.insert(name.to_ascii_lowercase(), value.expose_secret().to_owned());
        }
        for (name, setting) in &self.settings {
            let value = match setting {
                Setting::Plain(value) => value.clone(),
                Setting::Held(held) => held.value(&self.site, &mut secrets)?.expose_secret().to_owned(),
            };
            // What the flow says stands above the environment, whatever name it has there.
            options.retain(|known: &String, _| !known.contains(name.as_str()));
            options.insert(name.clone(), value);
        }
        if options
            .iter()
            .any(|(name, value)| name.contains("endpoint") && value.starts_with("http://"))
        {
            options.insert("allow_http".to_owned(), "true".to_owned());
        }
        Ok((options, secrets))
    }

    /// Brings an object to its place.
    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), ComponentError> {
        let (options, secrets) = self.options()?;
        let open = || async {
            parse_url_opts(&self.url, options).map_err(|error| {
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
        let (store, folder) = self.open.get_or_try_init(open).await?;
        let path = folder.clone().join(name);
        let brought = if bytes.len() <= PART {
            store.put(&path, bytes.into()).await.map(drop)
        } else {
            in_parts(&**store, &path, &bytes).await
        };
        brought.map_err(|error| self.failed(&error, &secrets))
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

/// Brings a large object part by part; what was brought of one that fails is taken away.
async fn in_parts(store: &dyn ObjectStore, path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let upload = store.put_multipart(path).await?;
    let mut parts = WriteMultipart::new_with_chunk_size(upload, PART);
    for part in bytes.chunks(PART) {
        if let Err(error) = parts.wait_for_capacity(4).await {
            parts.abort().await.ok();
            return Err(error);
        }
        parts.write(part);
    }
    // It takes away by itself what it cannot finish.
    parts.finish().await.map(drop)
}
