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

/// What is done for a batch, and what went wrong for whom.
struct Run<'a> {
    ctx: Context<'a>,
    wanted: BTreeSet<usize>,
    troubles: BTreeMap<usize, TryAgain>,
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
        let keeps = |stream: &str| {
            self.ctx.wants(&[stream])
                && units::UNITS
                    .iter()
                    .find(|unit| unit.streams.contains(&stream))
                    .is_some_and(|unit| unit.source(version).is_some())
        };
        let mut plan = Plan::of(notifications, &keeps);
        let merges = self.complete(&mut plan, &keeps).await?;
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
        for (id, by) in merges {
            self.merges_of(&id, &by).await?;
        }
        for (whole, by) in &plan.wholes {
            self.whole(*whole, by).await?;
        }
        Ok(())
    }

    /// Adds what changes with what was told although nothing is told of it. Answers the contacts into which others went.
    async fn complete(
        &self,
        plan: &mut Plan,
        keeps: &dyn Fn(&str) -> bool,
    ) -> Result<Vec<(String, BTreeSet<usize>)>, StorageError> {
        let of =
            |plan: &Plan, kind: Kind, which: &dyn Fn(&Wanted) -> bool| -> BTreeMap<String, BTreeSet<usize>> {
                let objects = plan.objects.iter();
                objects
                    .filter(|((held, _), wanted)| *held == kind && which(wanted))
                    .map(|((_, id), wanted)| (id.clone(), wanted.by.clone()))
                    .collect()
            };
        let moved = of(plan, Kind::Contact, &|wanted| {
            wanted.gone_at.is_some() || wanted.back_at.is_some() || wanted.into.is_some()
        });
        let merged = of(plan, Kind::Contact, &|wanted| wanted.into.is_some());
        let conversations = of(plan, Kind::Conversation, &|_| true);
        let tickets = of(plan, Kind::Ticket, &|_| true);
        // A company counts its contacts; a merge takes conversations along; a ticket may have been a conversation.
        for (ids, table, from, to, kind) in [
            (
                &moved,
                "contact_companies",
                "contact_id",
                "company_id",
                Kind::Company,
            ),
            (
                &merged,
                "conversation_contacts",
                "contact_id",
                "conversation_id",
                Kind::Conversation,
            ),
            (
                &merged,
                "ticket_contacts",
                "contact_id",
                "ticket_id",
                Kind::Ticket,
            ),
            (&tickets, "conversations", "id", "id", Kind::Conversation),
            (&conversations, "tickets", "id", "id", Kind::Ticket),
        ] {
            if ids.is_empty() || !keeps(kind.stream()) {
                continue;
            }
            let pairs =
                state::pairs(self.ctx.storage, table, from, to, ids.keys().cloned().collect()).await?;
            for (id, other) in pairs {
                for by in ids.get(&id).into_iter().flatten() {
                    plan.want(kind, &other, *by).check = true;
                }
            }
        }
        let survivors = of(plan, Kind::Contact, &|wanted| wanted.merged);
        Ok(survivors.into_iter().collect())
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

    /// Fetches and writes the objects, some at a time.
    async fn objects(&mut self, plan: &Plan) -> Result<(), StorageError> {
        let contacts = plan.objects.keys().filter(|(kind, _)| *kind == Kind::Contact);
        let held = state::contacts(self.ctx.storage, contacts.map(|(_, id)| id.clone()).collect()).await?;
        let all: Vec<_> = plan.objects.iter().collect();
        for some in all.chunks(A_BATCH) {
            let ctx = &self.ctx;
            let held = &held;
            let fetched: Vec<(&BTreeSet<usize>, Result<Fetched, Trouble>)> = stream::iter(some)
                .map(|((kind, id), wanted)| async move {
                    let fetched = match kind {
                        Kind::Contact => {
                            let verdict = verdict(id, wanted, held.get(id), ctx.client.version());
                            fetch::contact(ctx, id, wanted, verdict).await
                        }
                        kind => fetch::object(ctx, *kind, id, wanted).await,
                    };
                    (&wanted.by, fetched)
                })
                .buffered(SIDE_BY_SIDE)
                .collect()
                .await;
            self.take(fetched).await?;
        }
        Ok(())
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
                Err(Trouble::Call(error)) => self.trouble(by, &TryAgain::from(&error)),
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

    /// Who went into a contact: since 2.16 the API says so, whether it was told or not.
    async fn merges_of(&mut self, id: &str, by: &BTreeSet<usize>) -> Result<(), StorageError> {
        let each = &each::CONTACT_MERGES;
        if !units::exists("contacts.list_merge_history", self.ctx.client.version()) {
            return Ok(());
        }
        let changes = match each::fetch(&self.ctx, each, id.to_owned()).await {
            Ok(changes) => changes,
            Err(error) => {
                self.trouble(by, &TryAgain::from(&error));
                return Ok(());
            }
        };
        let mut sources: Vec<String> = Vec::new();
        for change in &changes {
            if let Change::Children { records, .. } = change {
                sources.extend(records.iter().filter_map(source_of));
            }
        }
        let known = self.ctx.storage.known_ids("contacts", sources).await?;
        let aliases = known.into_iter().map(|old_id| Change::Alias {
            stream: "contacts",
            old_id,
            new_id: id.to_owned(),
        });
        let aliases: Vec<Change> = aliases.collect();
        let kept = self.ctx.wants(&[each.stream]);
        self.write("contacts", aliases).await?;
        self.write(each.stream, if kept { changes } else { Vec::new() })
            .await
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

fn is_refused(error: &CallError) -> bool {
    matches!(error.kind, ErrorKind::Forbidden | ErrorKind::PlanRestricted)
}

/// Who went into the contact, as an entry of its merge history says.
fn source_of(record: &bytes::Bytes) -> Option<String> {
    super::fields::Fields::read(std::str::from_utf8(record).ok()?)
        .ok()?
        .id("source_contact_id")
}
