//! Settings: flags over `TRUNKLINE_*` variables over the settings file.
//!
//! The one rule: a settings file that cannot be read in full stops the command; nothing runs on half of it. The token
//! itself is never in a file, only the name of the variable that holds it.

use std::{path::Path, sync::Arc};

use secrecy::SecretString;
use serde::Deserialize;
use trunkline_catalog::Version;
use trunkline_client::{Client, Connection, Region, Settings as ClientSettings, SystemClock};

use trunkline_server::{AlertSettings, NatsSettings, Opened, ServerError};
use trunkline_store::{Store, StoreError};

use crate::{
    cli::{Data, RegionName, Workspace},
    commands::request_log,
    failure::Failure,
    store,
};

const DEFAULT_FILE: &str = "trunkline-data/trunkline.toml";
/// The settings file in a data folder.
const FILE: &str = "trunkline.toml";
const DEFAULT_TOKEN_ENV: &str = "INTERCOM_TOKEN";

/// What a settings file may say.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct File {
    /// The environment variable that holds the access token.
    pub(crate) token_env: Option<String>,
    /// `us`, `eu` or `au`.
    pub(crate) region: Option<String>,
    /// The API's address, instead of a region's.
    pub(crate) base_url: Option<String>,
    /// The API version.
    pub(crate) api_version: Option<String>,
    /// The most of the rate budget to use, such as `50%`.
    pub(crate) max_share: Option<String>,
    /// The target, such as `sqlite:mirror.db`, or a list of them.
    #[serde(default, deserialize_with = "one_or_more")]
    pub(crate) to: Vec<String>,
    /// The streams to mirror.
    pub(crate) streams: Option<Vec<String>>,
    /// The types of custom objects to mirror.
    pub(crate) custom_objects: Option<Vec<String>>,
    /// What is looked at, and who is told.
    pub(crate) alerts: Option<AlertSettings>,
    /// The NATS server that nodes of `serve` call each other over.
    pub(crate) nats: Option<NatsSettings>,
}

impl File {
    /// Reads the named file, or the default one when it exists.
    pub(crate) fn read(named: Option<&Path>) -> Result<Self, Failure> {
        Self::read_or(named, Path::new(DEFAULT_FILE))
    }

    /// Reads the named file, or the one in the data folder when it exists.
    pub(crate) fn read_in(named: Option<&Path>, folder: &Path) -> Result<Self, Failure> {
        Self::read_or(named, &folder.join(FILE))
    }

    fn read_or(named: Option<&Path>, usual: &Path) -> Result<Self, Failure> {
        let path = match named {
            Some(path) => path.to_owned(),
            None if usual.exists() => usual.to_owned(),
            None => return Ok(Self::default()),
        };
        let text = std::fs::read_to_string(&path).map_err(|error| {
            Failure::usage(
                "TL0001",
                format!("the settings file {} cannot be read: {error}", path.display()),
                "Check the path and its permissions, or leave `--config` out.",
            )
        })?;
        Self::parse(&text, &path)
    }

    fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        toml::from_str(text).map_err(|error| {
            Failure::usage(
                "TL0001",
                format!(
                    "the settings file {} is not valid: {}",
                    path.display(),
                    error.to_string().trim_end()
                ),
                "Mend the line shown above; docs/guides/mirror.md lists the settings, docs/guides/alerts.md those of alerts.",
            )
        })
    }
}

/// A text, or a list of texts.
fn one_or_more<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged, expecting = "expected a text or a list of texts")]
    enum Texts {
        One(String),
        More(Vec<String>),
    }
    Ok(match Texts::deserialize(from)? {
        Texts::One(text) => vec![text],
        Texts::More(texts) => texts,
    })
}

/// A client, and the store that it shares its workspace through, where it is that of a stored connection.
#[derive(Debug)]
pub(crate) struct Session {
    client: Client,
    stored: Option<(Arc<Store>, Opened)>,
}

impl Session {
    pub(crate) const fn client(&self) -> &Client {
        &self.client
    }

    /// The store that the connection is kept in, if it is.
    pub(crate) fn store(&self) -> Option<&Arc<Store>> {
        self.stored.as_ref().map(|(store, _)| store)
    }

    /// Intercom's id of the workspace, if it was noted with the connection.
    pub(crate) fn workspace_id(&self) -> Option<&str> {
        let (_, opened) = self.stored.as_ref()?;
        Some(&opened.connection.identity.as_ref()?.id_code)
    }

    /// Gives back what is not used of a shared rate budget, finishes the request log and closes the store.
    pub(crate) async fn close(self) {
        drop(self.client);
        if let Some((store, opened)) = self.stored {
            opened.close().await;
            store.close().await;
        }
    }
}

/// Builds the client that the flags, the environment and the file ask for: a stored connection that is named, else a token
/// that is named or at hand, else the default connection.
pub(crate) async fn client(flags: &Workspace, file: &File) -> Result<Session, Failure> {
    let version = flags
        .api_version
        .as_deref()
        .or(file.api_version.as_deref())
        .map(|text| version(Some(text)))
        .transpose()?;
    let settings = client_settings(flags, file)?;
    let named = flags.token_env.as_deref().or(file.token_env.as_deref());
    let stored = match (&flags.connection, named) {
        (Some(name), _) => Some(Some(name.as_str())),
        (None, None) if std::env::var_os(DEFAULT_TOKEN_ENV).is_none() => Some(None),
        (None, _) => None,
    };
    if let Some(name) = stored
        && let Some(session) = stored_session(&flags.data, name, version, settings.clone()).await?
    {
        return Ok(session);
    }
    let token = token(named.unwrap_or(DEFAULT_TOKEN_ENV))?;
    let connection = connection(flags, file, token, version.unwrap_or(Version::DEFAULT))?;
    Ok(Session {
        client: Client::new(connection, settings)?,
        stored: None,
    })
}

/// The client of a stored connection, if there is a store that has it.
async fn stored_session(
    data: &Data,
    name: Option<&str>,
    version: Option<Version>,
    settings: ClientSettings,
) -> Result<Option<Session>, Failure> {
    let Some(store) = store::open_if_there(data).await? else {
        return match name {
            Some(name) => Err(StoreError::NotFound {
                kind: "connection",
                name: name.to_owned(),
            }
            .into()),
            None => Ok(None),
        };
    };
    let store = Arc::new(store);
    match trunkline_server::connect(&store, name, version, settings).await {
        Ok(opened) => Ok(Some(Session {
            client: opened.client.clone(),
            stored: Some((store, opened)),
        })),
        Err(error) => {
            store.close().await;
            match error {
                ServerError::NoConnection => Ok(None),
                error => Err(error.into()),
            }
        }
    }
}

fn client_settings(flags: &Workspace, file: &File) -> Result<ClientSettings, Failure> {
    let mut settings = ClientSettings::new(Arc::new(SystemClock));
    if let Some(text) = flags.max_share.as_deref().or(file.max_share.as_deref()) {
        settings.max_share = share(text)?;
    }
    settings.request_log = request_log::open(flags)?;
    Ok(settings)
}

fn connection(
    flags: &Workspace,
    file: &File,
    token: SecretString,
    version: Version,
) -> Result<Connection, Failure> {
    if let Some(region) = flags.region {
        let region = match region {
            RegionName::Us => Region::Us,
            RegionName::Eu => Region::Eu,
            RegionName::Au => Region::Au,
        };
        return Ok(Connection::in_region(region, token, version));
    }
    if let Some(url) = flags.base_url.as_deref() {
        return Connection::at(url, token, version).map_err(Failure::from);
    }
    match (file.region.as_deref(), file.base_url.as_deref()) {
        (Some(_), Some(_)) => Err(Failure::usage(
            "TL0001",
            "the settings file names both `region` and `base_url`",
            "Keep one of the two.",
        )),
        (None, Some(url)) => Connection::at(url, token, version).map_err(Failure::from),
        (Some("us") | None, None) => Ok(Connection::in_region(Region::Us, token, version)),
        (Some("eu"), None) => Ok(Connection::in_region(Region::Eu, token, version)),
        (Some("au"), None) => Ok(Connection::in_region(Region::Au, token, version)),
        (Some(other), None) => Err(Failure::usage(
            "TL0001",
            format!("the settings file names the region `{other}`"),
            "The regions are `us`, `eu` and `au`.",
        )),
    }
}

/// The API version, checked against the catalog before anything is called.
pub(crate) fn version(text: Option<&str>) -> Result<Version, Failure> {
    let Some(text) = text else {
        return Ok(Version::DEFAULT);
    };
    text.parse().map_err(|error: trunkline_catalog::UnknownVersion| {
        Failure::usage(
            "TL0002",
            error.to_string(),
            "Pass one of them with `--api-version`, for example 2.16.",
        )
    })
}

/// The access token that an environment variable holds.
pub(crate) fn token(variable: &str) -> Result<SecretString, Failure> {
    from_variable(variable).ok_or_else(|| {
        Failure::usage(
            "TL0004",
            format!("the environment variable {variable} holds no access token"),
            format!(
                "Set it (`export {variable}=...`), name another variable with `--token-env`, or keep a connection with \
                 `trunkline connect NAME`."
            ),
        )
    })
}

/// The secret that an environment variable holds, which `flag` names.
pub(crate) fn secret(variable: &str, flag: &str) -> Result<SecretString, Failure> {
    from_variable(variable).ok_or_else(|| {
        Failure::usage(
            "TL0004",
            format!("the environment variable {variable} holds no secret"),
            format!("Set it (`export {variable}=...`), or name another variable with `{flag}`."),
        )
    })
}

fn from_variable(variable: &str) -> Option<SecretString> {
    let value = std::env::var(variable).ok()?;
    let value = value.trim();
    (!value.is_empty()).then(|| SecretString::from(value))
}

/// `50%` or `0.5` as a share between 0 and 1.
pub(crate) fn share(text: &str) -> Result<f64, Failure> {
    let parsed = match text.strip_suffix('%') {
        Some(percent) => percent.trim().parse::<f64>().map(|value| value / 100.0),
        None => text.trim().parse::<f64>(),
    };
    match parsed {
        Ok(value) if value > 0.0 && value <= 1.0 => Ok(value),
        _ => Err(Failure::usage(
            "TL0005",
            format!("`{text}` is not a share of the rate budget"),
            "Give a percentage above 0 and up to 100, such as `--max-share 50%`.",
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_percentage_or_a_fraction() {
        for (text, value) in [("50%", 0.5), ("100%", 1.0), ("0.25", 0.25), ("1", 1.0)] {
            assert!((share(text).unwrap() - value).abs() < 1e-9, "{text}");
        }
        for text in ["0", "0%", "150%", "-1", "half", "", "NaN"] {
            assert_eq!(share(text).unwrap_err().code, "TL0005", "{text}");
        }
    }

    #[test]
    fn a_half_written_settings_file_stops_with_its_line() {
        for text in [
            "region = \"eu",
            "regoin = \"eu\"",
            "streams = \"contacts\"",
            "to = sqlite:x",
        ] {
            let failure = File::parse(text, Path::new("trunkline.toml")).unwrap_err();
            assert_eq!(failure.code, "TL0001", "{text}");
            assert!(
                failure.message.contains("trunkline.toml") && failure.message.contains("line 1"),
                "{failure}"
            );
        }
    }

    #[test]
    fn alerts_and_the_way_between_nodes_stand_in_the_settings_file() {
        let read = |text: &str| File::parse(text, Path::new("trunkline.toml"));
        let file = read(
            "[alerts]\nremind = \"never\"\nsettle = \"1m\"\n[alerts.channels.ops]\nonly = [\"mirror_stale\"]\nhttp = { url = \"https://a.example\" }\n\
             [nats]\nurl = \"nats://a:4222\"\ncredentials = { user = { name = \"n\", password = { env = \"P\" } } }\n",
        )
        .unwrap();
        let alerts = file.alerts.unwrap();
        assert_eq!((alerts.remind, alerts.dead_letters), (None, 10));
        assert_eq!(alerts.channels["ops"]["http"]["url"], "https://a.example");
        assert_eq!(file.nats.unwrap().subject, "trunkline.calls");
        for text in [
            "[alerts]\nremind = \"daily\"",
            "[alerts]\nremnd = \"1d\"",
            "[alerts]\nsettle = \"never\"",
            "[alerts]\ndead_letters = -1",
            "[alerts.channels]\nops = \"mail\"",
            "[nats]\nsubject = \"x\"",
            "[nats]\nurl = \"nats://a\"\ncredentials = { password = \"hush\" }",
        ] {
            let failure = read(text).unwrap_err();
            assert_eq!(failure.code, "TL0001", "{text}");
        }
    }

    #[test]
    fn a_version_is_checked_against_the_catalog() {
        assert_eq!(version(None).unwrap(), Version::V2_16);
        assert_eq!(version(Some("2.10")).unwrap(), Version::V2_10);
        for text in ["3.0", "2.16.1", "latest", ""] {
            assert_eq!(version(Some(text)).unwrap_err().code, "TL0002", "{text}");
        }
    }
}
