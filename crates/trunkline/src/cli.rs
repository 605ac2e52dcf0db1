//! The command line: every command, flag and default, with the text that `--help` shows.
//!
//! The one rule: a flag means the same in every command that has it, which is why shared ones are structs here.

mod actions;
mod alerts;
mod backup;
mod connections;
mod data;
mod flow;
mod lookup;
mod mirrors;
mod publish;
mod recipes;
mod report;
mod request;
mod requests;
mod runs;
mod serve;
mod shape;

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::engine::ArgValueCompleter;

use crate::complete;

pub(crate) use actions::{ActionPage, Actions, Call};
pub(crate) use alerts::{Alerts, AlertsCommand};
pub(crate) use backup::{Backup, Restore};
pub(crate) use connections::{
    Apps, AppsCommand, Connect, Connections, ConnectionsCommand, Details, Keys, KeysCommand, People,
    PeopleCommand, Reached, Secrets, SecretsCommand,
};
pub(crate) use data::Data;
pub(crate) use flow::{
    ApplyFlows, CheckFlows, Components, DeadLetters, DeliveryOutcome, Flow, FlowCommand, FlowDeliveries,
    FlowRuns, ListFlows, OneDelivery, OneFlow, RedriveFlow, RedriveForm, RemoveFlow, RunFlow,
};
pub(crate) use lookup::Lookup;
pub(crate) use mirrors::{AddMirror, Mirrors, MirrorsCommand};
pub(crate) use publish::{Batches, BatchesCommand, ListBatches, OneBatch, Publish};
pub(crate) use recipes::{Recipes, RecipesCommand};
pub(crate) use report::{Format, Report};
pub(crate) use request::Request;
pub(crate) use requests::Requests;
pub(crate) use runs::{ListRuns, Runs, RunsCommand, ShowRun, Undo};
pub(crate) use serve::{Notifications, NotificationsCommand, Serve, Watch, Which};
pub(crate) use shape::{More, Shape};

/// The open, self-hosted Intercom connector.
#[derive(Debug, Parser)]
#[command(
    name = "trunkline",
    version,
    about,
    propagate_version = true,
    max_term_width = 110
)]
pub(crate) struct Cli {
    /// What to log to standard error: off, error, warn, info, debug, or a filter such as `trunkline_client=debug`.
    #[arg(long, global = true, env = "TRUNKLINE_LOG", value_name = "FILTER")]
    pub(crate) log: Option<tracing_subscriber::filter::Targets>,

    /// How log lines look.
    #[arg(long, global = true, env = "TRUNKLINE_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    pub(crate) log_format: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What `trunkline` can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Start a simulated workspace, mirror it and keep following it: the whole product with no account.
    Quickstart(Quickstart),
    /// Mirror an Intercom workspace into a database, or bring an existing mirror up to date.
    Sync(Sync),
    /// Probe token, region, version, permissions and limits, and say what a full mirror will cost.
    Check(Check),
    /// Ask which permissions the token has, and say what each missing one costs.
    Permissions(Permissions),
    /// Print the fewest permissions to tick in the Developer Hub for chosen streams, operations and topics.
    Scopes(Scopes),
    /// Compare a mirror with the totals that the API states; exits with 1 when something is missing.
    Verify(Verify),
    /// Count what a mirror says about conversations: response times, backlog, ratings, busiest hours, as a page or tables.
    Report(Report),
    /// Keep a connection to a workspace: a name for an access token or a grant.
    Connect(Connect),
    /// List, show, test and change connections.
    Connections(Connections),
    /// Keep apps of the Developer Hub, for grants and for the signatures of webhooks.
    Apps(Apps),
    /// Make and end keys to the API of `trunkline serve`.
    Keys(Keys),
    /// Invite people to the console of `trunkline serve`, and forget them.
    People(People),
    /// Look after the key that the stored secrets are sealed with.
    Secrets(Secrets),
    /// Run: receive webhooks, finish grants, keep mirrors, answer the API.
    Serve(Serve),
    /// Alerts: what stands, who was told, and a test of the channels.
    Alerts(Alerts),
    /// Write the state, as it is at one moment, into a file.
    Backup(Backup),
    /// Put a backup into a new data folder.
    Restore(Restore),
    /// Print notifications as they come.
    Watch(Watch),
    /// Mirrors that `trunkline serve` keeps: what, where to, how often.
    Mirrors(Mirrors),
    /// List, show and replay the notifications that were received.
    Notifications(Notifications),
    /// Make a request to the API by hand: method, path, headers and body.
    Request(Request),
    /// Show the calls and grants of connections that keep a request log.
    Requests(Requests),
    /// List the streams that a mirror can hold, with keys, cursors, versions and JSON Schemas.
    Streams(Streams),
    /// List the topics of webhooks, with permissions, versions and the streams that they tell of.
    Topics(Topics),
    /// Find actions: modules with named fields, and every operation of the API.
    Actions(Actions),
    /// Explain one action, such as `contacts.upsert`: what it takes, gives and changes.
    Action(ActionPage),
    /// Run an action, or show what it would do.
    Call(Box<Call>),
    /// Run an action on the rows of a file, a query or standard input.
    Publish(Box<Publish>),
    /// List, show and give up what was published in many rows.
    Batches(Batches),
    /// List and show what actions wrote.
    Runs(Runs),
    /// Put back what a run wrote, as far as that is possible.
    Undo(Undo),
    /// Check, try, run and keep flows: records from a source through transforms to destinations.
    Flow(Box<Flow>),
    /// List, show and copy the recipes: flows that are ready to be used.
    Recipes(Recipes),
    /// List the operations of Intercom's API.
    Operations(Operations),
    /// Explain one operation, such as `contacts.search`.
    Operation(Operation),
    /// List ids and names to pick from: admins, teams, tags, segments and so on.
    Lookup(Lookup),
    /// Run a simulated Intercom that remembers what is done to it.
    Simulate(Simulate),
}

/// Which workspace to talk to, and how hard.
#[derive(Clone, Debug, Args)]
pub(crate) struct Workspace {
    /// The stored connection to use (see `trunkline connections`); the default one when neither this nor a token is given.
    #[arg(long, value_name = "NAME", env = "TRUNKLINE_CONNECTION", conflicts_with_all = ["token_env", "region", "base_url"])]
    pub(crate) connection: Option<String>,
    #[command(flatten)]
    pub(crate) data: Data,
    /// The environment variable that holds the access token.
    #[arg(long, value_name = "NAME", env = "TRUNKLINE_TOKEN_ENV")]
    pub(crate) token_env: Option<String>,
    /// The region that the workspace lives in.
    #[arg(long, value_enum, env = "TRUNKLINE_REGION")]
    pub(crate) region: Option<RegionName>,
    /// The address of the API, instead of a region's: a simulator or a proxy.
    #[arg(
        long,
        value_name = "URL",
        conflicts_with = "region",
        env = "TRUNKLINE_BASE_URL"
    )]
    pub(crate) base_url: Option<String>,
    /// The version of Intercom's API to speak; 2.16 by default.
    #[arg(long, value_name = "VERSION", env = "TRUNKLINE_API_VERSION")]
    pub(crate) api_version: Option<String>,
    /// The most of the workspace's rate budget to use, such as `50%`.
    #[arg(long, value_name = "SHARE")]
    pub(crate) max_share: Option<String>,
    /// Write a line of JSON for every call to this file (never a token, personal fields redacted).
    #[arg(long, value_name = "FILE")]
    pub(crate) request_log: Option<PathBuf>,
    /// Also write the bodies of requests and answers, redacted.
    #[arg(long, requires = "request_log")]
    pub(crate) request_log_bodies: bool,
    /// A settings file; `trunkline-data/trunkline.toml` is read when it exists.
    #[arg(long, value_name = "FILE", env = "TRUNKLINE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// Intercom's regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum RegionName {
    /// api.intercom.io
    Us,
    /// api.eu.intercom.io
    Eu,
    /// api.au.intercom.io
    Au,
}

#[derive(Debug, Args)]
pub(crate) struct Quickstart {
    /// The data folder: `mirror.db` is written there.
    #[arg(
        long,
        value_name = "DIR",
        default_value = "trunkline-data",
        env = "TRUNKLINE_DATA"
    )]
    pub(crate) data: PathBuf,
    /// How large a workspace to simulate.
    #[arg(long, value_enum, default_value_t = Size::Small)]
    pub(crate) size: Size,
    /// The number that makes the simulated workspace repeatable.
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// End after the first full mirror.
    #[arg(long)]
    pub(crate) once: bool,
    /// Print JSON: one object for the first mirror, then one line for each round.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How large a simulated workspace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Size {
    /// 2,000 contacts, 200 companies, 1,500 conversations, 200 tickets.
    Small,
    /// 20,000 contacts, 2,000 companies, 15,000 conversations, 2,000 tickets.
    Medium,
    /// 200,000 contacts, 20,000 companies, 100,000 conversations, 10,000 tickets.
    Large,
}

#[derive(Debug, Args)]
pub(crate) struct Sync {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Where to: `sqlite:FILE`, which is `mirror.db` in the data folder unless named; and from there on to
    /// `postgres://user@host/database?schema=NAME`, `parquet:FOLDER` or `parquet:s3://BUCKET/FOLDER`. May be given several times.
    #[arg(long, value_name = "TARGET", env = "TRUNKLINE_TO", hide_env_values = true)]
    pub(crate) to: Vec<String>,
    /// The streams to mirror, separated by commas; all by default (see `trunkline streams`).
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) streams: Option<Vec<String>>,
    /// The types of custom objects to mirror, separated by commas: the API does not list them.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) custom_objects: Option<Vec<String>>,
    /// Read every list again, which also finds what was deleted or merged; parts only where their number differs.
    #[arg(long)]
    pub(crate) full: bool,
    /// Leave out what was last updated before this day or time (ISO 8601).
    #[arg(long, value_name = "TIME")]
    pub(crate) start_date: Option<String>,
    /// How far to read back before the last run's position, such as `10m`, `2h` or `1d`.
    #[arg(long, value_name = "SPAN")]
    pub(crate) lookback: Option<String>,
    /// Also keep every version of every row and membership.
    #[arg(long)]
    pub(crate) history: bool,
    /// A column to leave out, such as `contacts.phone`; may be given several times.
    #[arg(long, value_name = "STREAM.COLUMN", value_delimiter = ',')]
    pub(crate) exclude: Vec<String>,
    /// A column to store only as a hash, such as `contacts.email`; may be given several times.
    #[arg(long, value_name = "STREAM.COLUMN", value_delimiter = ',')]
    pub(crate) hash: Vec<String>,
    /// Go on after the first run, with another whenever `--every` is over, until the command is stopped.
    #[arg(long)]
    pub(crate) follow: bool,
    /// With `--follow`: the time between two runs, such as `1m`.
    #[arg(long, value_name = "SPAN", default_value = "1m", requires = "follow")]
    pub(crate) every: String,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// The streams to look at, separated by commas; all by default.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) streams: Option<Vec<String>>,
    /// Print the findings as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Permissions {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// Also ask for permissions to write, by calls on objects that cannot exist; nothing is written.
    #[arg(long)]
    pub(crate) writes: bool,
    /// Print the table as JSON, with every operation that each permission opens.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Scopes {
    /// Permissions that are wanted by themselves: labels of the Developer Hub, names in refusals, or names that other
    /// products use, such as `read_contacts`.
    pub(crate) names: Vec<String>,
    /// The streams to mirror, separated by commas; every stream when nothing is chosen at all.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) streams: Vec<String>,
    /// The actions to call, separated by commas, such as `contacts.upsert` or `tickets.*`.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) actions: Vec<String>,
    /// The topics of webhooks to be told, separated by commas, such as `conversation.*` or `contact.created`.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) topics: Vec<String>,
    /// The files of flows to run, separated by commas: what they call, hear and read of a mirror.
    #[arg(long, value_delimiter = ',', value_name = "FILE,FILE")]
    pub(crate) flows: Vec<PathBuf>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// The mirror to compare: `sqlite:FILE`.
    #[arg(long, value_name = "TARGET", env = "TRUNKLINE_TO", hide_env_values = true)]
    pub(crate) to: Option<String>,
    /// Print the report as JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Streams {
    /// Only this stream.
    #[arg(add = ArgValueCompleter::new(complete::streams))]
    pub(crate) name: Option<String>,
    /// Print JSON, with the JSON Schema of each table.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) more: More,
}

#[derive(Debug, Args)]
pub(crate) struct Topics {
    /// Words that the name, the permission, the stream or the summary must contain; or a pattern such as
    /// `conversation.*`.
    pub(crate) words: Vec<String>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Debug, Args)]
pub(crate) struct Operations {
    /// Words that the id, the path or the summary must contain.
    pub(crate) words: Vec<String>,
    /// Only the operations of this version; `all` for every one since 2.7.
    #[arg(long, value_name = "VERSION", default_value = "2.16")]
    pub(crate) api_version: String,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Debug, Args)]
pub(crate) struct Operation {
    /// The operation's id, such as `contacts.search`, or Intercom's own id for it.
    #[arg(add = ArgValueCompleter::new(complete::operation_ids))]
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) shape: Shape,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// The address to listen on; port 0 picks a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7071")]
    pub(crate) listen: SocketAddr,
    /// The number that makes the workspace repeatable.
    #[arg(long, default_value_t = 7)]
    pub(crate) seed: u64,
    /// How many contacts.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) contacts: u32,
    /// How many companies.
    #[arg(long, default_value_t = 200)]
    pub(crate) companies: u32,
    /// How many conversations.
    #[arg(long, default_value_t = 1_500)]
    pub(crate) conversations: u32,
    /// How many parts a conversation has on average.
    #[arg(long, default_value_t = 8)]
    pub(crate) parts: u16,
    /// How many tickets.
    #[arg(long, default_value_t = 200)]
    pub(crate) tickets: u32,
    /// How long every answer takes, in milliseconds.
    #[arg(long, default_value_t = 0)]
    pub(crate) latency_ms: u64,
    /// How long the address of an attached file is good, in seconds by the workspace's clock.
    #[arg(long, value_name = "SECONDS", default_value_t = 1_800)]
    pub(crate) attachment_life: u32,
    /// Calls allowed in each 10 seconds; 0 for no limit.
    #[arg(long, default_value_t = 1_667)]
    pub(crate) rate_limit: u32,
    /// The token to accept; may be given several times. Any token is accepted when none is given. With several workspaces the
    /// first token opens the first one, and so on.
    #[arg(long = "token", value_name = "TOKEN")]
    pub(crate) tokens: Vec<String>,
    /// How many workspaces to simulate; each has its own seed, beginning with `--seed`.
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub(crate) workspaces: u16,
    /// A TOML file with the public apps that may ask for grants at `/oauth`; a built-in app is there without one.
    #[arg(long, value_name = "FILE")]
    pub(crate) apps: Option<PathBuf>,
    /// The version that answers a request without an `Intercom-Version` header.
    #[arg(long, value_name = "VERSION", default_value = "2.14")]
    pub(crate) default_version: String,
    /// The workspace's time zone.
    #[arg(long, value_name = "ZONE", default_value = "America/Los_Angeles")]
    pub(crate) time_zone: String,
    /// The moment that the workspace's clock starts at (ISO 8601); now by default.
    #[arg(long, value_name = "TIME")]
    pub(crate) start: Option<String>,
    /// Activity: how many things happen in the workspace each second.
    #[arg(long, value_name = "STEPS")]
    pub(crate) live: Option<f64>,
    /// An address that is told what happens in the workspace; may be given several times.
    #[arg(long = "webhook", value_name = "URL")]
    pub(crate) webhooks: Vec<String>,
    /// The topics that `--webhook` is told, separated by commas; all by default.
    #[arg(long, value_delimiter = ',', value_name = "A,B", requires = "webhooks")]
    pub(crate) webhook_topics: Option<Vec<String>>,
    /// The client secret that signs what `--webhook` is told; that of the first app by default.
    #[arg(long, value_name = "SECRET", requires = "webhooks")]
    pub(crate) webhook_secret: Option<String>,
    /// A file with webhooks and their settings: a `[[webhook]]` table for each (TOML), or JSON.
    #[arg(long = "webhooks", value_name = "FILE")]
    pub(crate) webhooks_file: Option<PathBuf>,
    /// Habits of the platform to turn off, separated by commas (`--habits-off list` names them).
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) habits_off: Vec<String>,
    /// A TOML file with faults that befall calls from the start (docs/simulator/faults.md).
    #[arg(long, value_name = "FILE")]
    pub(crate) faults: Option<PathBuf>,
    /// A folder with one JSON file per resource, as the API returns records, to begin with instead of a made workspace; or one
    /// file with all of it (docs/simulator/workspaces.md).
    #[arg(long, value_name = "FOLDER")]
    pub(crate) load: Option<PathBuf>,
    /// A folder that the workspace is saved into on a graceful stop, one JSON file per resource.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) save: Option<PathBuf>,
    /// Offer the control surface under `/_sim/`: truth, request log, faults, clock, activity.
    #[arg(long)]
    pub(crate) control: bool,
    /// Pass calls on to a real workspace instead of simulating one, and keep each exchange: us, eu, au or an address
    /// (docs/simulator/fidelity.md).
    #[arg(long, value_name = "WORKSPACE", conflicts_with_all = ["diff", "load", "save"])]
    pub(crate) record: Option<String>,
    /// The environment variable with the token for `--record`; without it the callers' own tokens are passed on. No token is
    /// ever kept.
    #[arg(long, value_name = "NAME", requires = "record")]
    pub(crate) record_token_env: Option<String>,
    /// With `--record`: keep values as they are. They are made unreadable otherwise, with their shape as it was.
    #[arg(long, requires = "record")]
    pub(crate) keep_values: bool,
    /// The file of exchanges, one a line: `--record` adds to it, `--diff` reads it.
    #[arg(long, value_name = "FILE", default_value = "exchanges.jsonl")]
    pub(crate) exchanges: PathBuf,
    /// Replay recorded exchanges against the simulator and report each difference in shape; the exit code is 1 when there is one.
    #[arg(long)]
    pub(crate) diff: bool,
    /// With `--diff`: JSON instead of a table.
    #[arg(long, requires = "diff")]
    pub(crate) json: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    /// Names of flags that would put a secret into the list of processes and the shell's history.
    fn telling(command: &clap::Command, path: &str, found: &mut Vec<String>) {
        let path = format!("{path} {}", command.get_name());
        for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
            let is_secret = ["token", "secret", "password"]
                .iter()
                .any(|word| flag.split('-').any(|part| part == *word));
            let is_elsewhere = ["-env", "-file", "-url"].iter().any(|end| flag.ends_with(end));
            if is_secret && !is_elsewhere {
                found.push(format!("{} --{flag}", path.trim()));
            }
        }
        for command in command.get_subcommands() {
            telling(command, &path, found);
        }
    }

    #[test]
    fn no_flag_takes_a_secret_but_the_simulators_whose_secrets_are_words() {
        let mut found = Vec::new();
        telling(&Cli::command(), "", &mut found);
        assert_eq!(
            found,
            [
                "trunkline simulate --token",
                "trunkline simulate --webhook-secret"
            ]
        );
    }
}
