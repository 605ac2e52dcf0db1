//! Objects of the workspace's own types: the whole list of each type that was named.
//!
//! The one rule: the API does not list the types, so without names nothing is asked, and the stream says so.

use bytes::Bytes;
use trunkline_client::{Call, CallError, ErrorKind};

use super::{
    context::{Context, Ending},
    errors::Halt,
    lists::Census,
};
use crate::{report::StreamState, storage::Change};

const STREAM: &str = "custom_object_instances";

/// Reads the objects of the named types.
pub(crate) async fn read(ctx: &Context<'_>) -> Result<(), Halt> {
    let types = &ctx.options.custom_objects;
    if types.is_empty() {
        ctx.end(
            STREAM,
            Ending {
                state: StreamState::NotAskedFor,
                advice: Some(
                    "Name them with `--custom-objects`, such as `--custom-objects Order`.".to_owned(),
                ),
                ..Ending::partial("the API does not list the types of custom objects, and none is named")
            },
        );
        return Ok(());
    }
    let mut stated = of_other_types(ctx, types.clone()).await?;
    for kind in types {
        match of_type(ctx, kind).await {
            Ok(total) => stated += total,
            Err(Halt::Call(error)) if is_of_the_type(&error) => ctx.end(
                STREAM,
                Ending {
                    code: Some(error.code()),
                    advice: Some("Check the name of the type: capitals count.".to_owned()),
                    ..Ending::partial(format!("the type `{kind}` could not be read: {error}"))
                },
            ),
            Err(halt) => return Err(halt),
        }
    }
    ctx.state_total(STREAM, stated);
    Ok(())
}

/// Whether an error speaks of one type, not of the whole stream.
fn is_of_the_type(error: &CallError) -> bool {
    matches!(
        error.kind,
        ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::BadCall
    )
}

/// Objects of types that earlier runs were asked for: they stay as they were.
async fn of_other_types(ctx: &Context<'_>, types: Vec<String>) -> Result<u64, Halt> {
    let held: Vec<(String, i64)> = ctx
        .storage
        .read(|connection| {
            connection
                .prepare_cached(
                    "SELECT type, count(*) FROM custom_object_instances WHERE _deleted_at IS NULL GROUP BY type",
                )?
                .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
                .collect()
        })
        .await?;
    Ok(held
        .into_iter()
        .filter(|(kind, _)| !types.contains(kind))
        .map(|(_, count)| u64::try_from(count).unwrap_or(0))
        .sum())
}

/// Reads one type and tells how many objects the API says there are.
async fn of_type(ctx: &Context<'_>, kind: &str) -> Result<u64, Halt> {
    let call = Call::new("custom_object_instances.list").path("custom_object_type_identifier", kind);
    let mut pages = ctx.client.pages(call, None);
    let mut census = Census::default();
    let mut first = true;
    let page_of = |records: Vec<Bytes>, first, last| Change::ChildrenPage {
        stream: STREAM,
        parent_id: kind.to_owned(),
        records,
        first,
        last,
    };
    while let Some(page) = ctx.next_page(STREAM, &mut pages).await? {
        census.page(&page);
        let change = page_of(page.into_rows(), first, false);
        ctx.write(STREAM, vec![change], None).await?;
        first = false;
    }
    if census.is_whole() {
        ctx.write(STREAM, vec![page_of(Vec::new(), first, true)], None)
            .await?;
    } else {
        ctx.end(
            STREAM,
            Ending::complete("the list changed while it was read; the next run tells what vanished"),
        );
    }
    Ok(census.total().unwrap_or_else(|| census.rows_seen()))
}
