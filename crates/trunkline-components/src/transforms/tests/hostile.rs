//! HTML that means harm: refused or made harmless, in little time and memory.

use serde_json::json;

use super::check;

fn markdown(html: &str) -> (String, serde_json::Value) {
    let transforms = "  - html: { fields: [body], to: markdown }".to_owned();
    (transforms, json!({ "body": html }))
}

#[test]
fn html_that_grows_without_measure_is_refused() {
    let formatting = |count: usize| (0..count).map(|n| format!("<b x={n}>")).collect::<String>();
    for (html, why) in [
        ("<div>".repeat(50_000), "inside of each other"),
        ("<div>".repeat(300), "inside of each other"),
        ("<p>a".repeat(50_000), "too many elements"),
        // Each paragraph would repeat all that is open.
        (formatting(190) + &"<p>".repeat(30_000), "too many elements"),
        (formatting(5_000), "inside of each other"),
        ("<table><td>".repeat(5_000), "inside of each other"),
        ("x".repeat((1 << 20) + 1), "longer than 1 MiB"),
        (
            format!(
                "<table><tr><th>{}</th></tr>{}</table>",
                "x".repeat(500_000),
                "<tr><td>1</td></tr>".repeat(3_000)
            ),
            "a table that is too large",
        ),
    ] {
        let (transforms, value) = markdown(&html);
        check(&transforms, &[value], Err(("TL0852", why)));
    }
}

#[test]
fn a_link_that_would_run_something_is_not_kept() {
    for (html, expected) in [
        ("<a href=\"javascript:alert(1)\">x</a>", "x"),
        ("<a href=\" java\nscript:alert(1)\">x</a>", "x"),
        ("<a href=\"JAVASCRIPT:alert(1)\">x</a>", "x"),
        ("<a href=\"data:text/html,x\">x</a>", "x"),
        ("<a href=\"vbscript:x\">x</a>", "x"),
        ("<img src=\"data:image/png;base64,AAAA\" alt=\"x\">", ""),
        ("<a href=\"mailto:a@b.co\">x</a>", "[x](mailto:a@b.co)"),
        ("<a href=\"/articles/1:2\">x</a>", "[x](/articles/1:2)"),
        ("<a href=\"a?b:c\">x</a>", "[x](a?b:c)"),
    ] {
        let (transforms, value) = markdown(html);
        check(&transforms, &[value], Ok(vec![json!({ "body": expected })]));
    }
}

#[test]
fn text_is_made_of_any_html() {
    let html = "<div>".repeat(50_000) + "hello" + &"<b".repeat(50_000);
    let transforms = "  - html: { fields: [body] }\n  - jq: '.body[:5]'";
    check(transforms, &[json!({ "body": html })], Ok(vec![json!("hello")]));
}
