//! What is asked of each route, and what comes of it. A route needs a case that ends well.
//!
//! The one rule: a case here is one that cannot be derived from the description; what can be, `walk.rs` derives.

use serde_json::{Value, json};

use super::world::{connection, mirror};
use crate::harness::flow;

/// One question, asked of a fresh world by the least role that may.
pub(super) struct Case {
    pub(super) id: &'static str,
    /// The address, filled in; `RUN` stands for the newest run's id.
    pub(super) path: &'static str,
    pub(super) body: Option<Value>,
    pub(super) status: u16,
    /// The field that a refusal names.
    pub(super) field: &'static str,
}

fn case(id: &'static str, path: &'static str, status: u16) -> Case {
    Case {
        id,
        path,
        body: None,
        status,
        field: "",
    }
}

impl Case {
    fn with(mut self, body: Value) -> Self {
        self.body = Some(body);
        self
    }

    /// Leaves a column out.
    fn ignoring(mut self, column: &str) -> Self {
        if let Some(body) = &mut self.body {
            body["ignore"] = json!([column]);
        }
        self
    }

    fn blames(mut self, field: &'static str) -> Self {
        self.field = field;
        self
    }
}

/// A body with one field changed.
fn but(mut body: Value, field: &str, value: Value) -> Value {
    body[field] = value;
    body
}

pub(super) fn all() -> Vec<Case> {
    let mut all = vec![
        case("about.health", "/health", 200),
        case("about.version", "/version", 200),
        case("about.caller", "/caller", 200),
        case("about.description", "/openapi.json", 200),
        case("about.overview", "/overview", 200),
    ];
    all.extend(connections());
    all.extend(apps_and_keys());
    all.extend(people());
    all.extend(mirrors());
    all.extend(data());
    all.extend(process());
    all.extend(actions());
    all.extend(batches());
    all.extend(notifications());
    all.extend(alerts());
    all.extend(flows());
    all.extend(tries());
    all.extend(dead_letters());
    all.extend(deliveries());
    all
}

fn data() -> Vec<Case> {
    let records = |query: &'static str, status, field| case("data.records", query, status).blames(field);
    let query = |sql: &str, status, field| {
        case("data.query", "/mirrors/all/query", status)
            .with(json!({ "sql": sql, "limit": 10 }))
            .blames(field)
    };
    vec![
        case("data.streams", "/mirrors/all/streams", 200),
        case("data.tables", "/mirrors/all/tables", 200),
        records("/mirrors/all/streams/contacts/records", 200, ""),
        records(
            "/mirrors/all/streams/contacts/records?sort=id&order=rising&limit=2",
            200,
            "",
        ),
        records(
            "/mirrors/all/streams/contacts/records?column=name&how=contains&value=ann",
            200,
            "",
        ),
        records("/mirrors/all/streams/contacts/records?deleted=yes", 200, ""),
        records("/mirrors/all/streams/contacts/records?sort=name", 422, "sort"),
        records("/mirrors/all/streams/contacts/records?order=up", 422, "order"),
        records(
            "/mirrors/all/streams/contacts/records?column=none&value=1",
            422,
            "column",
        ),
        records("/mirrors/all/streams/contacts/records?value=1", 422, "column"),
        records(
            "/mirrors/all/streams/contacts/records?column=name&how=like",
            422,
            "how",
        ),
        records(
            "/mirrors/all/streams/contacts/records?deleted=maybe",
            422,
            "deleted",
        ),
        records("/mirrors/all/streams/contacts/records?after=here", 422, "after"),
        records("/mirrors/all/streams/sqlite_schema/records", 404, ""),
        case("data.record", "/mirrors/all/streams/contacts/record?key=k1", 200),
        case(
            "data.record",
            "/mirrors/all/streams/contacts/record?key=none",
            404,
        ),
        case("data.record", "/mirrors/all/streams/contacts/record", 422).blames("key"),
        case("data.conversation", "/mirrors/all/conversations/c1", 200),
        case("data.conversation", "/mirrors/all/conversations/c2", 404),
        case("data.contact", "/mirrors/all/contacts/k1", 200),
        case("data.company", "/mirrors/all/companies/co1", 200),
        query("SELECT name FROM contacts", 200, ""),
        query("SELECT name FROM nowhere", 422, "sql"),
        query("DELETE FROM contacts", 422, "sql"),
        query("PRAGMA query_only = 0", 422, "sql"),
        query("ATTACH DATABASE 'x.db' AS x", 422, "sql"),
        case("reports.show", "/mirrors/all/report", 200),
        case(
            "reports.show",
            "/mirrors/all/report?from=2026-02-01&to=2026-03-01&time_zone=Europe/Berlin",
            200,
        ),
        case("reports.show", "/mirrors/all/report?from=yesterday", 422).blames("from"),
        case("reports.show", "/mirrors/all/report?to=soon", 422).blames("to"),
        case(
            "reports.show",
            "/mirrors/all/report?from=2026-03-02&to=2026-03-01",
            422,
        )
        .blames("to"),
        case("reports.show", "/mirrors/all/report?time_zone=Mars", 422).blames("time_zone"),
        case("reports.show", "/mirrors/all/report?team=none", 422).blames("team"),
        case("reports.show", "/mirrors/all/report?office_hours=none", 422).blames("office_hours"),
        case("search.find", "/mirrors/all/search", 200),
        case(
            "search.find",
            "/mirrors/all/search?text=hello&stream=conversations&limit=2",
            200,
        ),
        case("search.find", "/mirrors/all/search?stream=tags", 422).blames("stream"),
        case("search.find", "/mirrors/all/search?skip=10001", 422).blames("skip"),
        case("search.on", "/mirrors/all/search", 202),
        case("search.off", "/mirrors/all/search", 204),
        case("data.query", "/mirrors/all/query", 422)
            .with(json!({ "sql": "SELECT 1", "limit": 0 }))
            .blames("limit"),
    ]
}

fn tries() -> Vec<Case> {
    let attempt = |status, body| case("flows.try", "/flow-tries", status).with(body);
    let fill = |status, body| case("recipes.fill", "/recipes/help-center/fill", status).with(body);
    let text = flow("new");
    vec![
        attempt(200, json!({ "text": text, "records": [{ "number": 2 }] })),
        attempt(
            200,
            json!({ "text": text, "records": [], "answers": { "company": null } }),
        ),
        attempt(200, json!({ "text": flow("orders"), "take": "letter" })),
        attempt(200, json!({ "text": text, "take": "source", "limit": 1 })),
        attempt(200, json!({ "text": "flow: [" })),
        attempt(409, json!({ "text": text })).blames("records"),
        attempt(409, json!({ "text": text, "take": "letter" })).blames("records"),
        attempt(422, json!({ "text": text, "take": "thin air" })).blames("take"),
        attempt(422, json!({ "text": text, "limit": 101 })).blames("limit"),
        attempt(422, json!({ "text": text, "records": [7] })).blames("records[0]"),
        attempt(422, json!({ "text": text, "records": vec![json!({}); 101] })).blames("records"),
        case("flows.dry_run", "/flows/orders/dry-run", 200).with(json!({ "limit": 5 })),
        case("flows.dry_run", "/flows/orders/dry-run", 422)
            .with(json!({ "limit": 0 }))
            .blames("limit"),
        case("flows.run", "/flows/orders/run", 202),
        case("components.list", "/components", 200),
        case("recipes.list", "/recipes", 200),
        case("recipes.show", "/recipes/help-center", 200),
        case("recipes.show", "/recipes/none", 404),
        fill(
            200,
            json!({ "file": "back.yaml", "name": "mine", "connection": "acme", "values": { "folder": "w" } }),
        ),
        fill(200, json!({})),
        fill(422, json!({ "file": "input.jsonl" })).blames("file"),
        fill(422, json!({ "name": "My own" })).blames("name"),
        fill(422, json!({ "connection": "none" })).blames("connection"),
        fill(422, json!({ "values": { "folder": "../x" } })).blames("values.folder"),
        fill(422, json!({ "values": { "surprise": "x" } })).blames("values.surprise"),
    ]
}

fn process() -> Vec<Case> {
    let simulator = |id, path, status, body: Value| case(id, path, status).with(body);
    let at = "/connections/live/simulator";
    vec![
        case("settings.show", "/settings", 200),
        case("settings.keep", "/settings/retention", 200).with(json!({ "runs": "30d", "audit": null })),
        case("settings.keep", "/settings/retention", 422)
            .with(json!({ "runs": "30 days" }))
            .blames("runs"),
        case("settings.keep", "/settings/retention", 422)
            .with(json!({ "requests": "59m" }))
            .blames("requests"),
        case("settings.keep", "/settings/retention", 422)
            .with(json!({ "audit": "3651d" }))
            .blames("audit"),
        case("settings.storage", "/storage", 200),
        case("settings.checks", "/checks", 200),
        case("secrets.rotate", "/secret-rotations", 200),
        case("simulator.show", at, 200),
        // Nobody listens there.
        case("simulator.show", "/connections/acme/simulator", 502),
        simulator(
            "simulator.activity",
            "/connections/live/simulator/activity",
            200,
            json!({ "steps": 10 }),
        ),
        simulator(
            "simulator.activity",
            "/connections/live/simulator/activity",
            422,
            json!({ "steps": 0 }),
        )
        .blames("steps"),
        simulator(
            "simulator.clock",
            "/connections/live/simulator/clock",
            200,
            json!({ "advance_seconds": 60 }),
        ),
        simulator(
            "simulator.clock",
            "/connections/live/simulator/clock",
            422,
            json!({ "advance_seconds": -1 }),
        )
        .blames("advance_seconds"),
        simulator(
            "simulator.add_fault",
            "/connections/live/simulator/faults",
            200,
            json!({ "fault": { "operation": "*", "status": 500 } }),
        ),
        simulator(
            "simulator.add_fault",
            "/connections/live/simulator/faults",
            422,
            json!({ "fault": { "status": 500 } }),
        )
        .blames("fault"),
        case(
            "simulator.remove_fault",
            "/connections/live/simulator/faults/0",
            204,
        ),
        case(
            "simulator.remove_fault",
            "/connections/live/simulator/faults/1",
            404,
        ),
        case(
            "simulator.remove_fault",
            "/connections/live/simulator/faults/x",
            404,
        ),
    ]
}

fn flows() -> Vec<Case> {
    let apply = |status, body| case("flows.apply", "/flows", status).with(body);
    let check = |text: &str| case("flows.check", "/flow-checks", 200).with(json!({ "text": text }));
    let runs = |path, status| case("flow_runs.list", path, status);
    let other = flow("orders").replace("twice", "double");
    vec![
        case("flows.list", "/flows", 200),
        case("flows.show", "/flows/orders", 200),
        apply(200, json!({ "text": flow("new") })),
        apply(200, json!({ "text": flow("orders") })),
        apply(200, json!({ "text": other, "replaces": 1 })),
        apply(409, json!({ "text": other })).blames("replaces"),
        apply(409, json!({ "text": other, "replaces": 7 })).blames("replaces"),
        apply(409, json!({ "text": flow("new"), "replaces": 1 })).blames("replaces"),
        apply(422, json!({ "text": "" })).blames("text"),
        apply(
            422,
            json!({ "text": flow("new").replace("jsonl", "jsonl, pth: x") }),
        )
        .blames("text"),
        apply(
            422,
            json!({ "text": flow("new").replace("'.number * 2'", "'.number *'") }),
        )
        .blames("text"),
        check(&flow("new")),
        check("flow: [\u{0}"),
        case("flows.pause", "/flows/orders/pause", 200),
        case("flows.resume", "/flows/orders/resume", 200),
        case("flows.remove", "/flows/orders?with_state=true", 204),
        case("flows.remove", "/flows/orders", 409),
        case("flows.remove", "/flows/orders?with_state=some", 422).blames("with_state"),
        runs("/flow-runs", 200),
        runs(
            "/flow-runs?flow=none&state=failed&since=2026-01-01T00:00:00Z&until=2027-01-01T00:00:00Z",
            200,
        ),
        runs("/flow-runs?state=lost", 422).blames("state"),
        runs("/flow-runs?since=yesterday", 422).blames("since"),
        case("flow_runs.show", "/flow-runs/FLOWN", 200),
        case("flow_runs.show", "/flow-runs/nothing", 404),
    ]
}

fn deliveries() -> Vec<Case> {
    let list = |path, status| case("deliveries.list", path, status);
    vec![
        list("/flows/orders/deliveries", 200),
        list(
            "/flows/orders/deliveries?run=FLOWN&destination=file&outcome=let_go&record=order-1&key=k&limit=1",
            200,
        ),
        list("/flows/none/deliveries", 404),
        list("/flows/orders/deliveries?outcome=lost", 422).blames("outcome"),
        list("/flows/orders/deliveries?since=soon", 422).blames("since"),
        list("/flows/orders/deliveries?limit=0", 422).blames("limit"),
        case("deliveries.show", "/deliveries/BROUGHT", 200),
        case("deliveries.show", "/deliveries/nothing", 404),
    ]
}

fn dead_letters() -> Vec<Case> {
    let list = |path, status| case("dead_letters.list", path, status);
    let redrive = |status, body| {
        case(
            "dead_letters.redrive",
            "/flows/orders/dead-letters/redrive",
            status,
        )
        .with(body)
    };
    let drop = |status, body| case("dead_letters.drop", "/flows/orders/dead-letters/drop", status).with(body);
    vec![
        list("/dead-letters", 200),
        list(
            "/dead-letters?flow=orders&destination=file&code=TL0811&state=dropped&text=x&run=FLOWN",
            200,
        ),
        list("/dead-letters?state=lost", 422).blames("state"),
        list("/dead-letters?until=soon", 422).blames("until"),
        case("dead_letters.show", "/dead-letters/LETTER", 200),
        case("dead_letters.show", "/dead-letters/nothing", 404),
        redrive(200, json!({ "letters": { "code": "TL0811" }, "form": "ready" })),
        redrive(200, json!({})),
        redrive(422, json!({ "form": "new" })).blames("form"),
        redrive(422, json!({ "letters": { "ids": [] } })).blames("letters.ids"),
        redrive(422, json!({ "letters": { "ids": ["nothing"] } })).blames("letters.ids[0]"),
        redrive(
            422,
            json!({ "letters": { "ids": ["nothing"], "code": "TL0811" } }),
        )
        .blames("letters.ids"),
        drop(200, json!({ "destination": "file" })),
        drop(200, json!({})),
        drop(422, json!({ "ids": ["nothing"] })).blames("ids[0]"),
        drop(422, json!({ "since": "2026-13-01T00:00:00Z" })).blames("since"),
    ]
}

fn alerts() -> Vec<Case> {
    vec![
        case("alerts.list", "/alerts", 200),
        case("alerts.list", "/alerts?ended=true&limit=2", 200),
        case("alerts.channels", "/alerts/channels", 200),
        case("alerts.test", "/alerts/channels/ops/test", 200),
        case("alerts.test", "/alerts/channels/nobody/test", 404),
    ]
}

fn connections() -> Vec<Case> {
    let add = |status, body| case("connections.add", "/connections", status).with(body);
    let change = |status, body| case("connections.change", "/connections/acme", status).with(body);
    vec![
        case("connections.list", "/connections", 200),
        case("connections.show", "/connections/acme", 200),
        add(201, connection("new")),
        add(201, json!({ "name": "new" })),
        add(409, connection("acme")),
        add(422, connection("Not a name")).blames("name"),
        add(422, connection("../acme")).blames("name"),
        add(422, but(connection("new"), "app", json!("none"))).blames("app"),
        add(422, but(connection("new"), "region", json!("mars"))).blames("region"),
        add(
            422,
            but(connection("new"), "base_url", json!("https://a.example")),
        )
        .blames("base_url"),
        add(422, json!({ "name": "new", "base_url": "file:///etc/passwd" })).blames("base_url"),
        add(422, json!({ "name": "new", "base_url": "https://u:p@a.example" })).blames("base_url"),
        add(422, but(connection("new"), "api_version", json!("3.0"))).blames("api_version"),
        add(
            422,
            but(connection("new"), "authorize_url", json!("javascript:alert(1)")),
        )
        .blames("authorize_url"),
        add(
            422,
            but(connection("new"), "token_url", json!("http://a.example/token")),
        )
        .blames("token_url"),
        add(422, but(connection("new"), "token", json!("a\r\nx: y"))).blames("token"),
        add(422, but(connection("new"), "token", json!("  "))).blames("token"),
        change(200, json!({})),
        change(
            200,
            json!({ "app": null, "notes": "other", "token": "dG9r-other" }),
        ),
        change(422, json!({ "app": "none" })).blames("app"),
        change(422, json!({ "api_version": "1.0" })).blames("api_version"),
        case("connections.remove", "/connections/spare", 204),
        case("connections.remove", "/connections/acme", 409),
        case("connections.rename", "/connections/acme/rename", 200).with(json!({ "name": "other" })),
        case("connections.rename", "/connections/acme/rename", 409).with(json!({ "name": "spare" })),
        case("connections.rename", "/connections/acme/rename", 422)
            .with(json!({ "name": "A" }))
            .blames("name"),
        case("connections.choose", "/connections/spare/default", 200),
        case("connections.test", "/connections/acme/test", 200),
        case("connections.grant", "/connections/acme/grant", 200),
        case("connections.grant", "/connections/spare/grant", 409),
        case("connections.pause", "/connections/acme/pause", 200),
        case("permissions.show", "/connections/live/permissions", 200),
        case("permissions.show", "/connections/none/permissions", 404),
        case("permissions.probe", "/connections/live/permissions", 200).with(json!({ "writes": false })),
        case("permissions.probe", "/connections/none/permissions", 404).with(json!({})),
        case("connections.resume", "/connections/acme/resume", 200),
    ]
}

fn apps_and_keys() -> Vec<Case> {
    let app = |name: &str| json!({ "name": name, "client_id": "id-1", "client_secret": "new-client-secret" });
    let add = |status, body| case("apps.add", "/apps", status).with(body);
    let key = |status, body| case("keys.add", "/keys", status).with(body);
    vec![
        case("apps.list", "/apps", 200),
        case("apps.show", "/apps/hub", 200),
        add(201, app("new")),
        add(409, app("hub")),
        add(422, app("a/b")).blames("name"),
        add(422, but(app("new"), "client_id", json!("a b"))).blames("client_id"),
        add(422, but(app("new"), "client_id", json!(""))).blames("client_id"),
        add(422, but(app("new"), "client_secret", json!(""))).blames("client_secret"),
        add(422, but(app("new"), "token_url", json!("ftp://a.example"))).blames("token_url"),
        case("apps.change", "/apps/hub", 200).with(json!({ "client_id": "id-2", "token_url": null })),
        case("apps.change", "/apps/hub", 422)
            .with(json!({ "authorize_url": "data:text/html,x" }))
            .blames("authorize_url"),
        case("apps.remove", "/apps/hub", 409),
        case("apps.remove", "/apps/spare", 204),
        case("keys.list", "/keys", 200),
        key(201, json!({ "name": "new", "role": "operate" })),
        key(409, json!({ "name": "read", "role": "read" })),
        key(422, json!({ "name": "new", "role": "owner" })).blames("role"),
        key(422, json!({ "name": "n\u{0}", "role": "read" })).blames("name"),
        case("keys.remove", "/keys/spare", 204),
        case("keys.remove", "/keys/admin", 409),
    ]
}

fn people() -> Vec<Case> {
    let invite = |status, body| case("people.invite", "/people", status).with(body);
    let change = |status, path, role| case("people.change", path, status).with(json!({ "role": role }));
    vec![
        case("people.list", "/people", 200),
        invite(201, json!({ "name": "New@example.com", "role": "operate" })),
        invite(409, json!({ "name": "ann", "role": "read" })),
        invite(422, json!({ "name": "a b", "role": "read" })).blames("name"),
        invite(422, json!({ "name": "new", "role": "owner" })).blames("role"),
        change(200, "/people/ben", "read"),
        change(200, "/people/ann", "admin"),
        change(409, "/people/ann", "read"),
        change(422, "/people/ben", "owner").blames("role"),
        case("people.link", "/people/ben/link", 200),
        case("people.remove", "/people/ben", 204),
        case("people.remove", "/people/ann", 409),
        case(
            "audit.list",
            "/audit?by_whom=key%20ops&deed=connections&limit=1",
            200,
        ),
        case("audit.list", "/audit?since=yesterday", 422).blames("since"),
    ]
}

fn mirrors() -> Vec<Case> {
    let add = |status, body| case("mirrors.add", "/mirrors", status).with(body);
    vec![
        case("mirrors.list", "/mirrors", 200),
        case("mirrors.show", "/mirrors/all", 200),
        add(201, mirror("new")),
        add(201, json!({ "name": "new", "to": "sqlite:new.db" })),
        add(409, mirror("all")),
        add(422, mirror("")).blames("name"),
        add(422, but(mirror("new"), "connection", json!("none"))).blames("connection"),
        add(422, but(mirror("new"), "streams", json!([]))).blames("streams"),
        add(422, but(mirror("new"), "streams", json!(["contacts", "aliens"]))).blames("streams[1]"),
        add(422, but(mirror("new"), "exclude", json!(["phone"]))).blames("exclude[0]"),
        add(422, but(mirror("new"), "hash", json!(["aliens.x"]))).blames("hash[0]"),
        add(422, but(mirror("new"), "custom_objects", json!([""]))).blames("custom_objects[0]"),
        add(422, but(mirror("new"), "to", json!("sqlite:../../etc/x"))).blames("to"),
        add(422, but(mirror("new"), "to", json!("sqlite:/etc/x"))).blames("to"),
        add(422, but(mirror("new"), "interval_seconds", json!(9))).blames("interval_seconds"),
        add(422, but(mirror("new"), "interval_seconds", json!(99_999_999))).blames("interval_seconds"),
        add(422, but(mirror("new"), "interval_seconds", json!(-1))).blames("interval_seconds"),
        case("mirrors.remove", "/mirrors/all", 204),
        case("mirrors.pause", "/mirrors/all/pause", 200),
        case("mirrors.resume", "/mirrors/all/resume", 200),
        case("mirrors.run", "/mirrors/all/run", 202),
        case("runs.list", "/mirrors/all/runs", 200),
        case("runs.list", "/mirrors/all/runs?limit=2&before=RUN", 200),
        case("runs.list", "/mirrors/all/runs?before=nothing", 422).blames("before"),
        case("runs.show", "/mirrors/all/runs/RUN", 200),
        case("runs.show", "/mirrors/all/runs/nothing", 404),
    ]
}

fn actions() -> Vec<Case> {
    let call = |path, status, input: Value| {
        case("actions.call", path, status).with(json!({
            "connection": "live", "input": input, "time_zone": "Europe/Dublin", "allow_unknown": false, "key": null,
        }))
    };
    let plan = |status, input: Value| {
        case("actions.plan", "/actions/tags.upsert/plan", status)
            .with(json!({ "connection": "live", "input": input }))
    };
    let apply = |status, name: &str| {
        let write = json!({
            "operation": "tags.upsert", "path": [], "query": [], "payload": { "name": "planned" }, "subject": null,
            "before": null, "fields": [{ "field": "name", "change": "create", "after": "planned" }],
        });
        case("plans.apply", "/plans/apply", status).with(json!({
            "connection": "live",
            "plan": {
                "format": 1, "workspace": "live1234", "action": "tags.upsert", "input": { "name": name },
                "at": "2027-01-15T08:00:00Z", "zone": "UTC", "writes": [write], "notes": [], "reads": 0, "calls": 1,
                "seconds": null,
            },
        }))
    };
    vec![
        case("actions.list", "/actions", 200),
        case("actions.list", "/actions?words=tag%20contact", 200),
        case("actions.show", "/actions/tags.list", 200),
        case("actions.show", "/actions/contacts.tag", 200),
        case("actions.show", "/actions/none", 404),
        call("/actions/tags.list", 200, json!({})),
        call("/actions/tags.upsert", 200, json!({ "name": "x" })),
        call("/actions/none", 404, json!({})),
        call("/actions/tags.get", 422, json!({})).blames("input.path.id"),
        call("/actions/tags.upsert", 422, json!({ "nmae": "x", "name": "x" })).blames("input.nmae"),
        case("actions.call", "/actions/tags.list", 422)
            .with(json!({ "connection": "none" }))
            .blames("connection"),
        case("actions.call", "/actions/tags.list", 422)
            .with(json!({ "connection": "live", "time_zone": "Mars/Olympus" }))
            .blames("time_zone"),
        // Nobody listens where this one leads.
        case("actions.call", "/actions/tags.list", 502).with(json!({ "connection": "acme" })),
        plan(200, json!({ "name": "x" })),
        plan(422, json!({ "name": ["x"] })).blames("input.name"),
        apply(200, "planned"),
        apply(409, "another"),
        case("actions.spell", "/actions/tags.upsert/spell", 200).with(
            json!({ "connection": "live", "input": { "payload": { "name": "x" } }, "time_zone": "UTC" }),
        ),
        case("actions.spell", "/actions/none/spell", 404).with(json!({})),
        case("lookups.list", "/lookups", 200),
        case(
            "lookups.show",
            "/lookups/tags?connection=live&limit=5&words=v",
            200,
        ),
        case("lookups.show", "/lookups/none", 404),
        case("lookups.show", "/lookups/tags?connection=none", 422).blames("connection"),
        case("lookups.show", "/lookups/tags?connection=live&limit=0", 422).blames("limit"),
        case("action_runs.list", "/action-runs", 200),
        case(
            "action_runs.list",
            "/action-runs?action=tags.upsert&state=done&limit=1",
            200,
        ),
        case("action_runs.list", "/action-runs?state=lost", 422).blames("state"),
        case("action_runs.show", "/action-runs/WRITTEN", 200),
        case("action_runs.show", "/action-runs/nothing", 404),
        case("action_runs.undo", "/action-runs/WRITTEN/undo", 200).with(json!({ "connection": "live" })),
        case("action_runs.plan_undo", "/action-runs/WRITTEN/undo/plan", 200)
            .with(json!({ "connection": "live" })),
        case("action_runs.plan_undo", "/action-runs/nothing/undo/plan", 404)
            .with(json!({ "connection": "live" })),
        case("action_runs.undo", "/action-runs/nothing/undo", 404).with(json!({ "connection": "live" })),
        // The journal keeps no such run of the other connection's workspace.
        case("action_runs.undo", "/action-runs/WRITTEN/undo", 422).with(json!({ "connection": "spare" })),
    ]
}

fn batches() -> Vec<Case> {
    let rows = |text: &str| {
        json!({
            "text": text, "name": "rows.csv", "action": "tags.upsert", "connection": "live", "columns": {}, "ignore": [], "set": {},
            "map": null, "empty_is_null": false, "time_zone": "UTC", "strict": false, "upload": null,
        })
    };
    let begin = |status, body| case("batches.begin", "/batches", status).with(body);
    let plan = |status, body| case("batches.plan", "/batch-plans", status).with(body);
    let list = |path, status| case("batches.list", path, status);
    let of_rows = |path, status| case("batches.rows", path, status);
    vec![
        list("/batches", 200),
        list("/batches?action=tags.upsert&state=stopped&limit=1", 200),
        list("/batches?state=lost", 422).blames("state"),
        case("batches.show", "/batches/BATCH", 200),
        case("batches.show", "/batches/nothing", 404),
        plan(200, rows("name\nvip\n\"open\n")),
        plan(200, but(rows("Tag;Notes\nvip;x\n"), "map", json!("{name: .Tag}"))),
        plan(422, but(rows("Tag\nvip\n"), "map", json!("{name: "))).blames("map"),
        plan(422, rows("nmae\nvip\n")).blames("columns"),
        plan(422, rows("")).blames("upload"),
        plan(422, but(rows("name\nvip\n"), "action", json!("tags.list"))).blames("action"),
        plan(422, but(rows("name\nvip\n"), "action", json!("none"))).blames("action"),
        plan(422, but(rows("name\nvip\n"), "time_zone", json!("Mars/Olympus"))).blames("time_zone"),
        plan(422, but(rows("name\nvip\n"), "connection", json!("none"))).blames("connection"),
        plan(422, but(rows("name\nvip\n"), "columns", json!({ "name": 1 }))).blames("columns.name"),
        plan(
            422,
            but(rows("name\nvip\n"), "columns", json!({ "mail": "name" })),
        )
        .blames("columns"),
        plan(422, but(rows("name\nvip\n"), "upload", json!("x"))).blames("text"),
        plan(
            422,
            but(but(rows(""), "text", json!(null)), "upload", json!("../keys")),
        )
        .blames("upload"),
        begin(202, rows("\u{feff}name\nvip\n")),
        begin(
            202,
            but(rows("Tag,Notes\nvip,x\n"), "columns", json!({ "Tag": "name" })),
        )
        .ignoring("Notes"),
        begin(422, rows("name\n\"\"\n")).blames("columns"),
        begin(422, but(rows("name\nvip\n\"\"\n"), "strict", json!(true))).blames("columns"),
        case("batches.stop", "/batches/BATCH/stop", 200),
        case("batches.stop", "/batches/nothing/stop", 404),
        case("batches.resume", "/batches/BATCH/resume", 202),
        case("batches.resume", "/batches/nothing/resume", 404),
        case("batches.abandon", "/batches/BATCH/abandon", 200),
        case("batches.abandon", "/batches/nothing/abandon", 404),
        of_rows("/batches/BATCH/rows", 200),
        of_rows("/batches/BATCH/rows?outcome=rejected&after=7&limit=1", 200),
        of_rows("/batches/BATCH/rows?outcome=lost", 422).blames("outcome"),
        case("batches.rejects", "/batches/BATCH/rejects", 200),
        case("batches.rejects", "/batches/nothing/rejects", 404),
    ]
}

fn notifications() -> Vec<Case> {
    let list = |path, status| case("notifications.list", path, status);
    let requests = |path, status| case("requests.list", path, status);
    let replay = |status, body| case("notifications.replay_some", "/notifications/replay", status).with(body);
    vec![
        list("/notifications", 200),
        list(
            "/notifications?workspace=abcd1234&topics=contact.user.created,ping&state=waiting&since=2026-01-01T00:00:00Z\
             &until=2027-01-01T00:00:00%2B01:00&before=4&after=1&limit=500",
            200,
        ),
        list(
            "/notifications?topics=conversation.*,contact.created,no.such.topic",
            200,
        ),
        list("/notifications?topics=alien.*", 422).blames("topics"),
        list("/notifications?state=lost", 422).blames("state"),
        list("/notifications?since=yesterday", 422).blames("since"),
        list("/notifications?before=x", 422).blames("before"),
        list("/notifications?after=99999999999999999999", 422).blames("after"),
        list("/notifications?limit=1&limit=2", 422).blames("limit"),
        case("notifications.show", "/notifications/1", 200),
        case("notifications.show", "/notifications/notif_3", 200),
        case("notifications.show", "/notifications/99999999999999999999", 404),
        case("notifications.replay", "/notifications/2/replay", 200),
        replay(
            200,
            json!({ "state": "waiting", "topics": ["contact.user.created"] }),
        ),
        replay(200, json!({ "all": true })),
        replay(422, json!({})).blames("all"),
        replay(422, json!({ "all": true, "state": "done" })).blames("all"),
        replay(422, json!({ "topics": [""] })).blames("topics"),
        replay(422, json!({ "workspace": "a\u{0}b" })).blames("workspace"),
        replay(422, json!({ "since": "2026-13-01T00:00:00Z" })).blames("since"),
        requests("/requests", 200),
        requests(
            "/requests?connection=acme&status=4xx&since=2026-01-01T00:00:00Z&before=9&limit=1",
            200,
        ),
        requests("/requests?connection=none", 422).blames("connection"),
        requests("/requests?status=teapot", 422).blames("status"),
    ]
}
