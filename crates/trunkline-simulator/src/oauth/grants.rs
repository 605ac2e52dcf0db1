//! Codes and tokens: who gave which app which permissions in which workspace.

use std::collections::{BTreeMap, BTreeSet};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use trunkline_catalog::{Operation, Version};

use super::{App, permissions};
use crate::{errors::Refusal, texts};

/// How long a code can be exchanged, in seconds.
const CODE_LIFE: i64 = 300;

/// What a token opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Access {
    /// The place of the workspace.
    pub(crate) workspace: usize,
    /// The public app, if it is one; private apps of a workspace share their budget.
    pub(crate) app: Option<usize>,
    /// The labels of the permissions; `None` for all.
    permissions: Option<BTreeSet<String>>,
    /// The version that answers without a header.
    pub(crate) version: Version,
}

impl Access {
    /// Everything in a workspace, as a private app with all permissions has it.
    pub(crate) fn whole(workspace: usize, version: Version) -> Self {
        Self {
            workspace,
            app: None,
            permissions: None,
            version,
        }
    }

    /// Refuses an operation that needs a permission which was not given. Operations that have been there since the oldest
    /// version answer 401, newer ones 403 (facts 2.3).
    pub(crate) fn check(&self, operation: &Operation) -> Result<(), Refusal> {
        let needed = operation.permission;
        let is_given = match (&self.permissions, needed) {
            (None, _) | (_, "") => true,
            (Some(given), needed) => given.iter().any(|label| permissions::covers(label, needed)),
        };
        if is_given {
            return Ok(());
        }
        Err(if operation.versions.0 == Version::V2_7 {
            Refusal::new(401, "token_unauthorized", "Not authorized to access resource")
        } else {
            let scope = permissions::machine_name(needed);
            let message = format!("You do not have the required scope ({scope}) to access this resource");
            Refusal::new(403, "forbidden", message)
        })
    }
}

/// What a token of an app opens in a workspace: what the app asks for at this moment.
fn access_of(app: &App, place: usize, workspace: usize, otherwise: Version) -> Access {
    Access {
        workspace,
        app: Some(place),
        permissions: (!app.permissions.is_empty()).then(|| app.permissions.iter().cloned().collect()),
        version: app.version.parse().unwrap_or(otherwise),
    }
}

/// A code that waits to be exchanged.
#[derive(Clone, Debug)]
struct Code {
    app: usize,
    workspace: usize,
    expires_at: i64,
    used: bool,
}

/// All apps with what was granted to them.
#[derive(Debug)]
pub(crate) struct Directory {
    seed: u64,
    apps: Vec<App>,
    /// Tokens of private apps; when there are none at first, any unknown text is one of the first workspace's.
    private: BTreeMap<String, usize>,
    /// Whether any unknown text is a token.
    takes_any: bool,
    private_version: Version,
    codes: BTreeMap<String, Code>,
    granted: BTreeMap<String, Access>,
    revoked: BTreeSet<String>,
    /// Codes and tokens so far.
    issued: u32,
}

impl Directory {
    pub(crate) fn new(seed: u64, apps: Vec<App>, private: BTreeMap<String, usize>, version: Version) -> Self {
        let mut granted = BTreeMap::new();
        for (place, app) in apps.iter().enumerate() {
            for (workspace, token) in app.tokens.iter().enumerate() {
                granted.insert(token.clone(), access_of(app, place, workspace, version));
            }
        }
        Self {
            seed,
            apps,
            takes_any: private.is_empty(),
            private,
            private_version: version,
            codes: BTreeMap::new(),
            granted,
            revoked: BTreeSet::new(),
            issued: 0,
        }
    }

    pub(crate) fn apps(&self) -> &[App] {
        &self.apps
    }

    /// The place of the app with this client id.
    pub(crate) fn app(&self, client_id: &str) -> Option<usize> {
        self.apps.iter().position(|app| app.client_id == client_id)
    }

    /// A text that nobody can guess who does not know the seed, ending in `=` like real ones.
    fn secret(&mut self, prefix: &str) -> String {
        self.issued += 1;
        let halves: Vec<String> = (0..2)
            .map(|half| format!("{:016x}", texts::mix(self.seed, 160 + half, self.issued)))
            .collect();
        STANDARD.encode(format!("{prefix}:{}_{}", halves.concat(), self.issued % 10))
    }

    /// A code for an app that a workspace agreed to.
    pub(crate) fn issue_code(&mut self, app: usize, workspace: usize, now: i64) -> String {
        let code = self.secret("code");
        let held = Code {
            app,
            workspace,
            expires_at: now + CODE_LIFE,
            used: false,
        };
        self.codes.insert(code.clone(), held);
        code
    }

    /// The token for a code; `None` for a code that is unknown, old or used, and for the wrong app or secret.
    pub(crate) fn exchange(&mut self, code: &str, id: &str, secret: &str, now: i64) -> Option<String> {
        let held = self.codes.get(code)?.clone();
        let app = &self.apps[held.app];
        if held.used || now >= held.expires_at || app.client_id != id || app.client_secret != secret {
            return None;
        }
        let access = access_of(app, held.app, held.workspace, self.private_version);
        let token = self.secret("tok");
        self.granted.insert(token.clone(), access);
        if let Some(held) = self.codes.get_mut(code) {
            held.used = true;
        }
        Some(token)
    }

    /// Takes a token back; false when it was none.
    pub(crate) fn revoke(&mut self, token: &str) -> bool {
        let is_known = self.granted.remove(token).is_some() || self.private.remove(token).is_some();
        if is_known {
            self.revoked.insert(token.to_owned());
        }
        is_known
    }

    /// Lets the app of a token leave its workspace, with all tokens that it has there; a private app's token ends alone.
    /// False when it was none.
    pub(crate) fn uninstall_itself(&mut self, token: &str) -> bool {
        match self.granted.get(token) {
            Some(Access {
                app: Some(app),
                workspace,
                ..
            }) => self.uninstall(*app, *workspace),
            _ => self.revoke(token),
        }
    }

    /// Takes an app out of a workspace; false when it was not there.
    pub(crate) fn uninstall(&mut self, app: usize, workspace: usize) -> bool {
        let tokens: Vec<String> = self
            .granted
            .iter()
            .filter(|(_, access)| access.app == Some(app) && access.workspace == workspace)
            .map(|(token, _)| token.clone())
            .collect();
        tokens.iter().filter(|token| self.revoke(token)).count() > 0
    }

    /// Which app is installed in which workspace, by client id and place.
    pub(crate) fn installed(&self) -> BTreeSet<(String, usize)> {
        self.grants()
            .map(|(app, workspace, _)| (app.client_id.clone(), workspace))
            .collect()
    }

    /// What a token opens.
    pub(crate) fn access(&self, token: Option<&str>) -> Result<Access, Refusal> {
        let token = token.ok_or_else(Refusal::unauthorized)?;
        if let Some(access) = self.granted.get(token) {
            return Ok(access.clone());
        }
        if let Some(workspace) = self.private.get(token) {
            return Ok(Access::whole(*workspace, self.private_version));
        }
        if self.revoked.contains(token) {
            return Err(Refusal::new(401, "token_revoked", "Access Token Revoked"));
        }
        if self.takes_any {
            return Ok(Access::whole(0, self.private_version));
        }
        Err(Refusal::unauthorized())
    }

    /// Every grant: app, workspace, token.
    pub(crate) fn grants(&self) -> impl Iterator<Item = (&App, usize, &str)> {
        self.granted
            .iter()
            .filter_map(|(token, access)| Some((&self.apps[access.app?], access.workspace, token.as_str())))
    }
}

#[cfg(test)]
mod tests {
    use trunkline_catalog::Catalog;

    use super::*;

    fn directory(permissions: &[&str]) -> Directory {
        let app = App {
            permissions: permissions.iter().map(|label| (*label).to_owned()).collect(),
            ..App::built_in()
        };
        let private = BTreeMap::from([("t".to_owned(), 0)]);
        Directory::new(7, vec![app], private, Version::V2_14)
    }

    fn token(directory: &mut Directory) -> String {
        let app = App::built_in();
        let code = directory.issue_code(0, 0, 100);
        directory
            .exchange(&code, &app.client_id, &app.client_secret, 101)
            .unwrap()
    }

    #[test]
    fn a_code_is_good_once_for_five_minutes_with_the_right_secret() {
        let app = App::built_in();
        let (id, secret) = (app.client_id.as_str(), app.client_secret.as_str());
        for (now, id, secret, is_good) in [
            (101, id, secret, true),
            (399, id, secret, true),
            (400, id, secret, false),
            (101, "other", secret, false),
            (101, id, "wrong", false),
        ] {
            let mut directory = directory(&[]);
            let code = directory.issue_code(0, 0, 100);
            assert_eq!(
                directory.exchange(&code, id, secret, now).is_some(),
                is_good,
                "{now} {id}"
            );
            assert!(directory.exchange("made up", id, secret, now).is_none());
            if is_good {
                assert!(
                    directory.exchange(&code, id, secret, now).is_none(),
                    "a second time"
                );
            }
        }
    }

    #[test]
    fn a_grant_opens_only_what_its_permissions_cover() {
        let operation = |id: &str| Catalog::embedded().operation(id).unwrap();
        for (permissions, id, status) in [
            (vec![], "contacts.search", None),
            (vec!["Read and list users and companies"], "contacts.search", None),
            (vec!["Read tags"], "contacts.search", Some(401)),
            (vec!["Read tags"], "macros.list", Some(403)),
            (vec!["Read tags"], "me.get", None),
        ] {
            let mut directory = directory(&permissions);
            let token = token(&mut directory);
            let access = directory.access(Some(&token)).unwrap();
            let refused = access.check(operation(id)).err().map(|refusal| refusal.status);
            assert_eq!(refused, status, "{permissions:?} {id}");
        }
    }

    #[test]
    fn a_revoked_token_is_refused_by_its_own_code() {
        let mut directory = directory(&[]);
        let token = token(&mut directory);
        assert!(directory.revoke(&token));
        assert!(!directory.revoke(&token));
        assert_eq!(directory.access(Some(&token)).unwrap_err().code, "token_revoked");
        assert_eq!(directory.access(Some("never")).unwrap_err().code, "unauthorized");
        assert_eq!(directory.access(None).unwrap_err().code, "unauthorized");
        assert!(directory.access(Some("t")).is_ok());
    }
}
