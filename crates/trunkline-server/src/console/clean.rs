//! HTML that customers and teammates wrote, made harmless.
//!
//! The one rule: nothing of it runs, loads or looks like a part of the console: text, lists, tables, quotes and links are left; pictures
//! become links, since loading them would tell their sender who reads; what has a class, an id or a style loses it.

use std::{collections::HashSet, sync::LazyLock};

use ammonia::Builder;
use maud::{Markup, PreEscaped};

/// What is left of a body.
const TAGS: [&str; 27] = [
    "a",
    "b",
    "blockquote",
    "br",
    "code",
    "div",
    "em",
    "h1",
    "h2",
    "h3",
    "h4",
    "hr",
    "i",
    "li",
    "ol",
    "p",
    "pre",
    "s",
    "strong",
    "table",
    "tbody",
    "td",
    "th",
    "thead",
    "tr",
    "u",
    "ul",
];

static BUILDER: LazyLock<Builder<'static>> = LazyLock::new(|| {
    let mut builder = Builder::empty();
    builder
        .tags(HashSet::from(TAGS))
        .generic_attributes(HashSet::new())
        .add_tag_attributes("a", &["href"])
        .url_schemes(HashSet::from(["http", "https", "mailto", "tel"]))
        .url_relative(ammonia::UrlRelative::Deny)
        .clean_content_tags(HashSet::from([
            "script", "style", "title", "textarea", "noscript", "iframe", "object",
        ]))
        .link_rel(Some("noopener noreferrer nofollow"))
        .set_tag_attribute_value("a", "target", "_blank");
    builder
});

/// What is harmless of a text that somebody wrote as HTML.
pub(crate) fn html(written: &str) -> Markup {
    PreEscaped(BUILDER.clean(written).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What may stand in a cleaned text: nothing else opens a tag or names an attribute.
    fn is_harmless(html: &str) -> bool {
        let mut rest = html;
        while let Some(start) = rest.find('<') {
            let tag = &rest[start + 1..];
            let Some(end) = tag.find('>') else {
                return false;
            };
            let (inside, after) = (&tag[..end], &tag[end + 1..]);
            let name = inside
                .trim_start_matches('/')
                .split(' ')
                .next()
                .unwrap_or_default();
            if !TAGS.contains(&name) {
                return false;
            }
            let attributes = inside.split_once(' ').map_or("", |(_, attributes)| attributes);
            let is_link = attributes.is_empty()
                || (name == "a"
                    && attributes.split("\" ").all(|attribute| {
                        [
                            "href=\"http",
                            "href=\"mailto:",
                            "href=\"tel:",
                            "rel=\"",
                            "target=\"_blank",
                        ]
                        .iter()
                        .any(|good| attribute.starts_with(good))
                    }));
            if !is_link {
                return false;
            }
            rest = after;
        }
        true
    }

    #[test]
    fn nothing_that_runs_or_loads_is_left_of_the_corpus() {
        let corpus = include_str!("clean/corpus.txt");
        let attempts: Vec<&str> = corpus.split("\n---\n").collect();
        assert!(attempts.len() > 60, "{}", attempts.len());
        for attempt in attempts {
            let cleaned = html(attempt).into_string();
            assert!(is_harmless(&cleaned), "{attempt}\n→ {cleaned}");
            for bad in [
                "<script", "<img", "<svg", "<style", "<iframe", "<form", "<input", "<math", "<base", "<meta",
                "<link",
            ] {
                assert!(!cleaned.to_lowercase().contains(bad), "{attempt}\n→ {cleaned}");
            }
        }
    }

    #[test]
    fn what_people_write_is_left() {
        let written = "<p>Hello <b>Ann</b>,<br>see <a href=\"https://example.com/a?b=1&amp;c=2\">this</a> &amp; that</p><ul><li>one</li></ul>";
        let cleaned = html(written).into_string();
        for left in [
            "<p>Hello <b>Ann</b>,<br>",
            "href=\"https://example.com/a?b=1&amp;c=2\"",
            "noreferrer",
            "&amp; that",
            "<li>one</li>",
        ] {
            assert!(cleaned.contains(left), "{left}: {cleaned}");
        }
    }
}
