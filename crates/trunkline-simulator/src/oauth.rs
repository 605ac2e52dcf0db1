//! Apps, their grants and the consent page (facts 2.2, 2.3): how a token comes to be, and what it may do.
//!
//! The one rule: a grant keeps the permissions that the app had when the workspace agreed; whatever the app asks for later
//! needs a new grant. `grants.rs` keeps codes and tokens, `permissions.rs` says what an operation needs, `page.rs` draws.

mod grants;
mod page;
pub(crate) mod permissions;

use serde::Deserialize;
use serde_json::json;
use trunkline_catalog::Version;

pub(crate) use self::grants::{Access, Directory};
use crate::{body, errors::Refusal, reply::Reply, request::as_text, workspace::Workspace};

/// An app as its owner sets it up in the Developer Hub.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// What the consent page calls it.
    pub name: String,
    /// Its public name.
    pub client_id: String,
    /// What proves that it is the app.
    pub client_secret: String,
    /// Where codes may be sent; the first one is the default. When empty, any address is good.
    #[serde(default)]
    pub redirect_uris: Vec<String>,
    /// The permissions that it asks for, by the labels of the Developer Hub; all when empty.
    #[serde(default)]
    pub permissions: Vec<String>,
    /// The version that answers a request without an `Intercom-Version` header, such as `2.14`.
    #[serde(default = "default_version")]
    pub version: String,
    /// Tokens of workspaces that installed it already: the first one of the first workspace, and so on.
    #[serde(default)]
    pub tokens: Vec<String>,
    /// Where it is told that a customer uninstalled it.
    #[serde(default)]
    pub uninstall_url: Option<String>,
}

fn default_version() -> String {
    Version::V2_14.as_str().to_owned()
}

impl App {
    /// The app that is there when none was set up.
    #[must_use]
    pub fn built_in() -> Self {
        Self {
            name: "My app".to_owned(),
            client_id: "simulated-client-id".to_owned(),
            client_secret: "simulated-client-secret".to_owned(),
            redirect_uris: Vec::new(),
            permissions: Vec::new(),
            version: default_version(),
            tokens: Vec::new(),
            uninstall_url: None,
        }
    }

    /// What is wrong with it, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        if self.version.parse::<Version>().is_err() {
            return Some(format!("{} is not a version of the API", self.version));
        }
        if let Some(url) = &self.uninstall_url
            && !url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        {
            return Some(format!("{url} is not an address that can be called"));
        }
        self.permissions
            .iter()
            .find(|label| !permissions::is_known(label))
            .map(|label| format!("there is no permission `{label}`"))
    }
}

/// A request to one of the addresses of the sign-in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Call<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) token: Option<&'a str>,
    pub(crate) body: &'a [u8],
}

/// Whether an address is answered here.
pub(crate) fn is_ours(path: &str) -> bool {
    matches!(path, "/oauth" | "/auth/eagle/token" | "/auth/uninstall")
}

/// Answers it; `workspaces` are those that a person can choose from.
pub(crate) fn answer(
    directory: &mut Directory,
    workspaces: &[(String, String)],
    call: Call<'_>,
    now: i64,
) -> Reply {
    match (call.method, call.path) {
        ("GET", "/oauth") => consent(directory, workspaces, call),
        ("POST", "/oauth") => decide(directory, workspaces, call, now),
        ("POST", "/auth/eagle/token") => exchange(directory, call, now),
        ("POST", "/auth/uninstall") => {
            if call.token.is_some_and(|token| directory.uninstall_itself(token)) {
                Reply::empty(200)
            } else {
                Reply::refusal(&Refusal::unauthorized(), "")
            }
        }
        _ => Reply::refusal(&Refusal::not_found("Resource"), ""),
    }
}

/// What a query or a form says of the grant that is wanted.
#[derive(Clone, Debug, Default)]
struct Asked {
    client_id: String,
    redirect_uri: Option<String>,
    state: Option<String>,
    workspace: Option<usize>,
    agrees: bool,
}

impl Asked {
    fn read(text: &str) -> Self {
        let mut asked = Self::default();
        for (name, value) in url::form_urlencoded::parse(text.as_bytes()) {
            match name.as_ref() {
                "client_id" => asked.client_id = value.into_owned(),
                "redirect_uri" => asked.redirect_uri = Some(value.into_owned()),
                "state" => asked.state = Some(value.into_owned()),
                "workspace" => asked.workspace = value.parse().ok(),
                "decision" => asked.agrees = value == "authorize",
                _ => {}
            }
        }
        asked
    }

    /// The app and the address that its code goes to, or what a person is told instead.
    fn checked(&self, directory: &Directory) -> Result<(usize, String), &'static str> {
        let place = directory
            .app(&self.client_id)
            .ok_or("There is no app with this client_id.")?;
        let known = &directory.apps()[place].redirect_uris;
        let target = match (&self.redirect_uri, known.first()) {
            (Some(asked), _) if known.is_empty() || known.contains(asked) => asked.clone(),
            (Some(_), _) => return Err("This redirect_uri is not registered for the app."),
            (None, Some(first)) => first.clone(),
            (None, None) => return Err("The app has no redirect URL; pass redirect_uri."),
        };
        url::Url::parse(&target).map_err(|_| "The redirect_uri is not an address.")?;
        Ok((place, target))
    }
}

fn consent(directory: &Directory, workspaces: &[(String, String)], call: Call<'_>) -> Reply {
    let asked = Asked::read(call.query);
    match asked.checked(directory) {
        Ok((place, target)) => {
            let app = &directory.apps()[place];
            page::consent(app, workspaces, &target, asked.state.as_deref())
        }
        Err(message) => page::refusal(message),
    }
}

/// The address with more in its query.
fn with(target: &str, pairs: &[(&str, &str)], state: Option<&str>) -> String {
    let Ok(mut url) = url::Url::parse(target) else {
        return target.to_owned();
    };
    {
        let mut query = url.query_pairs_mut();
        query.extend_pairs(pairs);
        if let Some(state) = state {
            query.append_pair("state", state);
        }
    }
    url.into()
}

fn decide(directory: &mut Directory, workspaces: &[(String, String)], call: Call<'_>, now: i64) -> Reply {
    let asked = Asked::read(&String::from_utf8_lossy(call.body));
    let (app, target) = match asked.checked(directory) {
        Ok(found) => found,
        Err(message) => return page::refusal(message),
    };
    let workspace = asked.workspace.unwrap_or(0);
    if workspace >= workspaces.len() {
        return page::refusal("There is no such workspace.");
    }
    let state = asked.state.as_deref();
    let address = if asked.agrees {
        let code = directory.issue_code(app, workspace, now);
        with(&target, &[("code", &code)], state)
    } else {
        with(&target, &[("error", "access_denied")], state)
    };
    let mut reply = Reply::empty(302);
    reply.headers.push(("location", address));
    reply
}

/// Changes a code into a token; form and JSON are understood alike.
fn exchange(directory: &mut Directory, call: Call<'_>, now: i64) -> Reply {
    let body = match body::read(call.content_type, call.body) {
        Ok(body) => body,
        Err(refusal) => return Reply::refusal(&refusal, ""),
    };
    let field = |name: &str| as_text(&body[name]).unwrap_or_default();
    let (code, id, secret) = (field("code"), field("client_id"), field("client_secret"));
    match directory.exchange(&code, &id, &secret, now) {
        Some(token) => Reply::json(&json!({
            "token_type": "Bearer", "token": token, "access_token": token,
        })),
        None => Reply::text(401, "text/plain; charset=utf-8", "Unauthorized Code"),
    }
}

/// What a person can choose from: id code and name.
pub(crate) fn choice(workspace: &Workspace) -> (String, String) {
    (workspace.id_code.clone(), workspace.name.clone())
}
