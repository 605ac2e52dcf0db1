//! Senders that mean no good: slow ones, broken ones, many of them.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

use crate::harness::{Process, body, sign};

/// Opens a connection, writes what is given and reads until the other side closes it.
async fn converse(process: &Process, pieces: &[&[u8]]) -> String {
    let address = process.server.as_ref().unwrap().address();
    let mut stream = TcpStream::connect(address).await.unwrap();
    for piece in pieces {
        // The other side may have closed by then.
        stream.write_all(piece).await.ok();
    }
    let mut answer = Vec::new();
    timeout(Duration::from_secs(30), stream.read_to_end(&mut answer))
        .await
        .expect("it is closed in time")
        .ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_head_or_body_that_never_ends_is_cut_off() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    let text = body("a", "notif_1", "ping");
    let signature = sign("hush", text.as_bytes());
    let head = format!(
        "POST /webhooks/intercom HTTP/1.1\r\nhost: t\r\nx-hub-signature: {signature}\r\ncontent-length: {}\r\n\r\n",
        text.len()
    );
    let half = [head.as_bytes(), &text.as_bytes()[..10]];
    let (no_head, half_head, half_body, half_call) = tokio::join!(
        converse(&process, &[]),
        converse(&process, &[b"POST /webhooks/intercom HTTP/1.1\r\nho"]),
        converse(&process, &half),
        converse(
            &process,
            &[b"POST /api/v1/keys HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 50\r\n\r\n{\"name\":"]
        ),
    );
    assert_eq!(no_head, "");
    assert!(
        half_head.is_empty() || half_head.starts_with("HTTP/1.1 408"),
        "{half_head}"
    );
    assert!(half_body.starts_with("HTTP/1.1 408"), "{half_body}");
    assert!(
        half_call.starts_with("HTTP/1.1 408") && half_call.contains("TL0632"),
        "{half_call}"
    );
    assert!(process.kept().await.is_empty(), "half a notification is none");
    assert_eq!(process.notify("/webhooks/intercom", "hush", &text).await.0, 200);
    process.stop().await;
}

#[tokio::test]
async fn what_is_not_http_is_closed_and_others_are_served() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    for bytes in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"[..],
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /webhooks/intercom HTTP/1.1\r\nhost: t\r\ncontent-length: -5\r\n\r\n",
        b"POST /webhooks/intercom HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\nZZZ\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: t\r\nx: a\x00b\r\nconnection: close\r\n\r\n",
    ] {
        let answer = converse(&process, &[bytes]).await;
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4") || answer.starts_with("HTTP/1.0 4"),
            "{answer}"
        );
    }
    assert_eq!(
        process
            .notify("/webhooks/intercom", "hush", &body("a", "n", "ping"))
            .await
            .0,
        200
    );
    process.stop().await;
}

#[tokio::test]
async fn a_stop_answers_what_has_begun() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    let text = body("a", "notif_1", "ping");
    let head = format!(
        "POST /webhooks/intercom HTTP/1.1\r\nhost: t\r\nx-hub-signature: {}\r\ncontent-length: {}\r\n\r\n",
        sign("hush", text.as_bytes()),
        text.len()
    );
    let mut stream = TcpStream::connect(process.server.as_ref().unwrap().address())
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.write_all(&text.as_bytes()[..20]).await.unwrap();
    // Another whole request shows that the process has seen the first one's connection.
    assert_eq!(
        process
            .notify("/webhooks/intercom", "hush", &body("a", "notif_2", "ping"))
            .await
            .0,
        200
    );
    let stopping = tokio::spawn(process.stop());
    stream.write_all(&text.as_bytes()[20..]).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(
        answer.starts_with(b"HTTP/1.1 200"),
        "{}",
        String::from_utf8_lossy(&answer)
    );
    stopping.await.unwrap();
}

#[tokio::test]
async fn who_comes_when_all_places_are_taken_waits_until_one_is_free() {
    let process = Process::start_with(|options| options.connections = 2).await;
    let address = process.server.as_ref().unwrap().address();
    const REQUEST: &[u8] = b"GET /healthz HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut all = Vec::new();
    let mut answer = [0; 12];
    for _ in 0..2 {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(REQUEST).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        all.push(stream);
    }
    let mut third = TcpStream::connect(address).await.unwrap();
    third.write_all(REQUEST).await.unwrap();
    // Those who have a place are answered on, and nothing has come for the third meanwhile.
    for stream in &mut all {
        stream.write_all(REQUEST).await.unwrap();
        stream.read_exact(&mut answer).await.unwrap();
    }
    let nothing = third.try_read(&mut answer).unwrap_err();
    assert_eq!(nothing.kind(), std::io::ErrorKind::WouldBlock);
    drop(all);
    third.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200");
    drop(third);
    process.stop().await;
}

#[tokio::test]
async fn a_flood_of_forgeries_writes_nothing_and_keeps_no_true_one_out() {
    let process = Process::start().await;
    process.app("mine", "hush").await;
    let forged = (0..2_000).map(|number| {
        let (process, text) = (&process, body("a", &format!("forged_{number}"), "ping"));
        async move { process.notify("/webhooks/intercom", "guessed", &text).await.0 }
    });
    let text = body("a", "notif_1", "ping");
    let flood = futures::future::join_all(forged);
    let (refused, (taken, _)) = tokio::join!(flood, process.notify("/webhooks/intercom", "hush", &text));
    assert!(refused.iter().all(|status| *status == 401), "{refused:?}");
    assert_eq!(taken, 200);
    assert_eq!(process.kept().await.len(), 1);
    process.stop().await;
}
