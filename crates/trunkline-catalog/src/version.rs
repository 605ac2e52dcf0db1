//! The versions of Intercom's API that the catalog knows, in order of release.

use std::{fmt, str::FromStr};

/// One published version, oldest first, so that `<` means "released before" (facts 1.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// 2.7, released 2022-12-07: the oldest version that the catalog describes.
    V2_7,
    /// 2.8, released 2023-01-24.
    V2_8,
    /// 2.9, released 2023-01-24: tickets appear.
    V2_9,
    /// 2.10, released 2023-09-14.
    V2_10,
    /// 2.11, released 2024-05-03.
    V2_11,
    /// 2.12.
    V2_12,
    /// 2.13.
    V2_13,
    /// 2.14, released 2025-08-15: what the official clients send.
    V2_14,
    /// 2.15, released 2026-02-10.
    V2_15,
    /// 2.16, released 2026-07: what Trunkline sends unless told otherwise.
    V2_16,
    /// Preview: operations that no numbered version has yet.
    Preview,
}

/// A version that the catalog does not describe.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Intercom's API has no version {0:?}; the known ones are 2.7 to 2.16 and Preview")]
pub struct UnknownVersion(pub String);

impl Version {
    /// Every version, oldest first.
    pub const ALL: [Self; 11] = [
        Self::V2_7,
        Self::V2_8,
        Self::V2_9,
        Self::V2_10,
        Self::V2_11,
        Self::V2_12,
        Self::V2_13,
        Self::V2_14,
        Self::V2_15,
        Self::V2_16,
        Self::Preview,
    ];

    /// What Trunkline sends unless a connection says otherwise.
    pub const DEFAULT: Self = Self::V2_16;

    /// The value of the `Intercom-Version` header, such as `2.16` or `Preview`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2_7 => "2.7",
            Self::V2_8 => "2.8",
            Self::V2_9 => "2.9",
            Self::V2_10 => "2.10",
            Self::V2_11 => "2.11",
            Self::V2_12 => "2.12",
            Self::V2_13 => "2.13",
            Self::V2_14 => "2.14",
            Self::V2_15 => "2.15",
            Self::V2_16 => "2.16",
            Self::Preview => "Preview",
        }
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Version {
    type Err = UnknownVersion;

    /// Reads a header's value; `preview` and `unstable` are accepted in any case, since both names were in use.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.eq_ignore_ascii_case("preview") || text.eq_ignore_ascii_case("unstable") {
            return Ok(Self::Preview);
        }
        Self::ALL
            .into_iter()
            .find(|version| version.as_str() == text)
            .ok_or_else(|| UnknownVersion(text.to_owned()))
    }
}
