//! `trunkline simulate`: a simulated Intercom as a process of its own.

mod fidelity;

use std::{path::Path, process::ExitCode, time::Duration};

use serde::{Deserialize, de::DeserializeOwned};
use trunkline_simulator::{App, Fault, Habits, Options, Subscription};

use crate::{cli, failure::Failure, output::json, settings, stop::Stop};

/// Serves until it is interrupted.
pub(crate) async fn run(arguments: cli::Simulate) -> Result<ExitCode, Failure> {
    if arguments.habits_off.iter().any(|habit| habit == "list") {
        for habit in Habits::NAMES {
            json::line(habit)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.record.is_some() {
        return fidelity::record(arguments).await;
    }
    if arguments.diff {
        let exchanges = arguments.exchanges.clone();
        let is_json = arguments.json;
        return fidelity::diff(&exchanges, &options(arguments)?, is_json);
    }
    let control = arguments.control;
    let running = trunkline_simulator::start(options(arguments)?).await?;
    let mut stop = Stop::listen()?;
    // The first line is for programs too: they read the port from it.
    json::line(&format!("listening on http://{}", running.address()))?;
    if control {
        json::line(&format!("control surface on http://{}/_sim/", running.address()))?;
    }
    stop.asked().await;
    if let Some(files) = running.save()? {
        json::line(&format!("saved the workspace in {files} files"))?;
    }
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn options(arguments: cli::Simulate) -> Result<Options, Failure> {
    let start = arguments.start.as_deref().map(super::sync::time).transpose()?;
    let mut habits = Habits::default();
    for habit in &arguments.habits_off {
        habits.turn_off(habit)?;
    }
    let webhooks = webhooks(&arguments)?;
    Ok(Options {
        listen: arguments.listen,
        seed: arguments.seed,
        contacts: arguments.contacts,
        companies: arguments.companies,
        conversations: arguments.conversations,
        parts: arguments.parts,
        tickets: arguments.tickets,
        latency: Duration::from_millis(arguments.latency_ms),
        attachment_life: arguments.attachment_life,
        rate_limit: (arguments.rate_limit > 0).then_some(arguments.rate_limit),
        tokens: arguments.tokens,
        workspaces: arguments.workspaces,
        apps: arguments
            .apps
            .as_deref()
            .map(apps)
            .transpose()?
            .unwrap_or_default(),
        default_version: settings::version(Some(&arguments.default_version))?,
        time_zone: arguments.time_zone,
        start,
        clock_stands: false,
        habits,
        faults: arguments
            .faults
            .as_deref()
            .map(faults)
            .transpose()?
            .unwrap_or_default(),
        control: arguments.control,
        live: arguments.live,
        webhooks,
        load: arguments.load,
        save: arguments.save,
    })
}

/// What a file of apps holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Apps {
    app: Vec<App>,
}

/// What a file of faults holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    fault: Vec<Fault>,
}

/// Reads a file of apps.
fn apps(path: &Path) -> Result<Vec<App>, Failure> {
    let advice = "Write one `[[app]]` table with name, client_id and client_secret for each app.";
    read::<Apps>(path, "TL0308", "apps", advice).map(|file| file.app)
}

/// Reads a file of faults.
fn faults(path: &Path) -> Result<Vec<Fault>, Failure> {
    let advice = "Write one `[[fault]]` table for each fault, as docs/simulator/faults.md shows.";
    read::<Faults>(path, "TL0309", "faults", advice).map(|file| file.fault)
}

/// Reads a file: JSON when its name says so, TOML otherwise.
fn read<T: DeserializeOwned>(
    path: &Path,
    code: &'static str,
    what: &str,
    advice: &'static str,
) -> Result<T, Failure> {
    let unusable = |reason: String| {
        let message = format!("the {what} file {} cannot be used: {reason}", path.display());
        Failure::usage(code, message, advice)
    };
    let text = std::fs::read_to_string(path).map_err(|error| unusable(error.to_string()))?;
    let is_json = path
        .extension()
        .is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
    if is_json {
        return serde_json::from_str(&text).map_err(|error| unusable(error.to_string()));
    }
    toml::from_str(&text).map_err(|error| unusable(error.to_string()))
}

/// What a file of webhooks holds.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Webhooks {
    webhook: Vec<Subscription>,
}

/// The webhooks of the command line, then those of its file.
fn webhooks(arguments: &cli::Simulate) -> Result<Vec<Subscription>, Failure> {
    let mut all: Vec<Subscription> = arguments
        .webhooks
        .iter()
        .map(|url| {
            let mut webhook = Subscription::new(url);
            if let Some(topics) = &arguments.webhook_topics {
                webhook.topics.clone_from(topics);
            }
            webhook.client_secret = arguments.webhook_secret.clone().map(Into::into);
            webhook
        })
        .collect();
    if let Some(path) = &arguments.webhooks_file {
        let advice =
            "Write one `[[webhook]]` table with a url for each webhook, or JSON with a list `webhook`.";
        all.extend(read::<Webhooks>(path, "TL0324", "webhooks", advice)?.webhook);
    }
    Ok(all)
}
