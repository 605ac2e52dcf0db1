//! The clients as their registries have them, from lock files with hashes.
//!
//! The one rule: what is installed is what the lock file says. A copy of the lock, written last, says that the
//! installation is whole; another lock, or none, means to install again.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::Client;

const MARK: &str = "installed.lock";

/// Installs a client, unless this very lock file is installed already.
pub(super) fn install(client: Client) -> Result<()> {
    let (sources, installed) = (client.sources(), client.installed());
    let name = match client {
        Client::Node => "package-lock.json",
        Client::Python => "requirements.txt",
    };
    let lock =
        fs::read(sources.join(name)).with_context(|| format!("reading {name} of {}", client.package()))?;
    if is_current(&installed, &lock) {
        return Ok(());
    }
    println!("installing {}", client.package());
    if installed.exists() {
        fs::remove_dir_all(&installed).with_context(|| format!("removing {}", installed.display()))?;
    }
    fs::create_dir_all(&installed).with_context(|| format!("creating {}", installed.display()))?;
    match client {
        Client::Node => {
            for file in ["package.json", name] {
                fs::copy(sources.join(file), installed.join(file))?;
            }
            let mut npm = Command::new("npm");
            npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]);
            succeed(npm.current_dir(&installed))?;
        }
        Client::Python => {
            succeed(Command::new("python3").args(["-m", "venv"]).arg(&installed))?;
            let mut pip = Command::new(installed.join("bin/python"));
            pip.args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check"]);
            succeed(pip.args(["--require-hashes", "-r"]).arg(sources.join(name)))?;
        }
    }
    fs::write(installed.join(MARK), lock)?;
    Ok(())
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
