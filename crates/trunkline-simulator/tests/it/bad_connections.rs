//! Connections that are slow, cut or old: each is answered or ended, and none keeps others waiting.

use std::{
    io::{Read as _, Write as _},
    net::{Shutdown, TcpStream},
    time::Duration,
};

use crate::harness::{Sim, TOKEN, parse};

fn connect(sim: &Sim) -> TcpStream {
    let stream = TcpStream::connect(sim.address()).unwrap();
    // Only so that a hung connection fails instead of hanging the test.
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

fn rest(mut stream: TcpStream) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).unwrap();
    all
}

/// A call whose connection ends with its answer.
fn request(line: &str, body: &str) -> String {
    format!(
        "{line}\r\nhost: localhost\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\nintercom-version: 2.16\r\n\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[test]
fn the_oldest_http_is_answered_and_newer_than_known_is_refused() {
    let sim = Sim::new();
    for (head, status) in [
        (
            format!("GET /me HTTP/1.0\r\nauthorization: Bearer {TOKEN}\r\n\r\n"),
            200,
        ),
        ("GET /me HTTP/1.0\r\n\r\n".to_owned(), 401),
        ("GET /me HTTP/9.9\r\n\r\n".to_owned(), 400),
        ("nonsense\r\n\r\n".to_owned(), 400),
        (
            "GET /me HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n".to_owned(),
            400,
        ),
        (
            "GET /me HTTP/1.1\r\nhost: a\r\ncontent-length: -1\r\n\r\n".to_owned(),
            400,
        ),
        (
            "GET /me HTTP/1.1\r\nhost: a\r\ntransfer-encoding: nonsense\r\n\r\n".to_owned(),
            400,
        ),
    ] {
        let mut stream = connect(&sim);
        stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(parse(&rest(stream)).status, status, "{head}");
    }
}

#[test]
fn a_request_that_is_cut_changes_nothing_and_hurts_nobody() {
    let sim = Sim::new();
    let whole = request("POST /contacts HTTP/1.1", "{\"role\":\"lead\",\"name\":\"Cut\"}");
    let before = sim.truth("contacts").len();
    for end in 0..whole.len() {
        let mut stream = connect(&sim);
        stream.write_all(&whole.as_bytes()[..end]).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        // Whatever is answered, the connection ends.
        let answer = rest(stream);
        assert!(answer.is_empty() || parse(&answer).status == 400, "cut at {end}");
    }
    assert_eq!(sim.truth("contacts").len(), before);
    let mut stream = connect(&sim);
    stream.write_all(whole.as_bytes()).unwrap();
    assert_eq!(parse(&rest(stream)).status, 200);
}

#[test]
fn a_request_that_comes_byte_by_byte_is_answered() {
    let sim = Sim::new();
    let mut stream = connect(&sim);
    stream.set_nodelay(true).unwrap();
    for byte in request("POST /contacts HTTP/1.1", "{\"role\":\"lead\",\"name\":\"Slow\"}").as_bytes() {
        stream.write_all(&[*byte]).unwrap();
    }
    let got = parse(&rest(stream));
    assert_eq!((got.status, &got.json()["name"]), (200, &"Slow".into()));
    let mut stream = connect(&sim);
    let head = format!(
        "POST /contacts HTTP/1.1\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer {TOKEN}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    for byte in b"{\"role\":\"lead\"}" {
        stream.write_all(b"1\r\n").unwrap();
        stream.write_all(&[*byte]).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    stream.write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(parse(&rest(stream)).status, 200);
}

#[test]
fn a_connection_goes_on_after_a_refusal() {
    let sim = Sim::new();
    let mut stream = connect(&sim);
    let kept = |line: &str, body: &str| request(line, body).replace("connection: close\r\n", "");
    for (line, body) in [
        ("POST /contacts HTTP/1.1", "{"),
        ("GET /contacts/nobody HTTP/1.1", ""),
        ("POST /contacts/search HTTP/1.1", "[]"),
    ] {
        stream.write_all(kept(line, body).as_bytes()).unwrap();
    }
    stream
        .write_all(request("GET /me HTTP/1.1", "").as_bytes())
        .unwrap();
    let all = String::from_utf8(rest(stream)).unwrap();
    let statuses: Vec<&str> = all
        .split("HTTP/1.1 ")
        .skip(1)
        .map(|answer| &answer[..3])
        .collect();
    assert_eq!(statuses, ["400", "404", "400", "200"]);
}

#[test]
fn who_reads_slowly_keeps_nobody_waiting_and_gets_everything() {
    let sim = Sim::new();
    let path = "GET /contacts?per_page=150 HTTP/1.1";
    let mut quick = connect(&sim);
    quick.write_all(request(path, "").as_bytes()).unwrap();
    let expected = parse(&rest(quick)).text;
    let idle: Vec<TcpStream> = (0..50)
        .map(|_| {
            let mut stream = connect(&sim);
            stream.write_all(request(path, "").as_bytes()).unwrap();
            stream
        })
        .collect();
    assert_eq!(
        sim.try_get("/me").status,
        200,
        "fifty others have not read a byte"
    );
    for mut stream in idle {
        let mut all = Vec::new();
        let mut few = [0; 4_096];
        loop {
            match stream.read(&mut few).unwrap() {
                0 => break,
                count => all.extend_from_slice(&few[..count]),
            }
        }
        assert_eq!(parse(&all).text, expected);
    }
}
