//! What the page of an action may have to show.

use serde_json::json;

use super::*;
use crate::api::{actions::Field, lookups::Pick as Choice};

fn field(name: &'static str, kind: &'static str) -> Field {
    Field {
        name,
        place: "module",
        kind,
        time: None,
        required: false,
        choices: Vec::new(),
        group: None,
        group_required: false,
        lookup: None,
        help: "What it <b>is</b>.",
        default: None,
        since: "2.7",
        until: "Preview",
        alternative: 0,
    }
}

fn fields() -> Vec<Field> {
    let contact = |name| Field {
        group: Some("contact"),
        group_required: true,
        ..field(name, "string")
    };
    let mut fields = vec![
        Field {
            required: true,
            ..field("tag_name", "string")
        },
        contact("contact_id"),
        contact("email"),
        Field {
            lookup: Some("admins"),
            ..field("admin_id", "string")
        },
        Field {
            lookup: Some("tags"),
            ..field("tag_ids", "array")
        },
        Field {
            lookup: Some("companies"),
            ..field("company_id", "string")
        },
        Field {
            time: Some("unix_seconds"),
            ..field("signed_up_at", "integer")
        },
        Field {
            time: Some("date"),
            ..field("day", "string")
        },
        Field {
            choices: vec!["user", "lead"],
            default: Some("user"),
            ..field("role", "string")
        },
        field("body", "string"),
        field("custom_attributes", "object"),
        field("untag", "boolean"),
        field("count", "integer"),
    ];
    fields.extend(["filters", "filters[].field", "filters[].value"].map(|name| field(name, "array")));
    fields.extend(["more_one", "more_two", "more_three", "more_four"].map(|name| field(name, "string")));
    fields
}

fn picks() -> BTreeMap<&'static str, Result<Picks, String>> {
    let choice = |id: &str| Choice {
        id: id.to_owned(),
        name: "<b>Ann</b>".to_owned(),
        details: BTreeMap::from([("email", "ann@example.com".to_owned())]),
    };
    let some = |more| Picks {
        items: vec![choice("1"), choice("2")],
        more,
    };
    BTreeMap::from([
        ("admins", Ok(some(false))),
        ("tags", Ok(some(false))),
        ("companies", Ok(some(true))),
    ])
}

fn one(effect: &'static str) -> One {
    let fields = fields();
    One {
        leaves: form::leaves(&fields, Version::DEFAULT),
        page: ActionPage {
            line: actions::Line {
                id: "contacts.tag",
                summary: "Puts a <b>tag</b> on a contact.",
                effect,
                is_operation: false,
            },
            input: json!({}),
            fields,
            returns: "one",
            since: "2.7",
            until: "Preview",
            operations: vec!["tags.upsert"],
            names: vec![actions::OtherName {
                system: "Alumio",
                module: "Tag a <i>contact</i>",
                field: "",
                our_fields: Vec::new(),
                note: "",
            }],
        },
        connections: vec!["acme".to_owned(), "other".to_owned()],
        connection: Some("acme".to_owned()),
        typed: Fields::of(&[
            ("input.email", "\"><script>"),
            ("input.tag_ids", "1"),
            ("input.tag_ids", "9"),
            ("input.more_four", "x"),
        ]),
        picks: picks(),
        word: "ab".repeat(16),
        refusal: None,
        plan: None,
        done: None,
        spelling: None,
    }
}

pub(super) fn all() -> Vec<(&'static str, One)> {
    let spelling = || Spelling {
        command: "trunkline call contacts.tag 'email=<b>'".to_owned(),
        http: "curl".to_owned(),
        rust: "workspace.call()".to_owned(),
        flow: "- intercom:".to_owned(),
    };
    let done = |repeated| Outcome {
        run: Some("0190".to_owned()),
        action: "contacts.tag".to_owned(),
        output: json!([{ "name": "</code><script>" }]),
        notes: vec!["a <b>note</b>".to_owned()],
        reads: 1,
        writes: 2,
        repeated,
    };
    let refusal = Refusal::new(
        http::StatusCode::UNPROCESSABLE_ENTITY,
        "TL0702",
        "the input does not fit <b>",
    )
    .at_each([
        ("input.tag_name".to_owned(), "is missing; it is string".to_owned()),
        ("input.admin_id".to_owned(), "must be text".to_owned()),
        ("input.untag".to_owned(), "must be true or false".to_owned()),
        ("input.filters[0].field".to_owned(), "is missing".to_owned()),
        (
            "input.email`, `contact_id".to_owned(),
            "exclude each other".to_owned(),
        ),
    ]);
    let nowhere = One {
        connections: Vec::new(),
        connection: None,
        picks: BTreeMap::from([("admins", Err("no <b>answer</b>".to_owned()))]),
        ..one("read")
    };
    vec![
        ("usual", one("write")),
        ("reads", one("read")),
        ("no connection", nowhere),
        (
            "planned",
            One {
                plan: Some(shown::sample()),
                spelling: Some(spelling()),
                ..one("write")
            },
        ),
        (
            "about to destroy",
            One {
                plan: Some(shown::sample()),
                ..one("destructive")
            },
        ),
        (
            "done",
            One {
                done: Some(done(false)),
                spelling: Some(spelling()),
                ..one("write")
            },
        ),
        (
            "done before",
            One {
                done: Some(done(true)),
                ..one("write")
            },
        ),
        (
            "wrong",
            One {
                refusal: Some(refusal),
                ..one("write")
            },
        ),
    ]
}
