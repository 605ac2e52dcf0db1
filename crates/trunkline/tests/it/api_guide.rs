//! docs/guides/api.md, run word by word against a process of its own.
//!
//! The one rule: every block of `sh` is run as it stands, in one shell, and the `json` behind it is what comes back. Only what
//! is shown is compared; `…` stands for what differs each time.

use std::{
    fs,
    io::{BufRead as _, BufReader},
    os::unix::fs::symlink,
    process::{Child, Command, Stdio},
};

use serde_json::Value;

use crate::harness::Desk;

const GUIDE: &str = include_str!("../../../../docs/guides/api.md");
/// The address in the guide.
const ADDRESS: &str = "127.0.0.1:7070";
/// Printed between two blocks.
const MARK: &str = "---- next block ----";

/// A block of code: its language, and what stands in it.
fn blocks() -> Vec<(&'static str, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(&str, String)> = None;
    for line in GUIDE.lines() {
        match (line.strip_prefix("```"), &mut open) {
            (Some(language), None) => open = Some((language, String::new())),
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (None, Some((_, text))) => {
                text.push_str(line);
                text.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// Whether what came back has everything that is shown.
fn fits(shown: &Value, actual: &Value) -> bool {
    match (shown, actual) {
        (Value::String(text), actual) if text.contains('…') => !actual.is_null(),
        (Value::Object(shown), Value::Object(actual)) => shown
            .iter()
            .all(|(name, shown)| actual.get(name).is_some_and(|actual| fits(shown, actual))),
        (shown, actual) => shown == actual,
    }
}

/// The process, stopped however the test ends.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

#[test]
fn the_guide_to_the_api_shows_what_happens() {
    let desk = Desk::new();
    let mut serving = Serving(
        desk.trunkline(&["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let mut lines = BufReader::new(serving.0.stdout.take().unwrap()).lines();
    let first = lines.next().unwrap().unwrap();
    let address = first.rsplit("http://").next().unwrap().trim().to_owned();
    fs::write(
        desk.path().join(".curlrc"),
        format!("connect-to = \"{ADDRESS}:{address}\"\nsilent\n"),
    )
    .unwrap();
    fs::create_dir(desk.path().join("bin")).unwrap();
    symlink(env!("CARGO_BIN_EXE_trunkline"), desk.path().join("bin/trunkline")).unwrap();
    let blocks = blocks();
    let script: String = blocks
        .iter()
        .filter(|(language, _)| *language == "sh")
        .map(|(_, text)| format!("{text}\necho; echo '{MARK}'\n"))
        .collect();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &script])
        .current_dir(desk.path())
        .env_clear()
        .env(
            "PATH",
            format!(
                "{}:/usr/local/bin:/usr/bin:/bin",
                desk.path().join("bin").display()
            ),
        )
        .env("CURL_HOME", desk.path())
        .env("INTERCOM_TOKEN", "dG9rOnRlc3Q=")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut answers = said.split(MARK);
    let mut compared = 0;
    let mut answer = "";
    for (language, text) in &blocks {
        match *language {
            "sh" => answer = answers.next().unwrap(),
            "json" => {
                let shown: Value = serde_json::from_str(text).unwrap();
                let actual: Value =
                    serde_json::from_str(answer).unwrap_or_else(|error| panic!("{error}: {answer}"));
                assert!(
                    fits(&shown, &actual),
                    "the guide shows {shown:#}\nand this came back: {actual:#}"
                );
                compared += 1;
            }
            _ => {}
        }
    }
    assert!(compared > 10, "only {compared} answers are shown");
    let header = fs::metadata(desk.path().join("key.header")).unwrap();
    assert_eq!(
        std::os::unix::fs::PermissionsExt::mode(&header.permissions()) & 0o077,
        0
    );
}
