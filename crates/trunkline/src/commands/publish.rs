//! `trunkline publish`: one action on the rows of a file, a query or standard input.
//!
//! The one rule: everything that can be known before the first call is said before it; from then on every row is kept in a batch
//! of the store, so that whatever ends the process, `--resume` carries each row out once. The engine is in
//! `trunkline-actions/src/publish/`; `trunkline-server/src/publishing.rs` brings the rows and keeps what became of them, as it does
//! for the console's imports.

mod orders;

use std::{path::Path, process::ExitCode, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{sync::watch, time::Instant};
use trunkline_actions::{
    Action,
    publish::{Finish, Halt, Progress, Publisher, Way},
};
use trunkline_catalog::Effect;
use trunkline_server::{
    RunHolder, StoredBatch,
    publishing::{Keeper, Look, Orders, PublishError, Reader, is_table},
};
use trunkline_store::{Batch, BatchBegun, BatchState, HeldBatch, NewBatch};

use super::BY_HAND;
use crate::{
    cli,
    desk::Desk,
    failure::{Exit, Failure},
    output::{errors, json, publishing::Bar, tables},
    stop::Stop,
    store,
};

/// How long a process that died may seem to be at its batch.
const PATIENCE: Duration = Duration::from_secs(45);
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// Publishes, resumes, or says what would be published.
pub(crate) async fn run(arguments: cli::Publish) -> Result<ExitCode, Failure> {
    let fresh = match &arguments.resume {
        Some(_) => None,
        None => Some(prepared(&arguments)?),
    };
    let desk = Desk::open(&arguments.workspace, !arguments.dry_run).await?;
    let done = match fresh {
        Some(reader) if arguments.dry_run => dry_run(&arguments, reader, &desk).await,
        Some(reader) => begin(&arguments, reader, &desk).await,
        None => resume(&arguments, &desk).await,
    };
    desk.close().await;
    done
}

/// What can be known without a workspace.
fn prepared(arguments: &cli::Publish) -> Result<Reader, Failure> {
    let action = trunkline_actions::action(arguments.action.as_deref().unwrap_or_default())?;
    if action.effect == Effect::Read {
        return Err(Failure::usage(
            "TL0794",
            format!("{} only reads, so there is nothing to publish", action.id),
            "Name an action that writes; `trunkline call` reads.",
        ));
    }
    let orders = orders::of(arguments)?;
    for path in [&orders.rejects, &orders.results].into_iter().flatten() {
        if orders.source.is_file(path) {
            return Err(Failure::usage(
                "TL0792",
                format!("{} is where the rows come from", path.display()),
                "Name another file, so that the rows are not written over.",
            ));
        }
    }
    if let Some(rejects) = orders.rejects.as_deref().filter(|path| is_table(path))
        && !orders.source.is_table()
    {
        return Err(Failure::usage(
            "TL0792",
            format!(
                "{} would be a table, and the rows may have no columns",
                rejects.display()
            ),
            "Name a file that ends in .jsonl; or say `--format csv` when standard input is a table.",
        ));
    }
    orders.options(BY_HAND)?;
    Ok(Reader::new(orders, action)?)
}

async fn begin(arguments: &cli::Publish, reader: Reader, desk: &Desk) -> Result<ExitCode, Failure> {
    let look = look(&reader, desk, !arguments.json).await?;
    if let Some(look) = &look {
        judge(look, arguments.strict, &reader)?;
    }
    let (_, holder) = kept(desk);
    let new = NewBatch {
        workspace: desk.workspace.id().to_owned(),
        action: reader.action.id.to_owned(),
        source_digest: match &look {
            Some(look) => look.digest.clone(),
            None => format!("once/{}", store::now().as_nanosecond()),
        },
        input_name: reader
            .orders
            .source
            .name()
            .chars()
            .filter(|letter| !letter.is_control())
            .take(200)
            .collect(),
        options: serde_json::to_value(&reader.orders).unwrap_or_default(),
    };
    // The files are opened before the batch is there: one that cannot be written leaves nothing behind.
    let bar = Arc::new(Bar::start(
        !arguments.json,
        look.as_ref().map(|look| look.rows),
        0,
    ));
    let mut keeper = keeper(&reader, &bar)?;
    match holder.begin_batch(&new).await? {
        BatchBegun::Held(held, _) => {
            keeper.begin(None)?;
            work(arguments, reader, desk, (keeper, &bar), held, Progress::default()).await
        }
        BatchBegun::Busy(batch) => Err(busy(&batch.id)),
        BatchBegun::Unfinished(batch) | BatchBegun::Ended(batch) => Err(Failure::usage(
            "TL0788",
            format!(
                "the batch {} has the same rows and was left at row {}",
                batch.id, batch.progress.rows_done
            ),
            format!(
                "Go on with `trunkline publish --resume {id}`, or give it up with `trunkline batches abandon {id}`.",
                id = batch.id
            ),
        )),
    }
}

async fn resume(arguments: &cli::Publish, desk: &Desk) -> Result<ExitCode, Failure> {
    let id = arguments.resume.as_deref().unwrap_or_default();
    let (store, holder) = kept(desk);
    let batch = store.batch(id, store::now()).await?;
    if batch.workspace != desk.workspace.id() {
        return Err(Failure::usage(
            "TL0791",
            format!(
                "the batch is for the workspace {}, this is {}",
                batch.workspace,
                desk.workspace.id()
            ),
            "Name the connection that it began with.",
        ));
    }
    let orders: Orders = serde_json::from_value(batch.options.clone()).map_err(|error| {
        Failure::new(
            "TL0791",
            format!("what the store keeps of the batch cannot be read: {error}"),
            "Go on with the version of Trunkline that began it.",
        )
    })?;
    let reader = Reader::new(orders, trunkline_actions::action(&batch.action)?)?;
    let look = look(&reader, desk, !arguments.json).await?;
    if look
        .as_ref()
        .is_some_and(|look| look.digest != batch.source_digest)
    {
        return Err(Failure::usage(
            "TL0790",
            format!("{} is not what the batch began with", reader.orders.source.name()),
            format!(
                "Put the rows back as they were; or give the batch up with `trunkline batches abandon {id}` and begin anew."
            ),
        ));
    }
    if arguments.take_over {
        store.give_up_holder_of(id).await?;
    }
    let (held, batch) = taken(holder, id).await?;
    let from = StoredBatch::progress(&batch.progress);
    let bar = Arc::new(Bar::start(!arguments.json, look.map(|look| look.rows), from.rows));
    let position = batch.progress.position.as_deref().unwrap_or_default();
    let mut keeper = keeper(&reader, &bar)?;
    keeper.begin(Some(position))?;
    work(arguments, reader, desk, (keeper, &bar), held, from).await
}

/// Takes a batch over, and waits for a process that died and still seems to be at it.
async fn taken(holder: &RunHolder, id: &str) -> Result<(HeldBatch, Box<Batch>), Failure> {
    let until = Instant::now() + PATIENCE;
    let mut is_said = false;
    loop {
        match holder.resume_batch(id).await? {
            BatchBegun::Held(held, batch) => return Ok((held, batch)),
            BatchBegun::Ended(batch) => return Err(over(&batch)),
            BatchBegun::Busy(_) | BatchBegun::Unfinished(_) if Instant::now() < until => {
                if !is_said {
                    errors::note("another process seems to be at this batch; waiting until its hold ends");
                    is_said = true;
                }
                tokio::time::sleep(LOOK_AGAIN).await;
            }
            BatchBegun::Busy(_) | BatchBegun::Unfinished(_) => return Err(busy(id)),
        }
    }
}

/// Somebody is at it.
pub(super) fn busy(id: &str) -> Failure {
    Failure::usage(
        "TL0791",
        format!("another process is at the batch {id}"),
        "Wait for it; `trunkline batches show` tells how far it is.",
    )
}

/// It has ended.
pub(super) fn over(batch: &Batch) -> Failure {
    Failure::usage(
        "TL0791",
        format!("the batch {} is {}", batch.id, batch.state.as_str()),
        "Publish the source anew if it is to be done once more.",
    )
}

fn kept(desk: &Desk) -> (&Arc<trunkline_store::Store>, &Arc<RunHolder>) {
    desk.kept()
        .expect("a desk at which something is written has a store")
}

/// What keeps what becomes of the rows, and moves the bar.
fn keeper(reader: &Reader, bar: &Arc<Bar>) -> Result<Keeper, Failure> {
    let bar = Arc::clone(bar);
    let shows = Box::new(move |live: &_| bar.show(live));
    Ok(Keeper::open(&reader.orders, Arc::clone(&reader.columns), shows)?)
}

/// A look at the whole source, where it can be read again.
async fn look(reader: &Reader, desk: &Desk, is_shown: bool) -> Result<Option<Look>, Failure> {
    if !reader.orders.source.is_lasting() {
        return Ok(None);
    }
    let options = reader.orders.options(BY_HAND)?;
    let (reader, workspace) = (reader.clone(), desk.workspace.clone());
    let bar = Bar::start(is_shown, None, 0);
    // Beside the runtime, which keeps the hold on what is under way.
    let looked = tokio::task::spawn_blocking(move || reader.look(&workspace, &options)).await;
    bar.end();
    match looked {
        Ok(look) => Ok(look.map(Some)?),
        Err(error) => Err(Failure::new(
            "TL0780",
            format!("the look at the rows broke off: {error}"),
            "Please report this.",
        )),
    }
}

/// Says what does not fit, and whether there is any use in beginning.
fn judge(look: &Look, strict: bool, reader: &Reader) -> Result<(), Failure> {
    if look.misfits == 0 || (look.misfits < look.rows && !strict) {
        return Ok(());
    }
    for named in &look.named {
        errors::note(named);
    }
    let all = look.misfits == look.rows;
    Err(Failure::usage(
        "TL0789",
        format!(
            "{} of {} do not fit {}; nothing was sent",
            if all {
                "all".to_owned()
            } else {
                tables::grouped(look.misfits)
            },
            tables::counted(usize::try_from(look.rows).unwrap_or(usize::MAX), "row"),
            reader.action.id
        ),
        if all {
            "Rename columns with `--column`, or make fields with `--map`.".to_owned()
        } else {
            "Mend the rows that are named; without `--strict` the others are published.".to_owned()
        },
    ))
}

async fn work(
    arguments: &cli::Publish,
    reader: Reader,
    desk: &Desk,
    (mut keeper, bar): (Keeper, &Bar),
    held: HeldBatch,
    from: Progress,
) -> Result<ExitCode, Failure> {
    let began = Instant::now();
    let (_, holder) = kept(desk);
    let (action, orders) = (reader.action, reader.orders.clone());
    let id = held.id.clone();
    keeper.batch = Some(holder.batch(held));
    let (finish, read) = engine(
        arguments,
        reader,
        desk,
        &mut keeper,
        Way::Publish(Some(id.clone())),
        from,
    )
    .await?;
    bar.end();
    let failure = failure_of(&finish, read);
    let state = match (&finish.halt, &failure) {
        (None, None) => BatchState::Done,
        // A source that was never read leaves nothing to go on with.
        (None, Some(_)) if finish.progress.rows == 0 => BatchState::Abandoned,
        _ => BatchState::Stopped,
    };
    let position = keeper.position();
    if let Some(batch) = &keeper.batch {
        let noted = batch.finish(state, &finish.progress, Some(position)).await;
        if failure.is_none() {
            noted?;
        }
    }
    let summary = Summary {
        batch: &id,
        action,
        state,
        progress: finish.progress,
        seconds: began.elapsed().as_secs_f64(),
        orders: &orders,
    };
    if arguments.json {
        json::print(&summary.json())?;
    } else {
        json::line(&summary.text())?;
    }
    rejected(&keeper, &finish.progress, orders.rejects.as_deref());
    if state == BatchState::Stopped {
        errors::note(&format!("Go on with `trunkline publish --resume {id}`."));
    }
    match failure {
        Some(failure) => Err(failure),
        None if state == BatchState::Stopped || finish.progress.rejected > 0 => Ok(Exit::Incomplete.into()),
        None => Ok(ExitCode::SUCCESS),
    }
}

/// Runs the engine until the rows or somebody's patience end; also how the reading ended.
async fn engine(
    arguments: &cli::Publish,
    reader: Reader,
    desk: &Desk,
    keeper: &mut Keeper,
    way: Way,
    from: Progress,
) -> Result<(Finish, Option<PublishError>), Failure> {
    let options = reader.orders.options(BY_HAND)?;
    let publisher = Publisher::new(
        desk.workspace.clone(),
        reader.action,
        options,
        way,
        arguments.concurrency.into(),
    );
    let mut stop = Stop::listen()?;
    let (asked, asking) = watch::channel(false);
    let listening = tokio::spawn(async move {
        stop.asked().await;
        errors::note("stopping: what is under way is finished first");
        asked.send_replace(true);
        // Whoever asks is heard once; the work that is left is short.
        std::future::pending::<()>().await;
    });
    let (mut rows, read) = reader.start(from.rows);
    let finish = publisher.run(&mut rows, from, keeper, asking).await;
    listening.abort();
    drop(rows);
    let read = match finish.halt {
        // It may still wait for standard input.
        Some(_) => None,
        None => read.await.ok().and_then(Result::err),
    };
    Ok((finish, read))
}

/// Why it did not come to the end, when that is a failure.
fn failure_of(finish: &Finish, read: Option<PublishError>) -> Option<Failure> {
    match &finish.halt {
        None => read.map(Failure::from),
        Some(Halt::Asked) => None,
        Some(Halt::Failed(error)) => Some(Failure::halting(error)),
        Some(Halt::Clerk(error)) => Some(Failure::new(
            "TL0792",
            format!("what became of the rows cannot be kept: {}", error.reason),
            "Mend it, then go on with the batch.",
        )),
    }
}

struct Summary<'s> {
    batch: &'s str,
    action: &'static Action,
    state: BatchState,
    progress: Progress,
    seconds: f64,
    orders: &'s Orders,
}

impl Summary<'_> {
    fn json(&self) -> Value {
        let mut summary = json!({
            "batch": self.batch,
            "action": self.action.id,
            "from": self.orders.source.name(),
            "state": self.state.as_str(),
            "seconds": self.seconds,
            "results": self.orders.results,
            "rejects": self.orders.rejects,
        });
        add(&mut summary, &json!(self.progress));
        summary
    }

    fn text(&self) -> String {
        let verb = if self.state == BatchState::Done {
            "done"
        } else {
            "stopped"
        };
        format!(
            "batch {} {verb}: {} in {}\n  {}",
            self.batch,
            tables::counted(usize::try_from(self.progress.rows).unwrap_or(usize::MAX), "row"),
            tables::seconds(self.seconds),
            counts(&self.progress)
        )
    }
}

fn add(into: &mut Value, more: &Value) {
    if let (Value::Object(into), Value::Object(more)) = (into, more) {
        into.extend(more.clone());
    }
}

fn counts(progress: &Progress) -> String {
    let mut text = format!(
        "{} created, {} updated, {} unchanged, {} rejected",
        tables::grouped(progress.created),
        tables::grouped(progress.updated),
        tables::grouped(progress.unchanged),
        tables::grouped(progress.rejected)
    );
    if progress.skipped > 0 {
        text.push_str(&format!(
            ", {} left out by the map",
            tables::grouped(progress.skipped)
        ));
    }
    text
}

/// Says where the rejected rows are, or which the first ones were.
fn rejected(keeper: &Keeper, progress: &Progress, file: Option<&Path>) {
    if progress.rejected == 0 {
        return;
    }
    match file {
        Some(file) => errors::note(&format!(
            "rejected rows are in {}; mend them, and publish that file",
            file.display()
        )),
        None => {
            for shown in &keeper.shown {
                errors::note(shown);
            }
            errors::note("`--rejects FILE` keeps them all.");
        }
    }
}

/// Plans every row.
async fn dry_run(arguments: &cli::Publish, reader: Reader, desk: &Desk) -> Result<ExitCode, Failure> {
    let look = look(&reader, desk, !arguments.json).await?;
    if let Some(look) = &look {
        judge(look, arguments.strict, &reader)?;
    }
    let bar = Arc::new(Bar::start(!arguments.json, look.map(|look| look.rows), 0));
    let mut keeper = keeper(&reader, &bar)?;
    keeper.begin(None)?;
    let action = reader.action;
    let orders = reader.orders.clone();
    let (finish, read) = engine(
        arguments,
        reader,
        desk,
        &mut keeper,
        Way::Plan,
        Progress::default(),
    )
    .await?;
    bar.end();
    if let Some(failure) = failure_of(&finish, read) {
        return Err(failure);
    }
    let mut survey = std::mem::take(&mut keeper.survey);
    survey.close(finish.progress, &desk.workspace);
    if arguments.json {
        let mut plan = json!({
            "action": action.id,
            "from": orders.source.name(),
            "limit": desk.workspace.budget().limit,
            "first_rejected": keeper.shown,
        });
        add(&mut plan, &json!(survey));
        json::print(&plan)?;
    } else {
        let mut table = tables::new(&["field", "set", "changed", "as it is"]);
        for (field, counts) in &survey.fields {
            table.add_row([
                field.clone().into(),
                tables::count(counts.create),
                tables::count(counts.change),
                tables::count(counts.keep),
            ]);
        }
        json::line(&table.trim_fmt())?;
        json::line(&format!(
            "{}: {}",
            tables::counted(usize::try_from(finish.progress.rows).unwrap_or(usize::MAX), "row"),
            counts(&finish.progress)
        ))?;
        let time = survey.seconds.map_or(String::new(), |seconds| {
            format!(", {} at the workspace's limit", tables::seconds(seconds))
        });
        json::line(&format!(
            "{} to carry it out{time}; nothing was written",
            tables::counted(usize::try_from(survey.calls).unwrap_or(usize::MAX), "call")
        ))?;
    }
    rejected(&keeper, &finish.progress, orders.rejects.as_deref());
    Ok(match finish.halt {
        None if finish.progress.rejected == 0 => ExitCode::SUCCESS,
        _ => Exit::Incomplete.into(),
    })
}
