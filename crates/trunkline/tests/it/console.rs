//! The console in a real browser: from the first start to a mirror that is complete, by mouse and keyboard, on a desk and on a phone.
//!
//! `TRUNKLINE_SCREENSHOTS=FOLDER` keeps pictures of every page, light and dark.

use std::path::PathBuf;

use fantoccini::{Client as Browser, Locator};
use serde_json::{Value, json};

use crate::{
    browser::{DESK, PHONE, Screen, barriers, browser, click, drive, fill, said, text},
    harness::{CLIENT_SECRET, Desk, Simulator},
    process::Process,
};

const PASSWORD: &str = "correct horse battery";
const PAGES: [&str; 16] = [
    "/alerts",
    "/",
    "/mirrors",
    "/mirrors/all",
    "/mirrors/new",
    "/connections",
    "/connections/acme",
    "/connections/acme/edit",
    "/connections/new",
    "/notifications",
    "/notifications/setup",
    "/requests",
    "/people",
    "/keys",
    "/audit",
    "/settings",
];

/// Waits until a script says yes.
pub(crate) async fn until(browser: &Browser, what: &str, script: &str) {
    for _ in 0..600 {
        if said(browser, script).await == Value::Bool(true) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let page = said(browser, "return document.body.innerText").await;
    panic!("{what} did not come about: {page}");
}

pub(crate) async fn sign_in_first(browser: &Browser, link: &str) {
    browser.goto(link).await.unwrap();
    assert_eq!(text(browser, "h1").await, "Welcome to Trunkline");
    fill(browser, "input[name=password]", PASSWORD).await;
    click(browser, "main button").await;
    until(
        browser,
        "the first page",
        "return document.title.startsWith('Overview')",
    )
    .await;
}

/// Signs in by name and password.
pub(crate) async fn sign_in(browser: &Browser, url: &str) {
    browser.goto(url).await.unwrap();
    fill(browser, "input[name=name]", "admin").await;
    fill(browser, "input[name=password]", PASSWORD).await;
    click(browser, "main button").await;
    until(
        browser,
        "the first page",
        "return document.title.startsWith('Overview')",
    )
    .await;
}

async fn connect(browser: &Browser, base_url: &str) {
    click(browser, ".empty a.button").await;
    fill(browser, "input[name=name]", "acme").await;
    fill(browser, "input[name=base_url]", base_url).await;
    click(browser, "input[value=oauth]").await;
    fill(browser, "input[name=client_id]", "simulated-client-id").await;
    fill(browser, "input[name=client_secret]", CLIENT_SECRET).await;
    click(browser, "button.first").await;
    until(
        browser,
        "our page with the button",
        "return location.pathname.startsWith('/auth/intercom/begin/')",
    )
    .await;
    click(browser, "form button").await;
    until(
        browser,
        "Intercom's page",
        "return location.pathname === '/oauth'",
    )
    .await;
    click(browser, "form button").await;
    until(
        browser,
        "the way back",
        "return location.pathname === '/auth/intercom/callback'",
    )
    .await;
    assert_eq!(text(browser, "h1").await, "Access is granted");
    click(browser, "a.button").await;
    until(
        browser,
        "the connection",
        "return location.pathname === '/connections/acme'",
    )
    .await;
    assert_eq!(text(browser, ".facts .badge").await, "ready");
}

async fn mirror(browser: &Browser) {
    browser
        .find(Locator::LinkText("Mirrors"))
        .await
        .unwrap()
        .click()
        .await
        .unwrap();
    click(browser, ".empty a.button").await;
    click(browser, "button.first").await;
    until(
        browser,
        "the mirror",
        "return location.pathname === '/mirrors/all'",
    )
    .await;
    // Nobody loads this page anew: the news come by themselves.
    said(browser, "window.untouched = true").await;
    let complete = "return document.querySelector('#state .badge')?.textContent === 'complete'";
    until(browser, "the first run", complete).await;
    assert_eq!(said(browser, "return window.untouched").await, true);
}

/// Holds a page to what every page keeps.
pub(crate) async fn look(browser: &Browser, url: &str, path: &str, screen: Screen) {
    let what = format!("{path} at {}", screen.name);
    browser.goto(&format!("{url}{path}")).await.unwrap();
    until(browser, "the page", "return document.readyState === 'complete'").await;
    let measured = said(
        browser,
        "const use = [...document.querySelectorAll('main .icon use, nav .icon use')].find((one) => one.getBoundingClientRect().width > 0);
         const other = performance.getEntriesByType('resource').map((entry) => new URL(entry.name).host).filter((host) => host !== location.host);
         return {
           width: document.documentElement.scrollWidth - innerWidth,
           styled: getComputedStyle(document.body).getPropertyValue('--accent') !== '',
           script: document.documentElement.classList.contains('js'),
           drawn: [...document.querySelectorAll('.icon use')].every((one) => one.href.baseVal.includes('#')),
           other,
         }",
    )
    .await;
    assert!(
        measured["width"].as_i64().unwrap() <= 0,
        "{what} is too wide: {measured}"
    );
    assert_eq!(measured["styled"], true, "{what}: {measured}");
    assert_eq!(measured["script"], true, "{what}: {measured}");
    assert_eq!(measured["other"], json!([]), "{what} asks another host");
    let folder = std::env::var_os("TRUNKLINE_SCREENSHOTS").map(PathBuf::from);
    let page = path.split('?').next().unwrap_or_default();
    let page = page.trim_matches('/').replace('/', "-");
    let page = if page.is_empty() { "overview" } else { &page };
    for theme in ["light", "dark"] {
        let dress = format!("document.documentElement.dataset.theme = '{theme}'");
        said(browser, &dress).await;
        let barriers = barriers(browser).await;
        assert!(barriers.is_empty(), "{what}, {theme}: {}", barriers.join("\n"));
        if let Some(folder) = &folder {
            std::fs::create_dir_all(folder).unwrap();
            let picture = browser.screenshot().await.unwrap();
            let name = format!("{page}-{}-{theme}.png", screen.name);
            std::fs::write(folder.join(name), picture).unwrap();
        }
    }
}

#[test]
fn from_the_first_start_to_a_mirror_that_is_complete() {
    let simulator = Simulator::small();
    let desk = Desk::new();
    let mut process = Process::start(&desk, &[]);
    let link = process.first_sign_in();
    let url = process.url().to_owned();
    drive(async {
        let wide = browser(DESK).await;
        wide.goto(&url).await.unwrap();
        assert_eq!(text(&wide, "h1").await, "Sign in");
        sign_in_first(&wide, &link).await;
        connect(&wide, simulator.base_url()).await;
        mirror(&wide).await;
        wide.goto(&url).await.unwrap();
        assert!(text(&wide, "#mirrors").await.contains("complete"));
        for path in PAGES {
            look(&wide, &url, path, DESK).await;
        }
        // By keyboard alone: past the menu, into the page.
        wide.goto(&format!("{url}/audit")).await.unwrap();
        let body = wide.find(Locator::Css("body")).await.unwrap();
        body.send_keys("/").await.unwrap();
        assert_eq!(said(&wide, "return document.activeElement.name").await, "by_whom");
        let small = browser(PHONE).await;
        sign_in(&small, &url).await;
        for path in PAGES {
            look(&small, &url, path, PHONE).await;
        }
        click(&small, "button[popovertarget=menu]").await;
        let menu = small.find(Locator::LinkText("Connections")).await.unwrap();
        menu.click().await.unwrap();
        until(
            &small,
            "the connections",
            "return location.pathname === '/connections'",
        )
        .await;
        small.close().await.unwrap();
        wide.close().await.unwrap();
    });
    assert_eq!(process.stop(), 0);
}

/// Does what has a runtime of its own, apart from the browser's.
fn apart<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| scope.spawn(work).join().unwrap())
}

#[test]
fn what_customers_wrote_runs_nowhere_in_the_browser() {
    let corpus = include_str!("../../../trunkline-server/src/console/clean/corpus.txt");
    let simulator = Simulator::small();
    let desk = Desk::new();
    let app = [
        "apps",
        "add",
        "mine",
        "--client-id",
        "simulated-client-id",
        "--client-secret-env",
        "APP_SECRET",
    ];
    let added = desk
        .trunkline(&app)
        .env("APP_SECRET", CLIENT_SECRET)
        .output()
        .unwrap();
    assert!(
        added.status.success(),
        "{}",
        String::from_utf8_lossy(&added.stderr)
    );
    let connect = [
        "connect",
        "acme",
        "--app",
        "mine",
        "--token-env",
        "INTERCOM_TOKEN",
        "--base-url",
        simulator.base_url(),
    ];
    assert_eq!(desk.run(&connect).code, 0);
    let mut process = Process::start(&desk, &[]);
    let link = process.first_sign_in();
    let url = process.url().to_owned();
    let hook = json!({ "url": format!("{url}/webhooks/intercom"), "topics": ["conversation.user.created"] });
    simulator.control("POST", "/webhooks", Some(&hook));
    let writer = simulator.truth("contacts", "2.16")[0]["id"].clone();
    drive(async {
        let browser = browser(DESK).await;
        sign_in_first(&browser, &link).await;
        let attempts: Vec<&str> = corpus.split("\n---\n").collect();
        for attempt in &attempts {
            let message = json!({ "from": { "type": "user", "id": writer }, "body": attempt });
            let (status, answer) = apart(|| simulator.api("POST", "/conversations", Some(&message)));
            assert_eq!(status, 200, "{answer}");
        }
        // The first notification is the ping of the subscription.
        let last = format!("{url}/notifications/{}", attempts.len() + 1);
        for _ in 0..100 {
            browser.goto(&last).await.unwrap();
            if text(&browser, "h1").await != "Nothing is here" {
                break;
            }
        }
        for number in 1..=attempts.len() + 1 {
            browser
                .goto(&format!("{url}/notifications/{number}"))
                .await
                .unwrap();
            // A script that ran would have opened a box, and every question after it would fail.
            let found = said(
                &browser,
                "const inside = document.querySelector('#written')?.parentElement;
                 return {
                   here: document.querySelector('h1').textContent !== 'Nothing is here',
                   bad: inside ? inside.querySelectorAll('script, img, svg, iframe, form, input, button, style, [onerror], [style], [class*=notice]').length : 0,
                   links: inside ? [...inside.querySelectorAll('a')].every((link) => /^(https?|mailto|tel):/.test(link.href) && link.rel.includes('noopener')) : true,
                 }",
            )
            .await;
            assert_eq!(
                found,
                json!({ "here": true, "bad": 0, "links": true }),
                "{number}"
            );
        }
        browser.close().await.unwrap();
    });
    // It called nobody, so there is no log to look through.
    drop(process);
}
