//! Phone calls with their recordings and transcripts (facts 6.10).

use serde_json::{Value, json};

use super::Handler;
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    reply::{Answer, Reply},
    request::{Request, as_text},
    workspace::{
        Workspace,
        call::{Call, End},
        kept, reference,
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("calls.list", Handler::Read(list)),
    ("calls.get", Handler::Read(get)),
    ("calls.search", Handler::Read(search)),
    ("calls.get_recording", Handler::Read(get_recording)),
    ("calls.get_transcript", Handler::Read(get_transcript)),
];

/// The most conversations that one search names.
const MOST_CONVERSATIONS: usize = 20;
/// How long the address of a recording is good for, in seconds.
const RECORDING_LIFE: i64 = 3_600;

/// A call as the API shows it; its addresses begin with `base_url`.
pub(crate) fn view(workspace: &Workspace, base_url: &str, call: &Call) -> Value {
    let id = call.id(&workspace.ids);
    let contact = &workspace.contacts[call.contact as usize];
    let talked = call.end == End::Answered;
    let mut shown = json!({
        "type": "call",
        "id": id,
        "conversation_id": workspace.ids.conversation(call.conversation),
        "admin_id": talked.then(|| workspace.ids.admin(call.admin).to_string()),
        "contact_id": contact.id(&workspace.ids),
        "state": "completed",
        "initiated_at": call.initiated_at,
        "answered_at": call.answered_at(),
        "ended_at": call.ended_at(),
        "created_at": call.initiated_at,
        "updated_at": call.ended_at() + 1,
        "recording_url": talked.then(|| format!("{base_url}/calls/{id}/recording")),
        "transcription_url": talked.then(|| format!("{base_url}/calls/{id}/transcript")),
        "call_type": "phone",
        "direction": if call.is_inbound { "inbound" } else { "outbound" },
        "ended_reason": if talked { "answered" } else { "missed" },
        "phone": contact.phone(workspace.seed),
        "fin_recording_url": Value::Null,
        "fin_transcription_url": Value::Null,
    });
    if let Some(kept) = &call.kept {
        kept::overlay(&mut shown, kept);
        reference::fields(&mut shown).remove("transcript");
    }
    shown
}

/// Calls of conversations that still exist, newest first.
pub(crate) fn listed(workspace: &Workspace) -> impl Iterator<Item = &Call> {
    workspace
        .calls
        .iter()
        .rev()
        .filter(|call| !workspace.conversations[call.conversation as usize].deleted)
}

fn of_path<'w>(workspace: &'w Workspace, request: &Request<'_>, missing: &str) -> Result<&'w Call, Refusal> {
    let id = match request.parameter("call_id") {
        "" => request.parameter("id"),
        id => id,
    };
    workspace
        .ids
        .call_row(id)
        .and_then(|row| workspace.calls.get(row as usize))
        .filter(|call| !workspace.conversations[call.conversation as usize].deleted)
        .ok_or_else(|| Refusal::new(404, "not_found", missing))
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let calls: Vec<&Call> = listed(workspace).collect();
    let is_empty = calls.is_empty();
    let rows = calls
        .into_iter()
        .map(|call| view(workspace, &request.base_url, call));
    let mut page = paging::offset(request, rows, 25, 25, LastPage::Absent)?;
    if is_empty {
        page.pages["total_pages"] = json!(0);
    }
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let call = of_path(workspace, request, "Not Found")?;
    Ok(Reply::json(&view(workspace, &request.base_url, call)))
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let ids: Vec<String> = request.body["conversation_ids"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(as_text)
        .collect();
    if ids.is_empty() || ids.len() > MOST_CONVERSATIONS {
        return Err(Refusal::new(
            400,
            "conversation_id_limit_exceeded",
            "A list of up to 20 conversation IDs is required",
        ));
    }
    let rows: Vec<u32> = ids
        .iter()
        .filter_map(|id| workspace.ids.conversation_row(id))
        .collect();
    let data: Vec<Value> = listed(workspace)
        .filter(|call| rows.contains(&call.conversation))
        .map(|call| {
            let mut shown = view(workspace, &request.base_url, call);
            let said = transcript(workspace, call);
            shown["transcript_status"] = if said.is_empty() {
                Value::Null
            } else {
                json!("completed")
            };
            shown["transcript"] = json!(said);
            shown
        })
        .collect();
    Ok(Reply::json(&json!({ "type": "list", "data": data })))
}

/// What was said in a call, sentence by sentence.
pub(crate) fn transcript(workspace: &Workspace, call: &Call) -> Vec<Value> {
    if let Some(said) = kept::field(&call.kept, "transcript") {
        return said.as_array().cloned().unwrap_or_default();
    }
    call.transcript(workspace.seed)
        .iter()
        .map(|(second, is_teammate, line)| {
            json!({
                "offset_seconds": second,
                "speaker": if *is_teammate { "Teammate 1" } else { "User" },
                "text": plain(line),
            })
        })
        .collect()
}

fn plain(line: &str) -> String {
    line.replace("<br>", " ")
}

/// Sends the caller on to where the recording lies for an hour.
fn get_recording(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let missing = "Recording Not Found";
    let call = of_path(workspace, request, missing)?;
    if call.end == End::Missed {
        return Err(Refusal::new(404, "not_found", missing));
    }
    let mut reply = Reply::empty(302);
    let expires = request.now + RECORDING_LIFE;
    reply.headers.push((
        "location",
        format!(
            "https://recordings.example.com/{}.mp3?expires={expires}&signature={:016x}",
            call.id(&workspace.ids),
            crate::texts::mix(workspace.seed, 99, call.row)
        ),
    ));
    Ok(reply)
}

fn get_transcript(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let call = of_path(workspace, request, "Not Found")?;
    let said = transcript(workspace, call);
    if said.is_empty() {
        return Err(Refusal::new(404, "not_found", "Not Found"));
    }
    let lines: Vec<String> = said
        .iter()
        .map(|line| {
            let second = line["offset_seconds"].as_i64().unwrap_or(0);
            let text = |field: &str| line[field].as_str().unwrap_or_default();
            format!(
                "[{:02}:{:02}:{:02}] {}: \"{}\"",
                second / 3_600,
                second / 60 % 60,
                second % 60,
                text("speaker"),
                text("text")
            )
        })
        .collect();
    let mut reply = Reply::text(200, "text/plain", lines.join("\n"));
    reply.headers.push((
        "content-disposition",
        format!(
            "attachment; filename=\"transcript-{}.txt\"",
            call.id(&workspace.ids)
        ),
    ));
    Ok(reply)
}
