//! `trunkline flow check`, and reading a flow's file for every other command.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::Arc,
};

use jiff::Timestamp;
use serde_json::json;
use trunkline_components::{MirrorPlace, Mirrors, Notifications, Notified, Pushed, Pushes, Site, Workspaces};
use trunkline_flow::{
    ComponentError,
    document::{Document, Mistake},
    engine::Flow,
};

use crate::{
    cli,
    failure::{Exit, Failure},
    output::json,
    store,
};

/// A flow's file that is in order.
pub(in crate::commands) struct FlowFile {
    pub(in crate::commands) document: Document,
    pub(super) text: String,
    pub(super) folder: PathBuf,
}

/// Checks files.
pub(super) fn check(arguments: &cli::CheckFlows) -> Result<ExitCode, Failure> {
    let mut reports = Vec::new();
    let mut is_fine = true;
    for path in &arguments.files {
        let text = text(path)?;
        let mistakes =
            match parse(&text, path).and_then(|document| build(&document, path, store::now()).map(drop)) {
                Ok(()) => Vec::new(),
                Err(mistakes) => mistakes,
            };
        is_fine &= mistakes.is_empty();
        if arguments.json {
            reports.push(report(path, &mistakes));
        } else if mistakes.is_empty() {
            json::line(&format!("{}: in order", path.display()))?;
        } else {
            json::line(&listed(path, &mistakes))?;
        }
    }
    if arguments.json {
        json::print(&reports)?;
    }
    Ok(if is_fine {
        ExitCode::SUCCESS
    } else {
        Exit::Usage.into()
    })
}

/// Reads a file and refuses one that is not in order.
pub(in crate::commands) fn read(path: &Path) -> Result<FlowFile, Failure> {
    let text = text(path)?;
    let document = parse(&text, path)
        .and_then(|document| build(&document, path, store::now()).map(|_| document))
        .map_err(|mistakes| refused(path, &mistakes))?;
    Ok(FlowFile {
        document,
        text,
        folder: folder(path),
    })
}

pub(super) fn refused(path: &Path, mistakes: &[Mistake]) -> Failure {
    Failure::usage(
        "TL0810",
        listed(path, mistakes),
        "Mend the file; `trunkline flow check` tells when it is in order.",
    )
}

fn text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(|error| {
        Failure::usage(
            "TL0810",
            format!("{} cannot be read: {error}", path.display()),
            "Check the path; a flow's file is YAML in UTF-8.",
        )
    })
}

fn parse(text: &str, _: &Path) -> Result<Document, Vec<Mistake>> {
    Document::parse(text, &trunkline_components::kinds(), store::now())
}

/// The folder that relative paths of a file begin at.
pub(super) fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// Builds a file's components where nobody can be reached.
pub(super) fn build(document: &Document, path: &Path, now: Timestamp) -> Result<Flow, Vec<Mistake>> {
    let site = Site {
        flow: document.name.clone(),
        folder: folder(path),
        now: Arc::new(move || now),
        workspaces: Arc::new(Nobody),
        notifications: Arc::new(Nobody),
        pushes: Arc::new(Nobody),
        mirrors: Arc::new(Nobody),
        secrets: trunkline_server::environment(),
        stirred: None,
        is_dry: false,
    };
    trunkline_components::build(document, &site)
}

fn listed(path: &Path, mistakes: &[Mistake]) -> String {
    let lines: Vec<String> = mistakes
        .iter()
        .map(|mistake| {
            format!(
                "{}:{}:{}: {}\n    {}",
                path.display(),
                mistake.spot.line,
                mistake.spot.column,
                mistake.message,
                mistake.advice
            )
        })
        .collect();
    lines.join("\n")
}

fn report(path: &Path, mistakes: &[Mistake]) -> serde_json::Value {
    let mistakes: Vec<_> = mistakes
        .iter()
        .map(|mistake| {
            json!({
                "line": mistake.spot.line,
                "column": mistake.spot.column,
                "message": mistake.message,
                "advice": mistake.advice,
            })
        })
        .collect();
    json!({ "file": path, "in_order": mistakes.is_empty(), "mistakes": mistakes })
}

/// Whom components reach while a file is only looked at.
struct Nobody;

fn unreachable_here() -> ComponentError {
    ComponentError::stop(
        "TL0812",
        "nobody is called while a flow is only looked at",
        "This is a fault of Trunkline; please report it.",
    )
}

impl Workspaces for Nobody {
    fn workspace<'a>(
        &'a self,
        _: Option<&'a str>,
    ) -> futures::future::BoxFuture<'a, Result<trunkline_actions::Workspace, ComponentError>> {
        Box::pin(async {
            Err(ComponentError::stop(
                "TL0854",
                "nobody is asked while a flow is only looked at",
                "Samples run without any network: test what comes before and behind `enrich` by itself.",
            ))
        })
    }
}

impl Mirrors for Nobody {
    fn mirror<'a>(
        &'a self,
        _: Option<&'a str>,
    ) -> futures::future::BoxFuture<'a, Result<MirrorPlace, ComponentError>> {
        Box::pin(async { Err(unreachable_here()) })
    }
}

impl Notifications for Nobody {
    fn newest(&self) -> futures::future::BoxFuture<'_, Result<i64, ComponentError>> {
        Box::pin(async { Err(unreachable_here()) })
    }

    fn before(&self, _: Timestamp) -> futures::future::BoxFuture<'_, Result<i64, ComponentError>> {
        Box::pin(async { Err(unreachable_here()) })
    }

    fn after<'a>(
        &'a self,
        _: i64,
        _: Option<&'a str>,
        _: u32,
    ) -> futures::future::BoxFuture<'a, Result<Vec<Notified>, ComponentError>> {
        Box::pin(async { Err(unreachable_here()) })
    }
}

impl Pushes for Nobody {
    fn before<'a>(
        &'a self,
        _: &'a str,
        _: Timestamp,
    ) -> futures::future::BoxFuture<'a, Result<i64, ComponentError>> {
        Box::pin(async { Err(unreachable_here()) })
    }

    fn after<'a>(
        &'a self,
        _: &'a str,
        _: i64,
        _: u32,
    ) -> futures::future::BoxFuture<'a, Result<Vec<Pushed>, ComponentError>> {
        Box::pin(async { Err(unreachable_here()) })
    }
}
