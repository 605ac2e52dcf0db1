//! Batches as the API shows and takes them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trunkline_actions::publish::{End, PlannedRow};
use trunkline_store::{Batch, BatchState};
use utoipa::ToSchema;

use crate::{
    StoredBatch,
    imports::{self, Preview},
    publishing::{Orders, Rules},
    reply::Refusal,
    shared::Shared,
};

/// Which batches.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WhichBatches)]
pub(crate) struct Which {
    /// Those of an action, such as `contacts.upsert`.
    pub(crate) action: Option<String>,
    /// Those in a state: running, interrupted, stopped, done or abandoned.
    pub(crate) state: Option<String>,
    /// Those older than the batch with this id: the last one of the page before.
    pub(crate) before: Option<String>,
    /// How many at most; 50 when it is left out, 500 at most.
    pub(crate) limit: Option<u32>,
}

/// Rows to publish, and how.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBatch {
    /// The table itself: CSV with a header. Larger ones are uploaded in the console, or published by `trunkline publish`.
    pub(crate) text: Option<String>,
    /// A table that was uploaded in the console, by its id; instead of `text`.
    pub(crate) upload: Option<String>,
    /// What the table is called, for people.
    #[serde(default)]
    pub(crate) name: String,
    /// The action that takes the rows, such as `contacts.upsert`.
    pub(crate) action: String,
    /// The connection, by its name; the default one when none is named.
    pub(crate) connection: Option<String>,
    /// Columns that are fields of other names: the column, then the field.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) columns: Map<String, Value>,
    /// Columns that are not meant for the action.
    #[serde(default)]
    pub(crate) ignore: Vec<String>,
    /// Fields that are the same for every row.
    #[serde(default)]
    #[schema(value_type = Object)]
    pub(crate) set: Map<String, Value>,
    /// A jq expression that makes the action's fields of a row; without it the columns are the fields.
    pub(crate) map: Option<String>,
    /// Whether an empty cell takes the field's value away, rather than leaving it as it is.
    #[serde(default)]
    pub(crate) empty_is_null: bool,
    /// Where a time without a zone is, such as `Europe/Dublin`; UTC when it is left out.
    pub(crate) time_zone: Option<String>,
    /// Whether nothing is sent when a row does not fit.
    #[serde(default)]
    pub(crate) strict: bool,
}

impl NewBatch {
    pub(super) fn rules(&self) -> Result<Rules, Refusal> {
        let columns = self.columns.iter().map(|(column, field)| match field.as_str() {
            Some(field) if !field.is_empty() => Ok((field.to_owned(), column.clone())),
            _ => {
                let reason = "is not the name of the field that the column stands for";
                Err(Refusal::of_field(&format!("columns.{column}"), reason))
            }
        });
        Ok(Rules {
            map: self.map.clone().filter(|map| !map.trim().is_empty()),
            columns: columns.collect::<Result<_, _>>()?,
            ignore: self.ignore.clone(),
            set: self.set.clone().into_iter().collect(),
            empty_is_null: self.empty_is_null,
            allow_unknown: false,
            time_zone: self.time_zone.clone().unwrap_or_else(|| "UTC".to_owned()),
            limit: None,
        })
    }
}

/// A batch, and how far it is.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Batch)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The workspace's code.
    pub(crate) workspace: String,
    /// The action.
    pub(crate) action: String,
    /// What the rows are called.
    pub(crate) name: String,
    /// `running`, `interrupted`, `stopped`, `done` or `abandoned`.
    pub(crate) state: &'static str,
    /// How many rows there are, where that was counted.
    pub(crate) rows: Option<u64>,
    /// Rows that are done with.
    pub(crate) done: u64,
    /// Rows that made something.
    pub(crate) created: u64,
    /// Rows that changed something.
    pub(crate) updated: u64,
    /// Rows that found everything as they want it.
    pub(crate) unchanged: u64,
    /// Rows that ask for nothing.
    pub(crate) skipped: u64,
    /// Rows that were not carried out.
    pub(crate) rejected: u64,
    /// What rows wait for, when something is in the way.
    pub(crate) waiting: Option<String>,
    /// Why it stopped, where this process was at it.
    pub(crate) trouble: Option<Trouble>,
    /// Whether it is kept what became of each row.
    pub(crate) has_rows: bool,
    /// Whether rejected rows are kept.
    pub(crate) has_rejects: bool,
    /// When it began.
    pub(crate) started_at: Timestamp,
    /// When it last came further.
    pub(crate) updated_at: Timestamp,
}

/// Why a batch stopped.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BatchTrouble)]
pub(crate) struct Trouble {
    /// The code, which has a page in the documentation.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// What to do.
    pub(crate) advice: String,
}

/// Some batches.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Batches {
    /// The batches, newest first.
    pub(crate) items: Vec<Shown>,
}

/// A table as text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TableText)]
pub(crate) struct Text {
    /// What the file may be called.
    pub(crate) name: String,
    /// The table: CSV with a header.
    pub(crate) text: String,
}

/// What a batch would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = BatchPlan)]
pub(crate) struct Planned {
    /// How many rows there are.
    pub(crate) rows: u64,
    /// Rows that do not fit the action; they are left out, and kept with the reason.
    pub(crate) misfits: u64,
    /// The first of them, in words.
    pub(crate) named: Vec<String>,
    /// What the first rows would do.
    pub(crate) lines: Vec<PlannedLine>,
    /// How many of the first rows would do what: field, then `set`, `changed` or `as it is`.
    #[schema(value_type = Object)]
    pub(crate) fields: BTreeMap<String, BTreeMap<&'static str, u64>>,
    /// About how many calls all rows take, by the first.
    pub(crate) calls: u64,
    /// About how long they take at the workspace's limit, in seconds; none while the limit is not known.
    pub(crate) seconds: Option<f64>,
}

/// What a row would do.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = PlannedLine)]
pub(crate) struct PlannedLine {
    /// The line that it begins on.
    pub(crate) line: u64,
    /// `created`, `updated`, `unchanged`, `skipped` or `rejected`.
    pub(crate) outcome: &'static str,
    /// Why it would be rejected.
    pub(crate) error: Option<String>,
    /// The writes, with their fields.
    #[schema(value_type = Option<Object>)]
    pub(crate) planned: Option<PlannedRow>,
}

impl Planned {
    pub(super) fn of(preview: Preview) -> Self {
        let Preview { look, lines, survey } = preview;
        let fields = survey.fields.into_iter().map(|(field, counts)| {
            let counts = [
                ("set", counts.create),
                ("changed", counts.change),
                ("as it is", counts.keep),
            ];
            (field, counts.into_iter().collect())
        });
        // Rows that do not fit take no calls, here and later.
        let planned = survey.rows.rows.max(1);
        let all = |of_planned: u64| of_planned.saturating_mul(look.rows).div_ceil(planned);
        #[expect(clippy::cast_precision_loss, reason = "an estimate")]
        let times = look.rows as f64 / planned as f64;
        Self {
            fields: fields.collect(),
            calls: all(survey.calls),
            seconds: survey.seconds.map(|seconds| seconds * times),
            rows: look.rows,
            misfits: look.misfits,
            named: look.named,
            lines: lines
                .into_iter()
                .map(|line| PlannedLine {
                    line: line.line,
                    outcome: line.end.as_str(),
                    error: match line.end {
                        End::Rejected(rejection) => {
                            Some(format!("{} [{}]", rejection.message, rejection.code))
                        }
                        _ => None,
                    },
                    planned: line.planned,
                })
                .collect(),
        }
    }
}

impl Shown {
    /// A batch as the store has it, and as this process knows it better.
    pub(super) fn of(shared: &Shared, batch: Batch) -> Self {
        let going = shared.imports.of(&batch.id);
        let live = going
            .as_ref()
            .filter(|_| batch.state == BatchState::Running)
            .map(|going| going.live());
        let kept = StoredBatch::progress(&batch.progress);
        let progress = live
            .as_ref()
            .map(|live| live.progress)
            .filter(|live| live.rows >= kept.rows)
            .unwrap_or(kept);
        let orders: Option<Orders> = serde_json::from_value(batch.options).ok();
        let trouble = going
            .filter(|_| batch.state == BatchState::Stopped)
            .and_then(|going| going.trouble());
        Self {
            rows: orders.as_ref().and_then(|orders| orders.rows),
            has_rows: orders.as_ref().is_some_and(|orders| orders.results.is_some()),
            has_rejects: progress.rejected > 0
                && orders.as_ref().is_some_and(|orders| orders.rejects.is_some()),
            id: batch.id,
            workspace: batch.workspace,
            action: batch.action,
            name: batch.input_name,
            state: batch.state.as_str(),
            done: progress.rows,
            created: progress.created,
            updated: progress.updated,
            unchanged: progress.unchanged,
            skipped: progress.skipped,
            rejected: progress.rejected,
            waiting: live.and_then(|live| live.waiting),
            trouble: trouble.map(|trouble| Trouble {
                code: trouble.code.to_owned(),
                message: trouble.message,
                advice: trouble.advice,
            }),
            started_at: batch.started_at,
            updated_at: batch.updated_at,
        }
    }
}

/// The files that a batch keeps.
pub(super) async fn orders(shared: &Shared, id: &str) -> Result<(Batch, Option<Orders>), Refusal> {
    let batch = shared.store.batch(id, shared.clock.now()).await?;
    let orders = serde_json::from_value(batch.options.clone()).ok();
    Ok((batch, orders))
}

/// The refusal of rows that are not kept here.
pub(super) fn not_kept() -> Refusal {
    let message = "what became of the rows of this batch is not kept here";
    Refusal::new(http::StatusCode::CONFLICT, "TL0963", message)
}

/// What cannot be read any more.
pub(super) fn unreadable(error: &std::io::Error) -> Refusal {
    if error.kind() == std::io::ErrorKind::NotFound {
        return not_kept();
    }
    imports::shown(&crate::publishing::PublishError::new(
        "TL0792",
        format!("what became of the rows cannot be read: {error}"),
        "Check the data folder.",
    ))
}
