//! Where a mirror goes: `sqlite:FILE`.

use std::{path::PathBuf, str::FromStr};

use crate::failure::Failure;

/// A database to mirror into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A SQLite file.
    Sqlite(PathBuf),
}

impl FromStr for Target {
    type Err = Failure;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let unknown = |message: String| {
            Failure::usage(
                "TL0003",
                message,
                "Write the target as `sqlite:FILE`, for example `--to sqlite:mirror.db`.",
            )
        };
        match text.split_once(':') {
            Some(("sqlite", "")) => Err(unknown("the target `sqlite:` names no file".to_owned())),
            Some(("sqlite", path)) => Ok(Self::Sqlite(PathBuf::from(path))),
            Some((scheme, _)) => Err(unknown(format!("there is no target of the kind `{scheme}`"))),
            None => Err(unknown(format!("`{text}` is not a target"))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_a_scheme_and_a_file() {
        assert_eq!(
            "sqlite:mirror.db".parse::<Target>().unwrap(),
            Target::Sqlite("mirror.db".into())
        );
        assert_eq!(
            "sqlite:/a/b c.db".parse::<Target>().unwrap(),
            Target::Sqlite("/a/b c.db".into())
        );
    }

    #[test]
    fn a_target_that_cannot_be_is_refused_with_what_to_write() {
        for text in ["mirror.db", "postgres://localhost/x", "sqlite:", ""] {
            let failure = text.parse::<Target>().unwrap_err();
            assert_eq!(failure.code, "TL0003", "{text}");
            assert!(failure.advice.contains("sqlite:mirror.db"), "{text}");
        }
    }
}
