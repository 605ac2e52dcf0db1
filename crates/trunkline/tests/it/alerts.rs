//! Alerts from outside: a flow that fails is told to a channel, listed, and not told again after a restart; a channel is tried.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    sync::{Arc, Mutex},
};

use serde_json::Value;

use crate::{
    harness::Desk,
    process::{Process, json as shown, until},
};

/// A server that takes whatever is posted and keeps it.
fn hook() -> (String, Arc<Mutex<Vec<Value>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/", listener.local_addr().unwrap());
    let came: Arc<Mutex<Vec<Value>>> = Arc::default();
    let keeps = Arc::clone(&came);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut text = String::new();
            // Until the body is whole, which ends with the bracket of an object.
            let is_whole = |text: &str| {
                let body = text.split_once("\r\n\r\n").map(|(_, body)| body);
                body.is_some_and(|body| serde_json::from_str::<Value>(body).is_ok())
            };
            while !is_whole(&text) {
                let mut some = [0; 4096];
                let count = stream.read(&mut some).unwrap();
                if count == 0 {
                    break;
                }
                text.push_str(std::str::from_utf8(&some[..count]).unwrap());
            }
            let (_, body) = text.split_once("\r\n\r\n").unwrap();
            keeps.lock().unwrap().push(serde_json::from_str(body).unwrap());
            stream
                .write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
                .unwrap();
        }
    });
    (address, came)
}

const FAILS: &str = "flow: fails\nsource: { file: { path: not-there.jsonl } }\nschedule: { every: 1s }\ndestinations: [stdout]\n";

fn settings(desk: &Desk, text: &str) {
    let folder = desk.path().join("trunkline-data");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("trunkline.toml"), text).unwrap();
}

#[test]
fn a_flow_that_fails_is_told_once_however_often_the_process_starts() {
    let desk = Desk::new();
    let (address, came) = hook();
    settings(
        &desk,
        &format!("[alerts.channels.ops]\nhttp = {{ url = \"{address}\" }}\n"),
    );
    fs::write(desk.path().join("fails.yaml"), FAILS).unwrap();
    assert_eq!(desk.run(&["flow", "apply", "fails.yaml"]).code, 0);
    assert!(desk.run(&["alerts", "list"]).stdout.contains("All is well"));

    for life in 0..2 {
        let process = Process::start(&desk, &[]);
        until("the alert", || {
            shown(&desk, &["alerts", "list"])[0]["notices"][0]["state"] == "sent"
        });
        assert_eq!(process.stop(), 0, "life {life}");
    }
    let came = came.lock().unwrap();
    assert_eq!(came.len(), 1, "{came:?}");
    let text = came[0]["text"].as_str().unwrap();
    assert!(text.starts_with("The flow fails fails with TL0"), "{text}");
    let table = desk.run(&["alerts", "list"]).stdout;
    assert!(
        table.contains("the flow fails fails") && table.contains("ops: began sent"),
        "{table}"
    );
    let channels = shown(&desk, &["alerts", "channels"]);
    assert_eq!(
        (&channels[0]["name"], &channels[0]["waiting"]),
        (&"ops".into(), &0.into())
    );
}

#[test]
fn a_channel_is_tried_and_what_is_wrong_with_it_is_said() {
    let desk = Desk::new();
    let (address, came) = hook();
    assert!(
        desk.run(&["alerts", "channels"])
            .stdout
            .contains("Nobody is told")
    );
    settings(
        &desk,
        &format!(
            "[alerts.channels.good]\nhttp = {{ url = \"{address}\" }}\n[alerts.channels.gone]\nchat = {{ url = \"http://127.0.0.1:1/\" }}\n"
        ),
    );
    let good = desk.run(&["alerts", "test", "good"]);
    assert_eq!(
        (good.code, good.stdout.trim()),
        (0, "good: taken"),
        "{}",
        good.stderr
    );
    assert_eq!(came.lock().unwrap()[0]["subject"], "Trunkline: a test");
    let all = desk.run(&["alerts", "test"]);
    assert_eq!(all.code, 1, "{}", all.stderr);
    assert!(
        all.stderr.contains("error[TL0860]: the channel `gone`"),
        "{}",
        all.stderr
    );
    let nobody = desk.run(&["alerts", "test", "nobody"]);
    assert_eq!(nobody.code, 2);
    assert!(nobody.stderr.contains("TL0911"), "{}", nobody.stderr);

    for (text, code) in [
        ("[alerts.channels.ops]\npager = {}\n", "TL0910"),
        ("[alerts.channels.ops]\nhttp = { ulr = \"x\" }\n", "TL0910"),
        ("[alerts]\nremind = \"daily\"\n", "TL0001"),
        ("[nats]\nurl = \"http://x\"\n", "TL0926"),
    ] {
        settings(&desk, text);
        let refused = desk.run(&["serve", "--listen", "127.0.0.1:0"]);
        assert_ne!(refused.code, 0, "{text}");
        assert!(refused.stderr.contains(code), "{text}: {}", refused.stderr);
    }
}
