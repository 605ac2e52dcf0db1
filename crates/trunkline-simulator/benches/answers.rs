//! What answers cost: CPU time of the simulator's own thread for each kind of request, over real sockets.
//!
//! The one rule: only the simulator's thread is counted, so that the load beside it does not blur the figures.
//! Run it with `cargo bench -p trunkline-simulator`; `SIMULATED_CONTACTS` and `SIMULATED_CONVERSATIONS` change the size.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
};

use trunkline_simulator::Options;

const THREAD: &str = "simulated";

fn main() {
    let size = |name: &str, default: u32| {
        std::env::var(name)
            .ok()
            .and_then(|text| text.parse().ok())
            .unwrap_or(default)
    };
    let contacts = size("SIMULATED_CONTACTS", 20_000);
    let options = Options {
        listen: ([127, 0, 0, 1], 0).into(),
        contacts,
        companies: contacts / 10,
        conversations: size("SIMULATED_CONVERSATIONS", 20_000),
        parts: 10,
        tickets: contacts / 10,
        rate_limit: None,
        control: true,
        ..Options::default()
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .thread_name(THREAD)
        .enable_all()
        .build()
        .expect("a runtime");
    let running = runtime
        .block_on(trunkline_simulator::start(options))
        .expect("a simulator");
    println!("{contacts} contacts, resident {} MB", resident());
    let mut wire = Wire::connect(running.address());
    let first = wire.send("GET", "/contacts?per_page=150", "");
    let id = between(&first, "\"id\":\"", "\"").to_owned();
    let conversations = wire.send("GET", "/conversations?per_page=150", "");
    let conversation = between(
        &conversations,
        "\"conversations\":[{\"type\":\"conversation\",\"id\":\"",
        "\"",
    )
    .to_owned();
    wire.measure(
        "GET /contacts/{id}",
        20_000,
        "GET",
        &format!("/contacts/{id}"),
        "",
    );
    wire.measure(
        "GET /contacts?per_page=150",
        500,
        "GET",
        "/contacts?per_page=150",
        "",
    );
    let search = |after: &str| {
        format!(
            "{{\"query\":{{\"field\":\"updated_at\",\"operator\":\">\",\"value\":0}},\"sort\":{{\"field\":\"updated_at\",\
             \"order\":\"ascending\"}},\"pagination\":{{\"per_page\":150{after}}}}}"
        )
    };
    let mut body = search("");
    for (path, name) in [
        ("/contacts/search", "contacts"),
        ("/conversations/search", "conversations"),
        ("/tickets/search", "tickets"),
    ] {
        wire.measure(
            &format!("a page of 150 {name}, first"),
            300,
            "POST",
            path,
            &search(""),
        );
        for _ in 0..60 {
            let page = wire.send("POST", path, &body);
            match page.split_once("\"starting_after\":\"") {
                Some((_, rest)) => {
                    body = search(&format!(
                        ",\"starting_after\":\"{}\"",
                        rest.split('"').next().unwrap_or("")
                    ));
                }
                None => break,
            }
        }
        wire.measure(&format!("a page of 150 {name}, deep"), 300, "POST", path, &body);
        body = search("");
    }
    wire.measure(
        "GET /conversations/{id}",
        5_000,
        "GET",
        &format!("/conversations/{conversation}"),
        "",
    );
    wire.measure(
        "GET /companies?per_page=100",
        100,
        "GET",
        "/companies?per_page=100",
        "",
    );
    wire.measure(
        "PUT /contacts/{id}",
        2_000,
        "PUT",
        &format!("/contacts/{id}"),
        "{\"name\":\"Measured\"}",
    );
    println!("resident {} MB", resident());
    drop(wire);
    runtime.block_on(running.stop());
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    text.split_once(before)
        .and_then(|(_, rest)| rest.split_once(after))
        .map_or("", |(found, _)| found)
}

/// One connection that is kept alive.
struct Wire {
    stream: BufReader<TcpStream>,
}

impl Wire {
    fn connect(address: std::net::SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_nodelay(true).expect("a TCP stream");
        Self {
            stream: BufReader::with_capacity(1 << 20, stream),
        }
    }

    fn send(&mut self, method: &str, path: &str, body: &str) -> String {
        let request = format!(
            "{method} {path} HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer t\r\nintercom-version: 2.16\r\n\
             content-length: {}\r\n\r\n{body}",
            body.len()
        );
        self.stream
            .get_mut()
            .write_all(request.as_bytes())
            .expect("an open connection");
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            self.stream.read_line(&mut line).expect("an answer");
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).expect("a whole answer");
        String::from_utf8(body).expect("text")
    }

    fn measure(&mut self, what: &str, times: u32, method: &str, path: &str, body: &str) {
        let mut bytes = 0;
        let before = cpu_seconds();
        for _ in 0..times {
            bytes = self.send(method, path, body).len();
        }
        let micros = (cpu_seconds() - before) * 1e6 / f64::from(times);
        println!(
            "{what:<40} {micros:>9.1} µs CPU  {:>9.0} a second and core  {bytes:>8} bytes",
            1e6 / micros
        );
    }
}

/// CPU time of the simulator's threads, by the system's own accounts.
fn cpu_seconds() -> f64 {
    let mut ticks = 0_u64;
    for task in std::fs::read_dir("/proc/self/task").expect("Linux").flatten() {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        if name.trim() != THREAD {
            continue;
        }
        let schedule = std::fs::read_to_string(task.path().join("schedstat")).unwrap_or_default();
        ticks += schedule
            .split(' ')
            .next()
            .and_then(|text| text.parse::<u64>().ok())
            .unwrap_or(0);
    }
    ticks as f64 / 1e9
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap_or_default();
    line.split_whitespace()
        .nth(1)
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or(0)
        / 1024
}
