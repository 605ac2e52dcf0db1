//! The whole way: a workspace is granted in a real browser, tells by webhooks what happens, and the mirror follows.

use fantoccini::{Client as Browser, Locator};
use serde_json::{Value, json};

use crate::{
    browser::{DESK, browser, drive},
    harness::{CLIENT_SECRET, Desk, Simulator},
    notifications::{live, untold},
    process::{Process, json as shown, until},
    truth,
};

/// Opens the link, presses both buttons, and returns what the last page says.
fn grant_in_a_browser(link: &str) -> String {
    drive(async {
        let browser = browser(DESK).await;
        browser.goto(link).await.unwrap();
        let title = browser
            .find(Locator::Css("h1"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        assert_eq!(title, "Grant access to Intercom");
        press(&browser).await;
        // Intercom's own page now, which lists what is asked for.
        browser
            .wait()
            .for_element(Locator::Css(
                "button[value=allow], button[name=decision], form button",
            ))
            .await
            .unwrap();
        press(&browser).await;
        browser.wait().for_element(Locator::Css("main h1")).await.unwrap();
        let text = browser
            .find(Locator::Css("body"))
            .await
            .unwrap()
            .text()
            .await
            .unwrap();
        browser.close().await.unwrap();
        text
    })
}

/// Presses the first button of the page.
async fn press(browser: &Browser) {
    let button = browser.find(Locator::Css("form button")).await.unwrap();
    button.click().await.unwrap();
}

/// A data folder with an app, and a connection that waits for a grant.
fn prepared(desk: &Desk, simulator: &Simulator) {
    let added = desk
        .trunkline(&[
            "apps",
            "add",
            "mine",
            "--client-id",
            "simulated-client-id",
            "--client-secret-env",
            "APP_SECRET",
        ])
        .env("APP_SECRET", CLIENT_SECRET)
        .output()
        .unwrap();
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    let kept = desk.run(&[
        "connect",
        "acme",
        "--app",
        "mine",
        "--base-url",
        simulator.base_url(),
    ]);
    assert_eq!(kept.code, 0, "{}", kept.stderr);
    assert!(kept.stdout.contains("no access token yet"), "{}", kept.stdout);
}

#[test]
fn a_workspace_that_was_granted_in_a_browser_is_followed_by_its_webhooks_alone() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    prepared(&desk, &simulator);
    let process = Process::start(&desk, &[]);
    let offered = shown(
        &desk,
        &[
            "connect",
            "acme",
            "--replace",
            "--app",
            "mine",
            "--oauth",
            "--public-url",
            process.url(),
        ],
    );
    let page = grant_in_a_browser(offered["url"].as_str().unwrap());
    assert!(
        page.contains("Access is granted") && page.contains("acme"),
        "{page}"
    );
    let connection = shown(&desk, &["connections", "show", "acme"]);
    assert_eq!(connection["state"], "ready", "{connection}");
    assert!(connection["identity"]["id_code"].is_string(), "{connection}");

    let target = format!("sqlite:{}", desk.mirror().display());
    shown(
        &desk,
        &["mirrors", "add", "all", "--every", "1d", "--to", &target],
    );
    let runs = || shown(&desk, &["mirrors", "runs", "all"]);
    until("the first run", || runs()[0]["state"] == "complete");

    let wanted = json!({ "url": format!("{}/webhooks/intercom", process.url()) });
    let webhook: Value =
        serde_json::from_str(&simulator.control("POST", "/webhooks", Some(&wanted))).unwrap();
    let ping = format!("/webhooks/{}/ping", webhook["id"]);
    // Ten minutes of the workspace's clock, and more than three hundred things that happen in them.
    live(&simulator, 430);
    simulator.control("POST", &ping, None);
    let pings = || shown(&desk, &["notifications", "list", "--topics", "ping"]);
    until("the last notification", || pings().as_array().unwrap().len() == 2);
    let waiting = || shown(&desk, &["notifications", "list", "--state", "waiting"]);
    until("all but a few to be applied", || {
        waiting().as_array().unwrap().len() < 10
    });
    // What is new is found by searches only after a while of the workspace's clock.
    simulator.advance(700);
    until("everything to be applied", || waiting() == json!([]));
    let failed = shown(&desk, &["notifications", "list", "--state", "failed"]);
    assert_eq!(failed, json!([]));
    truth::compare_told(&desk, &simulator, "2.16", &untold(&desk, &simulator));
    assert_eq!(runs().as_array().unwrap().len(), 1, "nothing was polled");
    assert_eq!(process.stop(), 0);
}
