//! The checkout: where it is, which files a person wrote, and what they say.
//!
//! The one rule: a check sees files only through [`Tree`], so that its tests can show it a tree that never existed.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result};

/// Folders that nobody wrote by hand.
const SKIPPED: [&str; 4] = ["target", ".git", "trunkline-data", "node_modules"];
const TEXT: [&str; 14] = [
    "rs",
    "md",
    "toml",
    "tsv",
    "yaml",
    "yml",
    "sql",
    "json",
    "snap",
    "mjs",
    "py",
    "conf",
    "service",
    "dockerignore",
];
/// Text files that have no ending.
const NAMES: [&str; 2] = ["Dockerfile", "Caddyfile"];

/// The root of the checkout.
pub(crate) fn root() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().unwrap_or(manifest).to_path_buf()
}

/// The text files of a checkout, by path from the root with `/` between the parts.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: BTreeMap<String, String>,
}

impl Tree {
    /// Reads every text file below `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self::default();
        tree.walk(root, root)?;
        Ok(tree)
    }

    /// A tree out of thin air.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        Self {
            files: files
                .iter()
                .map(|(path, text)| ((*path).to_owned(), (*text).to_owned()))
                .collect(),
        }
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(String::as_str)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.files
            .iter()
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The files whose name ends in `suffix`.
    pub(crate) fn ending(&self, suffix: &str) -> impl Iterator<Item = (&str, &str)> {
        self.iter().filter(move |(path, _)| path.ends_with(suffix))
    }

    /// Whether a file or folder of this path exists.
    pub(crate) fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.contains_key(path)
            || path.is_empty()
            || self.files.keys().any(|file| file.starts_with(&folder))
    }

    fn walk(&mut self, root: &Path, folder: &Path) -> Result<()> {
        for entry in fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))? {
            let path = entry?.path();
            let name = path
                .file_name()
                .unwrap_or_default()
                .to_string_lossy()
                .into_owned();
            if path.is_dir() {
                if !SKIPPED.contains(&name.as_str()) {
                    self.walk(root, &path)?;
                }
                continue;
            }
            let known = path
                .extension()
                .is_some_and(|ending| TEXT.iter().any(|text| ending == *text));
            if !(known
                || NAMES.contains(&name.as_str())
                || name.starts_with("LICENSE")
                || path.ends_with(".ci/run"))
                || name.ends_with(".snap.new")
            {
                continue;
            }
            let inside: Vec<_> = path
                .strip_prefix(root)?
                .components()
                .map(|part| part.as_os_str().to_string_lossy())
                .collect();
            // A file that another process is just replacing is not there to be judged.
            if let Ok(text) = fs::read_to_string(&path) {
                self.files.insert(inside.join("/"), text);
            }
        }
        Ok(())
    }
}
