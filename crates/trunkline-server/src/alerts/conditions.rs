//! What is looked at: flows, dead letters, connections, mirrors, subscriptions.
//!
//! The one rule: what is found names things, counts, codes and times, and nothing that a record or an answer held, so that an
//! alert carries nobody's data.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trunkline_store::{
    Connection, ConnectionState, FlowRunFilter, FlowRunState, FlowState, NotificationFilter, RunState, Store,
    StoreError,
};

use super::AlertSettings;

pub(super) const FLOW_FAILED: &str = "flow_failed";
pub(super) const DEAD_LETTERS: &str = "dead_letters";
pub(super) const NEEDS_GRANT: &str = "connection_needs_grant";
pub(super) const MIRROR_STALE: &str = "mirror_stale";
pub(super) const SILENT: &str = "subscription_silent";

/// Every condition that is looked at.
pub(crate) const KINDS: [&str; 5] = [FLOW_FAILED, DEAD_LETTERS, NEEDS_GRANT, MIRROR_STALE, SILENT];

/// How many runs of a mirror are looked back on.
const RUNS: u32 = 50;
/// A run that takes longer than this is taken for stuck.
const LONGEST_RUN: SignedDuration = SignedDuration::from_hours(24);

/// How a thing was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The condition holds.
    Holds,
    /// It does not.
    Clear,
    /// It cannot be told yet; what was so stays so.
    Unsure,
}

/// A thing that was looked at.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seen {
    pub(super) kind: &'static str,
    pub(super) subject: String,
    pub(super) verdict: Verdict,
    pub(super) facts: Value,
}

impl Seen {
    fn new(kind: &'static str, subject: &str, verdict: Verdict, facts: Value) -> Self {
        Self {
            kind,
            subject: subject.to_owned(),
            verdict,
            facts,
        }
    }
}

/// Looks at everything.
pub(super) async fn look(
    store: &Store,
    settings: &AlertSettings,
    now: Timestamp,
) -> Result<Vec<Seen>, StoreError> {
    let connections = store.connections().await?;
    let mut seen = flows(store, settings, now).await?;
    seen.extend(dead_letters(store, settings).await?);
    seen.extend(grants(&connections));
    seen.extend(mirrors(store, settings, &connections, now).await?);
    seen.extend(subscriptions(store, settings, &connections, now).await?);
    Ok(seen)
}

/// A flow whose newest run failed. One that was begun again and again is no better until it has run for a while.
async fn flows(store: &Store, settings: &AlertSettings, now: Timestamp) -> Result<Vec<Seen>, StoreError> {
    let mut seen = Vec::new();
    for flow in store.flows().await? {
        if flow.state != FlowState::Active {
            continue;
        }
        let filter = FlowRunFilter {
            flow: Some(flow.name.clone()),
            ..FlowRunFilter::default()
        };
        let Some(run) = store.flow_runs(&filter, 1).await?.pop() else {
            continue;
        };
        let verdict = match run.state {
            FlowRunState::Failed => Verdict::Holds,
            FlowRunState::Done => Verdict::Clear,
            FlowRunState::Running if now.duration_since(run.started_at) >= signed(settings.settle) => {
                Verdict::Clear
            }
            FlowRunState::Running | FlowRunState::Stopped => Verdict::Unsure,
        };
        // A note begins with the error's code; its words may quote a record.
        let code = run.counts.note.as_deref().and_then(code);
        let facts = json!({ "code": code, "at": run.ended_at });
        seen.push(Seen::new(FLOW_FAILED, &flow.name, verdict, facts));
    }
    Ok(seen)
}

fn code(note: &str) -> Option<&str> {
    let code = note.split([':', ' ']).next()?;
    let is_code =
        code.len() == 6 && code.starts_with("TL") && code[2..].bytes().all(|byte| byte.is_ascii_digit());
    is_code.then_some(code)
}

/// A flow with too many dead letters; it is better when less than half of that are left.
async fn dead_letters(store: &Store, settings: &AlertSettings) -> Result<Vec<Seen>, StoreError> {
    if settings.dead_letters == 0 {
        return Ok(Vec::new());
    }
    let mut by_flow: BTreeMap<String, (u64, BTreeMap<String, u64>)> = BTreeMap::new();
    for counted in store.count_dead_letters().await? {
        let (count, codes) = by_flow.entry(counted.flow).or_default();
        *count += counted.count;
        *codes.entry(counted.code).or_default() += counted.count;
    }
    Ok(by_flow
        .into_iter()
        .map(|(flow, (count, codes))| {
            let verdict = if count >= settings.dead_letters {
                Verdict::Holds
            } else if count.saturating_mul(2) < settings.dead_letters {
                Verdict::Clear
            } else {
                Verdict::Unsure
            };
            Seen::new(
                DEAD_LETTERS,
                &flow,
                verdict,
                json!({ "count": count, "codes": codes }),
            )
        })
        .collect())
}

/// A connection that somebody has to grant access to again.
fn grants(connections: &[Connection]) -> Vec<Seen> {
    let one = |connection: &Connection| {
        let verdict = match connection.state {
            ConnectionState::NeedsGrant => Verdict::Holds,
            ConnectionState::New | ConnectionState::Ready => Verdict::Clear,
            ConnectionState::Paused => Verdict::Unsure,
        };
        let facts = json!({ "since": connection.updated_at });
        Seen::new(NEEDS_GRANT, &connection.name, verdict, facts)
    };
    connections.iter().map(one).collect()
}

/// A mirror without a run that ended well for longer than its interval and some.
async fn mirrors(
    store: &Store,
    settings: &AlertSettings,
    connections: &[Connection],
    now: Timestamp,
) -> Result<Vec<Seen>, StoreError> {
    let Some(beyond) = settings.mirror_stale else {
        return Ok(Vec::new());
    };
    let mut seen = Vec::new();
    for mirror in store.mirrors().await? {
        let connection = connections.iter().find(|one| one.id == mirror.connection);
        let is_paused = connection.is_none_or(|one| one.state == ConnectionState::Paused);
        if mirror.is_paused || is_paused {
            continue;
        }
        let runs = store.runs(&mirror.id, RUNS).await?;
        let good = runs
            .iter()
            .find(|run| matches!(run.state, RunState::Complete | RunState::Incomplete));
        let ended = good.and_then(|run| run.finished_at);
        // Whoever changed it or let it go on is given the time that a new one has.
        let since = ended.unwrap_or(mirror.created_at).max(mirror.updated_at);
        let is_late = now.duration_since(since) > signed(mirror.details.interval() + beyond);
        let is_at_it = runs.first().is_some_and(|run| {
            run.state == RunState::Running && now.duration_since(run.started_at) < LONGEST_RUN
        });
        let needs_grant = connection.is_some_and(|one| one.state == ConnectionState::NeedsGrant);
        let verdict = if !is_late {
            Verdict::Clear
        } else if is_at_it || needs_grant {
            Verdict::Unsure
        } else {
            Verdict::Holds
        };
        seen.push(Seen::new(
            MIRROR_STALE,
            &mirror.name,
            verdict,
            json!({ "since": since }),
        ));
    }
    Ok(seen)
}

/// A workspace that sent webhooks, and sends none any more.
async fn subscriptions(
    store: &Store,
    settings: &AlertSettings,
    connections: &[Connection],
    now: Timestamp,
) -> Result<Vec<Seen>, StoreError> {
    let Some(longest) = settings.subscription_silent else {
        return Ok(Vec::new());
    };
    let mut seen = Vec::new();
    let mut asked = BTreeSet::new();
    for connection in connections {
        let Some(identity) = &connection.identity else {
            continue;
        };
        if !connection.state.is_usable() || !asked.insert(&identity.id_code) {
            continue;
        }
        let filter = NotificationFilter {
            workspace: Some(identity.id_code.clone()),
            ..NotificationFilter::default()
        };
        let newest = store.notifications(&filter, 1).await?.pop();
        // What was forgotten in time was received long ago; whoever never sent anything has no subscription.
        let verdict = match &newest {
            None => Verdict::Unsure,
            Some(newest) if now.duration_since(newest.received_at) > signed(longest) => Verdict::Holds,
            Some(_) => Verdict::Clear,
        };
        let facts = json!({ "since": newest.map(|newest| newest.received_at) });
        seen.push(Seen::new(SILENT, &connection.name, verdict, facts));
    }
    Ok(seen)
}

pub(super) fn signed(span: Duration) -> SignedDuration {
    SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_run_s_note_only_the_code_is_told() {
        for (note, expected) in [
            ("TL0863: ada@example.test was refused. Mend it.", Some("TL0863")),
            ("TL0863", Some("TL0863")),
            ("ada@example.test", None),
            ("TLabcd: x", None),
            ("", None),
        ] {
            assert_eq!(code(note), expected, "{note}");
        }
    }
}
