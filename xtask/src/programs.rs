//! Where the programs of this machine are.
//!
//! The one rule: a program that [`find`] does not find is not there, for the needs of the tests and for whoever starts it.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Debian keeps the servers of PostgreSQL by version, outside of `PATH`.
const POSTGRES_BY_VERSION: &str = "/usr/lib/postgresql";

/// The first executable of this name.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    folders_with(program)
        .into_iter()
        .next()
        .map(|folder| folder.join(program))
}

/// Every folder that has an executable of this name.
pub(crate) fn folders_with(program: &str) -> Vec<PathBuf> {
    folders()
        .into_iter()
        .filter(|folder| folder.join(program).is_file())
        .collect()
}

/// Whether we are root, who may install, and whom PostgreSQL refuses to run as.
pub(crate) fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// The first version, major and minor number, in what a program says of itself.
pub(crate) fn version(text: &str) -> Option<(u32, u32)> {
    let word = text
        .split_whitespace()
        .find(|word| word.starts_with(|letter: char| letter.is_ascii_digit()))?;
    let mut numbers = word.split('.');
    let major = leading_number(numbers.next()?)?;
    Some((major, numbers.next().and_then(leading_number).unwrap_or(0)))
}

/// What a program answers to `--version`.
pub(crate) fn version_of(program: &Path) -> Option<(u32, u32)> {
    let output = Command::new(program).arg("--version").output().ok()?;
    version(&String::from_utf8_lossy(&output.stdout))
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text
        .find(|letter: char| !letter.is_ascii_digit())
        .unwrap_or(text.len());
    text[..end].parse().ok()
}

/// `PATH`, cargo's own folder of programs, and Debian's folders of PostgreSQL.
fn folders() -> Vec<PathBuf> {
    let cargo = env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| env::var_os("HOME").map(|home| Path::new(&home).join(".cargo")))
        .map(|home| home.join("bin"));
    let postgres = fs::read_dir(POSTGRES_BY_VERSION).into_iter().flatten();
    env::split_paths(&env::var_os("PATH").unwrap_or_default())
        .chain(cargo)
        .chain(postgres.flatten().map(|version| version.path().join("bin")))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_of_the_path_are_found_and_no_others() {
        assert!(find("sh").is_some());
        assert_eq!(find("no-such-program-1"), None);
    }

    #[test]
    fn versions_are_read_from_what_programs_say() {
        let check = |text: &str, expected: Option<(u32, u32)>| assert_eq!(version(text), expected, "{text}");
        check(
            "postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)\n",
            Some((15, 18)),
        );
        check("postgres (PostgreSQL) 9.6.24", Some((9, 6)));
        check("postgres (PostgreSQL) 18beta1", Some((18, 0)));
        check(
            "ChromeDriver 148.0.7778.167 (0b1c2d-refs/heads/x@{#1})",
            Some((148, 0)),
        );
        check("no version at all", None);
        check("", None);
    }
}
