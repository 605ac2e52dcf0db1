//! Beginning, resuming, stopping and giving up an import.

use std::sync::Arc;

use http::StatusCode;
use trunkline_actions::{Action, CallOptions, Workspace, publish::Progress};
use trunkline_catalog::Effect;
use trunkline_store::{Batch, BatchBegun, BatchState, Connection, NewBatch};

use super::{
    Going, Wanted, Work,
    files::{self, shown},
};
use crate::{
    StoredBatch,
    publishing::{Keeper, Look, Orders, Reader},
    reply::Refusal,
    shared::Shared,
};

/// What is known of an import before anything is sent.
pub(super) struct Prepared {
    pub(super) connection: Connection,
    pub(super) workspace: Workspace,
    pub(super) reader: Reader,
    pub(super) options: CallOptions,
    pub(super) look: Look,
}

/// Looks at the whole table, and finds the workspace.
pub(super) async fn prepared(shared: &Shared, wanted: &Wanted) -> Result<Prepared, Refusal> {
    let action = writing(&wanted.action)?;
    let orders = Orders {
        source: files::table(shared, &wanted.upload)?,
        rules: wanted.rules.clone(),
        now: shared.clock.now().as_second(),
        results: None,
        rejects: None,
        rows: None,
    };
    let options = orders
        .options(&wanted.by_whom)
        .map_err(|error| shown(&error).at("time_zone"))?;
    let reader = Reader::new(orders, action).map_err(|error| shown(&error).at("map"))?;
    let (connection, workspace) = shared.workspaces.of(wanted.connection.as_deref()).await?;
    let look = look(&reader, &workspace, &options).await?;
    Ok(Prepared {
        connection,
        workspace,
        reader,
        options,
        look,
    })
}

/// An action that takes rows.
fn writing(id: &str) -> Result<&'static Action, Refusal> {
    let action = trunkline_actions::action(id).map_err(|error| Refusal {
        status: StatusCode::UNPROCESSABLE_ENTITY,
        ..Refusal::from(error).at("action")
    })?;
    if action.effect == Effect::Read {
        let message = format!("{} only reads, so there is nothing to import with it", action.id);
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "TL0794", message).at("action"));
    }
    Ok(action)
}

/// A look at every row, beside what answers requests.
async fn look(reader: &Reader, workspace: &Workspace, options: &CallOptions) -> Result<Look, Refusal> {
    let (reader, workspace, options) = (reader.clone(), workspace.clone(), options.clone());
    let looked = tokio::task::spawn_blocking(move || reader.look(&workspace, &options)).await;
    let looked = looked.map_err(|error| {
        let message = format!("the look at the rows broke off: {error}");
        Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "TL0780", message)
    })?;
    looked.map_err(|error| match error.code {
        "TL0784" => shown(&error).at("columns"),
        _ => shown(&error).at("upload"),
    })
}

/// Begins an import, unless no row fits.
pub(crate) async fn begin(shared: &Arc<Shared>, wanted: &Wanted, name: &str) -> Result<Batch, Refusal> {
    let mut prepared = prepared(shared, wanted).await?;
    let look = &prepared.look;
    if look.misfits > 0 && (look.misfits == look.rows || wanted.strict) {
        let message = format!(
            "{} of {} rows do not fit {}, and nothing was sent: {}",
            look.misfits,
            look.rows,
            prepared.reader.action.id,
            look.named.join("; ")
        );
        return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "TL0789", message).at("columns"));
    }
    let id = shared.store.entropy().id(shared.clock.now());
    let file = |end: &str| Some(files::folder(shared).join(format!("{id}.{end}")));
    let orders = &mut prepared.reader.orders;
    orders.results = file("results.jsonl");
    orders.rejects = file("rejects.csv");
    orders.rows = Some(look.rows);
    let new = NewBatch {
        workspace: prepared.workspace.id().to_owned(),
        action: prepared.reader.action.id.to_owned(),
        source_digest: look.digest.clone(),
        input_name: files::name(name),
        options: serde_json::to_value(&prepared.reader.orders).unwrap_or_default(),
    };
    // The files are there before the batch is: a folder that cannot be written leaves nothing behind.
    let (mut keeper, shows) = keeper(&prepared.reader)?;
    keeper.begin(None).map_err(|error| shown(&error))?;
    match shared.workspaces.holder().begin_batch(&new).await? {
        BatchBegun::Held(held, batch) => {
            let going = shared.imports.add(&batch.id, Progress::default());
            shows.set(Arc::clone(&going)).ok();
            let work = Work {
                connection: prepared.connection,
                workspace: prepared.workspace,
                reader: prepared.reader,
                options: prepared.options,
                keeper,
                held,
                from: Progress::default(),
                going: Arc::clone(&going),
            };
            work.start(Arc::clone(shared)).await;
            Ok(*batch)
        }
        BatchBegun::Busy(batch) => Err(busy(&batch)),
        BatchBegun::Unfinished(batch) | BatchBegun::Ended(batch) => {
            let message = format!(
                "the batch {} has the same rows and was left at row {}; go on with it, or give it up first",
                batch.id, batch.progress.rows_done
            );
            Err(Refusal::new(StatusCode::CONFLICT, "TL0788", message))
        }
    }
}

type Shows = Arc<std::sync::OnceLock<Arc<Going>>>;

/// What keeps what becomes of the rows, and whoever is shown how it goes, once that is known.
fn keeper(reader: &Reader) -> Result<(Keeper, Shows), Refusal> {
    let shows = Shows::default();
    let shown_to = Arc::clone(&shows);
    let show = Box::new(move |live: &trunkline_actions::publish::Live| {
        if let Some(going) = shown_to.get() {
            going.show(live);
        }
    });
    let keeper = Keeper::open(&reader.orders, Arc::clone(&reader.columns), show);
    Ok((keeper.map_err(|error| shown(&error))?, shows))
}

/// Goes on with an import that was stopped.
pub(crate) async fn resume(shared: &Arc<Shared>, id: &str, by_whom: &str) -> Result<Batch, Refusal> {
    let conflict = |message: String| Refusal::new(StatusCode::CONFLICT, "TL0791", message);
    let batch = shared.store.batch(id, shared.clock.now()).await?;
    match batch.state {
        BatchState::Running => return Err(busy(&batch)),
        BatchState::Done | BatchState::Abandoned => {
            let message = format!("the batch {id} is {}", batch.state.as_str());
            return Err(conflict(message));
        }
        BatchState::Interrupted | BatchState::Stopped => {}
    }
    let orders: Orders = serde_json::from_value(batch.options.clone()).map_err(|error| {
        conflict(format!(
            "what the store keeps of the batch cannot be read: {error}"
        ))
    })?;
    if !orders.source.is_lasting() {
        let message = "its rows cannot be read from here any more; resume it where its source is";
        return Err(conflict(message.to_owned()));
    }
    let name = connection_of(shared, &batch.workspace).await?;
    let (connection, workspace) = shared.workspaces.of(Some(&name)).await?;
    let options = orders.options(by_whom).map_err(|error| shown(&error))?;
    let action = trunkline_actions::action(&batch.action)?;
    let reader = Reader::new(orders, action).map_err(|error| shown(&error))?;
    let look = look(&reader, &workspace, &options).await?;
    if look.digest != batch.source_digest {
        let message = "the rows are not those that the batch began with; give it up and begin anew";
        return Err(Refusal::new(StatusCode::CONFLICT, "TL0790", message));
    }
    let (mut keeper, shows) = keeper(&reader)?;
    let (held, batch) = match shared.workspaces.holder().resume_batch(id).await? {
        BatchBegun::Held(held, batch) => (held, batch),
        BatchBegun::Ended(batch) => {
            return Err(conflict(format!("the batch {id} is {}", batch.state.as_str())));
        }
        BatchBegun::Busy(batch) | BatchBegun::Unfinished(batch) => return Err(busy(&batch)),
    };
    let from = StoredBatch::progress(&batch.progress);
    let position = batch.progress.position.clone();
    if let Err(error) = keeper.begin(Some(position.as_deref().unwrap_or_default())) {
        let held = shared.workspaces.holder().batch(held);
        held.finish(BatchState::Stopped, &from, position).await?;
        return Err(shown(&error));
    }
    let going = shared.imports.add(id, from);
    shows.set(Arc::clone(&going)).ok();
    let work = Work {
        connection,
        workspace,
        reader,
        options,
        keeper,
        held,
        from,
        going: Arc::clone(&going),
    };
    work.start(Arc::clone(shared)).await;
    Ok(*batch)
}

/// The connection whose workspace has this code; the default one where several have it.
async fn connection_of(shared: &Shared, workspace: &str) -> Result<String, Refusal> {
    let mut found: Vec<Connection> = shared
        .store
        .connections()
        .await?
        .into_iter()
        .filter(|connection| {
            let own = connection.identity.as_ref();
            own.is_some_and(|own| own.id_code == workspace)
        })
        .collect();
    found.sort_by_key(|connection| !connection.is_default);
    found
        .into_iter()
        .next()
        .map(|connection| connection.name)
        .ok_or_else(|| {
            let message = format!("no connection leads to the workspace {workspace} any more");
            Refusal::new(StatusCode::CONFLICT, "TL0791", message)
        })
}

/// Asks an import to stop; one that nobody is at has stopped already.
pub(crate) async fn stop(shared: &Shared, id: &str) -> Result<Batch, Refusal> {
    let batch = shared.store.batch(id, shared.clock.now()).await?;
    if batch.state == BatchState::Running {
        match shared.imports.of(id) {
            Some(going) => going.stop(),
            None => return Err(busy(&batch)),
        }
    }
    Ok(batch)
}

/// Gives an import up: nobody goes on with it any more.
pub(crate) async fn abandon(shared: &Shared, id: &str) -> Result<Batch, Refusal> {
    let holder = shared.workspaces.holder();
    match holder.resume_batch(id).await? {
        BatchBegun::Held(held, batch) => {
            let progress = StoredBatch::progress(&batch.progress);
            let position = batch.progress.position.clone();
            let held = holder.batch(held);
            held.finish(BatchState::Abandoned, &progress, position).await?;
            shared.imports.done(id);
            Ok(shared.store.batch(id, shared.clock.now()).await?)
        }
        BatchBegun::Ended(batch) if batch.state == BatchState::Abandoned => Ok(*batch),
        BatchBegun::Ended(batch) => {
            let message = format!("the batch {id} is {}", batch.state.as_str());
            Err(Refusal::new(StatusCode::CONFLICT, "TL0791", message))
        }
        BatchBegun::Busy(batch) | BatchBegun::Unfinished(batch) => Err(busy(&batch)),
    }
}

fn busy(batch: &Batch) -> Refusal {
    let message = format!("the batch {} is under way", batch.id);
    Refusal::new(StatusCode::CONFLICT, "TL0791", message)
}
