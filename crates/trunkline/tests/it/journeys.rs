//! What people do all day in the console, in a real browser: a flow that breaks is mended, an action is shown, done and put back, a question
//! is asked, a report is read.

use std::fs;

use fantoccini::Client as Browser;
use serde_json::json;

use crate::{
    browser::{DESK, PHONE, browser, drive, fill, said, text},
    console::{look, sign_in, sign_in_first, until},
    harness::{Desk, Simulator},
    process::{self, Process},
};

/// A flow whose expression no record gets past.
const BROKEN: &str = "flow: greetings
source: { file: { path: in.jsonl } }
transforms:
  - jq: '.name | error'
destinations:
  - file: { path: out.jsonl }
";

/// A workspace with its mirror, and the process that shows both.
struct Scene {
    simulator: Simulator,
    desk: Desk,
    process: Process,
    link: String,
}

impl Scene {
    fn new() -> Self {
        let simulator = Simulator::small();
        let desk = Desk::new();
        let connect = [
            "connect",
            "acme",
            "--token-env",
            "INTERCOM_TOKEN",
            "--base-url",
            simulator.base_url(),
        ];
        assert_eq!(desk.run(&connect).code, 0);
        assert_eq!(desk.run(&["mirrors", "add", "all", "--every", "1d"]).code, 0);
        let mut process = Process::start(&desk, &[]);
        let link = process.first_sign_in();
        process::until("the mirror", || {
            process::json(&desk, &["mirrors", "runs", "all"])[0]["state"] == "complete"
        });
        Self {
            simulator,
            desk,
            process,
            link,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.process.url())
    }

    /// A conversation of the workspace.
    fn conversation(&self) -> String {
        let mirror = rusqlite::Connection::open(self.desk.path().join("trunkline-data/mirror.db")).unwrap();
        let first = "SELECT id FROM conversations ORDER BY id LIMIT 1";
        mirror.query_row(first, [], |row| row.get(0)).unwrap()
    }

    async fn go(&self, browser: &Browser, path: &str) {
        browser.goto(&self.url(path)).await.unwrap();
    }
}

/// Presses the button with these words.
async fn press(browser: &Browser, words: &str) {
    let script = "const button = [...document.querySelectorAll('main button, main a.button')].find((one) => one.innerText.trim() === arguments[0]);
         button?.click();
         return Boolean(button)";
    let pressed = browser.execute(script, vec![json!(words)]).await.unwrap();
    let page = said(browser, "return document.body.innerText").await;
    assert_eq!(pressed, true, "no button {words:?} on: {page}");
}

/// Puts a text into a field, as somebody pastes it.
async fn paste(browser: &Browser, css: &str, pasted: &str) {
    let script = "const field = document.querySelector(arguments[0]);
         field.value = arguments[1];
         field.dispatchEvent(new Event('input', { bubbles: true }))";
    browser
        .execute(script, vec![json!(css), json!(pasted)])
        .await
        .unwrap_or_else(|error| panic!("{css}: {error}"));
}

/// Waits until the page says this.
async fn says(browser: &Browser, words: &str) {
    let script = format!(
        "return document.querySelector('main').innerText.includes({})",
        json!(words)
    );
    until(browser, words, &script).await;
}

#[test]
fn a_flow_is_made_breaks_is_seen_mended_and_its_records_go_through() {
    let scene = Scene::new();
    let data = scene.desk.path().join("trunkline-data");
    fs::write(
        data.join("in.jsonl"),
        "{\"id\":1,\"name\":\"Ann\"}\n{\"id\":2,\"name\":\"Ben\"}\n",
    )
    .unwrap();
    drive(async {
        let browser = browser(DESK).await;
        sign_in_first(&browser, &scene.link).await;
        // What is wrong is told while one types, and what was typed stays.
        scene.go(&browser, "/flow-editor").await;
        paste(&browser, "#f-text", &BROKEN.replace(".name | error", ".name |")).await;
        until(
            &browser,
            "the mistake",
            "return /1 mistake/.test(document.querySelector('#checked').innerText)",
        )
        .await;
        paste(&browser, "#f-text", BROKEN).await;
        press(&browser, "Save and switch on").await;
        until(
            &browser,
            "the flow",
            "return location.pathname === '/flows/greetings'",
        )
        .await;
        press(&browser, "Run now").await;
        process::until("two dead letters", || {
            process::json(&scene.desk, &["flow", "dead-letters"])
                .as_array()
                .unwrap()
                .len()
                == 2
        });
        scene.go(&browser, "/deliveries?flow=greetings").await;
        assert!(text(&browser, "main table").await.contains("Ann"));
        said(&browser, "document.querySelector('main tbody a').click()").await;
        until(
            &browser,
            "the letter",
            "return location.pathname.startsWith('/deliveries/')",
        )
        .await;
        assert!(text(&browser, "main").await.contains("jq"));
        // The mend, tried with the record that failed before it is saved.
        scene.go(&browser, "/flows/greetings/edit").await;
        paste(
            &browser,
            "#f-text",
            &BROKEN.replace(".name | error", "{greeting: (\"Hello \" + .name)}"),
        )
        .await;
        press(&browser, "With the newest dead letter").await;
        says(&browser, "Hello ").await;
        press(&browser, "Save").await;
        until(
            &browser,
            "the flow",
            "return location.pathname === '/flows/greetings'",
        )
        .await;
        scene.go(&browser, "/deliveries?flow=greetings").await;
        said(
            &browser,
            "document.querySelectorAll('main tbody input[type=checkbox]').forEach((one) => one.click())",
        )
        .await;
        press(&browser, "Redrive what is chosen").await;
        process::until("both records", || {
            fs::read_to_string(data.join("out.jsonl")).is_ok_and(|text| text.lines().count() == 2)
        });
        for path in [
            "/flows",
            "/flows/greetings",
            "/flows/greetings/edit",
            "/flow-editor",
            "/deliveries",
            "/deliveries/runs",
            "/recipes",
            "/recipes/help-center",
        ] {
            look(&browser, scene.process.url(), path, DESK).await;
        }
        browser.close().await.unwrap();
    });
    let written = fs::read_to_string(data.join("out.jsonl")).unwrap();
    assert!(
        written.contains("Hello Ann") && written.contains("Hello Ben"),
        "{written}"
    );
    assert_eq!(scene.process.stop(), 0);
}

#[test]
fn an_action_is_shown_and_done_a_question_asked_and_a_report_read() {
    let scene = Scene::new();
    let named = |name: &str| {
        let contacts = scene.simulator.truth("contacts", "2.16");
        contacts.iter().filter(|contact| contact["name"] == name).count()
    };
    let apart = |name: &'static str| std::thread::scope(|scope| scope.spawn(|| named(name)).join().unwrap());
    drive(async {
        let browser = browser(DESK).await;
        sign_in_first(&browser, &scene.link).await;
        scene.go(&browser, "/actions?words=contact+upsert").await;
        assert!(text(&browser, "main").await.contains("contacts.upsert"));
        scene.go(&browser, "/actions/contacts.upsert").await;
        fill(&browser, "[name='input.external_id']", "journey-1").await;
        fill(&browser, "[name='input.name']", "Jo Journey").await;
        press(&browser, "Show the request").await;
        says(&browser, "Do exactly this").await;
        assert_eq!(apart("Jo Journey"), 0, "showing writes nothing");
        press(&browser, "Do exactly this").await;
        says(&browser, "See it in the history").await;
        assert_eq!(apart("Jo Journey"), 1);
        scene.go(&browser, "/writes").await;
        said(&browser, "document.querySelector('main tbody a').click()").await;
        until(
            &browser,
            "the run",
            "return location.pathname.startsWith('/writes/')",
        )
        .await;
        assert!(text(&browser, "main").await.contains("journey-1"));
        let question = "SELECT+role,+count(*)+AS+people+FROM+contacts+GROUP+BY+role";
        scene.go(&browser, &format!("/data/all/sql?sql={question}")).await;
        assert!(text(&browser, "main table").await.contains("user"));
        scene.go(&browser, "/data/all/sql?sql=DELETE+FROM+contacts").await;
        assert!(text(&browser, "main .wrong").await.contains("read"));
        scene.go(&browser, "/reports").await;
        // One that takes its time appears in the page by itself.
        until(
            &browser,
            "the report",
            "return document.querySelectorAll('main svg').length > 3",
        )
        .await;
        let conversation = scene.conversation();
        let paths = [
            "/actions".to_owned(),
            "/actions/contacts.upsert".to_owned(),
            "/actions/conversations.reply".to_owned(),
            "/writes".to_owned(),
            "/import".to_owned(),
            "/data".to_owned(),
            "/data/all".to_owned(),
            "/data/all/streams/contacts".to_owned(),
            format!("/data/all/conversations/{conversation}"),
            "/data/all/search".to_owned(),
            format!("/data/all/sql?sql={question}"),
            "/reports".to_owned(),
            "/simulator".to_owned(),
            "/settings".to_owned(),
        ];
        for path in &paths {
            look(&browser, scene.process.url(), path, DESK).await;
        }
        let small = crate::browser::browser(PHONE).await;
        sign_in(&small, scene.process.url()).await;
        for path in &paths {
            look(&small, scene.process.url(), path, PHONE).await;
        }
        small.close().await.unwrap();
        browser.close().await.unwrap();
    });
    assert_eq!(scene.process.stop(), 0);
}

#[test]
fn what_an_action_changed_is_found_in_the_history_and_put_back_once() {
    let scene = Scene::new();
    let names = || {
        let contacts = scene.simulator.truth("contacts", "2.16");
        let mine = contacts
            .iter()
            .filter(|contact| contact["external_id"] == "journey-2");
        mine.map(|contact| contact["name"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    // The client of the control surface blocks, which the browser's thread must not.
    let apart = || std::thread::scope(|scope| scope.spawn(names).join().unwrap());
    drive(async {
        let browser = browser(DESK).await;
        sign_in_first(&browser, &scene.link).await;
        for name in ["Una Undone", "Una Mistyped"] {
            scene.go(&browser, "/actions/contacts.upsert").await;
            fill(&browser, "[name='input.external_id']", "journey-2").await;
            fill(&browser, "[name='input.name']", name).await;
            press(&browser, "Run").await;
            says(&browser, "See it in the history").await;
            assert_eq!(apart(), [name]);
        }
        scene.go(&browser, "/writes").await;
        said(&browser, "document.querySelector('main tbody a').click()").await;
        let undo =
            "const undo = [...document.querySelectorAll('a')].find((one) => one.pathname.endsWith('/undo'));
             undo?.click();
             return Boolean(undo)";
        until(
            &browser,
            "the run",
            "return location.pathname.startsWith('/writes/')",
        )
        .await;
        let run = said(&browser, "return location.pathname").await;
        assert!(text(&browser, "main").await.contains("Una Mistyped"));
        assert_eq!(said(&browser, undo).await, true);
        says(&browser, "What would be written").await;
        assert!(text(&browser, "main").await.contains("Una Undone"));
        assert_eq!(apart(), ["Una Mistyped"], "showing puts nothing back");
        press(&browser, "Put it back").await;
        until(
            &browser,
            "what was put back",
            "return document.body.innerText.includes('1 write put back')",
        )
        .await;
        assert_eq!(apart(), ["Una Undone"]);
        scene.go(&browser, run.as_str().unwrap()).await;
        says(&browser, "Was put back").await;
        assert_eq!(said(&browser, undo).await, false, "it is put back once");
        browser.close().await.unwrap();
    });
    assert_eq!(scene.process.stop(), 0);
}
