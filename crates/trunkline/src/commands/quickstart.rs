//! `trunkline quickstart`: a simulated workspace, its mirror, and the console that shows both while the workspace lives.
//!
//! The one rule: it only ever replaces a mirror that an earlier quickstart made, which a marker file proves.

mod console;

use std::{path::Path, process::ExitCode, time::Duration};

use secrecy::SecretString;
use serde::Serialize;
use trunkline_catalog::Version;
use trunkline_client::{Client, Connection, Settings, SystemClock};
use trunkline_mirror::{
    report::SyncReport,
    storage::{Storage, StorageOptions},
    sync::SyncOptions,
};
use trunkline_simulator::Options;

use console::Console;

use crate::{
    cli::{self, Size},
    failure::Failure,
    output::{json, progress::Progress, report},
    stop::Stop,
    targets::Places,
};

const MARKER: &str = "quickstart.txt";
const TOKEN: &str = "quickstart";
/// Between two rounds of following: often enough to watch, rare enough to stay far below any limit.
const ROUND: Duration = Duration::from_secs(5);

/// A query to try, with what it answers.
#[derive(Clone, Copy, Debug, Serialize)]
struct Query {
    question: &'static str,
    sql: &'static str,
}

const QUERIES: [Query; 3] = [
    Query {
        question: "Which teams answer fastest?",
        sql: "SELECT teams.name, count(*) AS conversations,
       round(avg(conversations.time_to_admin_reply) / 60.0, 1) AS minutes_to_reply
FROM conversations
JOIN teams ON teams.id = conversations.team_assignee_id
WHERE conversations.time_to_admin_reply IS NOT NULL
GROUP BY teams.id ORDER BY minutes_to_reply",
    },
    Query {
        question: "Who writes most, and from which company?",
        sql: "SELECT contacts.name, min(companies.name) AS company,
       count(DISTINCT conversation_parts.id) AS parts
FROM conversation_parts
JOIN contacts ON contacts.id = conversation_parts.author_id
LEFT JOIN contact_companies ON contact_companies.contact_id = contacts.id
LEFT JOIN companies ON companies.id = contact_companies.company_id
GROUP BY contacts.id ORDER BY parts DESC LIMIT 10",
    },
    Query {
        question: "What do people write about, by tag?",
        sql: "SELECT tags.name, count(*) AS conversations, max(conversations.updated_at) AS latest
FROM conversation_tags
JOIN tags ON tags.id = conversation_tags.tag_id
JOIN conversations ON conversations.id = conversation_tags.conversation_id
WHERE conversation_tags._deleted_at IS NULL
GROUP BY tags.id ORDER BY conversations DESC LIMIT 10",
    },
];

/// What `--json` prints after the first mirror.
#[derive(Debug, Serialize)]
struct FirstMirror<'a> {
    mirror: String,
    report: &'a SyncReport,
    queries: [Query; 3],
}

/// Simulates, mirrors, shows and, unless `--once`, follows: in the console, or line by line for machines.
pub(crate) async fn run(arguments: cli::Quickstart) -> Result<ExitCode, Failure> {
    let mirror = prepare(&arguments.data)?;
    let mut options = workspace(&arguments);
    let console = if arguments.once || arguments.json {
        None
    } else {
        Some(Console::start(&arguments.data).await?)
    };
    options.webhooks.extend(console.as_ref().map(Console::webhook));
    let simulator = trunkline_simulator::start(options).await?;
    let base_url = format!("http://{}", simulator.address());
    if !arguments.json {
        json::line(&format!(
            "A simulated Intercom workspace (seed {}) is running at {base_url}",
            arguments.seed
        ))?;
    }
    if let Some(console) = &console {
        console.connect(&base_url).await?;
    }
    let connection = Connection::at(&base_url, SecretString::from(TOKEN), Version::DEFAULT)?;
    let client = Client::new(connection, Settings::new(std::sync::Arc::new(SystemClock)))?;
    let storage = Storage::open(&mirror, StorageOptions::default())?;
    let progress = Progress::start(!arguments.json);
    let outcome = super::sync::mirror(&client, &storage, &SyncOptions::default(), &progress).await;
    progress.finish();
    let first = outcome?;
    let stop = (!arguments.once).then(Stop::listen).transpose()?;
    show(&arguments, &mirror, &first)?;
    match (stop, console) {
        (Some(mut stop), Some(console)) => {
            storage.close().await?;
            console.keep().await?;
            let link = console.link().await?;
            json::line(
                "The workspace lives on, and the mirror follows. See it in the console; the link is good once:\n",
            )?;
            json::line(&format!("  {link}\n"))?;
            json::line("Ctrl-C ends it.")?;
            stop.asked().await;
            console.stop().await;
        }
        (Some(stop), None) => {
            let rounds = super::follow::Rounds {
                interval: ROUND,
                as_json: arguments.json,
            };
            let options = SyncOptions::default();
            super::follow::run(
                &client,
                &storage,
                &options,
                &mut Places::none(&mirror),
                rounds,
                stop,
            )
            .await?;
            storage.close().await?;
        }
        (None, _) => storage.close().await?,
    }
    simulator.stop().await;
    Ok(super::sync::exit(&first))
}

fn workspace(arguments: &cli::Quickstart) -> Options {
    let (contacts, companies, conversations, tickets) = match arguments.size {
        Size::Small => (2_000, 200, 1_500, 200),
        Size::Medium => (20_000, 2_000, 15_000, 2_000),
        Size::Large => (200_000, 20_000, 100_000, 10_000),
    };
    Options {
        listen: ([127, 0, 0, 1], 0).into(),
        seed: arguments.seed,
        contacts,
        companies,
        conversations,
        tickets,
        // What was seen of the real platform: 5,000 calls a window, some tens of milliseconds an answer.
        latency: Duration::from_millis(25),
        rate_limit: Some(5_000),
        tokens: vec![TOKEN.to_owned()],
        live: (!arguments.once).then_some(2.0),
        // The console steers it.
        control: true,
        ..Options::default()
    }
}

/// Makes the data folder ready and gives the mirror's path.
fn prepare(data: &Path) -> Result<std::path::PathBuf, Failure> {
    let failed = |error: std::io::Error| {
        Failure::new(
            "TL0008",
            format!("the data folder {} cannot be used: {error}", data.display()),
            "Name a folder that you may write to with `--data DIR`.",
        )
    };
    let mirror = data.join("mirror.db");
    let marker = data.join(MARKER);
    if mirror.exists() && !marker.exists() {
        return Err(Failure::usage(
            "TL0010",
            format!("{} was not made by quickstart", mirror.display()),
            "Name another folder with `--data DIR`, or move the file away.",
        ));
    }
    std::fs::create_dir_all(data).map_err(failed)?;
    // Before the mirror, so that a kill in between leaves a folder that the next quickstart may use.
    std::fs::write(
        marker,
        "The mirror.db beside this file holds a simulated workspace. `trunkline quickstart` replaces it at each start.\n",
    )
    .map_err(failed)?;
    for suffix in ["", "-wal", "-shm"] {
        match std::fs::remove_file(data.join(format!("mirror.db{suffix}"))) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
    }
    Ok(mirror)
}

fn show(arguments: &cli::Quickstart, mirror: &Path, first: &SyncReport) -> Result<(), Failure> {
    if arguments.json {
        let first = FirstMirror {
            mirror: mirror.display().to_string(),
            report: first,
            queries: QUERIES,
        };
        return if arguments.once {
            json::print(&first)
        } else {
            json::print_line(&first)
        };
    }
    report::print(first)?;
    json::line(&format!("\nThe mirror is {}. Try:\n", mirror.display()))?;
    for query in QUERIES {
        json::line(&format!(
            "-- {}\nsqlite3 -box {} \"{}\"\n",
            query.question,
            mirror.display(),
            query.sql
        ))?;
    }
    Ok(())
}
