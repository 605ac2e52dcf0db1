//! Office hours: the list of schedules and the exceptions of each, at most once an hour.
//!
//! The one rule: exceptions count as read only when those of every schedule were.

use trunkline_client::Call;

use super::{context::Context, errors::Halt, lists};
use crate::storage::Change;

const SCHEDULES: &str = "office_hours_schedules";
const EXCEPTIONS: &str = "office_hours_exceptions";
/// More schedules than a workspace has teams.
const ALL: u32 = 10_000;

/// Reads the schedules, then their exceptions.
pub(crate) async fn read(ctx: &Context<'_>, schedules: Call) -> Result<(), Halt> {
    lists::read_settled(ctx, SCHEDULES, schedules).await?;
    if !ctx.wants(&[EXCEPTIONS]) {
        return Ok(());
    }
    let Some(cursor) = lists::unsettled(ctx, EXCEPTIONS).await? else {
        return Ok(());
    };
    let mut changes = Vec::new();
    let mut total = 0;
    for parent_id in ctx.storage.ids(SCHEDULES, None, ALL).await? {
        let call = Call::new("office_hours_exceptions.list").path(SCHEDULE, &parent_id);
        let mut pages = ctx.client.pages(call, None);
        let mut records = Vec::new();
        while let Some(page) = ctx.next_page(EXCEPTIONS, &mut pages).await? {
            records.extend(page.into_rows());
        }
        total += records.len() as u64;
        changes.push(Change::Children {
            stream: EXCEPTIONS,
            parent_id,
            records,
        });
    }
    ctx.state_total(EXCEPTIONS, total);
    ctx.write(EXCEPTIONS, changes, Some(&cursor)).await?;
    Ok(())
}

/// The path's name for a schedule.
const SCHEDULE: &str = "office_hours_schedule_id";
