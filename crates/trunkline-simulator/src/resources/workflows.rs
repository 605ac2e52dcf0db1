//! Exporting a workflow's configuration.

use serde_json::json;

use super::Handler;
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    texts,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[("workflows.export", Handler::Read(export))];

/// The workspace's number, which a few old fields show instead of its code.
pub(super) fn workspace_number(workspace: &Workspace) -> u64 {
    10_000 + texts::mix(workspace.seed, 102, 0) % 1_000_000
}

fn export(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let workflow = reference::find(&workspace.reference.lists.workflows, request.parameter("id"))
        .ok_or_else(|| Refusal::new(404, "not_found", "Workflow not found"))?;
    Ok(Reply::json(&json!({
        "export_version": "1.0",
        "exported_at": reference::iso(request.now),
        "app_id": workspace_number(workspace),
        "workflow": workflow,
    })))
}
