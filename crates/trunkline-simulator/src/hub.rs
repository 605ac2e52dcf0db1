//! Several workspaces in one process: which one a call is for, and what the caller may do there.
//!
//! The one rule: a token opens one workspace, and nothing of another is ever seen through it. Read `oauth.rs` for how tokens
//! come to be and `pipeline.rs` for what a workspace does with a call.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    Options,
    clock::Clock,
    control,
    errors::Refusal,
    files,
    oauth::{self, Access, App, Call, Directory},
    panel,
    pipeline::{Incoming, State, lock, read},
    reply::Reply,
    webhooks,
};

/// All workspaces of a process with the apps that may enter them.
#[derive(Debug)]
pub(crate) struct Hub {
    pub(crate) states: Vec<Arc<State>>,
    directory: Mutex<Directory>,
    clock: Arc<Clock>,
}

/// The directory that the options describe.
pub(crate) fn directory(options: &Options) -> Directory {
    let apps = if options.apps.is_empty() {
        vec![App::built_in()]
    } else {
        options.apps.clone()
    };
    let last = usize::from(options.workspaces.max(1)) - 1;
    let private: BTreeMap<String, usize> = options
        .tokens
        .iter()
        .enumerate()
        .map(|(place, token)| (token.clone(), place.min(last)))
        .collect();
    Directory::new(options.seed, apps, private, options.default_version)
}

/// A call before anything is known of who calls.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Knock<'a> {
    pub(crate) token: Option<&'a str>,
    pub(crate) incoming: Incoming<'a>,
}

impl Hub {
    pub(crate) fn new(states: Vec<Arc<State>>, directory: Directory, clock: Arc<Clock>) -> Self {
        Self {
            states,
            directory: Mutex::new(directory),
            clock,
        }
    }

    /// What a token opens.
    pub(crate) fn access(&self, token: Option<&str>) -> Result<Access, Refusal> {
        lock(&self.directory).access(token)
    }

    /// Answers a call of the API or of the sign-in, with the workspace that took it.
    pub(crate) fn answer(&self, knock: Knock<'_>) -> (&Arc<State>, Reply) {
        let incoming = knock.incoming;
        if incoming.method == "GET" && incoming.path == "/" {
            return (&self.states[0], panel::page(&self.states[0]));
        }
        if oauth::is_ours(incoming.path) {
            if let Some(refusal) = incoming.unread {
                return (&self.states[0], Reply::refusal(refusal, ""));
            }
            let choices: Vec<(String, String)> = self
                .states
                .iter()
                .map(|state| oauth::choice(&read(&state.workspace)))
                .collect();
            let call = Call {
                method: incoming.method,
                path: incoming.path,
                query: incoming.query,
                content_type: incoming.content_type,
                token: knock.token,
                body: incoming.body,
            };
            let reply = oauth::answer(&mut lock(&self.directory), &choices, call, self.clock.now());
            self.tell_installed();
            return (&self.states[0], reply);
        }
        if files::is_ours(incoming.path) {
            let now = self.clock.now();
            let reply = files::serve(&self.states, incoming.method, incoming.path, incoming.query, now);
            return (&self.states[0], reply);
        }
        let access = self.access(knock.token);
        let place = access.as_ref().map_or(0, |access| access.workspace);
        let state = &self.states[place];
        (state, state.answer(incoming, access))
    }

    /// The workspace that a path of the control surface is about, with the rest of the path: the first one, unless the path
    /// begins with `/_sim/workspaces/{place}/`.
    pub(crate) fn place<'p>(&self, path: &'p str) -> Option<(&Arc<State>, std::borrow::Cow<'p, str>)> {
        let Some(rest) = path.strip_prefix("/_sim/workspaces/") else {
            return Some((&self.states[0], path.into()));
        };
        let (place, rest) = rest.split_once('/')?;
        let state = self.states.get(place.parse::<usize>().ok()?)?;
        Some((state, format!("/_sim/{rest}").into()))
    }

    /// Answers what the control surface says of all workspaces together, or of one of them.
    pub(crate) fn control(&self, method: &Method, path: &str, query: &str, body: &[u8]) -> Reply {
        match (method.as_str(), path.trim_end_matches('/')) {
            ("GET", "/_sim/workspaces") => self.list(),
            ("GET", "/_sim/apps") => self.apps(),
            ("GET", "/_sim/grants") => self.grants(),
            ("POST", "/_sim/grants/revoke") => self.revoke(body),
            ("POST", "/_sim/apps/uninstall") => self.uninstall(body),
            _ => match self.place(path) {
                Some((state, path)) => {
                    let reply = control::answer(state, method, &path, query, body);
                    if method == Method::PUT && path == "/_sim/clock" {
                        // One clock is everybody's: what was planned until now happens everywhere.
                        self.states.iter().for_each(|state| state.change(|_| ()));
                    }
                    reply
                }
                None => Reply::with_status(404, &json!({ "error": "there is no such workspace" })),
            },
        }
    }

    /// Webhooks of an app hear of the workspaces that installed it, and of no others.
    fn tell_installed(&self) {
        let installed = lock(&self.directory).installed();
        webhooks::install(&self.states, installed);
    }

    /// A customer takes an app out of a workspace, of which the app is told.
    fn uninstall(&self, body: &[u8]) -> Reply {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Asked {
            client_id: String,
            #[serde(default)]
            workspace: usize,
        }
        let refuse = |status, message: String| Reply::with_status(status, &json!({ "error": message }));
        let asked: Asked = match serde_json::from_slice(body) {
            Ok(asked) => asked,
            Err(error) => return refuse(400, format!("the body cannot be read: {error}")),
        };
        let url = {
            let mut directory = lock(&self.directory);
            let Some(app) = directory.app(&asked.client_id) else {
                return refuse(404, format!("there is no app `{}`", asked.client_id));
            };
            if !directory.uninstall(app, asked.workspace) {
                let message = format!(
                    "workspace {} has not installed {}",
                    asked.workspace, asked.client_id
                );
                return refuse(404, message);
            }
            directory.apps()[app].uninstall_url.clone()
        };
        self.tell_installed();
        if let (Some(url), Some(state)) = (url, self.states.get(asked.workspace)) {
            webhooks::say_uninstalled(state, url);
        }
        Reply::empty(204)
    }

    fn list(&self) -> Reply {
        let all: Vec<Value> = self
            .states
            .iter()
            .map(|state| {
                let workspace = read(&state.workspace);
                json!({ "id_code": workspace.id_code, "name": workspace.name, "seed": workspace.seed })
            })
            .collect();
        Reply::json(&all)
    }

    fn apps(&self) -> Reply {
        let directory = lock(&self.directory);
        let all: Vec<Value> = directory
            .apps()
            .iter()
            .map(|app| {
                json!({
                    "name": app.name,
                    "client_id": app.client_id,
                    "client_secret": app.client_secret,
                    "redirect_uris": app.redirect_uris,
                    "permissions": app.permissions,
                    "version": app.version,
                    "uninstall_url": app.uninstall_url,
                })
            })
            .collect();
        Reply::json(&all)
    }

    fn grants(&self) -> Reply {
        let directory = lock(&self.directory);
        let all: Vec<Value> = directory
            .grants()
            .map(|(app, workspace, token)| {
                json!({ "client_id": app.client_id, "workspace": workspace, "token": token })
            })
            .collect();
        Reply::json(&all)
    }

    fn revoke(&self, body: &[u8]) -> Reply {
        #[derive(Deserialize)]
        struct Asked {
            token: String,
        }
        match serde_json::from_slice::<Asked>(body) {
            Ok(asked) if lock(&self.directory).revoke(&asked.token) => {
                self.tell_installed();
                Reply::empty(204)
            }
            Ok(_) => Reply::with_status(404, &json!({ "error": "nothing was granted with this token" })),
            Err(error) => Reply::with_status(
                400,
                &json!({ "error": format!("the body cannot be read: {error}") }),
            ),
        }
    }
}
