//! The addresses of attached files: what lies behind them, how long they are good, and what is refused.

use serde_json::{Value, json};

use crate::harness::{Got, NOW, Sim, id};

/// The path and query of an address.
fn path(url: &Value) -> String {
    let url = url::Url::parse(url.as_str().unwrap()).unwrap();
    format!("{}?{}", url.path(), url.query().unwrap())
}

fn fetch(sim: &Sim, path: &str) -> Got {
    sim.raw("GET", path, &[], "")
}

fn admin(sim: &Sim, more: &Value) -> Value {
    let mut reply =
        json!({ "message_type": "comment", "type": "admin", "admin_id": sim.admin(), "body": "see" });
    for (field, value) in more.as_object().unwrap() {
        reply[field] = value.clone();
    }
    reply
}

/// A conversation that begins with a file.
fn begun(sim: &Sim) -> String {
    let person = id(&sim.user("A"));
    let made = sim.post(
        "/conversations",
        &json!({ "from": { "type": "user", "id": person }, "body": "hello",
            "attachment_urls": ["https://files.example/first.pdf"] }),
    );
    format!("/conversations/{}", made["conversation_id"].as_str().unwrap())
}

fn last_files(shown: &Value) -> Value {
    let parts = shown["conversation_parts"]["conversation_parts"]
        .as_array()
        .unwrap();
    parts.last().unwrap()["attachments"].clone()
}

#[test]
fn files_of_every_kind_of_message_can_be_fetched_without_a_token() {
    let sim = Sim::new();
    let conversation = begun(&sim);
    let shown = sim.get(&conversation);
    let first = &shown["source"]["attachments"][0];
    assert_eq!(
        (&first["name"], &first["filesize"]),
        (&json!("first.pdf"), &json!(1_024))
    );
    assert_eq!(shown["custom_attributes"]["Has attachments"], true);
    let content = json!([{ "name": "a b.json", "content_type": "application/json", "data": "eyJrIjoxfQ==" }]);
    let reply = admin(
        &sim,
        &json!({ "attachment_files": content, "attachment_urls": ["https://files.example/passed-over.png"] }),
    );
    let of_reply = last_files(&sim.post(&format!("{conversation}/reply"), &reply));
    assert_eq!(of_reply.as_array().unwrap().len(), 1, "{of_reply}");
    let generated = sim
        .truth("attachments")
        .into_iter()
        .find(|file| file["content_type"] == "image/png" && file["width"] == 1_280)
        .unwrap();
    let owner = sim.get(&format!(
        "/conversations/{}",
        generated["conversation_id"].as_str().unwrap()
    ));
    let mut found = owner["source"]["attachments"].as_array().unwrap().clone();
    for part in owner["conversation_parts"]["conversation_parts"]
        .as_array()
        .unwrap()
    {
        found.extend(part["attachments"].as_array().unwrap().clone());
    }
    let generated = found
        .iter()
        .find(|file| file["name"] == generated["name"])
        .unwrap();
    for (file, content_type, begins) in [
        (
            first,
            "application/pdf",
            "This stands in for https://files.example/first.pdf",
        ),
        (&of_reply[0], "application/json", "{\"k\":1}"),
        (generated, "image/png", "\u{fffd}PNG"),
    ] {
        let got = fetch(&sim, &path(&file["url"]));
        assert_eq!(got.status, 200, "{file}: {}", got.text);
        assert_eq!(got.header("content-type"), Some(content_type), "{file}");
        assert_eq!(file["content_type"], content_type, "{file}");
        assert_eq!(
            got.bytes.len() as u64,
            file["filesize"].as_u64().unwrap(),
            "{file}"
        );
        assert!(got.text.starts_with(begins), "{file}: {:.40}", got.text);
    }
}

#[test]
fn an_address_ends_and_reading_again_gives_a_fresh_one() {
    let sim = Sim::new();
    let conversation = begun(&sim);
    let read = || path(&sim.get(&conversation)["source"]["attachments"][0]["url"]);
    for (life, still_good) in [(1_800, 1_799), (60, 59)] {
        if life != 1_800 {
            sim.control("PUT", "/attachments", Some(&json!({ "life_seconds": life })));
            assert_eq!(
                sim.control("GET", "/attachments", None).json()["life_seconds"],
                life
            );
        }
        let old = read();
        assert_eq!(fetch(&sim, &old).status, 200, "{life}");
        sim.advance(still_good);
        assert_eq!(fetch(&sim, &old).status, 200, "{life}");
        sim.advance(1);
        let ended = fetch(&sim, &old);
        assert_eq!(
            (ended.status, ended.text.as_str()),
            (403, "URL has expired"),
            "{life}"
        );
        let fresh = read();
        assert_ne!(fresh, old, "{life}");
        assert_eq!(fetch(&sim, &fresh).status, 200, "{life}");
    }
}

#[test]
fn an_address_that_was_tampered_with_is_refused() {
    let sim = Sim::new();
    let good = path(&sim.get(&begun(&sim))["source"]["attachments"][0]["url"]);
    let (bare, _) = good.split_once('?').unwrap();
    let expires = format!("expires={}", NOW + 1_800);
    assert!(good.contains(&expires), "{good}");
    for (path, status) in [
        (bare.to_owned(), 403),
        (format!("{bare}?{expires}"), 403),
        (good.replace(&expires, "expires=9999999999"), 403),
        (good.replace(&expires, "expires=soon"), 403),
        (good.replace("first.pdf", "second.pdf"), 403),
        (format!("{good}0"), 403),
        (good.replace("/10000000000/", "/10000000001/"), 403),
        ("/i/o/nowhere/1/a.png?expires=1&signature=1".to_owned(), 404),
        ("/i/o/".to_owned(), 404),
        ("/i/o/x/%00/y".to_owned(), 404),
    ] {
        let got = fetch(&sim, &path);
        assert_eq!(got.status, status, "{path}: {}", got.text);
    }
    assert_eq!(sim.raw("POST", &good, &[], "").status, 405);
}

#[test]
fn what_is_no_file_is_refused_and_nothing_is_said() {
    let sim = Sim::new();
    let conversation = begun(&sim);
    let before = sim.get(&conversation);
    let file = |data: &str| json!({ "name": "a", "content_type": "text/plain", "data": data });
    for more in [
        json!({ "attachment_files": [file("no base64!")] }),
        json!({ "attachment_files": [{ "name": "a", "data": "" }] }),
        json!({ "attachment_files": vec![file(""); 11] }),
        json!({ "attachment_urls": vec!["https://files.example/a"; 11] }),
    ] {
        let got = sim.send("POST", &format!("{conversation}/reply"), &admin(&sim, &more));
        assert_eq!(got.refusal().0, 400, "{more}");
    }
    assert_eq!(sim.get(&conversation), before);
    for body in [json!({ "life_seconds": -1 }), json!({}), json!({ "life": 1 })] {
        let got = sim.send("PUT", "/_sim/attachments", &body);
        assert_eq!(got.status, 400, "{body}: {}", got.text);
    }
}

#[test]
fn files_of_tickets_are_kept_too() {
    let sim = Sim::new();
    let ticket = id(&sim.truth("tickets")[0]);
    let reply = admin(
        &sim,
        &json!({ "attachment_urls": ["https://files.example/t.png"] }),
    );
    let part = sim.post(&format!("/tickets/{ticket}/reply"), &reply);
    let file = &part["attachments"][0];
    assert_eq!(file["name"], "t.png", "{part}");
    let got = fetch(&sim, &path(&file["url"]));
    assert_eq!((got.status, got.bytes.len()), (200, 1_024));
}
