//! The end models beside a copy: views in PostgreSQL, `views.sql` beside Parquet files.

use serde_json::json;
use tokio_postgres::Client;

use super::{Desk, Place, contact, filled, places};
use crate::analytics::models::MODELS;

/// Ids, or what else stands first, of the rows of a view of the mirror file.
fn rows(desk: &Desk, view: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(desk.path()).unwrap();
    let mut statement = connection.prepare(&format!("SELECT * FROM {view}")).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    let mut rows: Vec<String> = rows.collect::<Result<_, _>>().unwrap();
    rows.sort();
    rows
}

async fn views_are_those_of_the_mirror(desk: &Desk, client: &Client, schema: &str) {
    for model in MODELS {
        let asked = client
            .query(&format!("SELECT * FROM \"{schema}\".{}", model.name), &[])
            .await
            .unwrap_or_else(|error| panic!("{}: {error}", model.name));
        let mut held: Vec<String> = asked.iter().map(|row| row.get(0)).collect();
        held.sort();
        assert_eq!(held, rows(desk, model.name), "{}", model.name);
    }
}

#[tokio::test]
async fn a_schema_has_the_seven_views_and_keeps_them_as_the_tables_change() {
    let place = Place::postgres().await;
    let Place::Postgres { schema, .. } = &place else {
        return;
    };
    let client = places::connect().await;
    let mut desk = filled().await;
    place.bring_up(&desk).await.unwrap();
    views_are_those_of_the_mirror(&desk, &client, schema).await;
    assert!(!rows(&desk, "conversation_metrics").is_empty());
    let made = oids(&client, schema).await;
    desk.records("contacts", &[contact("9", json!({}))]).await;
    place.bring_up(&desk).await.unwrap();
    views_are_those_of_the_mirror(&desk, &client, schema).await;
    assert_eq!(
        oids(&client, schema).await,
        made,
        "what is as it should be is not made again"
    );
    // One that was changed by somebody, and one that was taken away with what hangs on it, are made again; so are all without some columns.
    client
        .batch_execute(&format!("DROP VIEW \"{schema}\".conversation_metrics CASCADE"))
        .await
        .unwrap();
    desk.leave_out(&["contacts.email", "conversation_parts.body"])
        .await;
    place.bring_up(&desk).await.unwrap();
    views_are_those_of_the_mirror(&desk, &client, schema).await;
    place.remove().await;
}

async fn oids(client: &Client, schema: &str) -> Vec<u32> {
    client
        .query(
            "SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE n.nspname = $1 AND c.relkind = 'v' ORDER BY c.oid",
            &[&schema],
        )
        .await
        .unwrap()
        .iter()
        .map(|row| row.get(0))
        .collect()
}

#[tokio::test]
async fn views_of_others_stay_and_stop_no_round() {
    for (sql, is_made) in [
        // Under one of our names.
        ("CREATE VIEW {s}.contact_enhanced AS SELECT 1 AS mine", false),
        ("CREATE TABLE {s}.admin_metrics (mine int)", false),
        // Built on one of ours, which has to change.
        ("CREATE VIEW {s}.mine AS SELECT * FROM {s}.contact_enhanced", true),
    ] {
        let place = Place::postgres().await;
        let Place::Postgres { schema, .. } = &place else {
            return;
        };
        let client = places::connect().await;
        let quoted = format!("\"{schema}\"");
        let mut desk = filled().await;
        if is_made {
            place.bring_up(&desk).await.unwrap();
        } else {
            client
                .batch_execute(&format!("CREATE SCHEMA {quoted}"))
                .await
                .unwrap();
        }
        client.batch_execute(&sql.replace("{s}", &quoted)).await.unwrap();
        desk.leave_out(&["contacts.email"]).await;
        place.bring_up(&desk).await.unwrap();
        place.holds_what_the_mirror_holds(&desk).await;
        let mine = if is_made {
            "mine"
        } else {
            sql.split(['.', ' ']).nth(3).unwrap()
        };
        client
            .query(&format!("SELECT * FROM {quoted}.{mine}"), &[])
            .await
            .unwrap();
        place.remove().await;
    }
}

#[tokio::test]
async fn files_have_a_text_that_names_every_table_and_every_model() {
    for place in [Place::folder(), Place::lake()] {
        let desk = filled().await;
        place.bring_up(&desk).await.unwrap();
        let text = match &place {
            Place::Folder(folder) => std::fs::read_to_string(folder.path().join("lake/views.sql")).unwrap(),
            Place::Lake(objects) => {
                let (bytes, _) = objects.get("views.sql").await.unwrap().unwrap();
                String::from_utf8(bytes.to_vec()).unwrap()
            }
            Place::Postgres { .. } => continue,
        };
        let tables: Vec<String> = place.content().await.into_keys().collect();
        assert!(tables.contains(&"_trunkline_office_minutes".to_owned()));
        for table in tables {
            let file = match &place {
                Place::Lake(objects) => format!("s3://lake/{}", places::tables_of(objects).await[&table]),
                _ => format!("{table}/{table}.parquet"),
            };
            let view =
                format!("CREATE OR REPLACE VIEW \"{table}\" AS SELECT * FROM read_parquet('{file}');\n");
            assert!(text.contains(&view), "{table}: {text}");
        }
        for model in MODELS {
            assert!(text.contains(&format!("CREATE OR REPLACE VIEW {} AS ", model.name)));
        }
        assert!(!text.contains('{') && !text.contains("strftime"), "{text}");
    }
}
