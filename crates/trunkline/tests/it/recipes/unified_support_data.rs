//! What the mirror knows is in a warehouse and in a CRM.

use std::{
    collections::BTreeMap,
    fs,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::{change, desk_with};
use crate::{
    harness::{Desk, Simulator},
    killing,
    process::json as shown,
    receiver::listen,
};

/// The recipe beside the mirror of a small workspace.
fn desk() -> Desk {
    let simulator = Simulator::small();
    let desk = desk_with("unified-support-data");
    desk.sync(&simulator, &[]);
    desk
}

/// People in a CRM by their addresses, and how often one was put there.
type People = Arc<Mutex<(BTreeMap<String, Value>, u32)>>;

fn crm() -> (People, String) {
    let people = People::default();
    let held = Arc::clone(&people);
    let address = listen(move |came| {
        let mut held = held.lock().unwrap();
        assert_eq!(came.method, "PUT");
        let body = came.json();
        held.0.insert(came.target, body);
        held.1 += 1;
        (200, "{}".to_owned())
    });
    (people, format!("http://{address}"))
}

#[test]
fn fifty_kills_leave_every_contact_in_the_crm_as_the_mirror_has_it() {
    let desk = desk();
    let (people, address) = crm();
    change(&desk, "crm.yaml", "https://crm.example.com", &address);
    let variables = [("CRM_TOKEN", "secret")];
    let mirror = desk.open();
    let mut query = mirror
        .prepare(
            "select contact_id, email, count_conversations from contact_enhanced where email is not null",
        )
        .unwrap();
    let expected: BTreeMap<String, (String, i64)> = query
        .query_map([], |row| {
            Ok((
                format!("/people/{}", row.get::<_, String>(0)?),
                (row.get(1)?, row.get(2)?),
            ))
        })
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    assert!(expected.len() > 100);
    let arguments = ["flow", "run", "crm.yaml", "--from-start"];
    let calls = || people.lock().unwrap().1;
    let began = std::cell::Cell::new(0);
    killing::at_random(
        &desk,
        &arguments,
        &variables,
        100,
        |_| began.set(calls()),
        |_| calls() - began.get(),
    );
    let last = desk.trunkline(&arguments).envs(variables).output().unwrap();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    let there: BTreeMap<String, (String, i64)> = people
        .lock()
        .unwrap()
        .0
        .iter()
        .map(|(target, body)| {
            let email = body["email"].as_str().unwrap().to_owned();
            (target.clone(), (email, body["conversations"].as_i64().unwrap()))
        })
        .collect();
    assert_eq!(there, expected);
}

#[test]
fn fifty_kills_leave_the_table_as_the_view_says() {
    let Ok(address) = std::env::var("TRUNKLINE_TEST_POSTGRES") else {
        assert!(
            std::env::var_os("TRUNKLINE_REQUIRE_ALL").is_none(),
            "TRUNKLINE_TEST_POSTGRES is not set"
        );
        return;
    };
    let desk = desk();
    let schema = format!("recipe_support_{}", std::process::id());
    change(
        &desk,
        "flow.yaml",
        "schema: support",
        &format!("schema: {schema}"),
    );
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let client = runtime.block_on(async {
        let (client, connection) = tokio_postgres::connect(&address, tokio_postgres::NoTls).await.unwrap();
        tokio::spawn(connection);
        let make = format!("set client_min_messages = warning; drop schema if exists {schema} cascade; create schema {schema}");
        client.batch_execute(&make).await.unwrap();
        client
    });
    let rows = || {
        let count = format!("select count(*) from {schema}.conversation_metrics");
        let counted = runtime.block_on(client.query_one(&count, &[]));
        counted.map_or(0, |row| u32::try_from(row.get::<_, i64>(0)).unwrap())
    };
    // Half of the table goes, so that there is something to bring again.
    let lose = |_| {
        let lose = format!(
            "delete from {schema}.conversation_metrics where _key like '%1' or _key like '%3' or _key like '%5'"
        );
        // There is no table before the first run.
        drop(runtime.block_on(client.batch_execute(&lose)));
    };
    let variables = [("WAREHOUSE", address.as_str())];
    let arguments = ["flow", "run", "flow.yaml", "--from-start"];
    let most = 249;
    killing::at_random(&desk, &arguments, &variables, most, lose, |_| rows());
    let last = desk.trunkline(&arguments).envs(variables).output().unwrap();
    assert!(last.status.success(), "{}", String::from_utf8_lossy(&last.stderr));
    let mirror = desk.open();
    let figures: Vec<(String, Option<f64>)> = mirror
        .prepare("select conversation_id, minutes_to_first_response from conversation_metrics order by 1")
        .unwrap()
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let read = format!(
        "select _key, minutes_to_first_response::double precision from {schema}.conversation_metrics order by _key collate \"C\""
    );
    let there: Vec<(String, Option<f64>)> = runtime
        .block_on(client.query(&read, &[]))
        .unwrap()
        .iter()
        .map(|row| (row.get(0), row.get(1)))
        .collect();
    assert_eq!(there, figures);
    assert_eq!(shown(&desk, &["flow", "dead-letters"]), json!([]));
    runtime
        .block_on(client.batch_execute(&format!("drop schema {schema} cascade")))
        .unwrap();
    drop(fs::remove_file(desk.path().join("killed.log")));
}
