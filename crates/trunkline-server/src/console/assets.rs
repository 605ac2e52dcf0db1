//! The console's own files: looks, script, icons.
//!
//! The one rule: their addresses carry a mark of their content, so a browser keeps them for a year and never has an old one.

use std::sync::LazyLock;

use axum::response::{IntoResponse as _, Response};
use http::{StatusCode, header};
use sha2::{Digest as _, Sha256};

/// A file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asset {
    pub(super) path: &'static str,
    kind: &'static str,
    pub(super) text: &'static str,
}

pub(super) const STYLE: Asset = Asset {
    path: "/assets/console.css",
    kind: "text/css; charset=utf-8",
    text: include_str!("assets/console.css"),
};
pub(super) const SCRIPT: Asset = Asset {
    path: "/assets/console.js",
    kind: "text/javascript; charset=utf-8",
    text: include_str!("assets/console.js"),
};
pub(super) const ICONS: Asset = Asset {
    path: "/assets/icons.svg",
    kind: "image/svg+xml",
    text: include_str!("assets/icons.svg"),
};
pub(super) const MARK: Asset = Asset {
    path: "/assets/mark.svg",
    kind: "image/svg+xml",
    text: include_str!("assets/mark.svg"),
};

/// All of them.
pub(super) const ALL: [Asset; 4] = [STYLE, SCRIPT, ICONS, MARK];

/// One mark for all of them.
static EDITION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for asset in ALL {
        hash.update(asset.text.as_bytes());
    }
    hash.finalize()
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect()
});

impl Asset {
    /// Its address, with the mark of its content.
    pub(super) fn address(self) -> String {
        format!("{}?v={}", self.path, *EDITION)
    }

    pub(super) fn answer(self) -> Response {
        let kept = [
            (header::CONTENT_TYPE, self.kind),
            (header::CACHE_CONTROL, "public, max-age=31536000, immutable"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (StatusCode::OK, kept, self.text).into_response()
    }
}
