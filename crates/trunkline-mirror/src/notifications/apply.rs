//! Notifications become rows: planned together, fetched side by side where that is needed, written, and each answered for.
//!
//! The one rule: a notification counts as applied only after everything that it wanted is committed; until then it is to be
//! tried again, and trying twice does no harm. Read `plan.rs` for what a batch comes to, `fetch.rs` for one object.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, future::try_join_all, stream};
use jiff::Timestamp;
use trunkline_client::{Call, CallError, Client, Clock, Disposition, ErrorKind, Priority};

use super::{
    contact::verdict,
    decode::Notification,
    fetch::{self, Fetched, Trouble},
    plan::{Kind, Plan, Wanted, Whole},
    state,
};
use crate::{
    storage::{Batch, Change, PendingContact, Storage, StorageError, Written},
    sync::{
        SyncError, SyncOptions,
        context::Context,
        each,
        errors::Halt,
        lists, lists_of_contacts, needed,
        newest::{self, Newest},
        units, workspace,
    },
};

/// How many objects are fetched side by side.
const SIDE_BY_SIDE: usize = 32;
/// How many objects one transaction takes.
const A_BATCH: usize = 64;

/// What a batch of notifications did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedReport {
    /// What became of each notification, in their order.
    pub outcomes: Vec<Outcome>,
    /// What was written.
    pub written: Written,
    /// Requests that were sent.
    pub requests: u64,
}

/// What became of one notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The mirror knows what it told.
    Applied,
    /// It tells of nothing that the mirror keeps.
    Nothing,
    /// It is of another workspace than the mirror.
    OtherWorkspace,
    /// It could not be applied yet.
    TryAgain(TryAgain),
}

/// Why a notification could not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TryAgain {
    /// The code, with a page under `docs/errors/`.
    pub code: &'static str,
    /// What went wrong.
    pub why: String,
    /// Whether trying again helps by itself, or only after a person did something.
    pub disposition: Disposition,
}

impl From<&CallError> for TryAgain {
    fn from(error: &CallError) -> Self {
        Self {
            code: error.code(),
            why: error.to_string(),
            disposition: error.disposition(),
        }
    }
}

/// Which notifications want which objects, by their ids.
type By = BTreeMap<String, BTreeSet<usize>>;

/// What changes when a contact comes or goes: a company counts its contacts.
const OF_CONTACTS: &[(&str, &str, &str, Kind)] =
    &[("contact_companies", "contact_id", "company_id", Kind::Company)];
/// What changes when a contact goes into another one: it takes its conversations and tickets along.
const OF_MERGED: &[(&str, &str, &str, Kind)] = &[
    OF_CONTACTS[0],
    (
        "conversation_contacts",
        "contact_id",
        "conversation_id",
        Kind::Conversation,
    ),
    ("ticket_contacts", "contact_id", "ticket_id", Kind::Ticket),
];

/// What is done for a batch, and what went wrong for whom.
struct Run<'a> {
    ctx: Context<'a>,
    wanted: BTreeSet<usize>,
    troubles: BTreeMap<usize, TryAgain>,
    /// The token no longer works: nothing more is asked.
    halted: Option<TryAgain>,
    written: Written,
}

/// Brings the mirror up to date with what notifications told.
///
/// Several notifications of one object cost at most one request for it. Only streams that `options` selects are written,
/// as in a run of the mirror.
///
/// # Errors
/// When nothing can be done: a stream does not exist, the mirror cannot be read or written, or holds no workspace yet and
/// the token does not say which one it is. What fails for one object alone is in the report.
pub async fn apply(
    client: &Client,
    storage: &Storage,
    options: &SyncOptions,
    clock: &dyn Clock,
    notifications: &[Notification],
) -> Result<AppliedReport, SyncError> {
    let selected = needed(&units::select(options.streams.as_deref())?);
    let requests_before = client.requests_sent();
    let id_code = match storage.workspace().await? {
        Some(workspace) => workspace.id_code,
        None => {
            let me = workspace::who_am_i(client, Priority::Background).await?;
            workspace::claim(storage, &me, client, clock.now()).await?;
            me.app.id_code
        }
    };
    let is_ours = |notification: &Notification| {
        notification
            .app_id
            .as_ref()
            .is_none_or(|app_id| *app_id == id_code)
    };
    let ours: Vec<(usize, &Notification)> = notifications
        .iter()
        .enumerate()
        .filter(|(_, notification)| is_ours(notification))
        .collect();
    let mut run = Run {
        ctx: Context::new(client, storage, options, clock, &|_| {}, None, selected),
        wanted: BTreeSet::new(),
        troubles: BTreeMap::new(),
        halted: None,
        written: Written::default(),
    };
    run.everything(&ours).await?;
    let outcomes = notifications
        .iter()
        .enumerate()
        .map(|(place, notification)| match run.troubles.remove(&place) {
            Some(trouble) => Outcome::TryAgain(trouble),
            None if run.wanted.contains(&place) => Outcome::Applied,
            None if is_ours(notification) => Outcome::Nothing,
            None => Outcome::OtherWorkspace,
        })
        .collect();
    Ok(AppliedReport {
        outcomes,
        written: run.written,
        requests: client.requests_sent().saturating_sub(requests_before),
    })
}

impl Run<'_> {
    async fn everything(&mut self, notifications: &[(usize, &Notification)]) -> Result<(), StorageError> {
        let version = self.ctx.client.version();
        let kept: BTreeSet<&str> = units::UNITS
            .iter()
            .filter(|unit| unit.source(version).is_some())
            .flat_map(|unit| unit.streams.iter().copied())
            .filter(|stream| self.ctx.wants(&[stream]))
            .collect();
        let keeps = |stream: &str| kept.contains(stream);
        let mut plan = Plan::of(notifications, &keeps);
        let histories = self.merges(&mut plan).await?;
        self.contacts(&mut plan, &kept).await?;
        self.twins(&mut plan, &kept).await?;
        for by in plan
            .objects
            .values()
            .map(|wanted| &wanted.by)
            .chain(plan.wholes.values())
        {
            self.wanted.extend(by);
        }
        self.direct(&plan).await?;
        self.objects(&plan).await?;
        self.lists_of_contacts(&plan).await?;
        self.write(each::CONTACT_MERGES.stream, histories).await?;
        for (whole, by) in &plan.wholes {
            self.whole(*whole, by).await?;
        }
        Ok(())
    }

    /// Brings the contacts up to date, and adds what changes with those that came or went.
    async fn contacts(&mut self, plan: &mut Plan, kept: &BTreeSet<&str>) -> Result<(), StorageError> {
        let contacts: Vec<(String, Wanted)> = plan
            .objects
            .iter()
            .filter(|((kind, _), _)| *kind == Kind::Contact)
            .map(|((_, id), wanted)| (id.clone(), wanted.clone()))
            .collect();
        let ids = contacts.iter().map(|(id, _)| id.clone()).collect();
        let held = state::contacts(self.ctx.storage, ids).await?;
        for some in contacts.chunks(A_BATCH) {
            if self.is_halted(some.iter().map(|(_, wanted)| &wanted.by)) {
                continue;
            }
            let ctx = &self.ctx;
            let held = &held;
            let fetched: Vec<Result<Fetched, Trouble>> = stream::iter(some)
                .map(|(id, wanted)| async move {
                    let verdict = verdict(id, wanted, held.get(id), ctx.client.version());
                    fetch::contact(ctx, id, wanted, verdict).await
                })
                .buffered(SIDE_BY_SIDE)
                .collect()
                .await;
            let (mut gone, mut merged, mut back) = (By::new(), By::new(), By::new());
            for ((id, wanted), fetched) in some.iter().zip(&fetched) {
                let Ok(fetched) = fetched else { continue };
                let by = || (id.clone(), wanted.by.clone());
                let was_gone = held.get(id).is_some_and(|held| held.deleted_at.is_some());
                match fetched.changes.last() {
                    Some(Change::Vanished { .. }) => gone.extend([by()]),
                    Some(Change::Alias { .. }) => merged.extend([by()]),
                    Some(_) if was_gone => back.extend([by()]),
                    _ => {}
                }
            }
            // Before they are written: what hangs on them goes with them.
            self.others(plan, kept, &gone, OF_CONTACTS).await?;
            self.others(plan, kept, &merged, OF_MERGED).await?;
            let by = some.iter().map(|(_, wanted)| &wanted.by);
            self.take(by.zip(fetched).collect()).await?;
            self.others(plan, kept, &back, OF_CONTACTS).await?;
        }
        Ok(())
    }

    /// Adds the tickets that were conversations, and the other way round: one changes with the other.
    async fn twins(&self, plan: &mut Plan, kept: &BTreeSet<&str>) -> Result<(), StorageError> {
        let of = |kind: Kind| -> By {
            let objects = plan.objects.iter().filter(|((held, _), _)| *held == kind);
            objects
                .map(|((_, id), wanted)| (id.clone(), wanted.by.clone()))
                .collect()
        };
        let (conversations, tickets) = (of(Kind::Conversation), of(Kind::Ticket));
        self.others(
            plan,
            kept,
            &tickets,
            &[("conversations", "id", "id", Kind::Conversation)],
        )
        .await?;
        self.others(
            plan,
            kept,
            &conversations,
            &[("tickets", "id", "id", Kind::Ticket)],
        )
        .await
    }

    /// Adds the objects that the mirror has on the other side of some pairs.
    async fn others(
        &self,
        plan: &mut Plan,
        kept: &BTreeSet<&str>,
        ids: &By,
        pairs: &[(&'static str, &'static str, &'static str, Kind)],
    ) -> Result<(), StorageError> {
        for (table, from, to, kind) in pairs {
            if ids.is_empty() || !kept.contains(kind.stream()) {
                continue;
            }
            let found =
                state::pairs(self.ctx.storage, table, from, to, ids.keys().cloned().collect()).await?;
            for (id, other) in found {
                for by in ids.get(&id).into_iter().flatten() {
                    plan.want(*kind, &other, *by).check = true;
                }
            }
        }
        Ok(())
    }

    /// Writes what needs no question: tags and events.
    async fn direct(&mut self, plan: &Plan) -> Result<(), StorageError> {
        let mut changes = Vec::new();
        let names = state::tag_names(self.ctx.storage, plan.tags.keys().cloned().collect()).await?;
        let mut tags = Vec::new();
        for (id, (record, by)) in &plan.tags {
            self.wanted.extend(by);
            let told: Option<String> = serde_json::from_slice::<serde_json::Value>(record)
                .ok()
                .and_then(|tag| Some(tag["name"].as_str()?.to_owned()));
            if names.get(id) != Some(&told) {
                tags.push(record.clone());
            }
        }
        let events: Vec<_> = plan.events.iter().map(|(record, _)| record.clone()).collect();
        self.wanted.extend(plan.events.iter().map(|(_, by)| by));
        for (stream, records) in [("tags", tags), ("data_events", events)] {
            if !records.is_empty() {
                changes.push(Change::Records {
                    stream,
                    records,
                    pass: None,
                });
            }
        }
        self.write("tags", changes).await
    }

    async fn write(&mut self, stream: &'static str, changes: Vec<Change>) -> Result<(), StorageError> {
        if !changes.is_empty() {
            let written = self.ctx.write(stream, changes, None).await?;
            self.written.add(&written);
        }
        Ok(())
    }

    /// Fetches and writes the objects that are no contacts, some at a time.
    async fn objects(&mut self, plan: &Plan) -> Result<(), StorageError> {
        let objects = plan
            .objects
            .iter()
            .filter(|((kind, _), _)| *kind != Kind::Contact);
        let objects: Vec<_> = objects.collect();
        let mut gone = Vec::new();
        for some in objects.chunks(A_BATCH) {
            if self.is_halted(some.iter().map(|(_, wanted)| &wanted.by)) {
                continue;
            }
            let ctx = &self.ctx;
            let fetched: Vec<(&BTreeSet<usize>, Result<Fetched, Trouble>)> = stream::iter(some)
                .map(|((kind, id), wanted)| async move {
                    (&wanted.by, fetch::object(ctx, *kind, id, wanted).await)
                })
                .buffered(SIDE_BY_SIDE)
                .collect()
                .await;
            gone.extend(fetched.iter().flat_map(|(_, fetched)| gone_conversation(fetched)));
            self.take(fetched).await?;
        }
        // The API no longer lists the calls of a conversation that is gone.
        let calls = state::pairs(self.ctx.storage, "calls", "conversation_id", "id", gone).await?;
        let ids: Vec<String> = calls.into_iter().map(|(_, call)| call).collect();
        let stream = "calls";
        self.write(
            stream,
            (!ids.is_empty())
                .then_some(Change::Vanished { stream, ids })
                .into_iter()
                .collect(),
        )
        .await
    }

    async fn take(
        &mut self,
        fetched: Vec<(&BTreeSet<usize>, Result<Fetched, Trouble>)>,
    ) -> Result<(), StorageError> {
        let mut changes = Vec::new();
        let mut gone: BTreeMap<String, Vec<Change>> = BTreeMap::new();
        for (by, fetched) in fetched {
            match fetched {
                Ok(fetched) => {
                    match fetched.gone_at {
                        Some(at) => gone.entry(at).or_default().extend(fetched.changes),
                        None => changes.extend(fetched.changes),
                    }
                    if let Some(again) = fetched.again {
                        self.trouble(by, &again);
                    }
                }
                Err(Trouble::Call(error)) => {
                    let trouble = TryAgain::from(&error);
                    self.trouble(by, &trouble);
                    if trouble.disposition == Disposition::Reauthenticate {
                        self.halted = Some(trouble);
                    }
                }
                Err(Trouble::Storage(error)) => return Err(error),
            }
        }
        self.write("contacts", changes).await?;
        let storage = self.ctx.storage;
        let batches = gone.into_iter().map(|(at, changes)| {
            let synced_at: Timestamp = at.parse().unwrap_or(self.ctx.started_at);
            storage.write(Batch {
                synced_at,
                changes,
                checkpoint: None,
            })
        });
        for written in try_join_all(batches).await? {
            self.written.add(&written);
        }
        Ok(())
    }

    /// Whether nothing more can be asked; those who wanted something learn why.
    fn is_halted<'w>(&mut self, by: impl Iterator<Item = &'w BTreeSet<usize>>) -> bool {
        let Some(halted) = self.halted.clone() else {
            return false;
        };
        by.for_each(|by| self.trouble(by, &halted));
        true
    }

    fn trouble(&mut self, by: &BTreeSet<usize>, trouble: &TryAgain) {
        for place in by {
            self.troubles.entry(*place).or_insert_with(|| trouble.clone());
        }
    }

    /// Reads the lists that the told or fetched contacts show only in part.
    async fn lists_of_contacts(&mut self, plan: &Plan) -> Result<(), StorageError> {
        let contacts = plan
            .objects
            .iter()
            .filter(|((kind, _), _)| *kind == Kind::Contact);
        let by: BTreeMap<&String, &BTreeSet<usize>> =
            contacts.map(|((_, id), wanted)| (id, &wanted.by)).collect();
        if by.is_empty() {
            return Ok(());
        }
        let ids = by.keys().map(|id| (*id).clone()).collect();
        let lacking = state::lacking_lists(self.ctx.storage, ids).await?;
        for some in lacking.chunks(A_BATCH) {
            let ctx = &self.ctx;
            let nobody = BTreeSet::new();
            let fetched: Vec<(&BTreeSet<usize>, Result<Fetched, Trouble>)> = stream::iter(some)
                .map(|contact: &PendingContact| {
                    let by = by.get(&contact.id).copied().unwrap_or(&nobody);
                    async move {
                        let changes = lists_of_contacts::fetch(ctx, contact.clone()).await;
                        let fetched = changes.map(|changes| Fetched {
                            changes,
                            ..Fetched::default()
                        });
                        (by, fetched.map_err(Trouble::Call))
                    }
                })
                .buffered(SIDE_BY_SIDE)
                .collect()
                .await;
            self.take(fetched).await?;
        }
        Ok(())
    }

    /// Adds who went into the contacts of merges: up to 2.14 that is not told, and since 2.16 the API says so. Answers what
    /// the mirror keeps of it.
    async fn merges(&mut self, plan: &mut Plan) -> Result<Vec<Change>, StorageError> {
        let each = &each::CONTACT_MERGES;
        let survivors: Vec<(String, BTreeSet<usize>)> = plan
            .objects
            .iter()
            .filter(|((kind, _), wanted)| *kind == Kind::Contact && wanted.merged)
            .map(|((_, id), wanted)| (id.clone(), wanted.by.clone()))
            .collect();
        if !units::exists("contacts.list_merge_history", self.ctx.client.version()) {
            return Ok(Vec::new());
        }
        let mut histories = Vec::new();
        for (id, by) in survivors {
            let changes = match each::fetch(&self.ctx, each, id.clone()).await {
                Ok(changes) => changes,
                Err(error) => {
                    self.trouble(&by, &TryAgain::from(&error));
                    continue;
                }
            };
            let entries = changes.iter().flat_map(|change| match change {
                Change::Children { records, .. } => records.as_slice(),
                _ => &[],
            });
            // Those that the mirror knows as gone too: what went with them may be still to be read.
            for source in entries.filter_map(source_of) {
                for place in &by {
                    plan.want(Kind::Contact, &source, *place).into = Some(id.clone());
                }
            }
            if self.ctx.wants(&[each.stream]) {
                histories.extend(changes);
            }
        }
        Ok(histories)
    }

    /// Reads what is small enough, or ordered well enough, to be read as it is in every run.
    async fn whole(&mut self, whole: Whole, by: &BTreeSet<usize>) -> Result<(), StorageError> {
        let before = self.ctx.counts(whole.stream());
        let read = match whole {
            Whole::Admins => lists::read(&self.ctx, "admins", Call::new("admins.list"), None)
                .await
                .map(drop),
            Whole::ActivityLogs => newest::read(&self.ctx, Newest::ActivityLogs).await,
            Whole::DeletedConversations => newest::read(&self.ctx, Newest::DeletedConversations).await,
        };
        let after = self.ctx.counts(whole.stream());
        self.written.inserted += after.inserted - before.inserted;
        self.written.updated += after.updated - before.updated;
        self.written.deleted += after.deleted - before.deleted;
        match read {
            Ok(()) => Ok(()),
            // Without the permission there is nothing to be kept, which the runs of the mirror report.
            Err(Halt::Call(error)) if is_refused(&error) => Ok(()),
            Err(Halt::Call(error)) => {
                self.trouble(by, &TryAgain::from(&error));
                Ok(())
            }
            Err(Halt::Storage(error)) => Err(error),
        }
    }
}

/// The conversation that turned out to be gone.
fn gone_conversation(fetched: &Result<Fetched, Trouble>) -> Option<String> {
    match fetched.as_ref().ok()?.changes.last()? {
        Change::Vanished {
            stream: "conversations",
            ids,
        } => ids.first().cloned(),
        _ => None,
    }
}

fn is_refused(error: &CallError) -> bool {
    matches!(error.kind, ErrorKind::Forbidden | ErrorKind::PlanRestricted)
}

/// Who went into the contact, as an entry of its merge history says.
fn source_of(record: &bytes::Bytes) -> Option<String> {
    super::fields::Fields::read(std::str::from_utf8(record).ok()?)
        .ok()?
        .id("source_contact_id")
}
