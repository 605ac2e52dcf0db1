//! What a mirror of a workspace would hold and cost, before anyone waits for it.
//!
//! The one rule: one cheap request for each stream, and none that opens the workspace's scroll.

use std::collections::{BTreeMap, BTreeSet};

use futures::{StreamExt as _, stream};
use serde::Deserialize;
use trunkline_client::{Call, CallError, Client, Priority};

use crate::{
    report::{CheckReport, StreamCheck, StreamState},
    sync::{
        ALL_UNITS, ONLY_WHEN_NAMED, StreamUnit, SyncError, UnitHow, count_with_parts, in_order, permission,
        select, state_of, stated_total, who_am_i,
    },
};

/// Rows of a page of calls, and the most conversations whose transcripts one request asks for.
const CALLS_PAGE: u64 = 25;
const CALLS_SEARCH: u64 = 20;
/// Rows on a page of a search.
const PAGE: u64 = 150;
/// Rows on a page of the scroll.
const SCROLL_PAGE: u64 = 100;
/// How many probes are under way at a time.
const AT_A_TIME: usize = 8;

struct Probe {
    total: Option<u64>,
    error: Option<CallError>,
    state: StreamState,
}

/// Probes the token, the version and every stream.
///
/// # Errors
/// When the token does not work, or a stream that was named does not exist.
pub async fn check(client: &Client, streams: Option<&[String]>) -> Result<CheckReport, SyncError> {
    let selected = select(streams)?;
    let me = who_am_i(client, Priority::Interactive).await?;
    let wanted: Vec<&StreamUnit> = ALL_UNITS
        .iter()
        .filter(|unit| unit.streams.iter().any(|stream| selected.contains(stream)))
        .collect();
    let probes: BTreeMap<&'static str, Probe> = stream::iter(wanted.iter().copied())
        .map(|unit| async move { (unit.stream(), probe(client, unit).await) })
        .buffer_unordered(AT_A_TIME)
        .collect()
        .await;
    let with_parts = if selected.contains("conversation_parts") {
        conversations_with_parts(client).await
    } else {
        None
    };
    let of_segments = if selected.contains("contact_segments") {
        segment_pages(client).await
    } else {
        0
    };
    let expected_requests = requests(&selected, &probes, with_parts) + of_segments;
    let rate_limit = client.budget().limit;
    // Without a stated limit the documented one: 10,000 calls a minute in windows of 10 seconds.
    let a_minute = 6.0 * f64::from(rate_limit.unwrap_or(1_667));
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    let expected_minutes = expected_requests as f64 / a_minute;
    let zone = me.time_zone();
    Ok(CheckReport {
        workspace: me.app.id_code.clone(),
        workspace_name: me.name(),
        time_zone_known: me.zone().is_some(),
        time_zone: zone,
        region: me.region(),
        wrong_region: me.wrong_region(client),
        version: client.version().to_string(),
        rate_limit,
        streams: in_order()
            .filter(|stream| selected.contains(stream))
            .filter_map(|stream| {
                let unit = wanted.iter().find(|unit| unit.streams.contains(&stream))?;
                Some(line(stream, unit, &probes[unit.stream()]))
            })
            .collect(),
        expected_requests,
        expected_minutes,
    })
}

async fn probe(client: &Client, unit: &StreamUnit) -> Probe {
    let Some((operation, query)) = unit.source(client.version()) else {
        return Probe {
            total: None,
            error: None,
            state: StreamState::NotInVersion,
        };
    };
    let outcome = match unit.how {
        UnitHow::Contacts | UnitHow::ContactSegments => {
            stated_total(client, "contacts", Priority::Interactive).await
        }
        UnitHow::Companies | UnitHow::Conversations | UnitHow::Tickets => {
            stated_total(client, unit.stream(), Priority::Interactive).await
        }
        // Asking for these takes the id of another object, or the name of a type.
        UnitHow::DataEvents | UnitHow::Each(_) | UnitHow::CustomObjects => Ok(None),
        UnitHow::ActivityLogs => {
            counted(
                client,
                Call::new(operation)
                    .query("created_at_after", "0")
                    .query("per_page", "1"),
            )
            .await
        }
        UnitHow::DeletedConversations => counted(client, Call::new(operation).query("per_page", "1")).await,
        UnitHow::List | UnitHow::SettledList | UnitHow::Calls | UnitHow::OfficeHours => {
            counted(
                client,
                query.iter().fold(Call::new(operation), |call, (name, value)| {
                    call.query(*name, *value)
                }),
            )
            .await
        }
    };
    match outcome {
        Ok(total) => Probe {
            total,
            error: None,
            state: StreamState::Complete,
        },
        Err(error) => Probe {
            total: None,
            state: state_of(&error),
            error: Some(error),
        },
    }
}

/// The total of an answer; for a whole list without one, nothing.
async fn counted(client: &Client, call: Call) -> Result<Option<u64>, CallError> {
    #[derive(Deserialize)]
    struct Counted {
        total_count: Option<u64>,
    }
    let answer = client.call(call.priority(Priority::Interactive)).await?;
    // A list without a total, whatever its shape, was read: that is all that is asked.
    Ok(answer
        .json::<Counted>()
        .ok()
        .and_then(|counted| counted.total_count))
}

async fn conversations_with_parts(client: &Client) -> Option<u64> {
    counted(client, Call::new("conversations.search").body(count_with_parts()))
        .await
        .ok()
        .flatten()
}

/// How many pages of contacts the segments have; none where the list does not say.
async fn segment_pages(client: &Client) -> u64 {
    #[derive(Deserialize)]
    struct Segment {
        count: Option<u64>,
        person_type: Option<String>,
    }
    #[derive(Deserialize)]
    struct Segments {
        segments: Vec<Segment>,
    }
    let call = Call::new("segments.list")
        .query("include_count", "true")
        .priority(Priority::Interactive);
    let Ok(answer) = client.call(call).await else {
        return 0;
    };
    let Ok(listed) = answer.json::<Segments>() else {
        return 0;
    };
    listed
        .segments
        .iter()
        .filter(|segment| segment.person_type.as_deref() != Some("company"))
        .filter_map(|segment| Some(segment.count?.div_ceil(PAGE)))
        .sum()
}

fn requests(
    selected: &BTreeSet<&'static str>,
    probes: &BTreeMap<&'static str, Probe>,
    with_parts: Option<u64>,
) -> u64 {
    let total = |stream: &str| probes.get(stream).and_then(|probe| probe.total).unwrap_or(0);
    let readable = probes
        .values()
        .filter(|probe| probe.state == StreamState::Complete)
        .count() as u64;
    let parts = if selected.contains("conversation_parts") {
        with_parts.unwrap_or_else(|| total("conversations"))
    } else {
        0
    };
    let events = if selected.contains("data_events") {
        total("contacts")
    } else {
        0
    };
    // Streams that cost a request for each object of another one.
    let each = |stream: &str, of: &str| if selected.contains(stream) { total(of) } else { 0 };
    1 + readable
        + each("company_notes", "companies")
        + each("handling_events", "conversations")
        + total("calls").div_ceil(CALLS_PAGE)
        + total("calls").div_ceil(CALLS_SEARCH)
        + total("contacts").div_ceil(PAGE)
        + total("companies").div_ceil(SCROLL_PAGE)
        + total("conversations").div_ceil(PAGE)
        + total("tickets").div_ceil(PAGE)
        + total("activity_logs").div_ceil(PAGE)
        + parts
        + events
}

fn line(stream: &'static str, unit: &StreamUnit, probe: &Probe) -> StreamCheck {
    let lacks = probe.state == StreamState::EmptyByPermission;
    StreamCheck {
        stream,
        state: probe.state,
        expected: probe
            .total
            .filter(|_| stream == unit.stream() && unit.how != UnitHow::ContactSegments),
        permission: if lacks { permission(unit.operation) } else { None },
        why: match (&probe.error, probe.state) {
            (Some(error), _) => Some(error.to_string()),
            (None, StreamState::NotInVersion) => Some("this API version does not have it".to_owned()),
            (None, _) if ONLY_WHEN_NAMED.contains(&stream) && unit.how != UnitHow::DataEvents => Some(
                "costs a request for each company or conversation, the first time and when it changed"
                    .to_owned(),
            ),
            (None, _) if unit.how == UnitHow::DataEvents => {
                Some("costs a request for each contact".to_owned())
            }
            (None, _) if unit.how == UnitHow::CustomObjects => {
                Some("read when `--custom-objects` names their types".to_owned())
            }
            (None, _) => None,
        },
        code: probe.error.as_ref().map(CallError::code),
    }
}
