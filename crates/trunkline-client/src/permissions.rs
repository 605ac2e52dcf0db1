//! Which permissions a token has, and what each missing one costs.
//!
//! The one rule: nothing in the workspace changes. A permission to read is shown by one small read. A permission to write is
//! asked only when the caller says so, with a call on an object that cannot exist: whatever the platform thinks of it, there
//! is nothing that it could change. What cannot be asked in this way is said not to be probed.

use futures::{StreamExt as _, stream};
use serde::{Deserialize, Serialize};
use trunkline_catalog::{Catalog, Effect, Need, Operation, Permission, Probe, Version, permissions};

use crate::{Answer, Call, CallError, Client, ErrorKind, Priority, Refusal};

/// How many probes are under way at a time.
const AT_A_TIME: usize = 8;

/// What is known of one permission.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PermissionState {
    /// A call that needs it went through.
    Granted,
    /// A call that needs it was refused for want of it.
    Missing,
    /// The workspace's plan does not include what it is for.
    NotInPlan,
    /// The connection's version has no operation that needs it.
    NotInVersion,
    /// It was not asked; `why` says for what reason.
    NotProbed,
    /// The answer does not tell; `why` says what it was.
    Unknown,
}

impl PermissionState {
    /// The state in a word or two.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Granted => "granted",
            Self::Missing => "missing",
            Self::NotInPlan => "not in the plan",
            Self::NotInVersion => "not in version",
            Self::NotProbed => "not probed",
            Self::Unknown => "unknown",
        }
    }
}

/// One permission, as the token has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PermissionLine {
    /// The label in the Developer Hub.
    pub permission: &'static str,
    /// Where the Developer Hub lists it.
    pub group: &'static str,
    /// What it is about, in a word.
    pub family: &'static str,
    /// What is known of it.
    pub state: PermissionState,
    /// What a person should know about the state.
    pub why: Option<String>,
    /// The error's code, where there was one.
    pub code: Option<&'static str>,
    /// The call that was sent to find out.
    pub probe: Option<&'static str>,
    /// Streams that stay empty without it, in this version.
    pub streams: Vec<&'static str>,
    /// Operations that fail without it, in this version.
    pub operations: Vec<&'static str>,
    /// What it allows.
    pub allows: &'static str,
    /// What is lost without it.
    pub cost: &'static str,
}

/// Every permission, as a token has it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PermissionReport {
    /// The workspace's code.
    pub workspace: String,
    /// The workspace's name.
    pub workspace_name: String,
    /// The API version that was spoken.
    pub version: &'static str,
    /// Whether permissions to write were asked too.
    pub writes_probed: bool,
    /// In the order of the Developer Hub.
    pub permissions: Vec<PermissionLine>,
}

impl PermissionReport {
    /// The permissions that are known to be missing.
    pub fn missing(&self) -> impl Iterator<Item = &PermissionLine> {
        self.permissions
            .iter()
            .filter(|line| line.state == PermissionState::Missing)
    }
}

/// Asks for each permission whether the token has it; those to write only when `writes` says so.
///
/// # Errors
/// When the token is not accepted at all, or the workspace cannot be reached.
pub async fn probe(client: &Client, writes: bool) -> Result<PermissionReport, CallError> {
    let answer = client
        .call(Call::new("me.get").priority(Priority::Interactive))
        .await?;
    let (workspace, workspace_name) = workspace_of(&answer);
    let asked: Vec<_> = permissions()
        .iter()
        .enumerate()
        .map(|(place, permission)| async move {
            let line = line(client, permission, writes).await;
            line.map(|line| (place, line))
        })
        .collect();
    let mut lines: Vec<(usize, PermissionLine)> = stream::iter(asked)
        .buffer_unordered(AT_A_TIME)
        .collect::<Vec<_>>()
        .await
        .into_iter()
        .collect::<Result<_, _>>()?;
    lines.sort_by_key(|(place, _)| *place);
    Ok(PermissionReport {
        workspace,
        workspace_name,
        version: client.version().as_str(),
        writes_probed: writes,
        permissions: lines.into_iter().map(|(_, line)| line).collect(),
    })
}

fn workspace_of(answer: &Answer) -> (String, String) {
    #[derive(Default, Deserialize)]
    struct App {
        #[serde(default)]
        id_code: String,
        #[serde(default)]
        name: Option<String>,
    }
    #[derive(Default, Deserialize)]
    struct Me {
        #[serde(default)]
        app: App,
    }
    // Whose token it is only heads the table: an odd answer is no reason not to make one.
    let me: Me = answer.json().unwrap_or_default();
    (me.app.id_code, me.app.name.unwrap_or_default())
}

async fn line(
    client: &Client,
    permission: &'static Permission,
    writes: bool,
) -> Result<PermissionLine, CallError> {
    let version = client.version();
    let operations = operations_of(permission, version);
    let (state, error, why) = match chosen(permission, &operations, version, writes) {
        Err((state, why)) => (state, None, Some(why)),
        Ok(probe) => match client.call(call(probe)).await {
            Ok(_) => (PermissionState::Granted, None, None),
            Err(error) => {
                let refusal = client.why_refused(&error).await;
                if refusal == Some(Refusal::GrantOver) {
                    return Err(error);
                }
                let state = state_of(&error, refusal, probe);
                let why = (state != PermissionState::Granted).then(|| error.to_string());
                (state, Some(error), why)
            }
        },
    };
    let was_asked = !matches!(state, PermissionState::NotProbed | PermissionState::NotInVersion);
    Ok(PermissionLine {
        permission: permission.label,
        group: permission.group.as_str(),
        family: permission.family,
        state,
        code: error.filter(|_| why.is_some()).map(|error| error.code()),
        why,
        probe: permission
            .probe
            .as_ref()
            .filter(|_| was_asked)
            .map(|probe| probe.operation),
        streams: streams_of(permission, version),
        operations: operations.iter().map(|operation| operation.id).collect(),
        allows: permission.allows,
        cost: permission.cost,
    })
}

/// The call to send, or why none is sent.
fn chosen(
    permission: &'static Permission,
    operations: &[&'static Operation],
    version: Version,
    writes: bool,
) -> Result<&'static Probe, (PermissionState, String)> {
    let catalog = Catalog::embedded();
    let is_of_another_version = catalog
        .operations()
        .iter()
        .any(|operation| operation.permission == permission.label);
    if operations.is_empty() && is_of_another_version {
        let why = format!("version {version} has no operation that needs it");
        return Err((PermissionState::NotInVersion, why));
    }
    let not_probed = |why: &str| Err((PermissionState::NotProbed, why.to_owned()));
    let Some(probe) = &permission.probe else {
        return not_probed(if operations.is_empty() {
            "no operation needs it"
        } else {
            "no call would show it without a risk of changing something"
        });
    };
    match catalog.operation(probe.operation) {
        Some(operation) if !operation.exists_in(version) => {
            not_probed("this version lacks the call that shows it")
        }
        Some(operation) if operation.effect != Effect::Read && !writes => {
            not_probed("permissions to write are probed when asked for")
        }
        _ => Ok(probe),
    }
}

fn call(probe: &'static Probe) -> Call {
    let is_in_path = |name: &str| {
        Catalog::embedded()
            .operation(probe.operation)
            .is_some_and(|operation| {
                operation
                    .path_parameters
                    .iter()
                    .any(|parameter| parameter.name == name)
            })
    };
    let call = probe
        .parameters
        .iter()
        .fold(Call::new(probe.operation), |call, (name, value)| {
            if is_in_path(name) {
                call.path(*name, *value)
            } else {
                call.query(*name, *value)
            }
        });
    let call = call.priority(Priority::Interactive);
    match probe.body.and_then(|body| serde_json::from_str(body).ok()) {
        Some(body) => call.body(body),
        None => call,
    }
}

/// What a failed probe says. Whether the object exists is looked at after whether it may be.
fn state_of(error: &CallError, refusal: Option<Refusal>, probe: &Probe) -> PermissionState {
    match (error.kind, refusal) {
        (_, Some(Refusal::PermissionMissing)) => PermissionState::Missing,
        (_, Some(Refusal::PlanRestricted)) => PermissionState::NotInPlan,
        (ErrorKind::NotInVersion | ErrorKind::VersionInvalid, _) => PermissionState::NotInVersion,
        (ErrorKind::NotFound | ErrorKind::Gone, _) if !probe.parameters.is_empty() => {
            PermissionState::Granted
        }
        (ErrorKind::Invalid, _) if error.status == Some(422) => PermissionState::Granted,
        _ => PermissionState::Unknown,
    }
}

fn operations_of(permission: &Permission, version: Version) -> Vec<&'static Operation> {
    Catalog::embedded()
        .operations_in(version)
        .filter(|operation| operation.permission == permission.label)
        .collect()
}

fn streams_of(permission: &Permission, version: Version) -> Vec<&'static str> {
    let catalog = Catalog::embedded();
    catalog
        .streams()
        .iter()
        .filter(|stream| stream.since <= version)
        .filter(|stream| {
            Need::of_stream(catalog, stream)
                .iter()
                .any(|need| need.any == [permission.label])
        })
        .map(|stream| stream.name)
        .collect()
}

#[cfg(test)]
mod tests;
