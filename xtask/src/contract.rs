//! `cargo xtask contract`: the simulator held against the published descriptions.
//!
//! Every operation of a version is called the way its description shows, in a fresh workspace of its own; status, body
//! and refusals are compared with the documented ones. Where no description is at hand, the calls are our own and the
//! catalog's tables judge (`contract/everywhere.rs`). The one rule: nothing of a description is kept in the project;
//! what is known to be wrong in them stands in `xtask/contract/known-mistakes.tsv`, with a reason. Read
//! `contract/probe.rs` next.

mod difference;
mod everywhere;
mod example;
mod mistakes;
mod operations;
mod probe;
mod recipes;
mod refusals;
mod report;
mod schema;
mod session;
mod span;

#[cfg(test)]
mod tests;

use std::{
    collections::BTreeSet,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::json;
use trunkline_catalog::Version;

use self::{
    mistakes::Mistake,
    probe::Probe,
    recipes::Recipes,
    report::{Found, Strictness},
};
use crate::{catalog::files, repo};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The folder with the descriptions; without it the catalog's own tables judge.
    #[arg(long, value_name = "DIR")]
    openapi: Option<PathBuf>,
    /// The versions to call at; all when left out.
    #[arg(long, value_name = "VERSION")]
    version: Vec<Version>,
    /// Only operations whose id begins so, such as `contacts.` or `tags.get`.
    #[arg(long, value_name = "ID")]
    operation: Vec<String>,
    /// Pass although some operations are not simulated yet.
    #[arg(long)]
    allow_missing: bool,
    /// Fail on the weak classes too, which are told besides only when a version is named.
    #[arg(long)]
    strict: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

impl Arguments {
    /// What `cargo xtask test` runs.
    pub(crate) fn everything(openapi: Option<PathBuf>) -> Self {
        Self {
            openapi,
            version: Vec::new(),
            operation: Vec::new(),
            allow_missing: false,
            strict: false,
            json: false,
        }
    }

    fn wants(&self, id: &str) -> bool {
        self.operation.is_empty() || self.operation.iter().any(|start| id.starts_with(start))
    }
}

/// Where the descriptions are when nobody says: beside the checkout.
pub(crate) fn usual_folder() -> Option<PathBuf> {
    let folder = repo::root().join("../shared/openapi");
    folder.is_dir().then_some(folder)
}

/// Calls everything, prints what differs, and fails when something does.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let versions = match arguments.version.as_slice() {
        [] => &Version::ALL[..],
        some => some,
    };
    let strictness = Strictness {
        allow_missing: arguments.allow_missing,
        weak_too: arguments.strict,
    };
    let recipes = Recipes::committed()?;
    let mistakes = mistakes::committed()?;
    let mut used = BTreeSet::new();
    let mut all = at_versions(arguments, versions, &recipes)?;
    if all.iter().all(|found| found.operations.is_empty()) {
        bail!("no operation's id begins so");
    }
    // The catalog's tables have corrections of their own.
    let judged_by_descriptions = arguments.openapi.is_some();
    for (version, found) in versions.iter().zip(&mut all).filter(|_| judged_by_descriptions) {
        let (excusing, excused) = mistakes::excuse(*version, &mistakes, &mut found.differences);
        used.extend(excusing.into_iter().map(|mistake| (*version, mistake)));
        found.excused = excused;
    }
    let whole = arguments.operation.is_empty() && arguments.version.is_empty() && judged_by_descriptions;
    let stale: Vec<_> = mistakes
        .iter()
        .filter(|mistake| whole && !mistake.is_borne_out(&used) && could_happen(mistake, versions, &all))
        .map(Mistake::line)
        .collect();
    if arguments.json {
        let versions: Vec<_> = all.iter().map(Found::json).collect();
        println!("{:#}", json!({ "versions": versions, "stale_mistakes": stale }));
    } else {
        let with_weak = arguments.strict || !arguments.version.is_empty();
        print(&all, &stale, with_weak);
    }
    if !stale.is_empty() || all.iter().any(|found| found.fails(strictness)) {
        bail!("the simulator and the descriptions differ");
    }
    Ok(())
}

fn print(all: &[Found], stale: &[String], with_weak: bool) {
    for found in all {
        print!("{}", found.tables(with_weak));
    }
    if !stale.is_empty() {
        println!(
            "\nlisted as mistakes of the descriptions, but not so any more: {}",
            stale.len()
        );
        for line in stale {
            println!("  {line}");
        }
    }
    println!();
    for found in all {
        println!("{}", found.score());
    }
}

/// Whether one of the operations that a mistake speaks of was judged at all.
fn could_happen(mistake: &Mistake, versions: &[Version], all: &[Found]) -> bool {
    let judged = |(version, found): (&Version, &Found)| {
        if !mistake.speaks_of(*version) {
            return false;
        }
        let missing: BTreeSet<_> = found
            .differences
            .iter()
            .filter(|difference| difference.class == difference::Class::NotSimulated)
            .map(|difference| difference.operation)
            .collect();
        found
            .operations
            .iter()
            .any(|operation| mistake.is_about(operation) && !missing.contains(operation))
    };
    versions.iter().zip(all).any(judged)
}

/// What is found at each version; they are called side by side, as many as the machine has processors.
fn at_versions(arguments: &Arguments, versions: &[Version], recipes: &Recipes) -> Result<Vec<Found>> {
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut found = Vec::new();
        while let Some((place, version)) = {
            let place = next.fetch_add(1, Ordering::Relaxed);
            versions.get(place).map(|version| (place, *version))
        } {
            let told = match &arguments.openapi {
                Some(openapi) => at_version(arguments, openapi, version, recipes),
                None => everywhere::at_version(version, recipes, |id| arguments.wants(id)),
            };
            found.push((place, told));
        }
        found
    };
    let mut found: Vec<_> = thread::scope(|scope| {
        let workers = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(worker)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    found.sort_by_key(|(place, _)| *place);
    found.into_iter().map(|(_, found)| found).collect()
}

fn at_version(arguments: &Arguments, openapi: &Path, version: Version, recipes: &Recipes) -> Result<Found> {
    let description = files::read_one(openapi, version.as_str())?;
    let operations = operations::read(&description, version)
        .with_context(|| format!("in the description of {}", version.as_str()))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let probe = Probe::new(&runtime, recipes, &description, &operations)?;
    let mut found = Found {
        version: version.as_str(),
        operations: BTreeSet::new(),
        differences: BTreeSet::new(),
        excused: BTreeSet::new(),
    };
    for operation in operations
        .iter()
        .filter(|operation| arguments.wants(operation.id))
    {
        let differences = probe
            .differences(operation)
            .with_context(|| format!("at {}", operation.id))?;
        found.operations.insert(operation.id);
        found.differences.extend(differences);
    }
    Ok(found)
}
