//! The rules of accessibility that pages are held to in the browser: `axe-core`, from its registry.
//!
//! The one rule: it is a tool of the tests and no part of what is shipped.

use anyhow::{Context as _, Result};

use crate::{
    locked::{Locked, Registry},
    repo,
};

/// Installs them; the path of the script.
pub(super) fn install() -> Result<String> {
    let installed = repo::root().join("target/accessibility");
    let script = installed.join("node_modules/axe-core/axe.min.js");
    let locked = Locked {
        package: "axe-core",
        registry: Registry::Npm,
        sources: repo::root().join("tests/accessibility"),
        installed,
    };
    locked.install()?;
    let script = script.into_os_string().into_string();
    script.ok().context("the checkout's path is not UTF-8")
}
