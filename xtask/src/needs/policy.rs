//! Debian starts a server when its package is installed, unless `policy-rc.d` forbids it: nothing that the tests need
//! may run on the machine behind its owner's back.
//!
//! The one rule: the machine's own policy is back when [`NothingStarts`] is dropped.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::{as_root, succeeds};

const FILE: &str = "/usr/sbin/policy-rc.d";
/// 101 is Debian's word for "not allowed".
const FORBIDDEN: i32 = 101;
const OURS: &str = "#!/bin/sh\n# Put here by Trunkline's tests while they install packages.\nexit 101\n";

/// While it lives, installing a package starts no service.
#[derive(Debug)]
pub(super) struct NothingStarts {
    file: PathBuf,
    root: bool,
    /// Whether the machine's own policy forbids it already, and was left alone.
    already: bool,
}

impl NothingStarts {
    /// Forbids services on this machine.
    pub(super) fn on_this_machine(root: bool) -> Result<Self> {
        Self::by(PathBuf::from(FILE), root)
    }

    fn by(file: PathBuf, root: bool) -> Result<Self> {
        let ours = fs::read_to_string(&file).is_ok_and(|text| text == OURS);
        let guard = Self {
            already: !ours && forbids(&file),
            root,
            file,
        };
        if guard.already {
            return Ok(guard);
        }
        let mut policy = tempfile::NamedTempFile::new().context("no temporary file")?;
        policy.write_all(OURS.as_bytes())?;
        // One that is ours was left by a run that was killed.
        if guard.file.exists() && !ours && !guard.run("mv", &[&guard.file, &guard.aside()]) {
            bail!("{} cannot be moved aside", guard.file.display());
        }
        let mode = Path::new("--mode=755");
        if !guard.run("install", &[mode, policy.path(), &guard.file]) {
            bail!("{} cannot be written", guard.file.display());
        }
        Ok(guard)
    }

    /// Where the machine's own policy waits.
    fn aside(&self) -> PathBuf {
        self.file.with_extension("before-trunkline")
    }

    fn run(&self, program: &str, arguments: &[&Path]) -> bool {
        succeeds(as_root(self.root, program).args(arguments))
    }
}

impl Drop for NothingStarts {
    fn drop(&mut self) {
        if self.already {
            return;
        }
        let aside = self.aside();
        let restored = if aside.exists() {
            self.run("mv", &[&aside, &self.file])
        } else {
            self.run("rm", &[Path::new("-f"), &self.file])
        };
        if !restored {
            println!(
                "{} could not be restored; see {}",
                self.file.display(),
                aside.display()
            );
        }
    }
}

/// Whether the policy that stands there forbids to start a service.
fn forbids(file: &Path) -> bool {
    file.is_file()
        && Command::new(file)
            .args(["postgresql", "start"])
            .status()
            .is_ok_and(|status| status.code() == Some(FORBIDDEN))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    /// What is forbidden while the guard lives, and what stands there before and after.
    #[track_caller]
    fn check(before: Option<&str>, touched: bool, after: Option<&str>) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("policy-rc.d");
        if let Some(text) = before {
            fs::write(&file, text).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let guard = NothingStarts::by(file.clone(), true).unwrap();
        assert!(forbids(&file), "{before:?}");
        assert_eq!(fs::read_to_string(&file).unwrap() == OURS, touched, "{before:?}");
        drop(guard);
        assert_eq!(fs::read_to_string(&file).ok().as_deref(), after, "{before:?}");
        let left = fs::read_dir(folder.path()).unwrap().count();
        assert_eq!(left, usize::from(after.is_some()), "{before:?}");
    }

    #[test]
    fn the_machine_s_own_policy_is_back_afterwards() {
        let allows = "#!/bin/sh\nexit 0\n";
        let forbids = "#!/bin/sh\nexit 101\n";
        check(None, true, None);
        check(Some(allows), true, Some(allows));
        check(Some(forbids), false, Some(forbids));
        check(Some("no program"), true, Some("no program"));
        check(Some(OURS), true, None);
    }

    #[test]
    fn a_policy_that_cannot_be_written_forbids_the_installation() {
        let file = PathBuf::from("/proc/no-such-folder/policy-rc.d");
        assert!(NothingStarts::by(file, true).is_err());
    }
}
