//! Packages of other registries that tests use, from lock files with hashes.
//!
//! The one rule: what is installed is what the lock file says. A copy of the lock, written last, says that the
//! installation is whole; another lock, or none, means to install again.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

const MARK: &str = "installed.lock";

/// Where a package comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Registry {
    Npm,
    PyPi,
}

/// A package with everything that it needs.
#[derive(Debug)]
pub(crate) struct Locked {
    /// As its registry calls it.
    pub(crate) package: &'static str,
    pub(crate) registry: Registry,
    /// Where its lock file is.
    pub(crate) sources: PathBuf,
    /// Where it is installed.
    pub(crate) installed: PathBuf,
}

impl Locked {
    /// Installs it, unless this very lock file is installed already.
    pub(crate) fn install(&self) -> Result<()> {
        let Self {
            package,
            sources,
            installed,
            ..
        } = self;
        let name = match self.registry {
            Registry::Npm => "package-lock.json",
            Registry::PyPi => "requirements.txt",
        };
        let lock = fs::read(sources.join(name)).with_context(|| format!("reading {name} of {package}"))?;
        if is_current(installed, &lock) {
            return Ok(());
        }
        println!("installing {package}");
        if installed.exists() {
            fs::remove_dir_all(installed).with_context(|| format!("removing {}", installed.display()))?;
        }
        fs::create_dir_all(installed).with_context(|| format!("creating {}", installed.display()))?;
        match self.registry {
            Registry::Npm => {
                for file in ["package.json", name] {
                    fs::copy(sources.join(file), installed.join(file))?;
                }
                let mut npm = Command::new("npm");
                npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
                succeed(npm.current_dir(installed))?;
            }
            Registry::PyPi => {
                succeed(Command::new("python3").args(["-m", "venv"]).arg(installed))?;
                let mut pip = Command::new(installed.join("bin/python"));
                pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
                succeed(pip.args(["--require-hashes", "-r"]).arg(sources.join(name)))?;
            }
        }
        fs::write(installed.join(MARK), lock)?;
        Ok(())
    }
}

fn is_current(installed: &Path, lock: &[u8]) -> bool {
    fs::read(installed.join(MARK)).is_ok_and(|mark| mark == lock)
}

fn succeed(command: &mut Command) -> Result<()> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command
        .status()
        .with_context(|| format!("{program} could not be started"))?;
    if !status.success() {
        bail!("{program} did not install it: {status}");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_same_lock_file_needs_no_installation() {
        let folder = std::env::temp_dir().join(format!("trunkline-clients-{}", std::process::id()));
        fs::create_dir_all(&folder).unwrap();
        assert!(!is_current(&folder, b"one"));
        fs::write(folder.join(MARK), "one").unwrap();
        assert!(is_current(&folder, b"one"));
        assert!(!is_current(&folder, b"two"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_program_that_fails_installs_nothing() {
        assert!(succeed(&mut Command::new("true")).is_ok());
        assert!(succeed(&mut Command::new("false")).is_err());
        let error = succeed(&mut Command::new("no-such-program-1")).unwrap_err();
        assert!(error.to_string().contains("no-such-program-1"), "{error}");
    }
}
