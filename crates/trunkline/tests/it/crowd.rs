//! Ten thousand connections at once, to a simulator that is a process of its own.

use std::io::Write as _;

use futures::{StreamExt as _, stream};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{browser::drive, harness::Desk, workspaces::Serving};

const CONNECTIONS: u64 = 10_000;
/// How many are opened at a time.
const AT_A_TIME: usize = 250;
/// What else a process holds open.
const BESIDE: u64 = 400;
const REQUEST: &[u8] =
    b"GET /me HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer crowd\r\n\r\n";

/// Raises what this process may hold open, and with it the processes that it starts.
fn make_room() -> bool {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    let wanted = CONNECTIONS + BESIDE;
    soft >= wanted || setrlimit(Resource::RLIMIT_NOFILE, wanted.min(hard), hard).is_ok() && hard >= wanted
}

#[test]
fn ten_thousand_connections_at_once_are_all_answered() {
    if !make_room() {
        let message = format!(
            "ten thousand connections need a file limit of {}",
            CONNECTIONS + BESIDE
        );
        assert!(std::env::var_os("TRUNKLINE_REQUIRE_ALL").is_none(), "{message}");
        // Past the test runner, which keeps what a passing test prints to itself.
        writeln!(std::io::stderr(), "left out: {message}").unwrap();
        return;
    }
    let desk = Desk::new();
    let serving = Serving::start(
        &desk,
        &["--contacts", "10", "--token", "crowd", "--rate-limit", "0"],
    );
    let address = serving.base_url.strip_prefix("http://").unwrap();
    let answered = drive(async {
        // Many at a time: whoever is open waits for the last, and the simulator does not wait long for a request.
        let open: Vec<TcpStream> = stream::iter(0..CONNECTIONS)
            .map(|_| async { TcpStream::connect(address).await.unwrap() })
            .buffer_unordered(AT_A_TIME)
            .collect()
            .await;
        let calls: Vec<_> = open
            .into_iter()
            .map(|mut stream| {
                tokio::spawn(async move {
                    stream.write_all(REQUEST).await.unwrap();
                    let mut answer = Vec::new();
                    stream.read_to_end(&mut answer).await.unwrap();
                    answer.starts_with(b"HTTP/1.1 200")
                })
            })
            .collect();
        let mut answered = 0;
        for call in calls {
            answered += u64::from(call.await.unwrap());
        }
        answered
    });
    assert_eq!(answered, CONNECTIONS);
    assert_eq!(serving.stop().0.code, 0);
}
