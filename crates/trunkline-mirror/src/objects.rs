//! Object storage as a place for files: S3 and what speaks like it, Google Cloud Storage, Azure.
//!
//! The one rule: an object is there as a whole or not at all. Who may write is said by whoever opens it, mostly from the environment,
//! under the names that the vendors' own tools read; nothing of it is ever shown.

mod upload;

use std::{collections::BTreeMap, fmt, sync::Arc};

use bytes::Bytes;
use futures::TryStreamExt as _;
pub use object_store::Error;
use object_store::{
    ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, UpdateVersion, aws::AmazonS3ConfigKey,
    azure::AzureConfigKey, gcp::GoogleConfigKey, parse_url_opts, path::Path,
};
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub use upload::Upload;

/// Larger objects are brought in parts of this size.
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
    "AWS_CONDITIONAL_PUT",
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

/// What the storage is told, by name.
pub type Options = BTreeMap<String, SecretString>;

/// Whose storage it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vendor {
    S3,
    Google,
    Azure,
}

/// Where objects are: a bucket, and a folder in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    url: Url,
    vendor: Vendor,
}

/// Whether a text is an address in object storage.
#[must_use]
pub fn is_address(text: &str) -> bool {
    text.split_once("://")
        .is_some_and(|(scheme, _)| vendor(scheme).is_some())
}

/// Whether what a setting holds must not be shown.
#[must_use]
pub fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    ["key", "secret", "token", "credentials"]
        .iter()
        .any(|word| name.contains(word))
        && !name.ends_with("_file")
        && !name.ends_with("_uri")
}

fn vendor(scheme: &str) -> Option<Vendor> {
    match scheme {
        "s3" | "s3a" => Some(Vendor::S3),
        "gs" => Some(Vendor::Google),
        "az" | "azure" | "abfs" | "abfss" => Some(Vendor::Azure),
        _ => None,
    }
}

impl Address {
    /// Reads one such as `s3://bucket/folder`.
    ///
    /// # Errors
    /// What is wrong with it; the text itself is not repeated, since it may hold a password.
    pub fn read(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).map_err(|error| format!("this is no address: {error}"))?;
        let vendor = vendor(url.scheme()).filter(|_| url.host_str().is_some_and(|host| !host.is_empty()));
        let has_more = url.query().is_some()
            || url.fragment().is_some()
            || !url.username().is_empty()
            || url.password().is_some();
        match vendor.filter(|_| !has_more) {
            Some(vendor) => Ok(Self { url, vendor }),
            None => Err("this is no place in object storage".to_owned()),
        }
    }

    /// Where it is.
    #[must_use]
    pub fn name(&self) -> &str {
        self.url.as_str().trim_end_matches('/')
    }

    /// The variables of the environment that say who writes.
    #[must_use]
    pub const fn variables(&self) -> &'static [&'static str] {
        match self.vendor {
            Vendor::S3 => S3,
            Vendor::Google => GOOGLE,
            Vendor::Azure => AZURE,
        }
    }

    /// Whether the storage has a setting of this name.
    #[must_use]
    pub fn knows(&self, name: &str) -> bool {
        match self.vendor {
            Vendor::S3 => name.parse::<AmazonS3ConfigKey>().is_ok(),
            Vendor::Google => name.parse::<GoogleConfigKey>().is_ok(),
            Vendor::Azure => name.parse::<AzureConfigKey>().is_ok(),
        }
    }
}

/// The objects of a folder. Cheap to clone.
#[derive(Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
    folder: Path,
}

impl fmt::Debug for Objects {
    /// Without the storage, which knows who writes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Objects").field(&self.folder.as_ref()).finish()
    }
}

/// What tells one state of an object from a later one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version(UpdateVersion);

impl Objects {
    /// Opens the place with what the storage is told. Nothing is asked of it yet.
    ///
    /// # Errors
    /// When that cannot be.
    pub fn open(address: &Address, mut options: Options) -> Result<Self, Error> {
        let is_plain = |(name, value): (&String, &SecretString)| {
            name.contains("endpoint") && value.expose_secret().starts_with("http://")
        };
        if options.iter().any(is_plain) {
            options.insert("allow_http".to_owned(), "true".into());
        }
        let told = options
            .iter()
            .map(|(name, value)| (name.as_str(), value.expose_secret()));
        let (store, folder) = parse_url_opts(&address.url, told)?;
        Ok(Self::over(Arc::from(store), folder))
    }

    /// The objects of a storage below a folder.
    #[must_use]
    pub fn over(store: Arc<dyn ObjectStore>, folder: Path) -> Self {
        Self { store, folder }
    }

    fn path(&self, name: &str) -> Path {
        name.split('/').fold(self.folder.clone(), Path::join)
    }

    /// Brings an object to its place.
    ///
    /// # Errors
    /// When the storage does not take it; then it is as it was.
    pub async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        let path = self.path(name);
        if bytes.len() <= PART {
            return self.store.put(&path, bytes.into()).await.map(drop);
        }
        upload::in_parts(&*self.store, &path, &bytes).await
    }

    /// Brings an object to its place if it is still what it was: this version, or not there.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`] or [`Error::Precondition`] when it is not; when the storage does not take it.
    pub async fn replace(&self, name: &str, bytes: Vec<u8>, held: Option<&Version>) -> Result<(), Error> {
        let mode = match held {
            None => PutMode::Create,
            Some(Version(version)) => PutMode::Update(version.clone()),
        };
        let path = self.path(name);
        let bytes = Bytes::from(bytes);
        let put = |mode: PutMode| {
            let options = PutOptions::from(mode);
            self.store.put_opts(&path, bytes.clone().into(), options)
        };
        match put(mode).await {
            // Where it was said that the storage has no conditions, nobody else may write there.
            Err(Error::NotImplemented { .. }) => put(PutMode::Overwrite).await.map(drop),
            outcome => outcome.map(drop),
        }
    }

    /// What an object holds; nothing when it is not there.
    ///
    /// # Errors
    /// When the storage does not say.
    pub async fn get(&self, name: &str) -> Result<Option<(Bytes, Version)>, Error> {
        let found = match self.store.get(&self.path(name)).await {
            Err(Error::NotFound { .. }) => return Ok(None),
            found => found?,
        };
        let version = UpdateVersion {
            e_tag: found.meta.e_tag.clone(),
            version: found.meta.version.clone(),
        };
        Ok(Some((found.bytes().await?, Version(version))))
    }

    /// The names of the objects below the folder.
    ///
    /// # Errors
    /// When the storage does not say.
    pub async fn names(&self) -> Result<Vec<String>, Error> {
        let found: Vec<_> = self.store.list(Some(&self.folder)).try_collect().await?;
        let within = |path: &Path| -> Option<String> {
            let parts: Vec<_> = path.prefix_match(&self.folder)?.collect();
            let parts: Vec<&str> = parts.iter().map(AsRef::as_ref).collect();
            Some(parts.join("/"))
        };
        Ok(found.iter().filter_map(|meta| within(&meta.location)).collect())
    }

    /// Takes an object away, if it is there.
    ///
    /// # Errors
    /// When the storage does not.
    pub async fn delete(&self, name: &str) -> Result<(), Error> {
        match self.store.delete(&self.path(name)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            outcome => outcome,
        }
    }

    /// Begins an object that is written a piece at a time, by a thread that may block.
    #[must_use]
    pub fn upload(&self, name: &str, runtime: tokio::runtime::Handle) -> Upload {
        Upload::new(Arc::clone(&self.store), self.path(name), runtime)
    }
}
