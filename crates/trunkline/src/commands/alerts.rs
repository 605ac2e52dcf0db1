//! `trunkline alerts`: what stands, what ended, who was told; and a test of the channels.

use std::{process::ExitCode, sync::Arc};

use jiff::SignedDuration;
use serde_json::{Value, json};
use trunkline_client::{Clock, SystemClock};
use trunkline_server::{Channels, ServerError, alert_title};
use trunkline_store::{Alert, AlertNotice, Store};

use crate::{
    cli::{self, AlertsCommand},
    commands::connections::moment,
    failure::{Exit, Failure},
    output::{errors, json, tables},
    settings::File,
    store,
};

/// How far back alerts that ended are shown.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 90);

/// Does what is asked of alerts.
pub(crate) async fn run(arguments: cli::Alerts) -> Result<ExitCode, Failure> {
    let as_json = arguments.json;
    match arguments.command {
        AlertsCommand::List { ended, limit } => {
            let store = store::open(&arguments.data).await?;
            let listed = list(&store, ended, limit, as_json).await;
            store.close().await;
            listed
        }
        AlertsCommand::Channels => {
            let channels = channels(&arguments)?;
            let store = store::open(&arguments.data).await?;
            let listed = list_channels(&store, &channels, as_json).await;
            store.close().await;
            listed
        }
        AlertsCommand::Test { ref name } => test(&channels(&arguments)?, name.as_deref(), as_json).await,
    }
}

/// The channels of the settings file.
fn channels(arguments: &cli::Alerts) -> Result<Channels, Failure> {
    let file = File::read_in(arguments.config.as_deref(), &arguments.data.data)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(Channels::new(&file.alerts.unwrap_or_default(), &clock)?)
}

async fn list(store: &Store, ended: bool, limit: u32, as_json: bool) -> Result<ExitCode, Failure> {
    let mut found = if ended {
        store.ended_alerts(store::now() - BACK, limit).await?
    } else {
        store.standing_alerts().await?
    };
    found.truncate(limit as usize);
    let mut all: Vec<(Alert, Vec<AlertNotice>)> = Vec::new();
    for alert in found {
        let notices = store.notices_of(&alert.id).await?;
        all.push((alert, notices));
    }
    if as_json {
        let all: Vec<Value> = all.iter().map(|(alert, notices)| shown(alert, notices)).collect();
        json::print(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    if all.is_empty() {
        json::line(if ended {
            "Nothing ended lately."
        } else {
            "All is well: no condition of alerts holds."
        })?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&["what", "since", if ended { "until" } else { "last seen" }, "told"]);
    for (alert, notices) in &all {
        let facts: Value = serde_json::from_str(&alert.facts).unwrap_or_default();
        table.add_row([
            alert_title(&alert.kind, &alert.subject, &facts),
            moment(alert.began_at),
            moment(alert.ended_at.unwrap_or(alert.held_at)),
            told(notices),
        ]);
    }
    json::line(&table.to_string())?;
    Ok(ExitCode::SUCCESS)
}

fn shown(alert: &Alert, notices: &[AlertNotice]) -> Value {
    let facts: Value = serde_json::from_str(&alert.facts).unwrap_or_default();
    json!({
        "id": alert.id,
        "kind": alert.kind,
        "subject": alert.subject,
        "title": alert_title(&alert.kind, &alert.subject, &facts),
        "facts": facts,
        "began_at": alert.began_at,
        "held_at": alert.held_at,
        "ended_at": alert.ended_at,
        "notices": notices,
    })
}

/// Each channel with how far its last notice has come.
fn told(notices: &[AlertNotice]) -> String {
    let mut names: Vec<&str> = notices.iter().map(|notice| notice.channel.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let lines: Vec<String> = names
        .into_iter()
        .filter_map(|name| notices.iter().rfind(|notice| notice.channel == name))
        .map(state)
        .collect();
    lines.join("\n")
}

fn state(notice: &AlertNotice) -> String {
    let code = notice
        .code
        .as_deref()
        .map_or_else(String::new, |code| format!(" ({code})"));
    format!(
        "{}: {} {}{code}",
        notice.channel,
        notice.word.as_str(),
        notice.state.as_str()
    )
}

async fn list_channels(store: &Store, channels: &Channels, as_json: bool) -> Result<ExitCode, Failure> {
    let mut table = tables::new(&["channel", "kind", "told of", "waiting", "newest"]);
    let mut all = Vec::new();
    for (name, channel) in channels.iter() {
        let (newest, waiting) = store.notices_for(name).await?;
        let only = if channel.only.is_empty() {
            "everything".to_owned()
        } else {
            channel.only.join(", ")
        };
        table.add_row([
            name.to_owned(),
            channel.kind.to_owned(),
            only,
            waiting.to_string(),
            newest.as_ref().map_or_else(String::new, state),
        ]);
        all.push(json!({
            "name": name, "kind": channel.kind, "only": channel.only, "waiting": waiting, "newest": newest,
        }));
    }
    if as_json {
        json::print(&all)?;
    } else if all.is_empty() {
        json::line("Nobody is told. Add a channel under `[alerts.channels]` in trunkline.toml.")?;
    } else {
        json::line(&table.to_string())?;
    }
    Ok(ExitCode::SUCCESS)
}

async fn test(channels: &Channels, name: Option<&str>, as_json: bool) -> Result<ExitCode, Failure> {
    if let Some(name) = name
        && channels.get(name).is_none()
    {
        let error = ServerError::NoChannel {
            name: name.to_owned(),
        };
        return Err(Failure::usage(error.code(), error.to_string(), error.advice()));
    }
    let names = channels
        .iter()
        .map(|(own, _)| own)
        .filter(|own| name.is_none_or(|name| name == *own));
    let (mut outcomes, mut is_good) = (Vec::new(), true);
    for own in names {
        let tested = channels.test(own, &SystemClock).await;
        is_good &= tested.is_ok();
        if as_json {
            outcomes.push(match &tested {
                Ok(()) => json!({ "channel": own, "is_taken": true }),
                Err(error) => json!({
                    "channel": own, "is_taken": false, "code": error.code(), "message": error.to_string(), "advice": error.advice(),
                }),
            });
            continue;
        }
        match tested {
            Ok(()) => json::line(&format!("{own}: taken"))?,
            Err(error) => errors::print(&error.into()),
        }
    }
    if as_json {
        json::print(&outcomes)?;
    } else if channels.iter().next().is_none() {
        json::line("Nobody is told. Add a channel under `[alerts.channels]` in trunkline.toml.")?;
    }
    Ok(if is_good {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    })
}
