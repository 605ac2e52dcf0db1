//! A headless browser, driven as a person would: on a desk and on a phone.

use fantoccini::{Client as Browser, ClientBuilder, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};

/// What a page is looked at on: width and height.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Screen {
    pub(crate) name: &'static str,
    pub(crate) width: u32,
    pub(crate) height: u32,
}

/// A screen on a desk.
pub(crate) const DESK: Screen = Screen {
    name: "1440",
    width: 1440,
    height: 900,
};
/// A phone.
pub(crate) const PHONE: Screen = Screen {
    name: "390",
    width: 390,
    height: 844,
};

/// Runs what drives a browser.
pub(crate) fn drive<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(work)
}

/// A headless browser with nothing in it.
pub(crate) async fn browser(screen: Screen) -> Browser {
    let driver = std::env::var("TRUNKLINE_TEST_WEBDRIVER")
        .expect("TRUNKLINE_TEST_WEBDRIVER names a driver; `cargo xtask test` starts one");
    let size = format!("--window-size={},{}", screen.width, screen.height);
    let mut options = json!({
        "args": ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--hide-scrollbars", size]
    });
    // A window is never narrower than 500 pixels; a phone is.
    if screen.width < 500 {
        options["mobileEmulation"] =
            json!({ "deviceMetrics": { "width": screen.width, "height": screen.height, "pixelRatio": 2.0 } });
    }
    let wanted = json!({ "goog:chromeOptions": options, "goog:loggingPrefs": { "browser": "ALL" } });
    let Value::Object(wanted) = wanted else {
        panic!("it is an object");
    };
    ClientBuilder::new(HttpConnector::new())
        .capabilities(wanted)
        .connect(&driver)
        .await
        .expect("the browser starts")
}

/// Waits for an element, and gives its text.
pub(crate) async fn text(browser: &Browser, css: &str) -> String {
    let found = browser
        .wait()
        .for_element(Locator::Css(css))
        .await
        .unwrap_or_else(|error| panic!("{css}: {error}"));
    found.text().await.unwrap()
}

/// Clicks what is there, or comes.
pub(crate) async fn click(browser: &Browser, css: &str) {
    let found = browser
        .wait()
        .for_element(Locator::Css(css))
        .await
        .unwrap_or_else(|error| panic!("{css}: {error}"));
    found
        .click()
        .await
        .unwrap_or_else(|error| panic!("{css}: {error}"));
}

/// Types into a field.
pub(crate) async fn fill(browser: &Browser, css: &str, typed: &str) {
    let found = browser
        .wait()
        .for_element(Locator::Css(css))
        .await
        .unwrap_or_else(|error| panic!("{css}: {error}"));
    found.clear().await.unwrap();
    found.send_keys(typed).await.unwrap();
}

/// What a script says of the page.
pub(crate) async fn said(browser: &Browser, script: &str) -> Value {
    browser
        .execute(script, Vec::new())
        .await
        .unwrap_or_else(|error| panic!("{script}: {error}"))
}

/// What keeps people out of the page that is shown: a line each for what axe-core calls more than minor.
pub(crate) async fn barriers(browser: &Browser) -> Vec<String> {
    let path = std::env::var("TRUNKLINE_TEST_AXE")
        .expect("TRUNKLINE_TEST_AXE names the script; `cargo xtask test` installs it");
    let rules = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    said(browser, &rules).await;
    let found = browser
        .execute_async(
            "const done = arguments[arguments.length - 1];
             axe.run({ resultTypes: ['violations'] }).then(
               (found) => done(found.violations
                 .filter((one) => one.impact !== 'minor')
                 .flatMap((one) => one.nodes.map((node) => `${one.id} (${one.help}): ${node.html}: ${node.failureSummary}`))),
               (error) => done([String(error)]))",
            Vec::new(),
        )
        .await
        .unwrap();
    serde_json::from_value(found).unwrap()
}
