//! The parts of conversations: one request for each conversation whose count says that the mirror lacks some.
//!
//! The one rule: a conversation that cannot be found is gone, one that cannot be read is reported; neither stops the rest.

use bytes::Bytes;
use trunkline_catalog::Catalog;
use trunkline_client::{Call, CallError, ErrorKind};

use super::{
    context::{Context, Ending},
    errors::Halt,
    stage::{self, A_LOOK, Wake, Wanted},
};
use crate::{
    extract::List,
    storage::{Change, PendingParts},
};

const STREAM: &str = "conversation_parts";
const OPERATION: &str = "conversations.get";

impl Wanted for PendingParts {
    fn id(&self) -> &str {
        &self.id
    }
}

/// Reads the parts that the mirror lacks, until `wake` says that no more conversations will come.
pub(crate) async fn read(ctx: &Context<'_>, wake: &Wake) -> Result<(), Halt> {
    let look = async || ctx.storage.pending_parts(A_LOOK).await;
    let fetch = async |wanted: PendingParts| fetch(ctx, wanted).await;
    let lost = stage::run(ctx, STREAM, wake, look, fetch).await?;
    if let Some(error) = lost.latest {
        let why = format!(
            "the parts of {} conversations could not be read; the latest: {error}",
            lost.objects
        );
        ctx.end(
            STREAM,
            Ending {
                code: Some(error.code()),
                advice: Some(error.advice()),
                ..Ending::partial(why)
            },
        );
    }
    Ok(())
}

async fn fetch(ctx: &Context<'_>, wanted: PendingParts) -> Result<Vec<Change>, CallError> {
    let answer = match ctx
        .call(STREAM, Call::new(OPERATION).path("id", &wanted.id))
        .await
    {
        Ok(answer) => answer,
        Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Gone) => {
            return Ok(vec![Change::Vanished {
                stream: "conversations",
                ids: vec![wanted.id],
            }]);
        }
        Err(error) => return Err(error),
    };
    let Some((records, total_count)) = parts(&answer.body) else {
        return Err(unusable(answer.request_id));
    };
    ctx.count(STREAM, |counts| counts.records += records.len() as u64);
    Ok(vec![Change::Parts {
        conversation_id: wanted.id,
        records,
        total_count,
        stated: wanted.stated,
    }])
}

/// The failure of a conversation that came without its parts.
pub(crate) fn unusable(request_id: Option<String>) -> CallError {
    let operation = Catalog::embedded()
        .operation(OPERATION)
        .expect("the operation was called a moment ago");
    let mut error = CallError::of(
        operation,
        ErrorKind::BadAnswer,
        "the conversation came without its parts",
    );
    error.request_id = request_id;
    error.attempts = 1;
    error
}

/// The parts inside a conversation, as slices of its body.
pub(crate) fn parts(body: &Bytes) -> Option<(Vec<Bytes>, Option<u64>)> {
    let text = std::str::from_utf8(body).ok()?;
    let list = List::at(text, &["conversation_parts"])?;
    let records = list
        .items
        .iter()
        .map(|part| body.slice_ref(part.as_bytes()))
        .collect();
    Some((records, list.total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_slices_of_the_body() {
        let body = Bytes::from_static(
            br#"{"id":"1","conversation_parts":{"type":"x","conversation_parts":[{"id":1},{"id":"2"}],"total_count":3}}"#,
        );
        let (records, total) = parts(&body).unwrap();
        assert_eq!(records, [&br#"{"id":1}"#[..], br#"{"id":"2"}"#]);
        assert_eq!(total, Some(3));
    }

    #[test]
    fn a_conversation_without_parts_is_no_answer() {
        for body in [
            "{}",
            r#"{"conversation_parts":null}"#,
            r#"{"conversation_parts":7}"#,
            "<html>",
            "[]",
        ] {
            assert!(parts(&Bytes::from_static(body.as_bytes())).is_none(), "{body}");
        }
    }
}
