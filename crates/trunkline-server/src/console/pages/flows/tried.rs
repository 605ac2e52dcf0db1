//! What became of records that a flow was tried with: each step with what it was given and what it made, each destination with what it
//! would be given.
//!
//! The one rule: a record that a step could not take is shown at that step, with the reason.

use maud::{Markup, html};
use serde_json::{Map, Value};

use crate::{
    api::flows::{Step, Tried, TriedWay, Trouble},
    console::{
        page::sentence,
        parts::{self, Tone, badge},
        visit::Visit,
        words,
    },
    reply::Refusal,
};

/// How many records a list shows; the others are counted.
const MOST: usize = 10;
/// The longest text of a record that is shown, in letters.
const LONGEST: usize = 6_000;
/// The longest text of all that is shown of one try, in letters: a page stays one that a browser shows at once.
const LONGEST_ALL: usize = 60_000;

/// What became of records.
pub(in crate::console::pages) fn shown(visit: &Visit, tried: &Tried, text: &str) -> Markup {
    if !tried.mistakes.is_empty() {
        return html! {
            p class="wrong" { strong { (words::some(tried.mistakes.len() as u64, "mistake")) } " in the text, so nothing was tried." }
            (super::edit::mistakes(&tried.mistakes, text))
        };
    }
    let mut room = LONGEST_ALL;
    html! {
        p { (summary(tried)) }
        (troubles(&tried.troubles, &mut room))
        ol class="way-of" {
            li {
                h3 { "As the source gives it" }
                (records(&tried.records, "The source gave nothing.", &mut room))
            }
            @for one in &tried.steps { (step(one, &mut room)) }
        }
        @for way in &tried.ways { (destination(visit, way, &mut room)) }
    }
}

fn summary(tried: &Tried) -> Markup {
    let given = tried.ways.iter().map(|way| way.gets.len()).sum::<usize>() as u64;
    html! {
        strong { (words::some(tried.records.len() as u64, "record")) }
        @if !tried.from.is_empty() { " from " (tried.from) }
        ": " (words::some(given, "delivery").replace("deliverys", "deliveries")) " would be made"
        @if tried.left_out > 0 { ", " (words::count(tried.left_out)) " left out" }
        ". Nothing was brought anywhere."
    }
}

fn step(step: &Step, room: &mut usize) -> Markup {
    html! {
        li {
            h3 {
                "After " code { (step.part.kind) } " "
                @if !step.troubles.is_empty() { (badge(Tone::Bad, "failed")) }
                @else if step.after.is_empty() && !step.before.is_empty() { (badge(Tone::Quiet, "left out")) }
            }
            @if !step.part.says.is_empty() { p { code class="quiet" { (step.part.says) } } }
            @if let Some(note) = &step.note { p class="quiet" { (note) } }
            (troubles(&step.troubles, room))
            (records(&step.after, "Nothing goes on.", room))
        }
    }
}

fn destination(visit: &Visit, way: &TriedWay, room: &mut usize) -> Markup {
    html! {
        section class="tried-way" {
            h3 {
                (parts::icon(visit, "out")) " " (way.name)
                @if way.name != way.kind { span class="quiet" { " " (way.kind) } }
            }
            @if let Some(only) = &way.only { p class="quiet" { "Only " code { (only) } } }
            @if !way.steps.is_empty() { ol class="way-of" { @for one in &way.steps { (step(one, room)) } } }
            (troubles(&way.troubles, room))
            h4 { "It would be given" }
            (records(&way.gets, "Nothing.", room))
        }
    }
}

fn troubles(all: &[Trouble], room: &mut usize) -> Markup {
    html! {
        @for trouble in all.iter().take(MOST) {
            p class="wrong" { (sentence(&trouble.message)) " " span class="quiet" { (trouble.advice) } " " code { (trouble.code) } }
            @if let Some(record) = &trouble.record { (block(record, room)) }
        }
        @if all.len() > MOST { p class="quiet" { "And " (words::some((all.len() - MOST) as u64, "more trouble")) " of this kind." } }
    }
}

fn records(all: &[Value], otherwise: &str, room: &mut usize) -> Markup {
    html! {
        @if all.is_empty() { p class="quiet" { (otherwise) } }
        @for record in all.iter().take(MOST) { (block(record, room)) }
        @if all.len() > MOST { p class="quiet" { "And " (words::count((all.len() - MOST) as u64)) " more." } }
    }
}

fn block(value: &Value, room: &mut usize) -> Markup {
    let text = match value {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    let length = text.chars().count();
    let most = LONGEST.min(*room);
    *room = room.saturating_sub(length.min(most));
    if length <= most {
        return parts::block(&text);
    }
    let cut: String = text.chars().take(most).collect();
    html! { (parts::block(&format!("{cut}…"))) p class="quiet" { "Cut: it has " (words::count(length as u64)) " letters." } }
}

/// Records as somebody types them: an object, a list of objects, or an object a line. None when nothing was typed.
pub(in crate::console::pages) fn typed(
    field: &str,
    text: &str,
) -> Result<Option<Vec<Map<String, Value>>>, Refusal> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    let values = match serde_json::from_str(text) {
        Ok(Value::Array(all)) => all,
        Ok(one) => vec![one],
        Err(whole) => {
            let lines = text.lines().filter(|line| !line.trim().is_empty());
            let read: Result<Vec<Value>, _> = lines.map(serde_json::from_str).collect();
            read.map_err(|_| Refusal::of_field(field, format!("is no JSON: {whole}")))?
        }
    };
    let objects = values.into_iter().map(|value| match value {
        Value::Object(fields) => Ok(fields),
        _ => Err(Refusal::of_field(
            field,
            "holds something that is no object: a record is `{…}`",
        )),
    });
    objects.collect::<Result<Vec<_>, _>>().map(Some)
}

/// Records as they are shown to be edited.
pub(in crate::console::pages) fn to_type(records: &[Value]) -> String {
    let text = match records {
        [] => return String::new(),
        [one] => serde_json::to_string_pretty(one).unwrap_or_default(),
        several => {
            let lines: Vec<String> = several.iter().map(Value::to_string).collect();
            lines.join("\n")
        }
    };
    // A long one is tried again by its source, not by a form.
    if text.len() > 100_000 { String::new() } else { text }
}

#[cfg(test)]
pub(in crate::console::pages) fn sample() -> Tried {
    use serde_json::json;

    use crate::api::flows::Part;
    let trouble = Trouble {
        code: "TL0841".to_owned(),
        message: "the <b>record</b> is no object".to_owned(),
        advice: "Make one of it.".to_owned(),
        record: Some(json!({ "text": "<script>alert(1)</script>" })),
    };
    let step = |kind: &str, after: Vec<Value>, troubles: Vec<Trouble>, note: Option<&str>| Step {
        part: Part {
            kind: kind.to_owned(),
            says: ".number > 2".to_owned(),
        },
        before: vec![json!({ "number": 1 })],
        after,
        troubles,
        note: note.map(str::to_owned),
    };
    Tried {
        name: Some("urgent".to_owned()),
        from: "the sample “<i>one</i>”".to_owned(),
        records: vec![json!({ "number": 3 }), json!({ "number": 1 })],
        troubles: vec![Trouble {
            record: None,
            ..trouble.clone()
        }],
        steps: vec![
            step("map", vec![json!({ "number": 3 })], vec![trouble.clone()], None),
            step(
                "enrich",
                vec![json!({ "number": 3 })],
                Vec::new(),
                Some("Nobody was asked."),
            ),
            step("filter", Vec::new(), Vec::new(), None),
        ],
        ways: vec![TriedWay {
            name: "big".to_owned(),
            kind: "http".to_owned(),
            only: Some("when .number > 9".to_owned()),
            steps: vec![step("jq", vec![json!("<b>text</b>")], Vec::new(), None)],
            gets: vec![json!({ "method": "POST", "url": "https://example.com" })],
            troubles: vec![trouble],
        }],
        left_out: 1,
        mistakes: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_typed_as_an_object_a_list_or_lines() {
        for (text, count) in [
            ("", None),
            ("  \n", None),
            ("{\"a\": 1}", Some(1)),
            ("{\n  \"a\": 1\n}", Some(1)),
            ("[{\"a\": 1}, {}]", Some(2)),
            ("{\"a\":1}\n\n{\"a\":2}\r\n{\"a\":3}", Some(3)),
        ] {
            let read = typed("sample", text).unwrap();
            assert_eq!(read.map(|all| all.len()), count, "{text:?}");
        }
        for bad in ["{", "7", "[1]", "{\"a\":1}\nnope", "null"] {
            let refusal = typed("sample", bad).unwrap_err();
            assert_eq!(refusal.field.as_deref(), Some("sample"), "{bad}");
        }
    }

    #[test]
    fn what_is_shown_to_be_typed_reads_back() {
        use serde_json::json;
        for records in [vec![json!({ "a": "b\nc" })], vec![json!({ "a": 1 }), json!({})]] {
            let read = typed("sample", &to_type(&records)).unwrap().unwrap();
            let read: Vec<Value> = read.into_iter().map(Value::Object).collect();
            assert_eq!(read, records);
        }
    }

    #[test]
    fn what_is_too_long_is_cut_and_says_so() {
        let mut room = LONGEST_ALL;
        let long = Value::String("ü".repeat(LONGEST + 1));
        let html = block(&long, &mut room).into_string();
        assert!(html.contains("Cut: it has 6,001 letters."));
        assert_eq!(room, LONGEST_ALL - LONGEST);
    }
}
