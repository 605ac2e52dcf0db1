//! What components reach outside through.
//!
//! The one rule: a component has no other way to the clock, to workspaces, to secrets, or to where a flow's file lies.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use secrecy::SecretString;
use tokio::sync::watch;
use trunkline_actions::Workspace;
use trunkline_flow::ComponentError;

/// How often what is told of is looked for all the same: another process may have received it.
const HEARD: Duration = Duration::from_secs(1);

/// Workspaces by the names of their connections.
pub trait Workspaces: Send + Sync {
    /// The workspace of a connection; of the default one when none is named.
    fn workspace<'a>(
        &'a self,
        connection: Option<&'a str>,
    ) -> BoxFuture<'a, Result<Workspace, ComponentError>>;
}

/// A notification that was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notified {
    /// Our number for it, growing.
    pub number: i64,
    /// Its topic.
    pub topic: String,
    /// The body, byte by byte.
    pub body: Vec<u8>,
    /// When it came.
    pub received_at: Timestamp,
}

/// What the receiver of webhooks keeps.
pub trait Notifications: Send + Sync {
    /// The number of the newest; 0 when there is none.
    fn newest(&self) -> BoxFuture<'_, Result<i64, ComponentError>>;

    /// The number of the last one that came before a moment; 0 when there is none.
    fn before(&self, moment: Timestamp) -> BoxFuture<'_, Result<i64, ComponentError>>;

    /// Those with a greater number, in their order; of all workspaces when none is named.
    fn after<'a>(
        &'a self,
        number: i64,
        workspace: Option<&'a str>,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<Notified>, ComponentError>>;
}

/// A record that was pushed to a flow's address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pushed {
    /// Our number for it, growing.
    pub number: i64,
    /// What tells it from others of the flow.
    pub id: String,
    /// The record, as JSON text.
    pub body: String,
    /// When it came.
    pub received_at: Timestamp,
}

/// What was pushed to flows' addresses.
pub trait Pushes: Send + Sync {
    /// The number of the last one to a flow that came before a moment; 0 when there is none.
    fn before<'a>(&'a self, flow: &'a str, moment: Timestamp) -> BoxFuture<'a, Result<i64, ComponentError>>;

    /// Those to a flow with a greater number, in their order.
    fn after<'a>(
        &'a self,
        flow: &'a str,
        number: i64,
        most: u32,
    ) -> BoxFuture<'a, Result<Vec<Pushed>, ComponentError>>;
}

/// Where the mirror of a connection is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorPlace {
    /// Its file.
    pub path: PathBuf,
    /// The workspace that it has to hold, where that is known.
    pub workspace: Option<String>,
}

/// Mirrors by the names of their connections.
pub trait Mirrors: Send + Sync {
    /// The mirror of a connection; of the default one when none is named.
    fn mirror<'a>(
        &'a self,
        connection: Option<&'a str>,
    ) -> BoxFuture<'a, Result<MirrorPlace, ComponentError>>;
}

/// What a variable of the environment holds; none when it is not set.
pub type Environment = Arc<dyn Fn(&str) -> Option<SecretString> + Send + Sync>;

/// Where a flow runs.
#[derive(Clone)]
pub struct Site {
    /// The flow's name.
    pub flow: String,
    /// The folder that relative paths begin at.
    pub folder: PathBuf,
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Workspaces of Intercom.
    pub workspaces: Arc<dyn Workspaces>,
    /// Notifications that were received.
    pub notifications: Arc<dyn Notifications>,
    /// What was pushed to flows' addresses.
    pub pushes: Arc<dyn Pushes>,
    /// Mirrors of workspaces.
    pub mirrors: Arc<dyn Mirrors>,
    /// What a variable of the environment holds, for settings of the form `{env: NAME}`; none when it is not set.
    pub secrets: Environment,
    /// Changes whenever something may have been received, where that is heard; it is looked for now and then all the same.
    pub stirred: Option<watch::Receiver<()>>,
    /// Whether nothing may be changed: what would happen is shown.
    pub is_dry: bool,
}

impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site")
            .field("flow", &self.flow)
            .field("folder", &self.folder)
            .finish_non_exhaustive()
    }
}

/// No workspace and no notification: what a component finds that works for no flow.
struct Nothing;

impl Workspaces for Nothing {
    fn workspace<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<Workspace, ComponentError>> {
        Box::pin(async {
            Err(ComponentError::stop(
                "TL0910",
                "a channel of alerts has no workspace",
                "Use a channel that is none of Intercom's.",
            ))
        })
    }
}

impl Notifications for Nothing {
    fn newest(&self) -> BoxFuture<'_, Result<i64, ComponentError>> {
        Box::pin(async { Ok(0) })
    }

    fn before(&self, _: Timestamp) -> BoxFuture<'_, Result<i64, ComponentError>> {
        Box::pin(async { Ok(0) })
    }

    fn after<'a>(
        &'a self,
        _: i64,
        _: Option<&'a str>,
        _: u32,
    ) -> BoxFuture<'a, Result<Vec<Notified>, ComponentError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Pushes for Nothing {
    fn before<'a>(&'a self, _: &'a str, _: Timestamp) -> BoxFuture<'a, Result<i64, ComponentError>> {
        Box::pin(async { Ok(0) })
    }

    fn after<'a>(&'a self, _: &'a str, _: i64, _: u32) -> BoxFuture<'a, Result<Vec<Pushed>, ComponentError>> {
        Box::pin(async { Ok(Vec::new()) })
    }
}

impl Mirrors for Nothing {
    fn mirror<'a>(&'a self, _: Option<&'a str>) -> BoxFuture<'a, Result<MirrorPlace, ComponentError>> {
        Box::pin(async {
            Err(ComponentError::stop(
                "TL0910",
                "a channel of alerts has no mirror",
                "Use a channel that needs none.",
            ))
        })
    }
}

impl Site {
    /// A site for what works for no flow, such as a channel: it knows no workspaces and no notifications.
    #[must_use]
    pub fn alone(name: &str, now: Arc<dyn Fn() -> Timestamp + Send + Sync>, secrets: Environment) -> Self {
        Self {
            flow: name.to_owned(),
            folder: PathBuf::new(),
            now,
            workspaces: Arc::new(Nothing),
            notifications: Arc::new(Nothing),
            mirrors: Arc::new(Nothing),
            pushes: Arc::new(Nothing),
            secrets,
            stirred: None,
            is_dry: false,
        }
    }

    /// What tells a reader that there may be more, from now on.
    pub(crate) fn stirring(&self) -> Stirring {
        Stirring(self.stirred.clone())
    }

    /// A path of a flow's file.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }
}

/// What tells a reader that there may be more.
pub(crate) struct Stirring(Option<watch::Receiver<()>>);

impl Stirring {
    /// What is told from here on is heard; before whoever calls it looks.
    pub(crate) fn listen(&mut self) {
        if let Some(stirred) = &mut self.0 {
            stirred.borrow_and_update();
        }
    }

    /// How long to wait when nothing is told: much longer where it is.
    pub(crate) fn pause(&self, alone: Duration) -> Duration {
        if self.0.is_some() { HEARD } else { alone }
    }

    /// Waits until something was told since it listened.
    pub(crate) async fn told(&mut self) {
        let is_told = match &mut self.0 {
            Some(stirred) => stirred.changed().await.is_ok(),
            None => false,
        };
        if !is_told {
            std::future::pending::<()>().await;
        }
    }
}
