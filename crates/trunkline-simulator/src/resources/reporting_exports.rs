//! Exports of reporting datasets: up to five jobs at a time (facts 8).

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{
    Handler,
    content_exports::{self, Stage},
};
use crate::{
    errors::Refusal,
    exports::reporting,
    reply::{Answer, Reply},
    request::Request,
    workspace::{
        Workspace,
        lists::{Export, ExportKind},
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("reporting_exports.create", Handler::Write(create)),
    ("reporting_exports.get", Handler::Read(get)),
    ("reporting_exports.list_datasets", Handler::Read(list_datasets)),
    ("reporting_exports.download", Handler::Read(download)),
];

/// The most jobs that wait at once.
const MOST_PENDING: usize = 5;

fn list_datasets(_: &Workspace, request: &Request<'_>) -> Answer {
    Ok(Reply::json(
        &json!({ "type": "list", "data": reporting::datasets(request.version) }),
    ))
}

fn shown(request: &Request<'_>, job: &Export) -> Reply {
    let stage = content_exports::stage(job, request.now);
    let is_ready = stage == Stage::Done;
    let url = format!("{}/download/reporting_data/{}", request.base_url, job.id);
    Reply::json(&json!({
        "job_identifier": job.id,
        "status": match stage {
            Stage::Pending => "pending",
            Stage::Running => "in_progress",
            Stage::Done => "complete",
            Stage::Canceled => "failed",
        },
        "download_url": if is_ready { url } else { String::new() },
        "download_expires_at": if is_ready { content_exports::expiry(job) } else { String::new() },
    }))
}

/// The job that the path or, as the description has it, the query names.
fn of_request<'w>(workspace: &'w Workspace, request: &Request<'_>) -> Result<&'w Export, Refusal> {
    let id = request.parameter("job_identifier");
    workspace
        .reference
        .lists
        .exports
        .iter()
        .find(|job| job.id == id && job.kind != ExportKind::Content)
        .ok_or_else(|| content_exports::unknown(id))
}

fn bad(message: impl Into<String>) -> Refusal {
    Refusal::new(400, "bad_request", message)
}

/// The dataset with the places of its attributes that the body picks.
fn picked(body: &Value) -> Result<(usize, Vec<usize>), Refusal> {
    let id = body["dataset_id"]
        .as_str()
        .ok_or_else(|| bad("'dataset_id' is a required parameter"))?;
    let dataset = reporting::DATASETS
        .iter()
        .position(|(known, ..)| *known == id)
        .ok_or_else(|| bad(format!("{id} is not a valid dataset_id")))?;
    let asked = match &body["attribute_ids"] {
        Value::Null => return Err(bad("'attribute_ids' is a required parameter")),
        Value::Array(asked) => asked,
        _ => return Err(bad("'attribute_ids' not an array must be of type Array")),
    };
    if asked.is_empty() {
        return Err(bad("attribute_ids must contain at least one attribute_id"));
    }
    let known = reporting::ids(dataset);
    let mut places = Vec::with_capacity(asked.len());
    let mut strange = Vec::new();
    for one in asked {
        let text = one.as_str().unwrap_or_default();
        let bare = text
            .split_once('.')
            .map_or(text, |(prefix, rest)| if prefix == id { rest } else { text });
        match known.iter().position(|known| *known == bare) {
            Some(place) => places.push(place),
            None => strange.push(text.to_owned()),
        }
    }
    if !strange.is_empty() {
        return Err(bad(format!(
            "attribute_ids invalid for {id} dataset: {}",
            strange.join(", ")
        )));
    }
    Ok((dataset, places))
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let (dataset, attributes) = picked(&request.body)?;
    let moment = |field: &str| {
        request.body[field]
            .as_i64()
            .ok_or_else(|| bad(format!("'{field}' is a required parameter")))
    };
    let (from, until) = (moment("start_time")?, moment("end_time")?);
    if from > until {
        return Err(bad("start_time must be before end_time"));
    }
    let pending = workspace
        .reference
        .lists
        .exports
        .iter()
        .filter(|job| job.kind != ExportKind::Content)
        .filter(|job| content_exports::stage(job, request.now) != Stage::Done)
        .count();
    if pending >= MOST_PENDING {
        return Err(Refusal::new(
            429,
            "rate_limit_exceeded",
            "Exceeded rate limit of 5 pending reporting dataset export jobs",
        ));
    }
    let job = Export {
        id: content_exports::identifier(workspace),
        kind: ExportKind::Reporting { dataset, attributes },
        asked_at: request.now,
        from,
        until,
        canceled: false,
    };
    let reply = shown(request, &job);
    workspace.reference.lists.exports.push(job);
    workspace.changed();
    Ok(reply)
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    Ok(shown(request, of_request(workspace, request)?))
}

fn download(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let job = of_request(workspace, request)?;
    let is_done = content_exports::stage(job, request.now) == Stage::Done;
    let ExportKind::Reporting { dataset, attributes } = &job.kind else {
        return Err(content_exports::unknown(&job.id));
    };
    if !is_done || request.now >= job.asked_at + content_exports::FILE_LIFE {
        return Err(content_exports::unknown(&job.id));
    }
    content_exports::attachment(
        &format!("reporting-data-{}.tgz", job.id),
        reporting::file(
            workspace,
            *dataset,
            attributes,
            (job.from, job.until),
            request.version < Version::V2_16,
            request.now,
        ),
    )
}
