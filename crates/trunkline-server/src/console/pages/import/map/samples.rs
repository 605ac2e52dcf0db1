//! What the page of an uploaded table may have to show.

use std::collections::BTreeMap;

use serde_json::json;
use trunkline_actions::publish::PlannedRow;

use super::*;
use crate::api::actions::Line;

fn mapping() -> Mapping {
    let page = ActionPage {
        line: Line {
            id: "contacts.upsert",
            summary: "Makes a contact.",
            effect: "idempotent_write",
            is_operation: false,
        },
        input: json!({}),
        fields: Vec::new(),
        returns: "one",
        since: "2.7",
        until: "Preview",
        operations: Vec::new(),
        names: Vec::new(),
    };
    Mapping {
        upload: "0190a".to_owned(),
        page,
        peek: Peek {
            columns: vec!["E-<b>Mail".to_owned(), String::new()],
            rows: vec![
                Ok(vec!["<script>".to_owned(), "x".to_owned()]),
                Err("line 3: 1 cells, where the header has <b>2".to_owned()),
            ],
        },
        typed: Fields::of(&[
            ("name", "people<b>.csv"),
            ("to.0", "email"),
            ("map", "{</textarea>"),
        ]),
        refusal: None,
        planned: None,
    }
}

pub(super) fn all() -> Vec<(&'static str, Mapping)> {
    let line = |outcome, error: Option<&str>| batches::PlannedLine {
        line: 2,
        outcome,
        error: error.map(str::to_owned),
        planned: Some(PlannedRow {
            writes: shown::sample().writes,
            calls: 2,
        }),
    };
    let planned = |misfits| Planned {
        rows: 1_000,
        misfits,
        named: if misfits > 0 {
            vec!["line 3: <b>no</b>".to_owned()]
        } else {
            Vec::new()
        },
        lines: vec![
            line("created", None),
            line("updated", None),
            line("unchanged", None),
            line("skipped", None),
            line("rejected", Some("<i>bad</i> [TL0702]")),
        ],
        fields: BTreeMap::new(),
        calls: 2_000,
        seconds: Some(600.0),
    };
    vec![
        ("opened", mapping()),
        (
            "planned",
            Mapping {
                planned: Some(planned(0)),
                ..mapping()
            },
        ),
        (
            "planned with misfits",
            Mapping {
                planned: Some(planned(3)),
                ..mapping()
            },
        ),
        (
            "wrong",
            Mapping {
                refusal: Some(Refusal::of_field("map", "is no <b>expression</b>")),
                ..mapping()
            },
        ),
    ]
}
