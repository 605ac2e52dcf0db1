//! A form with a file: its fields, and the table, which is written to the data folder as it arrives.
//!
//! The one rule: nothing is kept of a file before the token of this very browser has come, which stands first in the form.

use std::time::Duration;

use futures::StreamExt as _;
use http::{StatusCode, header, request::Parts};
use multer::{Constraints, Multipart, SizeLimit};
use tokio::time::timeout;

use super::{door::LARGEST_FORM, fields::Fields, page::File, visit::Visit};
use crate::{imports, reply::Refusal, shared::Shared};

/// How long a table may take to arrive.
const PATIENCE: Duration = Duration::from_mins(10);

/// The boundary of a form with files, if it is one.
pub(super) fn boundary(parts: &Parts) -> Option<String> {
    let kind = parts.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    multer::parse_boundary(kind).ok()
}

/// Reads the fields, and keeps the table.
pub(super) async fn read(
    shared: &Shared,
    visit: &Visit,
    boundary: String,
    body: axum::body::Body,
) -> Result<(Fields, Option<Result<File, Refusal>>), Refusal> {
    let pieces = body.into_data_stream();
    let limit = SizeLimit::new().whole_stream(5 * imports::LARGEST);
    let form = Multipart::with_constraints(pieces, boundary, Constraints::new().size_limit(limit));
    timeout(PATIENCE, parts(shared, visit, form))
        .await
        .unwrap_or_else(|_| {
            let message = "the form did not arrive in time";
            Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "TL0632", message))
        })
}

async fn parts(
    shared: &Shared,
    visit: &Visit,
    mut form: Multipart<'_>,
) -> Result<(Fields, Option<Result<File, Refusal>>), Refusal> {
    let broken = |error: multer::Error| {
        let message = format!("the form was cut off: {error}");
        Refusal::new(StatusCode::BAD_REQUEST, "TL0624", message)
    };
    let (mut fields, mut file, mut room) = (Fields::default(), None, LARGEST_FORM);
    while let Some(mut part) = form.next_field().await.map_err(broken)? {
        let name = part.name().unwrap_or_default().to_owned();
        match part.file_name().map(str::to_owned) {
            // A browser sends a file without a name where none was chosen.
            Some(called) if called.is_empty() => while part.chunk().await.map_err(broken)?.is_some() {},
            Some(called) => {
                if !visit.is_own(fields.get("_token")) {
                    let message = "this form is not of this browser, or was open for too long; go back, load the page anew and send it again";
                    return Err(Refusal::new(StatusCode::FORBIDDEN, "TL0932", message));
                }
                let kept = imports::keep(shared, part).await;
                file = Some(kept.map(|id| File { id, name: called }));
            }
            None => {
                let mut value = Vec::new();
                while let Some(piece) = part.next().await.transpose().map_err(broken)? {
                    value.extend_from_slice(&piece);
                    if value.len() > room {
                        let message =
                            format!("the form is larger than {LARGEST_FORM} bytes; choose a file instead");
                        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TL0630", message));
                    }
                }
                room -= value.len();
                fields = fields.and(&name, &String::from_utf8_lossy(&value));
            }
        }
    }
    Ok((fields, file))
}
