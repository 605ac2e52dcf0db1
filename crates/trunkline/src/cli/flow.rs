//! Flags of the commands that check, try, run and keep flows.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Data, Workspace};

#[derive(Debug, Args)]
pub(crate) struct Flow {
    #[command(subcommand)]
    pub(crate) command: FlowCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum FlowCommand {
    /// Check flows' files: every mistake with its line, its column and a remedy. Nothing is run and nobody is called.
    Check(CheckFlows),
    /// Take the samples of flows' files through their transforms and compare what comes out. Nobody is called.
    Test(CheckFlows),
    /// Run a flow until its source ends, or until Ctrl-C: a file, or one that was applied, by its name.
    Run(RunFlow),
    /// Put flows' files into the store, where `trunkline serve` runs them when their time comes.
    Apply(ApplyFlows),
    /// List the flows of the store, with their last runs and what waits.
    List(ListFlows),
    /// Print a flow of the store as it was applied.
    Export(OneFlow),
    /// Stop a flow of the store until it is resumed; what it has not done yet waits.
    Pause(OneFlow),
    /// Let a paused flow go on where it was.
    Resume(OneFlow),
    /// Take a flow out of the store.
    Remove(RemoveFlow),
    /// List runs of flows, newest first: what they read, delivered and gave up.
    Runs(FlowRuns),
    /// List what became of a flow's records, newest first: where each was delivered, or that it was let go.
    Deliveries(FlowDeliveries),
    /// Show a record's whole way: as the source gave it, after each transform, and what became of it at each destination.
    Delivery(OneDelivery),
    /// List dead letters, show one with its whole way, or drop some.
    DeadLetters(DeadLetters),
    /// Bring dead letters to their destinations again, after a fix.
    Redrive(RedriveFlow),
    /// List the components that a flow can be made of.
    Components(Components),
    /// Print the JSON Schema of a flow's file, for editors.
    Schema,
}

#[derive(Debug, Args)]
pub(crate) struct CheckFlows {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RunFlow {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// A file, or the name of a flow in the store.
    #[arg(value_name = "FILE|NAME")]
    pub(crate) flow: String,
    /// Begin at the beginning of the source, whatever earlier runs have read.
    #[arg(long)]
    pub(crate) from_start: bool,
    /// Read again what is of this time or later, beside the flow's own position: a time, or a span such as `2d`.
    #[arg(long, value_name = "TIME", conflicts_with = "from_start")]
    pub(crate) since: Option<String>,
    /// With --since: to before this time; now unless told.
    #[arg(long, value_name = "TIME", requires = "since")]
    pub(crate) until: Option<String>,
    /// Print what each destination would get, a line of JSON each; bring nothing anywhere and keep nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON, and no progress.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ApplyFlows {
    /// The files.
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// The version that is there and is to be replaced, as `flow list` shows it. Unless told, only what was applied from a file is
    /// replaced.
    #[arg(long, value_name = "N")]
    pub(crate) replaces: Option<i64>,
    /// A settings file; `trunkline.toml` in the data folder is read when it exists.
    #[arg(long, value_name = "FILE", env = "TRUNKLINE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ListFlows {
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OneFlow {
    /// The flow's name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, Args)]
pub(crate) struct RemoveFlow {
    /// The flow's name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Also its position, its history and what waits for its destinations.
    #[arg(long)]
    pub(crate) with_state: bool,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, Args)]
pub(crate) struct FlowRuns {
    /// Those of a flow.
    #[arg(value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// Those that began since then: a time, or a span such as `2h`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct FlowDeliveries {
    /// The flow.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// Those of a destination.
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// Those of which this became.
    #[arg(long, value_enum, value_name = "OUTCOME")]
    pub(crate) outcome: Option<DeliveryOutcome>,
    /// Those of a record, by its own id.
    #[arg(long, value_name = "ID")]
    pub(crate) record: Option<String>,
    /// Those with a key.
    #[arg(long, value_name = "KEY")]
    pub(crate) key: Option<String>,
    /// Those of a run.
    #[arg(long, value_name = "ID")]
    pub(crate) run: Option<String>,
    /// Those at this time or later: a time, or a span such as `2h`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Those before this time.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum DeliveryOutcome {
    /// A destination took it.
    Delivered,
    /// No destination wanted it.
    LetGo,
    /// It became a dead letter.
    Dead,
}

#[derive(Debug, Args)]
pub(crate) struct OneDelivery {
    /// The id that `flow deliveries` shows.
    #[arg(value_name = "ID")]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, Args)]
pub(crate) struct DeadLetters {
    /// Those of a flow.
    #[arg(long, value_name = "NAME")]
    pub(crate) flow: Option<String>,
    /// Those of a destination.
    #[arg(long, value_name = "NAME")]
    pub(crate) destination: Option<String>,
    /// Those with an error's code.
    #[arg(long, value_name = "CODE")]
    pub(crate) code: Option<String>,
    /// One, with what the source gave, what each transform made of it, what was sent and what came back.
    #[arg(value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Drop those that fit: nobody wants them.
    #[arg(long)]
    pub(crate) drop: bool,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct RedriveFlow {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// The flow.
    #[arg(value_name = "NAME")]
    pub(crate) flow: String,
    /// These dead letters; all of the flow that wait unless told.
    #[arg(value_name = "ID")]
    pub(crate) ids: Vec<String>,
    /// Those of a destination.
    #[arg(long, value_name = "NAME", conflicts_with = "ids")]
    pub(crate) destination: Option<String>,
    /// Those with an error's code.
    #[arg(long, value_name = "CODE", conflicts_with = "ids")]
    pub(crate) code: Option<String>,
    /// Those whose record or error has this text.
    #[arg(long, value_name = "TEXT", conflicts_with = "ids")]
    pub(crate) text: Option<String>,
    /// Those given up at this time or later: a time, or a span such as `2d`.
    #[arg(long, value_name = "TIME", conflicts_with = "ids")]
    pub(crate) since: Option<String>,
    /// Those given up before this time.
    #[arg(long, value_name = "TIME", conflicts_with = "ids")]
    pub(crate) until: Option<String>,
    /// Which record is brought: as the source gave it, through the transforms as they are now, or as the destination was to take it.
    /// Unless told, as the source gave it where that is known.
    #[arg(long = "as", value_enum, value_name = "FORM")]
    pub(crate) form: Option<RedriveForm>,
    /// Put them into the queue only, for `trunkline serve` to bring.
    #[arg(long)]
    pub(crate) queue_only: bool,
    /// Print JSON, and no progress.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which record of a dead letter is brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum RedriveForm {
    /// As the source gave it: the transforms have it before them.
    Source,
    /// As the destination was to take it.
    Ready,
}

#[derive(Debug, Args)]
pub(crate) struct Components {
    /// Print JSON, with the schema of each one's settings.
    #[arg(long)]
    pub(crate) json: bool,
}
