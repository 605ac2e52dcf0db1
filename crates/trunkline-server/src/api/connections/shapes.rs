//! Connections as the API shows and takes them.
//!
//! The one rule: what is shown says which secrets are kept and never what they are.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_client::Region;
use trunkline_store::{Connection, ConnectionState, KeptSecrets};
use url::Url;
use utoipa::ToSchema;

use super::super::given::{self, Secret};

/// How a connection is doing: `new` (no token has worked yet), `ready`, `needs_grant` (its token was refused, and what uses it
/// waits) or `paused`.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ConnectionState)]
pub(crate) enum State {
    /// No token has worked yet.
    New,
    /// Its token worked when it was last used.
    Ready,
    /// Its token was refused: somebody has to grant access again.
    NeedsGrant,
    /// Somebody paused it.
    Paused,
}

impl From<ConnectionState> for State {
    fn from(state: ConnectionState) -> Self {
        match state {
            ConnectionState::New => Self::New,
            ConnectionState::Ready => Self::Ready,
            ConnectionState::NeedsGrant => Self::NeedsGrant,
            ConnectionState::Paused => Self::Paused,
        }
    }
}

/// Where a workspace lives.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum RegionName {
    /// The United States.
    Us,
    /// The European Union.
    Eu,
    /// Australia.
    Au,
}

impl RegionName {
    /// The address of the region's API.
    pub(crate) const fn base_url(self) -> &'static str {
        match self {
            Self::Us => Region::Us.base_url(),
            Self::Eu => Region::Eu.base_url(),
            Self::Au => Region::Au.base_url(),
        }
    }

    fn at(base_url: &str) -> Option<Self> {
        [Self::Us, Self::Eu, Self::Au]
            .into_iter()
            .find(|region| region.base_url() == base_url)
    }
}

/// The workspace behind a token.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Workspace {
    /// Its code, which webhooks call `app_id`.
    pub(crate) id_code: String,
    /// Its name.
    pub(crate) name: String,
    /// Where it is hosted, such as `US`.
    pub(crate) region: String,
    /// Its time zone.
    pub(crate) time_zone: String,
    /// The teammate whose token it is, by id.
    pub(crate) admin_id: String,
}

/// A connection, without its secrets.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The name that people use.
    pub(crate) name: String,
    /// Whether it is the one that is meant when none is named.
    pub(crate) is_default: bool,
    /// How it is doing.
    pub(crate) state: State,
    /// Why, where that needs saying.
    pub(crate) reason: Option<String>,
    /// The name of the app that its grants and webhooks belong to.
    pub(crate) app: Option<String>,
    /// The region, where the address is one's.
    pub(crate) region: Option<RegionName>,
    /// The address of the API.
    pub(crate) base_url: String,
    /// The version of Intercom's API that it speaks.
    pub(crate) api_version: String,
    /// The page that asks for grants, instead of the app's or the region's.
    pub(crate) authorize_url: Option<String>,
    /// Where codes are exchanged for tokens, instead of the app's or Intercom's address.
    pub(crate) token_url: Option<String>,
    /// Whether calls and grants are kept in the request log.
    pub(crate) logs_requests: bool,
    /// Whatever its owner wants to remember.
    pub(crate) notes: String,
    /// Whether a token is kept.
    pub(crate) has_token: bool,
    /// Whether its webhooks have a secret of their own, beside the app's client secret.
    pub(crate) has_webhook_secret: bool,
    /// When the token ends, where the server said so.
    pub(crate) token_expires_at: Option<Timestamp>,
    /// Where its webhooks are sent to; none while the process has no public address.
    pub(crate) webhook_url: Option<String>,
    /// The workspace, once a token worked.
    pub(crate) workspace: Option<Workspace>,
    /// When it was last tested.
    pub(crate) tested_at: Option<Timestamp>,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it last changed.
    pub(crate) updated_at: Timestamp,
}

/// All connections.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Connections {
    /// The connections, by name.
    pub(crate) items: Vec<Shown>,
}

/// A connection to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConnection)]
pub(crate) struct New {
    /// The name to give it.
    pub(crate) name: String,
    /// The name of the app that its grants and webhooks belong to.
    pub(crate) app: Option<String>,
    /// The region that the workspace lives in; the first one when neither it nor an address is given.
    pub(crate) region: Option<RegionName>,
    /// The address of the API, instead of a region's: a simulator or a proxy.
    pub(crate) base_url: Option<String>,
    /// The version of Intercom's API to speak; the usual one when none is given.
    pub(crate) api_version: Option<String>,
    /// The page that asks for grants, instead of the app's or the region's.
    pub(crate) authorize_url: Option<String>,
    /// Where codes are exchanged for tokens, instead of the app's or Intercom's address.
    pub(crate) token_url: Option<String>,
    /// The access token. It is kept sealed and never shown.
    #[schema(value_type = Option<String>, write_only)]
    pub(crate) token: Option<Secret>,
    /// What signs its webhooks, where that is not the app's client secret. It is kept sealed and never shown.
    #[schema(value_type = Option<String>, write_only)]
    pub(crate) webhook_secret: Option<Secret>,
    /// Whether calls and grants are kept in the request log.
    pub(crate) logs_requests: Option<bool>,
    /// Whatever you want to remember.
    pub(crate) notes: Option<String>,
}

/// Changes to a connection: what is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionChange)]
pub(crate) struct Change {
    /// The name of the app that its grants and webhooks belong to; null for none.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) app: Option<Option<String>>,
    /// The region that the workspace lives in.
    pub(crate) region: Option<RegionName>,
    /// The address of the API, instead of a region's: a simulator or a proxy.
    pub(crate) base_url: Option<String>,
    /// The version of Intercom's API to speak.
    pub(crate) api_version: Option<String>,
    /// The page that asks for grants, instead of the app's or the region's; null for that.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) authorize_url: Option<Option<String>>,
    /// Where codes are exchanged for tokens, instead of the app's or Intercom's address; null for that.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) token_url: Option<Option<String>>,
    /// The access token. It is kept sealed and never shown.
    #[schema(value_type = Option<String>, write_only)]
    pub(crate) token: Option<Secret>,
    /// What signs its webhooks, where that is not the app's client secret. It is kept sealed and never shown.
    #[schema(value_type = Option<String>, write_only)]
    pub(crate) webhook_secret: Option<Secret>,
    /// Whether calls and grants are kept in the request log.
    pub(crate) logs_requests: Option<bool>,
    /// Whatever you want to remember.
    pub(crate) notes: Option<String>,
}

/// A new name for a connection.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewName {
    /// The new name.
    pub(crate) name: String,
}

/// How a test went.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionTest)]
pub(crate) struct Tested {
    /// Whether the workspace answered to the token.
    pub(crate) works: bool,
    /// Why not.
    pub(crate) error: Option<Trouble>,
    /// The connection as it is after the test.
    pub(crate) connection: Shown,
}

/// What went wrong, and what to do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trouble {
    /// The code, which has a page in the documentation.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// One line on what to do.
    pub(crate) advice: String,
}

impl Shown {
    /// A connection as it is shown.
    pub(crate) fn of(
        connection: Connection,
        app: Option<String>,
        secrets: KeptSecrets,
        public_url: Option<&Url>,
    ) -> Self {
        let details = connection.details;
        let webhook_url = public_url.map(|url| {
            let base = url.as_str().trim_end_matches('/');
            format!("{base}/webhooks/{}", connection.name)
        });
        Self {
            webhook_url,
            id: connection.id,
            name: connection.name,
            is_default: connection.is_default,
            state: connection.state.into(),
            reason: connection.reason,
            app,
            region: RegionName::at(&details.base_url),
            base_url: details.base_url,
            api_version: details.api_version,
            authorize_url: details.authorize_url,
            token_url: details.token_url,
            logs_requests: details.logs_requests,
            notes: details.notes,
            has_token: secrets.token,
            has_webhook_secret: secrets.webhook_secret,
            token_expires_at: details.token_expires_at,
            workspace: connection.identity.map(|identity| Workspace {
                id_code: identity.id_code,
                name: identity.name,
                region: identity.region,
                time_zone: identity.time_zone,
                admin_id: identity.admin_id,
            }),
            tested_at: connection.tested_at,
            created_at: connection.created_at,
            updated_at: connection.updated_at,
        }
    }
}
