//! Uploading a product catalog to an ecommerce connector, in one file or in parts, which only Preview has.

use serde_json::{Value, json};

use super::Handler;
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    texts,
    workspace::{Workspace, lists::Upload},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[("ecommerce.upload_catalog", Handler::Write(upload))];

/// The connector that every workspace has.
const CONNECTOR: &str = "5501";
/// How long a synchronization takes, in seconds.
const SYNCHRONIZED: i64 = 10;

/// Refuses a file that is not a list of products.
fn check(request: &Request<'_>) -> Result<(), Refusal> {
    let format = |message| Refusal::new(422, "invalid_catalog_format", message);
    let file = match &request.body["catalog"] {
        Value::Null => {
            return Err(Refusal::new(
                400,
                "parameter_not_found",
                "catalog file is required",
            ));
        }
        Value::String(file) => file,
        _ => {
            return Err(Refusal::new(
                400,
                "parameter_not_found",
                "catalog must be an uploaded file",
            ));
        }
    };
    let products: Value = serde_json::from_str(file).map_err(|_| format("catalog must be a JSON array"))?;
    let products = products
        .as_array()
        .ok_or_else(|| format("catalog must be a JSON array"))?;
    if products.iter().all(Value::is_object) {
        Ok(())
    } else {
        Err(format("each item in the catalog array must be a JSON object"))
    }
}

fn part_number(request: &Request<'_>) -> Result<Option<u64>, Refusal> {
    let invalid = |message: &str| Refusal::new(422, "invalid_part_number", message);
    request
        .text("part_number")
        .map(|text| {
            text.parse()
                .ok()
                .filter(|number| *number > 0)
                .ok_or_else(|| invalid("part_number must be a positive integer"))
        })
        .transpose()
}

/// The uploads, which no call of the API shows.
pub(crate) fn uploads(workspace: &Workspace) -> Vec<Value> {
    let held = workspace.reference.lists.uploads.iter();
    let shown = held.map(|upload| {
        json!({ "id": upload.id, "next_part": upload.next_part, "finalized_at": upload.finalized_at })
    });
    shown.collect()
}

fn upload(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let connector = request.parameter("id");
    if connector != CONNECTOR {
        return Err(Refusal::new(
            404,
            "import_source_not_found",
            "No connector found with the provided id.",
        ));
    }
    let busy = |message: &str| Refusal::new(409, "sync_in_progress", message);
    let uploads = &workspace.reference.lists.uploads;
    if uploads.iter().any(|upload| {
        upload
            .finalized_at
            .is_some_and(|at| request.now < at + SYNCHRONIZED)
    }) {
        return Err(busy(
            "A catalog upload is already in progress. Please wait for it to complete.",
        ));
    }
    let is_whole = request.text("finalize").as_deref() != Some("false");
    // Ending an upload in parts needs no part.
    let only_ends = is_whole && request.body["catalog"].is_null() && request.text("import_job_id").is_some();
    if !only_ends {
        check(request)?;
    }
    let part = part_number(request)?;
    let open = uploads.iter().position(|upload| upload.finalized_at.is_none());
    let place = match request.text("import_job_id") {
        Some(id) => open.filter(|place| uploads[*place].id == id).ok_or_else(|| {
            Refusal::new(
                404,
                "upload_session_not_found",
                "No active upload session found for the provided import_job_id.",
            )
        })?,
        None if open.is_some() => {
            return Err(busy(
                "A multipart upload is already in progress. Use import_job_id to continue.",
            ));
        }
        None => {
            let number = uploads.len() as u32;
            let id = format!("job_{:016x}", texts::mix(workspace.seed, 150, number));
            workspace.reference.lists.uploads.push(Upload {
                id,
                next_part: 1,
                finalized_at: None,
            });
            number as usize
        }
    };
    let upload = &mut workspace.reference.lists.uploads[place];
    // A part that was handed in already is taken again, and changes nothing.
    let is_again = part.is_some_and(|part| part + 1 == upload.next_part);
    if let Some(part) = part.filter(|part| *part != upload.next_part && !is_again) {
        return Err(Refusal::new(
            422,
            "invalid_part_number",
            format!("Expected part {}, got {part}", upload.next_part),
        ));
    }
    upload.next_part += u64::from(!is_again);
    let id = upload.id.clone();
    let next = upload.next_part;
    if is_whole {
        upload.finalized_at = Some(request.now);
    }
    workspace.changed();
    if is_whole {
        return Ok(Reply::with_status(
            202,
            &json!({
                "import_job_id": id, "status": "processing", "message": "Catalog received. Sync has started.",
            }),
        ));
    }
    Ok(Reply::json(
        &json!({ "import_job_id": id, "next_part_number": next }),
    ))
}
