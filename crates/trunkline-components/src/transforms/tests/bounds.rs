//! Expressions that mean harm: the record becomes a dead letter, and every other goes on.

use serde_json::json;

use super::{check, flow, noon, outputs, records};

#[test]
fn an_expression_that_never_ends_or_eats_memory_costs_its_record_only() {
    for (expression, why) in [
        ("def f: f; f", "steps"),
        ("[range(1e12)] | length", "bytes"),
        ("last(range(1e12))", "did not end"),
        ("1 | until(false; . + 1)", "did not end"),
        ("[limit(1e9; repeat(1))]", "bytes"),
        ("\"x\" * 1000000000", "bytes"),
        ("reduce range(40) as $i ([1]; . + .)", "bytes"),
        ("range(20000)", "values"),
        ("def f: [f]; f", "too deep"),
        ("reduce range(10000) as $i (0; [.])", "inside of each other"),
    ] {
        let transforms = format!("  - jq: 'if .bad then ({expression}) else . end'");
        let flow = flow(&transforms).unwrap();
        let input = [json!({ "n": 1 }), json!({ "bad": true }), json!({ "n": 2 })];
        let (given, errors) = outputs(&flow, records(&input), noon());
        assert_eq!(given["stdout"], json!([{ "n": 1 }, { "n": 2 }]), "{expression}");
        assert_eq!(errors.len(), 1, "{expression}: {errors:#?}");
        assert_eq!(errors[0].code, "TL0811", "{expression}");
        // On a machine with much else to do the time may be over first.
        let message = &errors[0].message;
        let is_stopped = message.contains(why) || message.contains("did not end within");
        assert!(is_stopped, "{expression}: {message}");
        assert!(errors[0].message.len() < 2_000, "{expression}");
    }
}

#[test]
fn every_transform_with_an_expression_is_stopped_within_its_limit() {
    for transforms in [
        "  - filter: 'def f: f; f'",
        "  - map: { set: { a: 'def f: f; f' } }",
        "  - route: { branches: [{ name: a, when: 'def f: f; f' }] }",
        "  - split: { list: l, with: { a: 'def f: f; f' } }",
        "  - dedupe: { key: 'def f: f; f' }",
        "  - window: { every: 1h, by: 'def f: f; f' }",
        "  - window: { every: 1h, make: 'def f: f; f' }",
        "  - enrich: { into: a, operation: contacts.get, with: { id: 'def f: f; f' } }",
        "  - enrich: { into: a, mirror: { file: m.db, table: t, key: 'def f: f; f' } }",
    ] {
        check(transforms, &[json!({ "l": [1] })], Err(("TL0811", "did not end")));
    }
}

#[test]
fn a_value_that_nests_without_measure_is_refused() {
    let deep = (0..600).fold(json!(1), |inner, _| json!([inner]));
    check("  - jq: .", &[deep], Err(("TL0811", "inside of each other")));
}
