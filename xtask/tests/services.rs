//! What runs beside the tests, as a person at a terminal starts and ends it.
//!
//! The one rule: however it ends, nobody listens afterwards and nothing is left in the temporary folder.

#![expect(clippy::print_stdout, reason = "a test says what it leaves out")]

use std::{
    fs,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    process::{Child, ChildStdout, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use tempfile::TempDir;

/// A chore that keeps a service, its place, and the folder in which it may write.
struct Kept {
    child: Child,
    output: BufReader<ChildStdout>,
    url: String,
    folder: TempDir,
}

impl Kept {
    /// Starts `cargo xtask CHORE`; nothing when a tool is missing that need not be there.
    fn start(chore: &[&str]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        // As the usual one: another user's programs may write there too.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o1777)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_xtask"))
            .args(chore)
            .arg("--no-install")
            .env("TMPDIR", folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let Some((_, url)) = line.split_once('=') else {
            output.read_to_string(&mut line).unwrap();
            child.wait().unwrap();
            let required = std::env::var_os("TRUNKLINE_REQUIRE_ALL").is_some();
            assert!(!required && line.contains("are missing"), "{line}");
            println!("left out: cargo xtask {} ({line})", chore.join(" "));
            return None;
        };
        let url = url.trim().trim_matches('\'').to_owned();
        Some(Self {
            child,
            output,
            url,
            folder,
        })
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    fn connect(&self) -> std::io::Result<TcpStream> {
        let (_, address) = self.url.split_once("127.0.0.1:").unwrap();
        let port = address.split('/').next().unwrap();
        TcpStream::connect(("127.0.0.1", port.parse().unwrap()))
    }

    /// Sends a signal and waits for the end; what is left.
    fn end_by(mut self, signal: Signal) {
        self.connect().unwrap();
        self.signal(signal);
        let status = self.child.wait().unwrap();
        assert_eq!(status.code(), Some(130), "{signal}");
        assert!(self.connect().is_err(), "{signal}: {} still answers", self.url);
        let left: Vec<_> = fs::read_dir(self.folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .collect();
        assert!(left.is_empty(), "{signal}: {left:?}");
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let lines: Vec<&str> = rest.lines().collect();
        let (last, others) = lines.split_last().unwrap();
        assert_eq!(*last, "until Ctrl-C", "{signal}");
        assert!(
            others
                .iter()
                .all(|line| line.starts_with("export TRUNKLINE_TEST_")),
            "{signal}: {rest}"
        );
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        // A test that failed before its end leaves nothing running either.
        if matches!(self.child.try_wait(), Ok(None)) {
            self.signal(Signal::SIGTERM);
            let _ = self.child.wait();
        }
    }
}

#[test]
fn a_postgres_ends_with_the_chore_that_keeps_it() {
    for (chore, signal) in [
        (["postgres"].as_slice(), Signal::SIGINT),
        (&["postgres", "--durable"], Signal::SIGTERM),
    ] {
        let Some(kept) = Kept::start(chore) else { return };
        assert!(
            kept.url.starts_with("postgres://trunkline@127.0.0.1:"),
            "{}",
            kept.url
        );
        kept.end_by(signal);
    }
}

#[test]
fn a_browser_ends_with_the_chore_that_keeps_it_and_takes_its_windows_along() {
    let Some(kept) = Kept::start(&["browser"]) else {
        return;
    };
    // No sandbox, since the tests may run as root, whom it refuses.
    let wishes = r#"{"capabilities":{"alwaysMatch":{"goog:chromeOptions":{"args":["--headless=new","--no-sandbox"]}}}}"#;
    let answer = ask(&kept, "POST /session", wishes);
    assert!(answer.contains("sessionId"), "{answer}");
    kept.end_by(Signal::SIGINT);
}

/// One exchange with the WebDriver.
fn ask(kept: &Kept, call: &str, body: &str) -> String {
    let mut stream = kept.connect().unwrap();
    let length = body.len();
    write!(
        stream,
        "{call} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}"
    )
    .unwrap();
    // The driver keeps the connection open whatever it is asked, so the length says where the answer ends.
    let mut answer = BufReader::new(stream);
    let mut length = 0;
    loop {
        let mut line = String::new();
        answer.read_line(&mut line).unwrap();
        if line.trim().is_empty() {
            break;
        }
        if let Some(number) = line.to_lowercase().strip_prefix("content-length:") {
            length = number.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    answer.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}
