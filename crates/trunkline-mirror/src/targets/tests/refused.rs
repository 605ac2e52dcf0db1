//! Places that are somebody else's, not allowed, or not there.

use serde_json::json;

use super::{Desk, Place, contact, filled, on_each, places};
use crate::targets::{
    TargetError, bring_up,
    parquet::Folder,
    postgres::{Address, Postgres},
};

/// A round that has to fail with this code; the text has to say this, and no secret.
async fn refuses(outcome: Result<crate::targets::TargetReport, TargetError>, code: &str, says: &str) {
    let error = outcome.expect_err(says);
    let text = format!("{error} {}", error.advice());
    assert_eq!(error.code(), code, "{text}");
    assert!(text.contains(says), "{text}");
    assert!(!text.contains("geheim"), "{text}");
}

#[tokio::test]
async fn another_workspace_is_refused_and_changes_nothing() {
    on_each(async |place| {
        let desk = filled().await;
        place.bring_up(&desk).await.unwrap();
        let mut other = Desk::new();
        other.workspace("zzz999").await;
        other.records("contacts", &[contact("1", json!({}))]).await;
        refuses(
            place.bring_up(&other).await,
            "TL0155",
            "holds the workspace abc123, not zzz999",
        )
        .await;
        place.holds_what_the_mirror_holds(&desk).await;
    })
    .await;
}

#[tokio::test]
async fn tables_of_others_are_refused_with_the_difference() {
    for (sql, says) in [
        (
            "CREATE TABLE {s}.tags (id integer PRIMARY KEY, name text)",
            "`tags`",
        ),
        (
            "CREATE TABLE {s}.tags (id text PRIMARY KEY, colour text)",
            "it has other columns: `colour`",
        ),
        (
            "CREATE TABLE {s}.tags (id text PRIMARY KEY)",
            "it lacks the columns",
        ),
        ("CREATE VIEW {s}.tags AS SELECT 1 AS id", "it is a view"),
        (
            "CREATE TABLE {s}._trunkline_target (id text)",
            "`_trunkline_target`",
        ),
    ] {
        let place = Place::postgres().await;
        let Place::Postgres { schema, .. } = &place else {
            continue;
        };
        let quoted = format!("\"{schema}\"");
        let client = places::connect().await;
        client
            .batch_execute(&format!(
                "CREATE SCHEMA {quoted}; {}",
                sql.replace("{s}", &quoted)
            ))
            .await
            .unwrap();
        let desk = filled().await;
        refuses(place.bring_up(&desk).await, "TL0152", says).await;
        let tables: i64 = client
            .query_one("SELECT count(*) FROM pg_class WHERE relnamespace = $1::text::regnamespace AND relkind IN ('r', 'v')", &[&quoted])
            .await
            .unwrap()
            .get(0);
        assert_eq!(tables, 1, "{sql}: nothing else was made");
        place.remove().await;
    }
}

#[tokio::test]
async fn columns_that_a_person_added_stay() {
    let place = Place::postgres().await;
    let Place::Postgres { schema, .. } = &place else {
        return;
    };
    let mut desk = filled().await;
    place.bring_up(&desk).await.unwrap();
    let client = places::connect().await;
    client
        .batch_execute(&format!(
            "ALTER TABLE \"{schema}\".contacts ADD COLUMN score int DEFAULT 5; \
             CREATE VIEW \"{schema}\".mine AS SELECT id, name FROM \"{schema}\".contacts"
        ))
        .await
        .unwrap();
    desk.records(
        "contacts",
        &[contact("1", json!({"plan": "x"})), contact("7", json!({}))],
    )
    .await;
    place.bring_up(&desk).await.unwrap();
    let sum: i64 = client
        .query_one(&format!("SELECT sum(score) FROM \"{schema}\".contacts"), &[])
        .await
        .unwrap()
        .get(0);
    assert_eq!(sum, 20);
    place.remove().await;
}

#[tokio::test]
async fn a_server_that_lets_nobody_in_is_told_without_the_password() {
    let desk = filled().await;
    let mut at: Address = places::server().parse().unwrap();
    let port = at.config.get_ports().first().copied().unwrap_or(5432);
    let user = at.config.get_user().unwrap_or("postgres").to_owned();
    for (url, says) in [
        (
            "postgres://ada:geheim@127.0.0.1:9/x".to_owned(),
            "cannot be reached",
        ),
        (
            format!("postgres://nobody_of_that_name:geheim@127.0.0.1:{port}/postgres"),
            "cannot be reached",
        ),
        (
            format!("postgres://{user}:geheim@127.0.0.1:{port}/no_such_database"),
            "does not exist",
        ),
    ] {
        let mut target = Postgres::without_tls(url.parse().unwrap());
        refuses(
            bring_up(&desk.path(), &mut target, &desk.moment()).await,
            "TL0151",
            says,
        )
        .await;
    }
    at.config.password("geheim");
    assert!(!format!("{at:?}").contains("geheim"));
}

#[tokio::test]
async fn a_user_without_the_right_is_told_what_is_lacking() {
    let place = Place::postgres().await;
    let Place::Postgres { schema, url, .. } = &place else {
        return;
    };
    let client = places::connect().await;
    client
        .batch_execute(&format!(
            "CREATE ROLE \"{schema}\" LOGIN NOINHERIT IN ROLE CURRENT_USER; CREATE SCHEMA \"{schema}\"; GRANT USAGE ON SCHEMA \"{schema}\" TO \"{schema}\""
        ))
        .await
        .unwrap();
    let mut address: Address = url.parse().unwrap();
    address.config.user(schema.as_str());
    let desk = filled().await;
    let outcome = bring_up(&desk.path(), &mut Postgres::without_tls(address), &desk.moment()).await;
    client
        .batch_execute(&format!(
            "DROP SCHEMA \"{schema}\" CASCADE; DROP ROLE \"{schema}\""
        ))
        .await
        .unwrap();
    refuses(outcome, "TL0153", "make tables").await;
}

#[tokio::test]
async fn a_file_of_another_program_is_not_written_over() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("tags")).unwrap();
    std::fs::write(folder.path().join("tags/tags.parquet"), "mine").unwrap();
    let desk = filled().await;
    let mut target = Folder::new(folder.path()).unwrap();
    refuses(
        bring_up(&desk.path(), &mut target, &desk.moment()).await,
        "TL0152",
        "tags/tags.parquet",
    )
    .await;
    assert_eq!(
        std::fs::read(folder.path().join("tags/tags.parquet")).unwrap(),
        b"mine"
    );
}

#[tokio::test]
async fn a_folder_that_is_a_file_or_of_a_newer_format_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "").unwrap();
    assert_eq!(Folder::new(&file).unwrap_err().code(), "TL0150");
    assert_eq!(
        Folder::new(std::path::Path::new("")).unwrap_err().code(),
        "TL0150"
    );
    std::fs::write(folder.path().join("_trunkline.json"), r#"{"format": 99}"#).unwrap();
    let desk = filled().await;
    let mut target = Folder::new(folder.path()).unwrap();
    refuses(
        bring_up(&desk.path(), &mut target, &desk.moment()).await,
        "TL0156",
        "format 99",
    )
    .await;
    std::fs::write(folder.path().join("_trunkline.json"), "{ not json").unwrap();
    let mut target = Folder::new(folder.path()).unwrap();
    assert!(
        bring_up(&desk.path(), &mut target, &desk.moment())
            .await
            .unwrap()
            .snapshot
    );
}

#[tokio::test]
async fn two_runs_at_once_are_one_after_another_or_refused() {
    let folder = tempfile::tempdir().unwrap();
    let desk = filled().await;
    let mut first = Folder::new(folder.path()).unwrap();
    crate::targets::Target::begin(&mut first, &desk.moment())
        .await
        .unwrap();
    let mut second = Folder::new(folder.path()).unwrap();
    refuses(
        bring_up(&desk.path(), &mut second, &desk.moment()).await,
        "TL0154",
        "another run",
    )
    .await;
}
