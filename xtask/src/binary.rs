//! The `trunkline` binary, built once for a chore that runs it.
//!
//! The one rule: the build is locked, so that a chore never changes `Cargo.lock`.

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};

use crate::{repo, steps::cargo};

/// How the binary is built.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Profile {
    /// Fast to build.
    Dev,
    /// What people run.
    Release,
}

/// Builds the binary; its path.
pub(crate) fn build(profile: Profile) -> Result<PathBuf> {
    let root = repo::root();
    let (what, folder): (&[&str], _) = match profile {
        // What the tests are built of, so that nothing is built a second time with other features.
        Profile::Dev => (&["--workspace", "--bins", "--tests"], "debug"),
        Profile::Release => (&["--package", "trunkline", "--release"], "release"),
    };
    let status = cargo(&["build", "--locked"])
        .args(what)
        .current_dir(&root)
        .status()?;
    if !status.success() {
        bail!("the {folder} build failed");
    }
    Ok(target()?.join(folder).join("trunkline"))
}

/// The folder that cargo builds into, wherever the environment or a setting puts it.
pub(crate) fn target() -> Result<PathBuf> {
    let metadata = cargo(&["metadata", "--no-deps", "--format-version", "1"])
        .current_dir(repo::root())
        .output()?;
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).context("cargo metadata")?;
    let target = metadata["target_directory"]
        .as_str()
        .context("cargo metadata names no target directory")?;
    Ok(PathBuf::from(target))
}
