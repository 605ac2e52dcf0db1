//! Exports of content data: one job at a time, a file that can be had for two days (facts 8).

use serde_json::{Value, json};

use super::Handler;
use crate::{
    errors::Refusal,
    exports::deliveries,
    reply::{Answer, Reply},
    request::Request,
    texts,
    workspace::{
        Workspace,
        lists::{Export, ExportKind},
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("content_exports.create", Handler::Write(create)),
    ("content_exports.get", Handler::Read(get)),
    ("content_exports.cancel", Handler::Write(cancel)),
    ("content_exports.download", Handler::Read(download)),
];

/// How long a job waits before it runs, in seconds.
const WAITING: i64 = 2;
/// How long after it was asked for a job is done, in seconds.
const DONE: i64 = 5;
/// How long a file can be had, in seconds.
pub(super) const FILE_LIFE: i64 = 2 * 86_400;

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    Pending,
    Running,
    Done,
    Canceled,
}

pub(super) fn stage(job: &Export, now: i64) -> Stage {
    match now - job.asked_at {
        _ if job.canceled => Stage::Canceled,
        ..WAITING => Stage::Pending,
        WAITING..DONE => Stage::Running,
        DONE.. => Stage::Done,
    }
}

/// Sixteen letters and digits, unlike those of any other export.
pub(super) fn identifier(workspace: &Workspace) -> String {
    let number = workspace.reference.lists.exports.len() as u32;
    let alphabet = b"abcdefghijklmnopqrstuvwxyz0123456789";
    (0..16_u64)
        .map(|place| {
            let digit = texts::mix(workspace.seed, 120 + place, number) % 36;
            char::from(alphabet[digit as usize])
        })
        .collect()
}

/// The end of a file's life as a job shows it.
pub(super) fn expiry(job: &Export) -> String {
    (job.asked_at + DONE + FILE_LIFE).to_string()
}

fn shown(workspace: &Workspace, request: &Request<'_>, job: &Export) -> Reply {
    let status = match stage(job, request.now) {
        Stage::Pending => "pending",
        Stage::Running => "in_progress",
        Stage::Canceled => "canceled",
        Stage::Done if deliveries::is_empty(workspace, job.from, job.until) => "no_data",
        Stage::Done => "completed",
    };
    let is_ready = status == "completed";
    let url = format!("{}/download/content/data/{}", request.base_url, job.id);
    Reply::json(&json!({
        "job_identifier": job.id,
        "status": status,
        "download_url": if is_ready { url } else { String::new() },
        "download_expires_at": if is_ready { expiry(job) } else { String::new() },
    }))
}

pub(super) fn unknown(id: &str) -> Refusal {
    Refusal::new(
        404,
        "not_found",
        format!("Export job not found for identifier: {id}"),
    )
}

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let id = request.parameter("job_identifier");
    workspace
        .reference
        .lists
        .exports
        .iter()
        .position(|job| job.id == id && job.kind == ExportKind::Content)
        .ok_or_else(|| unknown(id))
}

fn moment(body: &Value, field: &str) -> Result<i64, Refusal> {
    let bad = |message: String| Refusal::new(400, "bad_request", message);
    match &body[field] {
        Value::Null => Err(bad(format!("'{field}' is a required parameter"))),
        value => value
            .as_i64()
            .or_else(|| value.as_str()?.parse().ok())
            .ok_or_else(|| bad(format!("'{field}' must be a timestamp"))),
    }
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let known = ["created_at_after", "created_at_before"];
    let sent = request.body.as_object().into_iter().flat_map(|body| body.keys());
    if let Some(key) = sent.into_iter().find(|key| !known.contains(&key.as_str())) {
        return Err(Refusal::new(400, "bad_request", format!("bad '{key}' parameter")));
    }
    let from = moment(&request.body, "created_at_after")?;
    let until = moment(&request.body, "created_at_before")?;
    if from > until {
        return Err(Refusal::new(
            400,
            "bad_request",
            "created_at_after is greater than created_at_before",
        ));
    }
    let is_busy = workspace.reference.lists.exports.iter().any(|job| {
        job.kind == ExportKind::Content && matches!(stage(job, request.now), Stage::Pending | Stage::Running)
    });
    if is_busy {
        return Err(Refusal::new(
            429,
            "rate_limit_exceeded",
            "Exceeded rate limit of 1 pending message data export jobs",
        ));
    }
    let job = Export {
        id: identifier(workspace),
        kind: ExportKind::Content,
        asked_at: request.now,
        from,
        until,
        canceled: false,
    };
    let reply = shown(workspace, request, &job);
    workspace.reference.lists.exports.push(job);
    workspace.changed();
    Ok(reply)
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    Ok(shown(
        workspace,
        request,
        &workspace.reference.lists.exports[place],
    ))
}

/// Cancels a job that is not done yet; one that is done stays done.
fn cancel(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let job = &mut workspace.reference.lists.exports[place];
    if stage(job, request.now) != Stage::Done {
        job.canceled = true;
        workspace.changed();
    }
    get(workspace, request)
}

/// The reply that carries a file.
pub(super) fn attachment(name: &str, content: std::io::Result<bytes::Bytes>) -> Answer {
    let content = content.map_err(|error| Refusal::new(500, "server_error", error.to_string()))?;
    let mut reply = Reply::text(200, "application/octet-stream", content);
    reply
        .headers
        .push(("content-disposition", format!("attachment; filename=\"{name}\"")));
    Ok(reply)
}

fn download(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let job = &workspace.reference.lists.exports[place];
    let is_there = stage(job, request.now) == Stage::Done && request.now < job.asked_at + DONE + FILE_LIFE;
    if !is_there {
        return Err(unknown(&job.id));
    }
    attachment(
        &format!("content-data-{}.csv.gz", job.id),
        deliveries::file(workspace, job.from, job.until),
    )
}
