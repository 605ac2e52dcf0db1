//! What mirrors hold: streams, records page by page, one record. `data/threads.rs` has conversations, contacts and companies,
//! `data/query.rs` SQL, `data/search.rs` the
//! full text, `data/look.rs` how a mirror's file is read, `data/remembered.rs` what is not read twice.
//!
//! The one rule: nothing here writes to a mirror, and nothing here waits for Intercom.

pub(crate) mod look;
pub(crate) mod query;
pub(crate) mod remembered;
pub(crate) mod search;
pub(crate) mod threads;

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trunkline_mirror::browse::{BrowseError, ColumnShape, Filter, How, PageQuestion, Record, TableShape};
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    given,
    read::{Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// How long a page of rows may take.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// How long what was counted holds: until the mirror changes.
const UNTIL_CHANGED: Duration = Duration::from_hours(24);
/// How many truncated conversations are named.
const NAMED: u32 = 20;

/// What a mirror holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MirrorStreams)]
pub(crate) struct Streams {
    /// The workspace's name.
    pub(crate) workspace: Option<String>,
    /// Its time zone, as Intercom names it.
    pub(crate) time_zone: Option<String>,
    /// When a run last heard of the workspace.
    pub(crate) heard_at: Option<String>,
    /// The size of the file, in bytes.
    pub(crate) bytes: u64,
    /// Conversations of which Intercom no longer gives everything.
    pub(crate) truncated: u64,
    /// Some of them, by their ids.
    pub(crate) truncated_ids: Vec<String>,
    /// The streams, those with records first.
    pub(crate) items: Vec<Stream>,
}

/// A stream of a mirror.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = MirrorStream)]
pub(crate) struct Stream {
    /// Its name.
    pub(crate) name: String,
    /// What its records are.
    pub(crate) summary: String,
    /// Records that exist.
    pub(crate) rows: u64,
    /// Records that are kept as deleted.
    pub(crate) deleted: u64,
    /// When a run last got ahead in it.
    pub(crate) read_at: Option<String>,
    /// How complete it was at the end of the last run that said so.
    pub(crate) state: Option<String>,
    /// How many records Intercom stated then.
    pub(crate) stated: Option<u64>,
    /// Why it was not complete.
    pub(crate) why: Option<String>,
}

/// Tables and views.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MirrorTables)]
pub(crate) struct Tables {
    /// Streams and the views over them first, the mirror's own tables last.
    pub(crate) items: Vec<TableShape>,
}

/// Some records of a stream.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Records {
    /// The stream's columns; those that are large are not in the values.
    pub(crate) columns: Vec<ColumnShape>,
    /// The records.
    pub(crate) items: Vec<Row>,
    /// What to give as `after` for the next page; none at the end.
    pub(crate) next: Option<String>,
}

/// A record of a page.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RecordRow)]
pub(crate) struct Row {
    /// Its key: the value itself, or a list of values where several make the key.
    pub(crate) key: String,
    /// Its columns.
    #[schema(value_type = Object)]
    pub(crate) values: Map<String, Value>,
}

/// Which records.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RecordsQuery {
    /// The column that they are sorted by, one with an index; as they came, the newest first, when it is left out.
    pub(crate) sort: Option<String>,
    /// `rising` puts small values first; `falling`, which is usual, large ones.
    pub(crate) order: Option<String>,
    /// The column that they are narrowed by.
    pub(crate) column: Option<String>,
    /// How: `is`, `begins`, `contains`, `below`, `above`, `empty` or `filled`.
    pub(crate) how: Option<String>,
    /// What the column's value is held against.
    pub(crate) value: Option<String>,
    /// `yes` for those that are kept as deleted instead of those that exist.
    pub(crate) deleted: Option<String>,
    /// Where the last page ended.
    pub(crate) after: Option<String>,
    /// How many at most, from 1 to 500; 50 when it is left out.
    #[schema(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
}

/// Which record.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct KeyQuery {
    /// Its key, as a page of records gives it.
    pub(crate) key: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/streams",
            "data.streams",
            "Lists the streams that a mirror holds, with how many records each has.",
            streams,
        )
        .answers::<Streams>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/tables",
            "data.tables",
            "Lists the tables and views of a mirror with their columns.",
            tables,
        )
        .answers::<Tables>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/streams/{id}/records",
            "data.records",
            "Lists records of a stream, page by page.",
            records,
        )
        .asks::<RecordsQuery>()
        .answers::<Records>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/streams/{id}/record",
            "data.record",
            "Shows a record with every field, as it came, and how it became what it is.",
            record,
        )
        .asks::<KeyQuery>()
        .answers::<Record>(StatusCode::OK),
    ];
    routes.extend(threads::routes());
    routes.extend(query::routes());
    routes.extend(search::routes());
    routes
}

/// The streams of a mirror.
pub(crate) async fn streams(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Streams>, Refusal> {
    let mirror = shared.store.mirror(&name).await?;
    let runs = shared.store.runs_before(&mirror.id, None, 20).await?;
    let report = runs.into_iter().find_map(|run| {
        let report: Value = serde_json::from_str(&run.report?).ok()?;
        report.get("streams")?.as_array().cloned()
    });
    let report = report.unwrap_or_default();
    let (remembered, now) = (shared.readers.remembered.clone(), shared.clock.now());
    let (bytes, workspace, truncated, held) = look::look(&shared, &name, PATIENCE, move |reader| {
        let bytes = reader.path().metadata().map_or(0, |metadata| metadata.len());
        let counted = remembered.or(reader.path(), "streams", (now, UNTIL_CHANGED), || {
            Ok::<_, BrowseError>((reader.truncated(NAMED)?, reader.streams()?))
        });
        let (truncated, held) = counted?;
        Ok((bytes, reader.workspace()?, truncated, held))
    })
    .await?;
    let mut items: Vec<Stream> = held
        .into_iter()
        .map(|stream| {
            let told = report.iter().find(|told| told["stream"] == stream.name);
            let text = |name: &str| told.and_then(|told| told[name].as_str()).map(str::to_owned);
            Stream {
                name: stream.name.to_owned(),
                summary: stream.summary.to_owned(),
                rows: stream.rows,
                deleted: stream.deleted,
                read_at: stream.read_at,
                state: text("state"),
                stated: told.and_then(|told| told["stated"].as_u64()),
                why: text("why"),
            }
        })
        .collect();
    items.sort_by_key(|stream| stream.rows + stream.deleted == 0);
    let (name, zone, heard) = workspace.unwrap_or_default();
    let some = |text: String| Some(text).filter(|text| !text.is_empty());
    Ok(Json(Streams {
        workspace: some(name),
        time_zone: some(zone),
        heard_at: some(heard),
        bytes,
        truncated: truncated.0,
        truncated_ids: truncated.1,
        items,
    }))
}

/// The tables and views of a mirror.
pub(crate) async fn tables(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Tables>, Refusal> {
    let items = look::look(&shared, &name, PATIENCE, trunkline_mirror::browse::Reader::shapes).await?;
    Ok(Json(Tables { items }))
}

/// Records of a stream.
pub(crate) async fn records(
    State(shared): State<Arc<Shared>>,
    Named((name, stream)): Named<(String, String)>,
    Query(query): Query<RecordsQuery>,
) -> Result<Json<Records>, Refusal> {
    let question = question(query)?;
    let page = look::look(&shared, &name, PATIENCE, move |reader| {
        reader.page(&stream, &question)
    })
    .await?;
    Ok(Json(Records {
        columns: page.columns,
        items: page
            .rows
            .into_iter()
            .map(|(key, values)| Row { key, values })
            .collect(),
        next: page.next,
    }))
}

fn question(query: RecordsQuery) -> Result<PageQuestion, Refusal> {
    let limit = given::limit(query.limit)?;
    let rising = given::word(query.order.as_deref(), "order", |word| match word {
        "rising" => Some(true),
        "falling" => Some(false),
        _ => None,
    })?;
    let how = given::word(query.how.as_deref(), "how", How::named)?;
    let deleted = given::word(query.deleted.as_deref(), "deleted", |word| match word {
        "yes" => Some(true),
        "no" => Some(false),
        _ => None,
    })?;
    let filter = match query.column {
        Some(column) => Some(Filter {
            column,
            how: how.unwrap_or(How::Is),
            value: query.value.unwrap_or_default(),
        }),
        None if how.is_some() || query.value.is_some() => {
            return Err(Refusal::of_field("column", "is needed to narrow by"));
        }
        None => None,
    };
    Ok(PageQuestion {
        sort: query.sort,
        rising: rising.unwrap_or(false),
        filter,
        deleted: deleted.unwrap_or(false),
        after: query.after,
        limit,
    })
}

/// One record.
pub(crate) async fn record(
    State(shared): State<Arc<Shared>>,
    Named((name, stream)): Named<(String, String)>,
    Query(query): Query<KeyQuery>,
) -> Result<Json<Record>, Refusal> {
    let key = query.key;
    let found = look::look(&shared, &name, PATIENCE, move |reader| {
        // A stream that is not there comes before a key that is not given.
        reader.columns_of_stream(&stream)?;
        key.map(|key| reader.record(&stream, &key)).transpose()
    })
    .await?;
    found
        .map(Json)
        .ok_or_else(|| Refusal::of_field("key", "is not given"))
}
