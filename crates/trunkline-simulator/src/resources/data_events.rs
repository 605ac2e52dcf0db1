//! Data events: what contacts did in the product (facts 6.8).

use serde_json::{Map, Value, json};

use super::{Handler, common};
use crate::{
    errors::Refusal,
    paging,
    reply::{Answer, Reply},
    request::Request,
    texts,
    workspace::{Event, Workspace, extra::EventSummary, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("data_events.list", Handler::Read(list)),
    ("data_events.create", Handler::Write(create)),
    ("data_events.create_summary", Handler::Write(create_summary)),
];

/// The most keys that an event's metadata keeps.
const MOST_KEYS: usize = 10;
/// How far back events are given out, in seconds.
const AGE: i64 = 90 * 86_400;

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let name = request.required("event_name")?;
    let created_at = match &request.body["created_at"] {
        Value::Null => return Err(Refusal::missing("created_at")),
        _ => common::created_at(request)?,
    };
    let named = ["id", "user_id", "email"]
        .iter()
        .any(|field| request.text(field).is_some());
    if !named {
        return Err(Refusal::missing("user_id, email or id"));
    }
    let contact = common::person(workspace, request, &request.body)?;
    let metadata: Map<String, Value> = request.body["metadata"]
        .as_object()
        .map(|sent| {
            sent.iter()
                .take(MOST_KEYS)
                .map(|(key, value)| (key.clone(), value.clone()))
                .collect()
        })
        .unwrap_or_default();
    let is_known = workspace
        .events
        .iter()
        .any(|event| event.contact == contact && event.name == name && event.created_at == created_at);
    // A repeated event is accepted and ignored.
    if !is_known {
        workspace.events.push(Event {
            contact,
            name,
            created_at,
            metadata,
            id: None,
        });
        workspace.changed();
        workspace.tell_event(request.now);
    }
    Ok(Reply::empty(202))
}

fn create_summary(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let summaries = &request.body["event_summaries"];
    let contact = common::person(workspace, request, &request.body)?;
    let list = summaries
        .as_array()
        .map_or_else(|| vec![summaries.clone()], Clone::clone);
    for summary in list {
        let Some(name) = summary["event_name"].as_str() else {
            return Err(Refusal::missing("event_name"));
        };
        let at = |field: &str| summary[field].as_i64().unwrap_or(request.now);
        let (first, last) = (at("first"), at("last"));
        let told = EventSummary {
            contact,
            name: name.to_owned(),
            first: first.min(last),
            last: last.max(first),
            count: summary["count"].as_u64().unwrap_or(1),
        };
        let held = &mut workspace.reference.extra.event_summaries;
        // What is told again replaces what was told before.
        held.retain(|one| one.contact != contact || one.name != told.name);
        held.push(told);
    }
    workspace.changed();
    Ok(Reply::empty(200))
}

/// The contact that the query names.
fn asked(workspace: &Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    if request.query("type") != Some("user") {
        return Err(Refusal::invalid("type must be user"));
    }
    let named = json!({
        "intercom_user_id": request.query("intercom_user_id"),
        "user_id": request.query("user_id"),
        "email": request.query("email"),
    });
    common::person(workspace, request, &named)
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = asked(workspace, request)?;
    let person = &workspace.contacts[row as usize];
    let (email, external_id) = (person.email(workspace.seed), person.external_id(workspace.seed));
    let id = workspace.ids.contact(row);
    let mut events: Vec<(usize, &Event)> = workspace
        .events
        .iter()
        .enumerate()
        .filter(|(_, event)| event.contact == row && event.created_at > request.now - AGE)
        .collect();
    events.sort_by_key(|(place, event)| std::cmp::Reverse((event.created_at, *place)));
    if request.query("summary") == Some("true") {
        return Ok(Reply::json(&json!({
            "type": "event.summary",
            "email": email,
            "intercom_user_id": id,
            "user_id": external_id,
            "events": summaries(workspace, row, &events),
        })));
    }
    let per_page = paging::per_page(request.query("per_page"), 50, 150)?;
    let first = request
        .query("after")
        .and_then(|text| text.parse().ok())
        .unwrap_or(0_usize);
    let shown: Vec<Value> = events
        .iter()
        .skip(first)
        .take(per_page)
        .map(|(place, _)| view(workspace, *place))
        .collect();
    let mut pages = Map::new();
    let end = first + shown.len();
    let base = format!(
        "{}/events?type=user&intercom_user_id={id}&per_page={per_page}",
        request.base_url
    );
    if end < events.len() {
        pages.insert("next".to_owned(), json!(format!("{base}&after={end}")));
    }
    if let Some((_, newest)) = events.first() {
        pages.insert(
            "since".to_owned(),
            json!(format!("{base}&since={}", newest.created_at)),
        );
    }
    Ok(Reply::json(
        &json!({ "type": "event.list", "events": shown, "pages": pages }),
    ))
}

/// The event at a place as the API shows it.
pub(crate) fn view(workspace: &Workspace, place: usize) -> Value {
    let event = &workspace.events[place];
    let person = &workspace.contacts[event.contact as usize];
    json!({
        "type": "event",
        "id": id_of(workspace, place),
        "created_at": event.created_at,
        "event_name": event.name,
        "user_id": person.external_id(workspace.seed),
        "email": person.email(workspace.seed),
        "intercom_user_id": workspace.ids.contact(event.contact),
        "metadata": event.metadata,
    })
}

/// The id of the event at a place.
pub(crate) fn id_of(workspace: &Workspace, place: usize) -> String {
    let brought = workspace.events.get(place).and_then(|event| event.id.as_deref());
    brought.map_or_else(
        || texts::uuid(texts::mix(workspace.seed, 13, place as u32), place as u32),
        str::to_owned,
    )
}

/// Per name: first, last and how often, of single events and of what was told in sum.
fn summaries(workspace: &Workspace, contact: u32, events: &[(usize, &Event)]) -> Vec<Value> {
    let mut sums: Vec<(&str, i64, i64, u64)> = Vec::new();
    let told = workspace
        .reference
        .extra
        .event_summaries
        .iter()
        .filter(|one| one.contact == contact)
        .map(|one| (one.name.as_str(), one.first, one.last, one.count));
    let single = events
        .iter()
        .map(|(_, event)| (event.name.as_str(), event.created_at, event.created_at, 1));
    for (name, first, last, count) in single.chain(told) {
        match sums.iter_mut().find(|sum| sum.0 == name) {
            Some(sum) => *sum = (name, sum.1.min(first), sum.2.max(last), sum.3 + count),
            None => sums.push((name, first, last, count)),
        }
    }
    sums.into_iter()
        .map(|(name, first, last, count)| {
            json!({
                "name": name,
                "first": reference::iso(first),
                "last": reference::iso(last),
                "count": count,
                "description": "",
            })
        })
        .collect()
}
