//! Files that cannot be used, each with its own error.

use std::{path::Path, time::Duration};

use rusqlite::{Connection, OpenFlags};
use serde_json::json;

use super::{Change, Desk, StorageError, StorageOptions, records};
use crate::storage::Storage;

fn open(path: &Path) -> Result<Storage, StorageError> {
    open_with(path, StorageOptions::default())
}

fn open_with(path: &Path, options: StorageOptions) -> Result<Storage, StorageError> {
    Storage::open(
        path,
        StorageOptions {
            busy_timeout: Some(Duration::from_millis(10)),
            ..options
        },
    )
}

fn check(error: &StorageError, code: &str, says: &str) {
    assert_eq!(error.code(), code, "{error}");
    assert!(error.to_string().contains(says), "{error}");
    assert!(!error.advice().is_empty());
    let page = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../docs/errors")
        .join(format!("{code}.md"));
    assert!(page.exists(), "{code} has no page");
}

#[tokio::test]
async fn a_newer_format_is_refused_and_left_as_it_was() {
    let desk = Desk::new();
    let (path, folder) = (desk.path(), desk.folder);
    desk.storage.close().await.unwrap();
    Connection::open(&path)
        .unwrap()
        .execute(
            "UPDATE _trunkline_meta SET value = '9999' WHERE key = 'format'",
            [],
        )
        .unwrap();
    let before = std::fs::read(&path).unwrap();
    check(&open(&path).unwrap_err(), "TL0203", "newer than the format 1");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    drop(folder);
}

#[tokio::test]
async fn only_one_program_writes_and_many_read() {
    let mut desk = Desk::new();
    check(&open(&desk.path()).unwrap_err(), "TL0201", "locked");
    desk.write(vec![records("tags", &[json!({"id": "1"})])]).await;
    let reader = Connection::open_with_flags(desk.path(), OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let rows: i64 = reader
        .query_row("SELECT count(*) FROM tags", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
    drop(reader);
    let (path, folder) = (desk.path(), desk.folder);
    desk.storage.close().await.unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN EXCLUSIVE").unwrap();
    check(&open(&path).unwrap_err(), "TL0201", "locked");
    other.execute_batch("ROLLBACK").unwrap();
    open(&path).unwrap().close().await.unwrap();
    drop(folder);
}

#[test]
fn what_is_no_mirror_is_refused_and_left_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let diary = folder.path().join("diary.txt");
    std::fs::write(
        &diary,
        "a diary that is long enough to be taken for a database of one page ".repeat(100),
    )
    .unwrap();
    let other = folder.path().join("other.db");
    Connection::open(&other)
        .unwrap()
        .execute_batch("CREATE TABLE invoices (id)")
        .unwrap();
    for (path, says) in [
        (&diary, "no SQLite database"),
        (&other, "another program"),
        (&folder.path().to_owned(), "folder"),
    ] {
        let before = std::fs::read(path).ok();
        check(&open(path).unwrap_err(), "TL0205", says);
        assert_eq!(std::fs::read(path).ok(), before);
    }
    let empty = folder.path().join("empty.db");
    std::fs::write(&empty, "").unwrap();
    open(&empty).unwrap();
}

#[test]
fn a_folder_that_does_not_exist_is_named() {
    check(
        &open(Path::new("no/such/folder/mirror.db")).unwrap_err(),
        "TL0208",
        "no/such/folder",
    );
}

#[test]
fn a_damaged_file_is_called_damaged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.db");
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch("CREATE TABLE _trunkline_meta (key, value); CREATE TABLE filler AS SELECT 1")
        .unwrap();
    drop(connection);
    let mut file = std::fs::read(&path).unwrap();
    for byte in &mut file[100..4000] {
        *byte = 0xa5;
    }
    std::fs::write(&path, file).unwrap();
    check(&open(&path).unwrap_err(), "TL0206", "damaged");
}

#[test]
fn a_file_that_may_not_be_written_is_called_read_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.db");
    Connection::open(&path)
        .unwrap()
        .execute_batch("CREATE TABLE t (a)")
        .unwrap();
    // Root may write any file, so the refusal comes from the engine.
    let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let error = connection.execute("INSERT INTO t VALUES (1)", []).unwrap_err();
    check(
        &StorageError::from_sqlite(&path, "writing", error),
        "TL0202",
        "read-only",
    );
}

#[tokio::test]
async fn a_full_disk_keeps_what_was_written_and_room_lets_it_go_on() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("mirror.db");
    open(&path).unwrap().close().await.unwrap();
    let pages: u32 = Connection::open(&path)
        .unwrap()
        .query_row("PRAGMA page_count", [], |row| row.get(0))
        .unwrap();
    let full = StorageOptions {
        max_pages: Some(pages + 4),
        ..StorageOptions::default()
    };
    let storage = open_with(&path, full).unwrap();
    let mut kept = 0;
    let error = loop {
        let tags: Vec<_> = (kept..kept + 20)
            .map(|id| json!({"id": id, "name": "x".repeat(200)}))
            .collect();
        match storage
            .write(super::batch(kept, vec![records("tags", &tags)]))
            .await
        {
            Ok(_) => kept += 20,
            Err(error) => break error,
        }
    };
    check(&error, "TL0204", "full");
    assert_eq!(
        storage
            .counts()
            .await
            .unwrap()
            .iter()
            .find(|count| count.stream == "tags")
            .unwrap()
            .rows,
        kept as u64
    );
    storage.close().await.unwrap();
    let storage = open(&path).unwrap();
    let tags: Vec<_> = (kept..kept + 20)
        .map(|id| json!({"id": id, "name": "x".repeat(200)}))
        .collect();
    assert_eq!(
        storage
            .write(super::batch(kept, vec![records("tags", &tags)]))
            .await
            .unwrap()
            .inserted,
        20
    );
}

#[tokio::test]
async fn a_second_workspace_never_gets_into_the_same_file() {
    let workspace = |code: &str| Change::Workspace {
        id_code: code.to_owned(),
        name: "W".to_owned(),
        time_zone: "UTC".to_owned(),
        region: "us".to_owned(),
        version: "2.16".to_owned(),
    };
    let mut desk = Desk::new();
    desk.write(vec![workspace("aaaa1111")]).await;
    desk.write(vec![workspace("aaaa1111")]).await;
    let mut desk = desk.reopen(StorageOptions::default()).await;
    let error = desk
        .try_write(vec![
            records("tags", &[json!({"id": "1"})]),
            workspace("bbbb2222"),
        ])
        .await
        .unwrap_err();
    check(&error, "TL0207", "aaaa1111, not bbbb2222");
    assert!(desk.rows("SELECT * FROM tags").await.is_empty());
    assert_eq!(
        desk.storage.workspace().await.unwrap().unwrap().id_code,
        "aaaa1111"
    );
}

#[test]
fn columns_that_cannot_be_left_out_are_named() {
    let folder = tempfile::tempdir().unwrap();
    for (column, says) in [
        ("contacts.shoe_size", "no such column"),
        ("people.email", "no such stream"),
        ("contacts.id", "identifies"),
        ("conversation_parts.conversation_id", "identifies"),
        ("contacts.updated_at", "needs it"),
        ("contact_tags.tag_id", "nothing but ids"),
    ] {
        let options = StorageOptions {
            exclude: vec![column.parse().unwrap()],
            ..StorageOptions::default()
        };
        check(
            &open_with(&folder.path().join("mirror.db"), options).unwrap_err(),
            "TL0209",
            says,
        );
    }
    for text in ["email", ".email", "contacts.", ""] {
        assert!(text.parse::<crate::storage::ColumnRef>().is_err(), "{text}");
    }
    assert!(!folder.path().join("mirror.db").exists());
}

#[tokio::test]
async fn a_closed_mirror_says_so() {
    let desk = Desk::new();
    let other = desk.storage.clone();
    desk.storage.close().await.unwrap();
    check(&other.counts().await.unwrap_err(), "TL0211", "closed");
    check(
        &other.write(super::batch(1, Vec::new())).await.unwrap_err(),
        "TL0211",
        "closed",
    );
    check(&other.close().await.unwrap_err(), "TL0211", "closed");
}

#[tokio::test]
async fn streams_of_the_wrong_kind_are_refused() {
    let mut desk = Desk::new();
    for change in [
        records("contact_tags", &[json!({"id": "1"})]),
        super::children("tags", "1", &[]),
        super::vanished("contact_tags", "1"),
        records("nothing", &[]),
    ] {
        check(
            &desk.try_write(vec![change]).await.unwrap_err(),
            "TL0210",
            "no table that takes",
        );
    }
}

#[tokio::test]
async fn a_column_of_a_newer_program_is_added_to_the_rows_that_are_there() {
    let desk = Desk::new();
    let (path, folder) = (desk.path(), desk.folder);
    desk.storage.close().await.unwrap();
    let connection = Connection::open(&path).unwrap();
    connection
        .execute_batch(
            "INSERT INTO segments (id, name, _synced_at, _hash, record) VALUES ('1', 'old', '', 0, '{}'); \
             ALTER TABLE segments DROP COLUMN person_type; ALTER TABLE macros DROP COLUMN visible_to_team_ids; \
             ALTER TABLE segments ADD COLUMN from_the_future TEXT",
        )
        .unwrap();
    drop(connection);
    let storage = open(&path).unwrap();
    let segment = json!({"id": "1", "name": "new", "person_type": "user"});
    storage
        .write(super::batch(1, vec![records("segments", &[segment])]))
        .await
        .unwrap();
    let rows = storage
        .read(|connection| {
            super::rows(
                connection,
                "SELECT name, person_type, from_the_future FROM segments",
            )
        })
        .await
        .unwrap();
    assert_eq!(rows, ["new|user|-"]);
    storage
        .read(|connection| super::rows(connection, "SELECT visible_to_team_ids FROM macros"))
        .await
        .unwrap();
    drop(folder);
}

#[tokio::test]
async fn the_schema_is_what_the_documents_say() {
    let desk = Desk::with(StorageOptions {
        history: true,
        ..StorageOptions::default()
    });
    let sql = desk
        .rows("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY tbl_name, type DESC, name")
        .await;
    insta::assert_snapshot!("schema", sql.join(";\n"));
    for table in crate::tables::all() {
        let schema = crate::tables::schema(table.name).unwrap();
        let mut documented: Vec<String> = schema.columns.into_iter().map(|column| column.name).collect();
        let mut held = desk
            .rows(&format!("SELECT name FROM pragma_table_xinfo('{}')", table.name))
            .await;
        documented.sort();
        held.sort();
        assert_eq!(documented, held, "{}", table.name);
    }
}
