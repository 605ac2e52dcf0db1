use jiff::Timestamp;

use super::*;

fn kinds() -> Kinds {
    Kinds {
        sources: vec!["webhook", "file"],
        transforms: vec!["filter", "map"],
        destinations: vec!["intercom", "stdout"],
    }
}

fn parse(text: &str) -> Result<Document, Vec<Mistake>> {
    Document::parse(text, &kinds(), Timestamp::UNIX_EPOCH)
}

const WHOLE: &str = r#"
flow: urgent-to-tier-two
description: What is urgent goes to tier two.
source: { webhook: { connection: acme, topics: [conversation.user.created] } }
transforms:
  - filter: 'any(.tags.tags[]; .name == "vip")'
destinations:
  - intercom:
      connection: acme
      action: conversations.assign
      with: { conversation_id: .id, admin_id: '"1"', team_id: '"42"' }
  - stdout:
    when: .open
    name: shown
policy: { retry: { attempts: 8 }, order: per_key, key: .id }
"#;

#[test]
fn a_flow_is_read_as_it_stands() {
    let document = parse(WHOLE).unwrap();
    assert_eq!(document.name, "urgent-to-tier-two");
    assert_eq!(document.source.kind, "webhook");
    assert_eq!(
        document.source.settings.to_json()["topics"][0],
        "conversation.user.created"
    );
    assert_eq!(document.transforms[0].kind, "filter");
    assert_eq!(document.transforms[0].spot, Spot { line: 6, column: 5 });
    let names: Vec<_> = document
        .destinations
        .iter()
        .map(|branch| branch.name.as_str())
        .collect();
    assert_eq!(names, ["intercom", "shown"]);
    assert_eq!(document.policy.order, Order::PerKey);
    assert_eq!(document.policy.key.unwrap().text(), ".id");
}

#[test]
fn each_mistake_has_its_place_and_a_remedy() {
    let check = |text: &str, line: u64, column: u64, message: &str, advice: &str| {
        let mistakes = parse(text).unwrap_err();
        let found = mistakes.iter().any(|mistake| {
            mistake.spot == (Spot { line, column })
                && mistake.message.contains(message)
                && mistake.advice.contains(advice)
        });
        assert!(found, "{text}\n{mistakes:#?}");
    };
    let with = |from: &str, to: &str| {
        assert!(WHOLE.contains(from), "{from}");
        WHOLE.replace(from, to)
    };
    check("", 1, 1, "a flow is a map", "flow:");
    check("flow: x\nsource: [", 2, 9, "not readable YAML", "Mend");
    check("flow: a\nflow: b\n", 2, 1, "twice", "Mend");
    check(
        &with("description:", "descripton:"),
        3,
        1,
        "no key descripton",
        "description?",
    );
    check(
        &with("flow: urgent-to-tier-two", "flow: Urgent!"),
        2,
        7,
        "no name for a flow",
        "small letters",
    );
    check(
        &with("flow: urgent-to-tier-two\n", ""),
        2,
        1,
        "flow is missing",
        "Add",
    );
    check(
        &with("{ webhook:", "{ webhok:"),
        4,
        11,
        "no source webhok",
        "webhook?",
    );
    check(
        &with("  - filter:", "  - fliter:"),
        6,
        5,
        "no transform fliter",
        "filter?",
    );
    check(
        &with("  - stdout:", "  - stdout: x\n    wehn: y"),
        13,
        5,
        "no key wehn",
        "setting",
    );
    check(
        &with("when: .open", "when: '.open |'"),
        13,
        11,
        "no expression",
        "place",
    );
    check(&with("attempts: 8", "attempts: many"), 15, 30, "", "Mend");
    check(
        &with("attempts: 8", "attemps: 8"),
        15,
        20,
        "no key attemps",
        "attempts?",
    );
    check(&with(", key: .id", ""), 15, 42, "needs a key", "key:");
    check(
        &with("name: shown", "name: intercom"),
        12,
        5,
        "two destinations",
        "name:",
    );
    check(
        &with("transforms:\n", "transforms: 3\nx:\n"),
        5,
        13,
        "is a list",
        "hyphen",
    );
    check(
        "flow: a\nsource: {file: x}\ndestinations: []\n",
        3,
        15,
        "needs a destination",
        "stdout",
    );
    check(
        "flow: a\nsource: {file: x}\nschedule: {cron: '0 0 31 2 *'}\ndestinations: [stdout]\n",
        3,
        18,
        "never comes",
        "schedules.md",
    );
}

#[test]
fn all_mistakes_are_told_at_once() {
    let text = WHOLE
        .replace("description:", "descripton:")
        .replace("- filter:", "- fliter:")
        .replace("order: per_key", "order: some");
    let lines: Vec<u64> = parse(&text)
        .unwrap_err()
        .iter()
        .map(|mistake| mistake.spot.line)
        .collect();
    assert_eq!(lines, [3, 6, 15]);
}
