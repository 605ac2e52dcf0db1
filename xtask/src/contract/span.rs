//! Versions that a line of the tables is about: `*`, `2.11`, or `2.7..2.9` with both ends.

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use trunkline_catalog::Version;

/// From the first to the last version, both included; all when there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Span(Option<(Version, Version)>);

impl Span {
    pub(super) fn parse(text: &str) -> anyhow::Result<Self> {
        if text == "*" {
            return Ok(Self(None));
        }
        let (first, last) = text.split_once("..").unwrap_or((text, text));
        let version = |text: &str| {
            text.parse::<Version>()
                .with_context(|| format!("{text:?} is no version"))
        };
        let (first, last) = (version(first)?, version(last)?);
        ensure!(first <= last, "{text} ends before it begins");
        Ok(Self(Some((first, last))))
    }

    pub(super) fn has(self, version: Version) -> bool {
        self.0
            .is_none_or(|(first, last)| first <= version && version <= last)
    }

    /// The first and the last version; none when it is about all.
    pub(super) fn ends(self) -> Option<[Version; 2]> {
        self.0.map(|(first, last)| [first, last])
    }
}

impl TryFrom<String> for Span {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).map_err(|error| format!("{error:#}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_the_versions_between_its_ends() {
        for (text, version, expected) in [
            ("*", Version::Preview, true),
            ("2.11", Version::V2_11, true),
            ("2.11", Version::V2_12, false),
            ("2.7..2.10", Version::V2_9, true),
            ("2.7..2.10", Version::V2_11, false),
            ("2.16..preview", Version::Preview, true),
        ] {
            let span = Span::parse(text).expect("the case is a span");
            assert_eq!(span.has(version), expected, "{text} {version}");
        }
        for text in ["", "2.6", "2.9..2.7", "2.7..", "..2.9"] {
            assert!(Span::parse(text).is_err(), "{text:?}");
        }
    }
}
