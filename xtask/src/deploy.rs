//! Whether what people deploy by stays true: the files in `deploy/`, and the command lines that the documents show.
//!
//! The one rule: the built binary is asked, by `--help`, and nothing is remembered about it here. [`files`] reads the files,
//! [`commands`] finds command lines and asks about them.

use std::{fs, process::Command};

use anyhow::{Context as _, Result, bail};

use crate::{
    binary,
    repo::{self, Tree},
};

mod commands;
mod files;

/// A step of `cargo xtask test`.
pub(crate) fn run() -> Result<()> {
    let binary = binary::build(binary::Profile::Dev)?;
    let help = |words: &[String]| {
        let output = Command::new(&binary).args(words).arg("--help").output().ok()?;
        output
            .status
            .success()
            .then(|| String::from_utf8_lossy(&output.stdout).into_owned())
    };
    let mut lines = Vec::new();
    let mut findings = Vec::new();
    for (name, read) in files::ALL {
        let path = repo::root().join("deploy").join(name);
        let text = fs::read_to_string(&path).with_context(|| format!("reading deploy/{name}"))?;
        let said = read(&text);
        let strange = said
            .lines
            .iter()
            .filter_map(|words| commands::unread(words, &said.variables, &help));
        let wrong = said.wrong.iter().cloned().chain(strange);
        findings.extend(wrong.map(|what| format!("deploy/{name}: {what}")));
        lines.extend(
            said.lines
                .into_iter()
                .map(|words| (format!("deploy/{name}"), words)),
        );
    }
    let tree = Tree::read(&repo::root())?;
    for (path, text) in tree.ending(".md").filter(|(path, _)| is_for_users(path)) {
        let found = commands::in_document(text);
        lines.extend(found.into_iter().map(|words| (path.to_owned(), words)));
    }
    for (path, words) in &lines {
        findings.extend(commands::unknown(words, &help).map(|what| format!("{path}: {what}")));
    }
    if findings.is_empty() {
        println!("{} command lines fit the binary", lines.len());
        return Ok(());
    }
    bail!("{}", findings.join("\n"))
}

fn is_for_users(path: &str) -> bool {
    path == "README.md" || path.starts_with("docs/")
}
