//! The actors of these tests: a simulator that is asked for the truth, a person at a command line, a mirror file.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;
use trunkline_simulator::{Options, Running};

pub(crate) const TOKEN: &str = "dG9rOnRlc3Q=";
/// The client secret of the simulator's own app.
pub(crate) const CLIENT_SECRET: &str = "simulated-client-secret";

/// Fails when something that was printed or logged holds a secret. Every test that looks at an output goes through here.
pub(crate) fn holds_no_secret(printed: &str) {
    for secret in [TOKEN, CLIENT_SECRET, "trunkline-key-1:"] {
        assert!(!printed.contains(secret), "a secret was printed");
    }
}

/// A simulator on a free port, stopped when it is dropped.
pub(crate) struct Simulator {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
    base_url: String,
    client: reqwest::Client,
}

impl Simulator {
    /// A small workspace that never changes by itself and stands at a fixed moment, so that a seed says it all.
    pub(crate) fn small() -> Self {
        Self::start(small())
    }

    pub(crate) fn start(options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let running = runtime.block_on(trunkline_simulator::start(options)).unwrap();
        let base_url = format!("http://{}", running.address());
        Self {
            runtime,
            running: Some(running),
            base_url,
            client: reqwest::Client::builder()
                // Nothing here is encrypted, and reading the machine's certificates takes longer than a test.
                .tls_certs_only([])
                .build()
                .unwrap(),
        }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }

    /// One call of the control surface.
    pub(crate) fn control(&self, method: &str, path: &str, body: Option<&Value>) -> String {
        self.api_at("2.16", method, &format!("/_sim{path}"), body).1
    }

    /// One call of the API itself, as somebody else in the workspace would make it.
    pub(crate) fn api(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let (status, text) = self.api_at("2.16", method, path, body);
        (status, serde_json::from_str(&text).unwrap_or(Value::Null))
    }

    /// The same at a version, and as text.
    pub(crate) fn api_at(
        &self,
        version: &str,
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> (u16, String) {
        let url = format!("{}{path}", self.base_url);
        self.runtime.block_on(async {
            let mut request = self
                .client
                .request(method.parse().unwrap(), url)
                .header("authorization", format!("Bearer {TOKEN}"))
                .header("intercom-version", version);
            if let Some(body) = body {
                request = request
                    .header("content-type", "application/json")
                    .body(body.to_string());
            }
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.text().await.unwrap())
        })
    }

    /// How many objects of each stream exist.
    pub(crate) fn counts(&self) -> BTreeMap<String, u64> {
        serde_json::from_str(&self.control("GET", "/truth", None)).unwrap()
    }

    /// Every object of a stream that exists now, as the version shows it.
    pub(crate) fn truth(&self, stream: &str, version: &str) -> Vec<Value> {
        self.control("GET", &format!("/truth/{stream}?version={version}"), None)
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Lets things happen in the workspace.
    pub(crate) fn activity(&self, steps: u32) {
        self.control("POST", "/activity", Some(&serde_json::json!({ "steps": steps })));
    }

    /// Moves the workspace's clock on.
    pub(crate) fn advance(&self, seconds: u64) {
        self.control(
            "PUT",
            "/clock",
            Some(&serde_json::json!({ "advance_seconds": seconds })),
        );
    }

    /// The calls that were answered since the log was cleared, oldest first.
    pub(crate) fn requests(&self) -> Vec<Value> {
        let text = self.control("GET", "/requests", None);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    pub(crate) fn forget_requests(&self) {
        self.control("DELETE", "/requests", None);
    }

    pub(crate) fn faults(&self, faults: &Value) {
        self.control("PUT", "/faults", Some(faults));
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// The options that `Simulator::small` starts with.
///
/// Its one conversation beyond 500 parts is shown whole, so that the mirror can be compared with the truth row by row;
/// `truncation.rs` has the habit on.
pub(crate) fn small() -> Options {
    let mut habits = trunkline_simulator::Habits::default();
    habits.turn_off("five_hundred_parts").unwrap();
    Options {
        habits,
        listen: "127.0.0.1:0".parse().unwrap(),
        seed: 7,
        contacts: 400,
        companies: 60,
        conversations: 250,
        parts: 6,
        tickets: 40,
        rate_limit: None,
        tokens: vec![TOKEN.to_owned()],
        clock_stands: true,
        start: Some("2026-11-20T12:00:00Z".parse().unwrap()),
        control: true,
        ..Options::default()
    }
}

/// A folder of its own and the commands that a person runs in it.
pub(crate) struct Desk {
    folder: TempDir,
}

impl Desk {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn mirror(&self) -> PathBuf {
        self.path().join("mirror.db")
    }

    /// The binary with a clean environment, in this folder.
    pub(crate) fn trunkline(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_trunkline"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("INTERCOM_TOKEN", TOKEN)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Outcome {
        Outcome::of(self.trunkline(arguments).output().unwrap())
    }

    pub(crate) fn sync_command(&self, simulator: &Simulator, more: &[&str]) -> Command {
        let mut arguments = vec![
            "sync",
            "--base-url",
            simulator.base_url(),
            "--to",
            "sqlite:mirror.db",
            "--json",
        ];
        arguments.extend_from_slice(more);
        self.trunkline(&arguments)
    }

    /// Mirrors and expects success.
    pub(crate) fn sync(&self, simulator: &Simulator, more: &[&str]) -> Value {
        let outcome = Outcome::of(self.sync_command(simulator, more).output().unwrap());
        assert_eq!(outcome.code, 0, "{}{}", outcome.stdout, outcome.stderr);
        outcome.json()
    }

    /// The mirror, as any other program opens it.
    pub(crate) fn open(&self) -> rusqlite::Connection {
        rusqlite::Connection::open_with_flags(self.mirror(), rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY)
            .unwrap()
    }
}

/// What a command printed and how it ended.
pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    pub(crate) fn of(output: Output) -> Self {
        let outcome = Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        holds_no_secret(&outcome.stdout);
        holds_no_secret(&outcome.stderr);
        outcome
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}{}", self.stdout, self.stderr))
    }
}
