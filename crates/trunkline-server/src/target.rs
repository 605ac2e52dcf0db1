//! Where a mirror goes: `sqlite:FILE`.

use std::{
    path::{Path, PathBuf},
    str::FromStr,
};

use crate::ServerError;

/// A database to mirror into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl Target {
    /// The file, of which a relative path begins at `folder`.
    #[must_use]
    pub fn under(self, folder: &Path) -> PathBuf {
        let Self::Sqlite(path) = self;
        folder.join(path)
    }
}

impl FromStr for Target {
    type Err = ServerError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = |reason: String| Err(ServerError::Target { reason });
        match text.split_once(':') {
            Some(("sqlite", "")) => unknown("the target `sqlite:` names no file".to_owned()),
            Some(("sqlite", path)) => Ok(Self::Sqlite(PathBuf::from(path))),
            // Not the whole text: what stands behind the scheme may hold a password.
            Some((scheme, _)) => unknown(format!("there is no target of the kind `{scheme}`")),
            None => unknown(format!("`{text}` is not a target")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_scheme_and_a_file() {
        for (text, file) in [
            ("sqlite:mirror.db", "/data/mirror.db"),
            ("sqlite:/a/b c.db", "/a/b c.db"),
        ] {
            let target: Target = text.parse().unwrap();
            assert_eq!(target.under(Path::new("/data")), PathBuf::from(file));
        }
    }

    #[test]
    fn a_target_that_cannot_be_is_refused_with_what_to_write() {
        for text in ["mirror.db", "postgres://u:hush@localhost/x", "sqlite:", ""] {
            let error = text.parse::<Target>().unwrap_err();
            assert_eq!(error.code(), "TL0003", "{text}");
            assert!(error.advice().contains("sqlite:mirror.db"), "{text}");
            assert!(!error.to_string().contains("hush"), "{error}");
        }
    }
}
